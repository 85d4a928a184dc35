"""Making a plan: look at all images of the repositories that it covers, and store a verdict for each.

One repository is in memory at a time, and of the others the number of references to each blob. What changes meanwhile
does no harm: executing looks again at every image (`services/plans.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final, TypeVar

from wharfinger.domain import labels as label_rules
from wharfinger.domain import plans as rules
from wharfinger.domain.faults import PlanNotFound, Unavailable
from wharfinger.domain.filters import Candidate, Sieve
from wharfinger.domain.images import StoredImage
from wharfinger.domain.labels import Labels
from wharfinger.domain.names import Registry
from wharfinger.domain.plans import Family, Verdict
from wharfinger.state import State
from wharfinger.state.blobs.store import Location
from wharfinger.state.clock import MINUTE
from wharfinger.state.db import blobs, deletions, images, jobs, plans, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository

JOB: Final = "plan"
# a plan that was begun and not gone on with for so long is dropped: its worker has died
DRAFT_TERM: Final = 10 * MINUTE
_PAGE: Final = 500
_MANIFESTS: Final = 10  # in memory at a time; each may have 4 MiB

T = TypeVar("T")


class Making:
    """One plan while it is made; its row is there."""

    def __init__(self, state: State, registry: Registry, plan: int, sieve: Sieve) -> None:
        self._state = state
        self._registry = registry
        self._plan = plan
        self._sieve = sieve
        self._looked_at = 0
        self._going = 0
        self._blobs: dict[int, int] = {}  # by keys, how many of the images that go refer to each

    async def run(self) -> tuple[int, int]:
        """Look at everything: how many images go, and how many bytes that frees. Raises PlanNotFound, Unavailable."""
        async for repository in self._repositories():
            family = await asyncio.to_thread(Family, [image async for image in self._images(repository)])
            wanted = await asyncio.to_thread(rules.wanted_labels, family, self._sieve)
            labels = await self._labels(wanted)
            # in a thread, because it may take a second and others want to be served
            verdicts = await asyncio.to_thread(rules.decide, family, self._sieve, labels)
            await self._store(repository, verdicts)
            await self._weigh([verdict.image.key for verdict in verdicts if verdict.goes])
        return self._going, await self._freed_bytes()

    async def _repositories(self) -> AsyncIterator[Repository]:
        after = ""
        while page := await self._state.db.read(repositories.page, self._registry, after, _PAGE):
            for repository in page:
                if self._sieve.covers(repository.name):
                    yield repository
            after = page[-1].name

    async def _images(self, repository: Repository) -> AsyncIterator[Candidate]:
        after = 0
        while page := await self._state.db.read(_page, repository, after, self._state.clock()):
            for image in page:
                yield image
            after = page[-1].key
            await asyncio.sleep(0)  # a read waits for nothing, and others want to be served

    async def _store(self, repository: Repository, verdicts: Sequence[Verdict]) -> None:
        """In transactions of bounded size, each of which says that somebody is still at it."""
        offset = self._looked_at
        for some in _in_pieces(verdicts, _PAGE):
            await self._state.db.write(self._add, repository.name, self._looked_at + 1, offset, some)
            self._looked_at += len(some)

    async def _add(self, tx: Tx, repository: str, first: int, offset: int, verdicts: Sequence[Verdict]) -> None:
        draft = await plans.get(tx, self._plan)
        if draft is None or draft.status != "CREATING":
            raise PlanNotFound(self._plan)
        await jobs.begin(tx, JOB, str(self._plan), self._state.clock() + DRAFT_TERM)
        await plans.add_images(tx, self._plan, repository, first, offset, verdicts)

    async def _weigh(self, going: Sequence[int]) -> None:
        self._going += len(going)
        for some in _in_pieces(going, _PAGE):
            for blob, count in await self._state.db.read(plans.blobs_of, some):
                self._blobs[blob] = self._blobs.get(blob, 0) + count
            await asyncio.sleep(0)

    async def _freed_bytes(self) -> int:
        """Of the blobs that no other image refers to, be it alive anywhere or in the bin."""
        total = 0
        for some in _in_pieces(list(self._blobs), _PAGE):
            for blob, size, count in await self._state.db.read(plans.references_to, some):
                total += size if count <= self._blobs[blob] else 0
            await asyncio.sleep(0)
        return total

    async def _labels(self, wanted: Sequence[Candidate]) -> dict[int, Labels | None]:
        found: dict[int, Labels | None] = {}
        read: dict[str, Labels | None] = {}
        for some in _in_pieces([image.key for image in wanted], _MANIFESTS):
            contents = await self._state.db.read(images.contents, some)
            digests = {key: label_rules.configuration(content.manifest) for key, content in contents.items()}
            new = sorted({digest for digest in digests.values() if digest is not None}.difference(read))
            places = await self._state.db.read(blobs.bytes_of, new)
            for digest in new:
                read[digest] = await self._labels_in(places.get(digest))
            found.update((key, read[digest] if digest is not None else {}) for key, digest in digests.items())
            await asyncio.sleep(0)
        return found

    async def _labels_in(self, place: Location | None) -> Labels | None:
        if place is None or place.size > label_rules.LIMIT:
            return None
        try:
            content = b"".join([piece async for piece in self._state.blobs.read(place, 0, place.size)])
        except Unavailable:
            return None
        return label_rules.read(content, self._sieve.filters.labels)


async def _page(tx: Tx, repository: Repository, after: int, now: int) -> list[Candidate]:
    """Some images of a repository, in the order of pushing."""
    keys = [key for key, _ in await images.tag_counts(tx, repository.id, "ANY", after, _PAGE)]
    rows = await images.details(tx, keys)
    children = await deletions.children_of(tx, [row.id for row in rows if row.is_index])
    stored = [StoredImage(row.id, row.digest, row.tags) for row in rows]
    holds = (await images.guards(tx, repository, stored, now)).holds
    held = {image.key: str(hold) for image in stored for hold in holds.of_image(image)[:1]}
    return [
        Candidate(
            key=row.id,
            digest=row.digest,
            is_index=bool(row.is_index),
            artifact_type=row.artifact_type,
            size=row.size,
            subject=row.subject,
            pushed_at=row.pushed_at,
            pulled_at=row.pulled_at,
            tags=row.tags,
            children=tuple(children.get(row.id, ())),
            hold=held.get(row.id),
        )
        for row in rows
    ]


def _in_pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
