"""Blobs of a repository: whether they are there, and giving and taking them without moving bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain import digests
from wharfinger.domain.faults import BlobNotFound, BlobReferenced
from wharfinger.domain.names import Registry
from wharfinger.services import access, pull
from wharfinger.services.repositories import BLOB_MOUNTING, SETTINGS
from wharfinger.state import State
from wharfinger.state.db import blobs, repositories
from wharfinger.state.db.blobs import Blob, Layer
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository

LayerFailureCode = Literal["InvalidLayerDigest", "MissingLayerDigest"]
_MOST_HOLDERS: Final = 100


class Availability(NamedTuple):
    """Which of some layers a repository has, in the order in which they were asked for; None: it has not."""

    layers: Sequence[tuple[str, Layer | None]]
    failures: Sequence[tuple[str, LayerFailureCode]]


async def promise(state: State, registry: Registry, repository: str, digest: str) -> Blob:
    """A blob, to somebody who may refer to it in a push: it will be there for as long as a push takes.

    Raises DigestInvalid, RepositoryNotFound, BlobNotFound.
    """
    found = await pull.blob(state, registry, repository, digest)
    if found.id not in await _renew(state, [found]):
        raise BlobNotFound(digest)
    return found


async def availability(state: State, registry: Registry, repository: str, asked: Sequence[str]) -> Availability:
    """The same promise for up to a hundred layers. Raises RepositoryNotFound."""
    failures: list[tuple[str, LayerFailureCode]] = []
    wellformed: list[str] = []
    for digest in asked:
        if not digest:
            failures.append((digest, "MissingLayerDigest"))
        elif not digests.has_ecr_form(digest):
            failures.append((digest, "InvalidLayerDigest"))
        else:
            wellformed.append(digest)

    async def work(tx: Tx) -> list[Layer]:
        found = await access.repository(tx, registry, repository)
        return await blobs.layers(tx, found.id, wellformed)

    present = {layer.digest: layer for layer in await state.db.read(work)}
    kept = await _renew(state, list(present.values()))
    layers = [(digest, layer if (layer := present.get(digest)) and layer.id in kept else None) for digest in wellformed]
    return Availability(layers, failures)


async def holders(state: State, registry: Registry, repository: str, digest: str) -> Sequence[str]:
    """Repositories that a blob could be mounted from into one, a hundred at most."""
    return await state.db.read(blobs.holders, registry, repository, digest, _MOST_HOLDERS)


async def mount(state: State, registry: Registry, repository: str, digest: str, source: str) -> bool:
    """Give a repository a blob that `source` has, if mounting is on.

    Raises RepositoryNotFound (of `repository`, not of the source), DigestInvalid.
    """
    digests.check(digest)
    leased_until = state.clock() + state.rules.blob_lease

    async def work(tx: Tx) -> bool:
        found = await access.repository(tx, registry, repository)
        setting = await repositories.setting(tx, registry, BLOB_MOUNTING) or SETTINGS[BLOB_MOUNTING][0]
        if setting != "ENABLED":
            return False
        blob = await _source_blob(tx, found, source, digest)
        if blob is None:
            return False
        await blobs.link(tx, found.id, blob, leased_until)
        return True

    return await state.db.write(work)


async def delete(state: State, registry: Registry, repository: str, digest: str) -> None:
    """Take a blob from a repository. Raises RepositoryNotFound, DigestInvalid, BlobNotFound, BlobReferenced."""
    digests.check(digest)

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, repository)
        blob = await blobs.find(tx, registry, repository, digest)
        if not isinstance(blob, Blob):
            raise BlobNotFound(digest)
        if await blobs.is_referenced(tx, found.id, digest):
            raise BlobReferenced(digest)
        await blobs.unlink(tx, found.id, blob.id)
        await blobs.free(tx, [digest], state.clock())

    await state.db.write(work)


async def _source_blob(tx: Tx, target: Repository, source: str, digest: str) -> int | None:
    """As on ECR, only between repositories of the same encryption."""
    holder = await repositories.find(tx, target.registry, source)
    if holder is None or (holder.encryption_type, holder.kms_key) != (target.encryption_type, target.kms_key):
        return None
    found = await blobs.find(tx, target.registry, source, digest)
    return found.id if isinstance(found, Blob) else None


async def _renew(state: State, found: Sequence[Blob | Layer]) -> set[int]:
    """Renew the leases that are half over; the ids of the blobs that are still there after that."""
    now, lease = state.clock(), state.rules.blob_lease
    kept = {item.id for item in found if item.leased_until - now > lease // 2}
    old = [item.id for item in found if item.id not in kept]
    if old:
        repository = found[0].repository
        if await state.db.write(blobs.renew, repository, old, now + lease) == len(old):
            kept.update(old)
    return kept
