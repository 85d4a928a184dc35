"""Pulling: manifests by tag or digest, and the bytes of blobs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple
from urllib.parse import urlencode

from wharfinger.domain import digests, tags
from wharfinger.domain.faults import (
    AnswerTooLarge,
    BlobNotFound,
    DownloadExpired,
    ImageNotFound,
    LayerInaccessible,
    LayerNotFound,
    RepositoryNotFound,
    TagInvalid,
    TokenExpired,
    TokenInvalid,
    Unavailable,
)
from wharfinger.domain.images import Failure, ImageId, Selection, StoredImage
from wharfinger.domain.names import Registry
from wharfinger.services import access, login
from wharfinger.services.access import Caller
from wharfinger.services.login import Entry
from wharfinger.state import State
from wharfinger.state.clock import DAY, HOUR
from wharfinger.state.db import blobs, images
from wharfinger.state.db.blobs import Blob
from wharfinger.state.db.database import Tx
from wharfinger.state.db.images import Content, Head

URL_TERM: Final = HOUR
_BATCH_BYTES: Final = 16 * 1024 * 1024  # an image asked for by digest counts once for each of its tags
_PULL_TIME_STEP: Final = DAY  # a pull is recorded at most once in this time, as ECR does
_NOTE_SECONDS: Final = 0.5
URL_PURPOSE: Final = "download address"


class Fetched(NamedTuple):
    """An image found by an id, under one of its tags."""

    id: ImageId
    content: Content


class Batch(NamedTuple):
    """What a list of ids found, and why the others did not."""

    images: Sequence[Fetched]
    failures: Sequence[Failure]


async def manifest(state: State, registry: Registry, repository: str, reference: str) -> Content:
    """The manifest under a tag or digest, and a note that it was pulled.

    Raises TagInvalid, RepositoryNotFound, ImageNotFound.
    """
    is_digest = _is_digest(reference)
    found = await state.db.ask(images.content, registry, repository, reference, is_digest=is_digest)
    if isinstance(found, Content):
        await _record(state, [found])
        return found
    raise _missing(found, registry, repository, reference, is_digest=is_digest)


async def manifest_head(state: State, registry: Registry, repository: str, reference: str) -> Head:
    """What there is under a tag or digest, without its bytes. Raises as `manifest` does."""
    is_digest = _is_digest(reference)
    found = await state.db.ask(images.head, registry, repository, reference, is_digest=is_digest)
    if isinstance(found, Head):
        return found
    raise _missing(found, registry, repository, reference, is_digest=is_digest)


async def batch(state: State, registry: Registry, repository: str, asked: Sequence[ImageId]) -> Batch:
    """The manifests that a list of ids names; an image asked for by digest comes once for each of its tags.

    Raises RepositoryNotFound, AnswerTooLarge.
    """

    async def work(tx: Tx) -> Batch:
        found = await access.repository(tx, registry, repository)
        served, failures = _served(asked, await images.select(tx, found.id, asked))
        lengths = await images.lengths(tx, list(served.values()))
        if sum(lengths[key] for key in served.values()) > _BATCH_BYTES:
            raise AnswerTooLarge(_BATCH_BYTES)
        contents = await images.contents(tx, list(served.values()))
        return Batch([Fetched(id_, contents[key]) for id_, key in served.items()], failures)

    found = await state.db.read(work)
    await _record(state, list({fetched.content.image: fetched.content for fetched in found.images}.values()))
    return found


async def blob(state: State, registry: Registry, repository: str, digest: str) -> Blob:
    """A blob of the repository. Raises DigestInvalid, RepositoryNotFound, BlobNotFound."""
    digests.check(digest)
    found = await state.db.ask(blobs.find, registry, repository, digest)
    if isinstance(found, Blob):
        return found
    if found == "no repository":
        raise RepositoryNotFound(registry, repository)
    raise BlobNotFound(digest)


async def download_query(state: State, caller: Caller, registry: Registry, repository: str, digest: str) -> str:
    """The query that lets anyone read a layer for an hour in the caller's place, for as long as that may do it.

    Only layers that an image refers to. Raises RepositoryNotFound, LayerNotFound, LayerInaccessible.
    """

    async def work(tx: Tx) -> bool | None:
        found = await access.repository(tx, registry, repository)
        layers = await blobs.layers(tx, found.id, [digest])
        return layers[0].media_type is not None if layers else None

    is_referenced = await state.db.read(work)
    if is_referenced is None:
        raise LayerNotFound(registry, repository, digest)
    if not is_referenced:
        raise LayerInaccessible(registry, repository, digest)
    expires_at = state.clock() + URL_TERM
    scope = _blob_scope(repository, digest)
    return urlencode({"token": login.sign_for(state, URL_PURPOSE, caller, registry, expires_at, scope)})


def download(state: State, repository: str, digest: str, token: str) -> Entry:
    """Whose download address it is, and for which registry. Raises DownloadExpired."""
    try:
        return login.read_signed(state, URL_PURPOSE, token, _blob_scope(repository, digest))
    except (TokenInvalid, TokenExpired):
        raise DownloadExpired from None


def _served(
    asked: Sequence[ImageId], selected: Sequence[StoredImage]
) -> tuple[Mapping[ImageId, int], Sequence[Failure]]:
    """The entries of an answer with the keys of their images, each once, and what fails."""
    selection = Selection(selected)
    served: dict[ImageId, int] = {}
    failures: list[Failure] = []
    for item in asked:
        image = selection.find(item)
        if not isinstance(image, StoredImage):
            failures.append(Failure(item, image))
            continue
        for tag in (item.tag,) if item.tag is not None else (image.tags or (None,)):
            served[ImageId(image.digest, tag)] = image.key
    return served, failures


def _blob_scope(repository: str, digest: str) -> bytes:
    return f"{repository}@{digest}".encode()


def _is_digest(reference: str) -> bool:
    if ":" in reference:
        digests.check(reference)
        return True
    if not tags.is_tag(reference):
        raise TagInvalid(reference)
    return False


def _missing(
    found: str | None, registry: Registry, repository: str, reference: str, *, is_digest: bool
) -> RepositoryNotFound | ImageNotFound:
    if found == "no repository":
        return RepositoryNotFound(registry, repository)
    return ImageNotFound(registry, repository, *((reference, None) if is_digest else (None, reference)))


async def _record(state: State, pulled: Sequence[Content]) -> None:
    now = state.clock()
    stale = [item.image for item in pulled if item.pulled_at is None or now - item.pulled_at >= _PULL_TIME_STEP]
    if stale:
        noted = asyncio.create_task(_note(state, stale, now))
        # a pull is a read: it is served even where its note cannot be written, or not soon
        await asyncio.wait([noted], timeout=_NOTE_SECONDS)


async def _note(state: State, pulled: Sequence[int], now: int) -> None:
    with suppress(Unavailable):
        await state.db.write(images.record_pull, pulled, now)
