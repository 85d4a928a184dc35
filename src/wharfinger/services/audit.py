"""Proving that rows, references and bytes agree, and naming what does not: `wharfinger doctor --deep`.

A server may run meanwhile. Each look at rows is one consistent read of some of them. Rows and files cannot be read at
one moment, so what seems wrong between them is looked at again in the order that tells a fault from a change: a row
is there before its file is needed, and a file is gone before its row is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Literal, NamedTuple, get_args

from wharfinger.domain import digests, manifests
from wharfinger.domain.faults import ManifestInvalid
from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state import State
from wharfinger.state.blobs.store import beside, size_of
from wharfinger.state.clock import HOUR, MINUTE
from wharfinger.state.db import audit, images
from wharfinger.state.db.audit import Blob, Due, ImageCheck, Place, Upload
from wharfinger.state.db.database import Tx
from wharfinger.state.db.images import Content

Check = Literal[
    "database",
    "foreign keys",
    "places",
    "layers",
    "references",
    "children",
    "tags",
    "manifests",
    "contents",
    "unneeded",
    "links",
    "rotten",
    "bytes",
    "uploads",
    "claims",
    "files",
    "overdue",
]
LATE: Final = HOUR  # so long may collection take
_STEP: Final = 100  # images and blobs of one read
_FILES: Final = 500
_MOST: Final = 100  # of one kind that one look finds
_MANIFEST_BYTES: Final = 4 * 1024 * 1024  # held at a time, and at least one manifest
_YOUNG: Final = MINUTE  # a file as young as this may belong to an upload that just ends
_LOOKS: Final = 60  # a second apart


class Disagreement(NamedTuple):
    """Something that does not agree: what it is about, the image it concerns, and what else is to be said of it."""

    check: Check
    subject: str = ""
    place: Place | None = None
    detail: str = ""


Found = AsyncIterator[Disagreement]


References = set[tuple[str, bool]]
"""What an image refers to: digests, and whether each is that of a blob."""


class Stage(NamedTuple):
    """Checks that are made in one go."""

    checks: tuple[Check, ...]
    run: Callable[[State], Found]


async def database(state: State) -> Found:
    """The file of the database, every page and index of it, and what rows of one table say of another."""
    for damage in await state.db.read(audit.damages, _MOST):
        yield Disagreement("database", damage)
    for table, parent in await state.db.read(audit.dangling, _MOST):
        yield Disagreement("foreign keys", table, detail=parent)


async def of_images(state: State) -> Found:
    """Images with their places, tags and references. A sparse manifest may refer to what is not there."""
    checks: tuple[ImageCheck, ...] = get_args(ImageCheck)
    if state.rules.sparse_manifests:
        checks = tuple(check for check in checks if check not in {"layers", "children"})
    after = 0

    async def work(tx: Tx, keys: Sequence[int], after: int) -> list[Disagreement]:
        wrong = [(check, await audit.wrong_images(tx, check, after, keys[-1], _MOST)) for check in checks]
        places = await audit.places(tx, sorted({key for _, found in wrong for key, _ in found}))
        return [Disagreement(check, subject, places[key]) for check, found in wrong for key, subject in found]

    while keys := await state.db.read(audit.images, after, _STEP):
        for found in await state.db.read(work, keys, after):
            yield found
        after = keys[-1]


async def of_manifests(state: State) -> Found:
    """The bytes of manifests, and whether the references of an image are those that its manifest makes."""
    async for content, references in stored_manifests(state):
        if not has_its_digest(content):
            check: Check = "manifests"
        elif not _makes(content, references):
            check = "contents"
        else:
            continue
        places = await state.db.read(audit.places, [content.image])
        if content.image in places:
            yield Disagreement(check, place=places[content.image])


async def of_blobs(state: State) -> Found:
    """Blobs that nothing needs, links that nothing needs, and what scrub found and nobody pushed again."""
    after = 0
    while page := await state.db.read(audit.blobs, after, _STEP):
        last = page[-1].id
        for digest in await state.db.read(audit.unneeded, after, last):
            yield Disagreement("unneeded", digest)
        for registry, repository, digest in await state.db.read(audit.unneeded_links, after, last, _MOST):
            yield Disagreement("links", digest, Place(registry, repository, "", (), None))
        after = last
    after = 0
    while marked := await state.db.read(audit.rotten, after, _STEP):
        for _, digest in marked:
            yield Disagreement("rotten", digest)
        after = marked[-1][0]


async def of_bytes(state: State) -> Found:
    """Every blob and upload has its bytes, all bytes are known, and none to two."""
    async for found in _files(state):
        yield found
    async for found in _uploads(state):
        yield found


async def of_time(state: State) -> Found:
    """What should have ended by itself more than an hour ago."""
    kinds: tuple[Due, ...] = get_args(Due)
    for kind in kinds:
        before = state.clock() - LATE - (IDLE_TERM if kind == "uploads" else 0)
        for name in await state.db.read(audit.overdue, kind, before, _MOST):
            yield Disagreement("overdue", name, detail=kind)


STAGES: Final = (
    Stage(("database", "foreign keys"), database),
    Stage(("places", "layers", "references", "children", "tags"), of_images),
    Stage(("manifests", "contents"), of_manifests),
    Stage(("unneeded", "links", "rotten"), of_blobs),
    Stage(("bytes", "files", "uploads", "claims"), of_bytes),
    Stage(("overdue",), of_time),
)


async def _files(state: State) -> Found:
    """Blobs and files, both in the order of their storage ids, a stretch at a time."""
    after: str | None = ""
    while after is not None:
        files = await state.blobs.page(after, _FILES)
        blobs, unlinks = await state.db.read(_blobs_and_unlinks, after)
        ends = [
            ids[-1]
            for ids in ([file.storage_id for file in files], [blob.storage_id for blob in blobs], unlinks)
            if len(ids) == _FILES
        ]
        last = min(ends, default=None)
        present = {file.storage_id: file for file in files if last is None or file.storage_id <= last}
        expected = {blob.storage_id: blob for blob in blobs if last is None or blob.storage_id <= last}
        for storage_id, blob in expected.items():
            file = present.pop(storage_id, None)
            size = size_of(file, blob.location)
            if size != blob.size and await _lacks_bytes(state, blob):
                yield Disagreement("bytes", blob.digest, detail=_found(size))
            if file and beside(file, blob.location) and state.clock() - file.written_at >= IDLE_TERM:
                yield Disagreement("files", storage_id, detail=str(file.size - blob.size))
        unknown = present.keys() - set(unlinks)
        for storage_id in sorted(unknown - await state.db.read(audit.known, list(unknown))):
            if await _is_unknown(state, storage_id):
                yield Disagreement("files", storage_id, detail=str(present[storage_id].size))
        for storage_id in sorted(expected.keys() & set(unlinks)):
            yield Disagreement("claims", storage_id)
        after = last


async def _blobs_and_unlinks(tx: Tx, after: str) -> tuple[list[Blob], list[str]]:
    return await audit.stored_blobs(tx, after, _FILES), await audit.unlinks(tx, after, _FILES)


async def _uploads(state: State) -> Found:
    after = ""

    async def work(tx: Tx, after: str) -> tuple[list[Upload], list[str]]:
        page = await audit.uploads(tx, after, _STEP)
        return page, await audit.claimed_twice(tx, [upload.storage_id for upload in page])

    while True:
        page, claimed = await state.db.read(work, after)
        for storage_id in claimed:
            yield Disagreement("claims", storage_id)
        if not page:
            return
        for upload in page:
            size = size_of(await state.blobs.look(upload.storage_id), upload.location)
            if (size or 0) < upload.size and await state.db.read(audit.is_under_way, upload):
                yield Disagreement("uploads", upload.id, detail=_found(size))
        after = page[-1].id


async def stored_manifests(state: State) -> AsyncIterator[tuple[Content, References]]:
    """All manifests, in the bin too, with the references that are stored."""
    after = 0

    async def work(tx: Tx, keys: Sequence[int]) -> tuple[list[Content], dict[int, References]]:
        lengths = await images.lengths(tx, keys)
        fitting: list[int] = []
        total = 0
        for key, length in sorted(lengths.items()):
            total += length
            if fitting and total > _MANIFEST_BYTES:
                break
            fitting.append(key)
        contents = await images.contents(tx, fitting)
        return [contents[key] for key in fitting], await audit.references(tx, fitting)

    while keys := await state.db.read(audit.images, after, _STEP):
        contents, references = await state.db.read(work, keys)
        for content in contents:
            yield content, references[content.image]
        after = contents[-1].image if contents else keys[-1]


def has_its_digest(content: Content) -> bool:
    """Whether the bytes of a manifest are those that were pushed."""
    digest = content.digest
    return digests.is_digest(digest) and digests.of(content.manifest, digests.algorithm(digest)) == digest


def _makes(content: Content, references: References) -> bool:
    try:
        manifest = manifests.read(content.manifest, content.media_type, content.digest)
    except ManifestInvalid:
        return True  # taken by other rules than those of today, and still what was pushed
    made = {(item.digest, True) for item in manifest.blobs} | {(item.digest, False) for item in manifest.children}
    return made == references


async def _lacks_bytes(state: State, blob: Blob) -> bool:
    """Whether a blob that is there has other bytes than it should, looked at between two looks at its row."""
    if not await state.db.read(audit.is_stored, blob):
        return False
    file = await state.blobs.look(blob.storage_id)
    return size_of(file, blob.location) != blob.size and await state.db.read(audit.is_stored, blob)


async def _is_unknown(state: State, storage_id: str) -> bool:
    """Whether a file stays that nothing knows; one that is young may belong to an upload that just ends."""
    for _ in range(_LOOKS):
        if await state.db.read(audit.known, [storage_id]):
            return False
        file = await state.blobs.look(storage_id)
        if file is None:
            return False
        if state.clock() - file.written_at >= _YOUNG:
            break
        await asyncio.sleep(1)
    return not await state.db.read(audit.known, [storage_id])


def _found(size: int | None) -> str:
    return "missing" if size is None else str(size)
