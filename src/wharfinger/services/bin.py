"""The bin: what was deleted, bringing it back, and ending its term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import DeletionNotFound, Denied, RepositoryNotFound
from wharfinger.domain.images import ImageId, StoredImage
from wharfinger.domain.names import Registry
from wharfinger.services import access, lifecycle
from wharfinger.services.access import Caller, Errand
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import deletions, events, images, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.deletions import BinnedImage, Deletion
from wharfinger.state.db.repositories import Repository

RestoreFailureCode = Literal["ImageNotFound", "TagTaken", "ChildMissing"]
RESTORING: Final = "wharfinger:RestoreImages"  # what it takes to bring anything back
_EMPTYING: Final = "wharfinger:EmptyBin"
_FIRST: Final = 2**62  # before it comes every id


class RestoreFailure(NamedTuple):
    """What could not be brought back, and the image that is in the way."""

    id: ImageId
    code: RestoreFailureCode
    holder: str | None = None  # digest of the image that has the tag now, or of the child that is gone


class Restored(NamedTuple):
    """What is back, one entry for each tag, and what is not."""

    repository: str
    entries: Sequence[ImageId]
    failures: Sequence[RestoreFailure]


class Emptied(NamedTuple):
    """How much was, or would be, let go."""

    deletions: int
    images: int
    bytes: int


# --- looking -------------------------------------------------------------------------------------------------


async def page(
    state: State, caller: Caller, registry: Registry, repository: str | None, token: str | None, limit: int | None
) -> Page[tuple[Deletion, int]]:
    """Deletions that can be restored, newest first, each with its number of images."""
    pages = Pages(state, caller, "deletions", *registry, repository or "")
    before = pages.position(token)[0] if token else _FIRST
    most = limit or DEFAULT
    found = await state.db.read(deletions.page, registry, repository, before, state.clock(), most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda row: (row[0].id,))


async def images_page(
    state: State,
    caller: Caller,
    registry: Registry,
    repository: str | None,
    deletion: int | None,
    token: str | None,
    limit: int | None,
) -> Page[BinnedImage]:
    """Images in the bin, newest deletion first."""
    pages = Pages(state, caller, "deleted images", *registry, repository or "", str(deletion))
    before = tuple(pages.position(token)) if token else (_FIRST, _FIRST)
    most = limit or DEFAULT
    found = await state.db.read(deletions.images_page, registry, repository, deletion, before, state.clock(), most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda row: (row.deletion.id, row.id))


# --- bringing back -------------------------------------------------------------------------------------------


async def restore_deletion(state: State, caller: Caller, registry: Registry, id_: int, cause: Cause) -> Restored:
    """Bring back all that one call deleted, its repository too.

    A tag that was taken meanwhile stays where it is. Raises DeletionNotFound, RepositoryNotFound.
    """
    now = state.clock()

    async def work(tx: Tx) -> Restored:
        found = await deletions.alive(tx, registry, None, [id_], now)
        await _check_may(tx, state, caller, registry, RESTORING, found)
        return await bring_back(tx, state, registry, id_, cause, now)

    return await state.db.write(work)


async def bring_back(tx: Tx, state: State, registry: Registry, id_: int, cause: Cause, now: int) -> Restored:
    """The same for who may, as a part of a transaction. What it raises it raises before it changes anything."""
    deletion = await deletions.find(tx, registry, id_, now)
    if deletion is None:
        raise DeletionNotFound(id_)
    found = await _repository(tx, deletion, now)
    restoring = _Restoring(tx, state, found, cause, now)
    await restoring.images(await deletions.images_of(tx, id_))
    left = await restoring.tags(deletion.untagged)
    await deletions.set_untagged(tx, id_, left)
    return await restoring.end([id_])


async def restore_images(
    state: State, registry: Registry, repository: str, asked: Sequence[ImageId], cause: Cause
) -> Restored:
    """Bring back single images, with their tags and children; by a tag, what it pointed to when it was deleted.

    Raises RepositoryNotFound.
    """
    now = state.clock()

    async def work(tx: Tx) -> Restored:
        found = await access.repository(tx, registry, repository)
        restoring = _Restoring(tx, state, found, cause, now)
        wanted = [(item, await _meant(tx, found, item, now)) for item in asked]
        digests = [digest for _, digest in wanted if digest is not None]
        binned = {row.digest: row for row in await deletions.newest(tx, registry, repository, digests, now)}
        alive = {image.digest for image in await images.select(tx, found.id, [ImageId(digest=d) for d in digests])}
        await restoring.images(await _with_referrers(tx, list(binned.values())))
        touched = [row.deletion.id for row in binned.values()]
        for item, digest in wanted:
            if digest is None or (digest not in binned and (digest not in alive or item.tag is None)):
                restoring.failures.append(RestoreFailure(item, "ImageNotFound"))
            elif item.tag is not None and digest not in binned:
                touched.extend(await _retag(tx, restoring, found, (item.tag, digest), now))
        return await restoring.end(touched)

    return await state.db.write(work)


async def _repository(tx: Tx, deletion: Deletion, now: int) -> Repository:
    found = await repositories.find(tx, deletion.registry, deletion.repository)
    if found is not None:
        return found
    if deletion.settings is None:
        raise RepositoryNotFound(deletion.registry, deletion.repository)
    packed = repositories.unpacked(deletion.settings)
    added = await repositories.add(tx, packed.repository)
    assert added is not None  # noqa: S101 - it was not there a moment ago, in this transaction
    if packed.lifecycle is not None:
        await lifecycle.put_back(tx, added, packed.lifecycle, now)
    return added


async def _retag(tx: Tx, restoring: _Restoring, repository: Repository, wanted: tuple[str, str], now: int) -> list[int]:
    """Give an image that stayed a tag back: the deletion that had taken it."""
    left = await restoring.tags([wanted])
    taken = await deletions.holder_of_tag(tx, repository.registry, repository.name, wanted[0], now)
    deletion = await deletions.find(tx, repository.registry, taken[0], now) if taken and not left else None
    if deletion is None:
        return []
    await deletions.set_untagged(tx, deletion.id, [pair for pair in deletion.untagged if pair != wanted])
    return [deletion.id]


async def _with_referrers(tx: Tx, wanted: list[BinnedImage]) -> list[BinnedImage]:
    """Images with those that followed them into the bin because they name them as their subject."""
    found = {row.id: row for row in wanted}
    level = wanted
    while level:
        further = [
            referrer
            for row in level
            for referrer in await deletions.referrers_of(tx, row.deletion.id, [row.digest])
            if referrer.id not in found
        ]
        found.update((row.id, row) for row in further)
        level = further
    return list(found.values())


async def _meant(tx: Tx, repository: Repository, asked: ImageId, now: int) -> str | None:
    """The digest that an id means; of a tag, the one that it pointed to when it was deleted last."""
    if asked.digest is not None or asked.tag is None:
        return asked.digest
    taken = await deletions.holder_of_tag(tx, repository.registry, repository.name, asked.tag, now)
    return taken[1] if taken else None


class _Restoring:
    """One restoration into one repository."""

    def __init__(self, tx: Tx, state: State, repository: Repository, cause: Cause, now: int) -> None:
        self._tx = tx
        self._state = state
        self._repository = repository
        self._cause = cause
        self._now = now
        self._entries: dict[ImageId, None] = {}
        self._deletions: set[int] = set()
        self.failures: list[RestoreFailure] = []

    async def images(self, wanted: Iterable[BinnedImage]) -> None:
        """Bring back images, and before them the children that they need."""
        candidates = await self._with_children(list(wanted))
        alive = await self._alive([row.digest for row in candidates])
        back: list[BinnedImage] = []
        for row, missing in await self._without_orphans(candidates, alive):
            if missing is not None:
                self.failures.append(RestoreFailure(ImageId(digest=row.digest), "ChildMissing", missing))
            elif row.digest in alive:
                # pushed again meanwhile: the same bytes, so only the tags come back
                await deletions.forget_images(self._tx, [row.id])
                self._note(row)
            else:
                back.append(row)
                self._note(row)
        if back:
            await deletions.restore(self._tx, self._repository.id, [row.id for row in back])
        await self._tags_of([row for row in candidates if row.tags], {row.digest for row in back})

    async def tags(self, wanted: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Point free tags to images that are there; what is left to do."""
        held = await images.holders(self._tx, self._repository.id, [tag for tag, _ in wanted])
        alive = await self._alive([digest for _, digest in wanted])
        by_key = {key: digest for digest, key in alive.items()}
        taken = await self._digests(set(held.values()).difference(by_key))
        left: list[tuple[str, str]] = []
        for tag, digest in wanted:
            entry = ImageId(digest, tag)
            if tag in held and held[tag] != alive.get(digest):
                holder = by_key.get(held[tag]) or taken.get(held[tag])
                self.failures.append(RestoreFailure(entry, "TagTaken", holder))
                left.append((tag, digest))
            elif digest not in alive:
                self.failures.append(RestoreFailure(entry, "ImageNotFound"))
                left.append((tag, digest))
            elif tag not in held:
                await images.put_tags(self._tx, self._repository.id, alive[digest], [tag], self._now)
                self._entries[entry] = None
        return left

    async def end(self, ids: Sequence[int]) -> Restored:
        """Tell what happened, and drop the deletions that have nothing left to give back."""
        await deletions.forget_empty(self._tx, sorted(self._deletions.union(ids)))
        registry, name = self._repository.registry, self._repository.name
        if self._entries:
            await events.add(self._tx, registry, name, "RESTORE", self._entries, self._cause, self._now)
        return Restored(name, list(self._entries), self.failures)

    def _note(self, row: BinnedImage) -> None:
        self._deletions.add(row.deletion.id)
        if not row.tags:
            self._entries[ImageId(row.digest)] = None

    async def _with_children(self, wanted: list[BinnedImage]) -> list[BinnedImage]:
        """The images with all children of theirs that are in the bin too, children first."""
        found = {row.digest: row for row in wanted}
        level = wanted
        while indexes := [row.id for row in level if row.is_index]:
            listed = await deletions.children_of(self._tx, indexes)
            digests = sorted({digest for children in listed.values() for digest in children}.difference(found))
            alive = await self._alive(digests)
            level = await deletions.newest(
                self._tx,
                self._repository.registry,
                self._repository.name,
                [digest for digest in digests if digest not in alive],
                self._now,
            )
            found = {**{row.digest: row for row in level}, **found}
        return list(found.values())

    async def _without_orphans(
        self, rows: Sequence[BinnedImage], alive: Mapping[str, int]
    ) -> list[tuple[BinnedImage, str | None]]:
        """Each image with the first child that it lacks, where sparse indexes are not allowed."""
        listed = await deletions.children_of(self._tx, [row.id for row in rows if row.is_index])
        children = await self._alive({digest for digests in listed.values() for digest in digests})
        there = {*alive, *children, *(row.digest for row in rows)}
        lacking: dict[str, str] = {}
        if not self._state.rules.sparse_manifests:
            progress = True
            while progress:
                progress = False
                for row in rows:
                    gone = next((d for d in listed.get(row.id, ()) if d not in there or d in lacking), None)
                    if gone is not None and row.digest not in lacking and row.digest not in alive:
                        lacking[row.digest] = gone
                        progress = True
        return [(row, lacking.get(row.digest)) for row in rows]

    async def _tags_of(self, rows: Sequence[BinnedImage], back: set[str]) -> None:
        alive = await self._alive([row.digest for row in rows])
        wanted = [(tag, row.digest) for row in rows if row.digest in alive for tag in row.tags]
        await self.tags(wanted)
        tagged = {entry.digest for entry in self._entries if entry.tag is not None}
        for row in rows:
            if row.digest in back and row.digest not in tagged:
                self._entries[ImageId(row.digest)] = None

    async def _alive(self, digests: Iterable[str]) -> dict[str, int]:
        """Those of some digests that the repository has, with their keys."""
        found: Sequence[StoredImage] = await images.select(
            self._tx, self._repository.id, [ImageId(digest=digest) for digest in digests]
        )
        return {image.digest: image.key for image in found}

    async def _digests(self, keys: Iterable[int]) -> dict[int, str]:
        return {row.id: row.digest for row in await images.details(self._tx, sorted(keys))}


# --- emptying ------------------------------------------------------------------------------------------------


async def empty(
    state: State,
    caller: Caller,
    registry: Registry,
    repository: str | None,
    chosen: Sequence[int] | None,
    *,
    dry_run: bool,
) -> Emptied:
    """End the term of deletions: those chosen, or all of a repository or of the registry.

    Raises DeletionNotFound, Denied.
    """
    now = state.clock()

    async def work(tx: Tx) -> Emptied:
        found = await deletions.alive(tx, registry, repository, chosen, now)
        for id_ in chosen or ():
            if id_ not in found:
                raise DeletionNotFound(id_)
        if chosen is not None:
            await _check_may(tx, state, caller, registry, _EMPTYING, found)
        elif found:
            await access.require_in(tx, state, caller, Errand(_EMPTYING, registry, tuple(sorted(set(found.values())))))
        ids = list(found)
        count, size = await deletions.weight(tx, ids)
        if not dry_run:
            await deletions.end_terms(tx, ids, now)
        return Emptied(len(ids), count, size)

    return await (state.db.read(work) if dry_run else state.db.write(work))


# --- rights --------------------------------------------------------------------------------------------------


async def _check_may(
    tx: Tx, state: State, caller: Caller, registry: Registry, action: str, found: Mapping[int, str]
) -> None:
    """A deletion of a repository with which the caller may not do this looks like none. Raises DeletionNotFound."""
    for id_, name in found.items():
        try:
            await access.require_in(tx, state, caller, Errand(action, registry, (name,)))
        except Denied:
            raise DeletionNotFound(id_) from None
