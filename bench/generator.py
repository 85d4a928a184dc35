"""Filling an installation with the rows of many pushes, in minutes where pushing would take a day.

Run as a program, it fills the data directory of a server that does not run:
`python -m bench.generator --data DIRECTORY --images 1000000`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from bench.pushes import Push, Pushes
from wharfinger.domain.manifests import Descriptor
from wharfinger.domain.mutability import Mutability
from wharfinger.domain.names import Registry
from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.state.clock import DAY, system_clock
from wharfinger.state.db import repositories
from wharfinger.state.db.database import Database, Tx, Value
from wharfinger.state.db.repositories import Repository

_BATCH: Final = 10_000  # images in a transaction
_SPAN: Final = 60 * DAY  # in which they are pushed, before now

_BLOBS: Final = "INSERT INTO blobs (digest, size, storage_id, created_at) VALUES (:digest, :size, :storage_id, :now)"
_LINKS: Final = "INSERT INTO repository_blobs (repository_id, blob_id, leased_until) VALUES (:repository, :blob, 0)"
_IMAGES: Final = (
    "INSERT INTO images (repository_id, digest, media_type, artifact_type, is_index, size, subject, annotations, "
    "pushed_at, pulled_at, manifest) VALUES (:repository, :digest, :media_type, :artifact_type, :is_index, :size, "
    ":subject, :annotations, :pushed_at, :pulled_at, :manifest)"
)
_REFERENCES: Final = (
    "INSERT INTO image_references (image_id, digest, repository_id, is_blob, media_type) "
    "VALUES (:image, :digest, :repository, :is_blob, :media_type)"
)
_TAGS: Final = "INSERT INTO tags (repository_id, name, image_id, tagged_at) VALUES (:repository, :name, :image, :now)"
_EVENTS: Final = (
    "INSERT INTO events (account, region, repository, at, action, digest, tag, principal, operation) "
    "VALUES (:account, :region, :repository, :now, 'PUSH', :digest, :tag, :principal, 'PutImage')"
)


class Filling:
    """A registry that is being filled."""

    def __init__(self, db: Database, registry: Registry, pushes: Pushes, now: int) -> None:
        self._db = db
        self._registry = registry
        self._pushes = pushes
        self._now = now
        self._step = _SPAN // pushes.images
        self._keys: list[int] = []  # of the repositories, by their numbers
        self._blobs: dict[str, int] = {}  # those that more than one image has
        self._linked: set[tuple[int, int]] = set()  # of them, which repository has which

    async def run(self) -> None:
        """Make the repositories and all that is pushed to them."""
        await self._db.write(self._make_repositories)
        left = iter(self._pushes)
        pushed_at = self._now - _SPAN
        while batch := list(islice(left, _BATCH)):
            await self._db.write(self._write, batch, pushed_at)
            pushed_at += self._step * len(batch)

    async def _make_repositories(self, tx: Tx) -> None:
        for number in range(self._pushes.repositories):
            new = Repository(
                0,
                self._registry,
                self._pushes.name(number),
                self._now - _SPAN,
                Mutability(),
                scan_on_push=False,
                encryption_type="AES256",
                kms_key=None,
                resource_tags={},
            )
            made = await repositories.add(tx, new)
            assert made is not None, "there is a repository of that name already"
            self._keys.append(made.id)

    async def _write(self, tx: Tx, batch: Sequence[Push], pushed_at: int) -> None:
        await self._write_blobs(tx, batch, pushed_at)
        images = await self._write_images(tx, batch, pushed_at)
        await tx.many(_REFERENCES, self._reference_rows(batch, images))
        await tx.many(
            _TAGS,
            (
                {"repository": self._keys[push.repository], "name": name, "image": image, "now": pushed_at}
                for push, image in zip(batch, images, strict=True)
                for name in push.tags
            ),
        )
        await tx.many(_EVENTS, self._event_rows(batch, pushed_at))

    async def _write_blobs(self, tx: Tx, batch: Sequence[Push], now: int) -> None:
        wanted: dict[str, Descriptor] = {blob.digest: blob for push in batch for blob in push.manifest.blobs}
        new = {digest: blob for digest, blob in wanted.items() if digest not in self._blobs}
        # in the order of the index that they go to, which is then written in one go
        rows: list[Mapping[str, Value]] = [
            # its name could be any, and is none that bytes have
            {"digest": digest, "size": new[digest].size, "storage_id": digest[7:39], "now": now}
            for digest in sorted(new)
        ]
        last = await _last(tx, "blobs")
        await tx.many(_BLOBS, rows)
        self._blobs.update(await _keys_after(tx, "blobs", last))
        links = {
            (self._keys[push.repository], self._blobs[blob.digest]) for push in batch for blob in push.manifest.blobs
        }
        links -= self._linked
        await tx.many(_LINKS, ({"repository": repository, "blob": blob} for repository, blob in sorted(links)))
        self._linked |= links

    async def _write_images(self, tx: Tx, batch: Sequence[Push], pushed_at: int) -> list[int]:
        last = await _last(tx, "images")
        await tx.many(_IMAGES, self._image_rows(batch, pushed_at))
        keys = await _keys_after(tx, "images", last)
        return [keys[push.manifest.digest] for push in batch]

    def _image_rows(self, batch: Sequence[Push], pushed_at: int) -> Iterator[Mapping[str, Value]]:
        for number, push in enumerate(batch):
            manifest = push.manifest
            yield {
                "repository": self._keys[push.repository],
                "digest": manifest.digest,
                "media_type": manifest.media_type,
                "artifact_type": manifest.artifact_type,
                "is_index": int(manifest.is_index),
                "size": push.size,
                "subject": manifest.subject,
                "annotations": msgspec.json.encode(manifest.annotations).decode() if manifest.subject else None,
                "pushed_at": pushed_at + number * self._step,
                # what is tagged was pulled today, what is not was never pulled
                "pulled_at": self._now if push.tags else None,
                "manifest": manifest.content,
            }

    def _reference_rows(self, batch: Sequence[Push], images: Iterable[int]) -> Iterator[Mapping[str, Value]]:
        for push, image in zip(batch, images, strict=True):
            manifest = push.manifest
            for is_blob, descriptors in ((1, manifest.blobs), (0, manifest.children)):
                for item in descriptors:
                    yield {
                        "image": image,
                        "digest": item.digest,
                        "repository": self._keys[push.repository],
                        "is_blob": is_blob,
                        "media_type": item.media_type,
                    }

    def _event_rows(self, batch: Sequence[Push], pushed_at: int) -> Iterator[Mapping[str, Value]]:
        registry = self._registry
        for push in batch:
            for tag in push.tags or (None,):
                yield {
                    "account": registry.account,
                    "region": registry.region,
                    "repository": self._pushes.name(push.repository),
                    "now": pushed_at,
                    "digest": push.manifest.digest,
                    "tag": tag,
                    "principal": f"arn:aws:iam::{registry.account}:root",
                }


async def _last(tx: Tx, table: str) -> int:
    row = await tx.one(f"SELECT max(id) FROM {table}")  # noqa: S608 - one of ours
    return int(row[0] or 0) if row else 0


async def _keys_after(tx: Tx, table: str, last: int) -> dict[str, int]:
    rows = await tx.all(f"SELECT digest, id FROM {table} WHERE id > :last", last=last)  # noqa: S608 - one of ours
    return dict(rows)


async def fill(settings: Settings, pushes: Pushes) -> None:
    """Make an installation, and in it all that is pushed."""
    await data.prepare(settings)
    state = await data.open_state(settings)
    try:
        await Filling(state.db, Registry(settings.account, settings.region), pushes, system_clock()).run()
    finally:
        state.trail.close()
        await state.db.close()


def main() -> None:
    """Fill a data directory."""
    parser = argparse.ArgumentParser(prog="python -m bench.generator", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database, to use it")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--repositories", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began = time.monotonic()
    settings = Settings(data=str(options.data), database=options.database)
    asyncio.run(fill(settings, Pushes(options.images, options.repositories, options.seed)))
    print(f"{options.images:,} images in {time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
