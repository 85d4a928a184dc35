"""What a registry, its repositories and its images take up, exactly, and what deleting them gives back.

What each figure counts: docs/reference/usage.md. A large registry is added up in many small reads, between which
others are served; what changes meanwhile is counted as it is when its turn comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, NamedTuple

from wharfinger.domain.names import Registry
from wharfinger.services import access
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import repositories, usage
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository
from wharfinger.state.db.usage import Link

_LINKS: Final = 1000  # blobs that are looked at in one read
_BINNED: Final = 100  # images in the bin
_ROWS: Final = 2000  # references and tags of images
_PAGE_ROWS: Final = 50_000  # of all images of a page
_PAGE_BLOBS: Final = 200_000  # of all repositories of a page
_REPOSITORIES: Final = 100


class Usage(NamedTuple):
    """Bytes of the blobs that something refers to."""

    logical: int = 0
    stored: int = 0
    unique: int = 0
    bin: int = 0

    @property
    def shared(self) -> int:
        """What something else refers to as well."""
        return self.stored - self.unique


class RegistryUsage(NamedTuple):
    """A registry."""

    repository_count: int
    image_count: int
    usage: Usage
    waiting: int


class RepositoryUsage(NamedTuple):
    """A repository; deleting it gives back what is unique to it."""

    name: str
    image_count: int
    usage: Usage


class ImageUsage(NamedTuple):
    """An image, and what deleting it with what goes with it gives back."""

    digest: str
    tags: Sequence[str]
    usage: Usage
    freed: int


class _Seen:
    """Blobs that were counted: a bit for each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def first(self, blobs: Iterable[tuple[int, int]]) -> dict[int, int]:
        """Those of some blobs, with their sizes, that come for the first time."""
        new: dict[int, int] = {}
        for blob, size in blobs:
            byte, bit = blob >> 3, 1 << (blob & 7)
            if byte >= len(self._bits):
                self._bits.extend(bytes(byte + 1024 - len(self._bits)))
            if not self._bits[byte] & bit:
                self._bits[byte] |= bit
                new[blob] = size
        return new


async def of_registry(state: State, registry: Registry) -> RegistryUsage:
    """All that is in a registry."""
    repository_count = image_count = logical = stored = unique = waiting = 0
    held, waited_for = _Seen(), _Seen()
    async for repository in _repositories(state, registry):
        repository_count += 1
        image_count += await state.db.read(usage.image_count, repository.id)
        async for page in _links(state, repository):
            logical += sum(link.size * link.uses for link in page)
            new = held.first((link.blob, link.size) for link in page if link.uses)
            elsewhere = [link.blob for link in page if link.is_elsewhere and link.blob in new]
            abroad = await state.db.read(usage.held_abroad, registry, elsewhere) if elsewhere else set()
            stored += sum(new.values())
            unique += sum(size for blob, size in new.items() if blob not in abroad)
            waiting += sum(waited_for.first((link.blob, link.size) for link in page if _waits(link)).values())
    in_bin, seen, name = 0, _Seen(), ""
    while following := await state.db.read(usage.next_in_bin, registry, name):
        name = following
        in_bin += await _bin(state, registry, name, seen)
    return RegistryUsage(repository_count, image_count, Usage(logical, stored, unique, in_bin), waiting)


async def of_repositories(
    state: State, caller: Caller, registry: Registry, next_token: str | None, limit: int | None
) -> Page[RepositoryUsage]:
    """Repositories in the order of their names; fewer than `limit` where they are large. Raises InvalidParameter."""
    pages = Pages(state, caller, "usage of repositories", *registry)
    after = pages.position(next_token)[0] if next_token else ""
    most = limit or DEFAULT
    rows = await state.db.read(repositories.page, registry, after, most + 1)
    shown: list[RepositoryUsage] = []
    looked_at = 0
    for repository in rows[:most]:
        if looked_at > _PAGE_BLOBS:
            break
        found, blobs = await _of_repository(state, repository)
        looked_at += blobs
        shown.append(found)
    return pages.page(shown, has_more=len(rows) > len(shown), position=lambda row: (row.name,))


async def of_images(
    state: State, caller: Caller, registry: Registry, repository: str, next_token: str | None, limit: int | None
) -> Page[ImageUsage]:
    """Images in the order of pushing; fewer than `limit` where they are large.

    Raises RepositoryNotFound, InvalidParameter.
    """
    pages = Pages(state, caller, "usage of images", *registry, repository)
    after = pages.position(next_token)[0] if next_token else 0
    most = limit or DEFAULT

    async def look(tx: Tx) -> tuple[int, list[tuple[int, int]]]:
        found = await access.repository(tx, registry, repository)
        return found.id, await usage.weights(tx, found.id, after, most + 1)

    id_, weights = await state.db.read(look)
    last, has_more = after, len(weights) > most
    shown: list[ImageUsage] = []
    looked_at = 0
    for group in _groups(weights[:most]):
        if looked_at > _PAGE_ROWS:
            has_more = True
            break
        shown += await _of_images(state, id_, [key for key, _ in group])
        looked_at += sum(weight for _, weight in group)
        last = group[-1][0]
    # by what was looked at, not by what is shown: images may just have gone
    return Page(shown, pages.page([last], has_more=has_more, position=lambda key: (key,)).next_token)


async def _of_repository(state: State, repository: Repository) -> tuple[RepositoryUsage, int]:
    """What a repository takes up, and how many blobs were looked at."""
    blobs = logical = stored = unique = 0
    async for page in _links(state, repository):
        blobs += len(page)
        logical += sum(link.size * link.uses for link in page)
        stored += sum(link.size for link in page if link.uses)
        unique += sum(link.size for link in page if link.uses and not link.is_elsewhere)
    in_bin = await _bin(state, repository.registry, repository.name, _Seen())
    image_count = await state.db.read(usage.image_count, repository.id)
    return RepositoryUsage(repository.name, image_count, Usage(logical, stored, unique, in_bin)), blobs


async def _of_images(state: State, repository: int, keys: Sequence[int]) -> list[ImageUsage]:
    async def look(tx: Tx) -> tuple[list[usage.ImageBytes], dict[int, list[str]]]:
        return await usage.of_images(tx, repository, keys), await usage.tags(tx, keys)

    found, tags = await state.db.read(look)
    shown: list[ImageUsage] = []
    for image in found:
        freed = image.unique
        if image.is_followed:
            freed = await state.db.read(_freed_with_followers, image.id)
            await asyncio.sleep(0)
        own = Usage(image.size, image.size, image.unique)
        shown.append(ImageUsage(image.digest, tags.get(image.id, []), own, freed))
    await asyncio.sleep(0)
    return shown


async def _freed_with_followers(tx: Tx, image: int) -> int:
    going = [image]
    while further := await usage.followers(tx, going):
        going += further
    return await usage.freed(tx, going)


async def _bin(state: State, registry: Registry, repository: str, seen: _Seen) -> int:
    """Bytes of the blobs that nothing but the bin holds, among them images of a repository; those not seen before."""
    total, after = 0, (0, 0)
    while page := await state.db.read(usage.binned, registry, repository, after, _BINNED):
        held = await state.db.read(usage.held_by_bin_only, [image for _, image in page])
        total += sum(seen.first(held).values())
        after = page[-1]
        await asyncio.sleep(0)
    return total


async def _repositories(state: State, registry: Registry) -> AsyncIterator[Repository]:
    after = ""
    while page := await state.db.read(repositories.page, registry, after, _REPOSITORIES):
        for repository in page:
            yield repository
        after = page[-1].name


async def _links(state: State, repository: Repository) -> AsyncIterator[list[Link]]:
    after = 0
    while page := await state.db.read(usage.links, repository.id, after, _LINKS):
        yield page
        after = page[-1].blob
        await asyncio.sleep(0)  # a read of SQLite never waits, so others would


def _waits(link: Link) -> bool:
    """Whether nothing but the lease of a push holds a blob."""
    return not (link.uses or link.is_elsewhere or link.is_in_bin)


def _groups(weights: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Images in groups that one read may look at."""
    groups: list[list[tuple[int, int]]] = []
    total = _ROWS
    for item in weights:
        if total >= _ROWS:
            groups.append([])
            total = 0
        groups[-1].append(item)
        total += item[1]
    return groups
