"""A data directory with one worker, where collection runs when a test says so, and what is left is counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from support.content import Image
from support.doors import Doors
from support.invariants import broken, left_over
from support.state import Clock, collect_all
from support.stores import objects
from wharfinger.state import State
from wharfinger.state.db.database import Tx


@dataclass
class Place:
    """A data directory with the repository `app`, one worker and no jobs."""

    directory: Path
    clock: Clock
    state: State

    def __post_init__(self) -> None:
        self.lease = self.state.rules.blob_lease
        self.doors = Doors(self.state)
        self.without_a_bin = Doors(replace(self.state, rules=self.state.rules._replace(bin_days=0)))

    async def settle(self) -> None:
        """Collect to the end; nothing is broken then, and nothing is left over."""
        await collect_all(self.state)
        assert broken(self.directory) == []
        assert left_over(self.directory, self.clock()) == []

    def files(self) -> int:
        """How many there are."""
        return len(objects(self.directory))

    async def count(self, table: str) -> int:
        """How many rows a table has."""

        async def work(tx: Tx) -> int:
            row = await tx.one(f"SELECT count(*) FROM {table}")
            return int(row[0]) if row else 0

        return await self.state.db.read(work)

    async def present(self, *images: Image) -> list[Image]:
        """Those of some images that the repository serves."""
        return [one for one in images if await self.status(f"manifests/{one.digest}") == 200]

    async def status(self, path: str) -> int:
        """Of a HEAD, which of a blob renews its lease."""
        return (await self.doors.oci("HEAD", f"app/{path}")).status

    async def pushed(self, *images: Image) -> None:
        """Untagged, and so long ago that no lease is left."""
        for one in images:
            await self.doors.push("app", one)
        self.clock.move(self.lease)

    async def delete(self, *images: Image, doors: Doors | None = None) -> None:
        """All of them in one call."""
        ids = [{"imageDigest": one.digest} for one in images]
        answer = await (doors or self.doors).served("BatchDeleteImage", repositoryName="app", imageIds=ids)
        assert answer["failures"] == []

    async def restore(self, *images: Image) -> None:
        """They come back with all their bytes."""
        ids = [{"imageDigest": one.digest} for one in images]
        assert (await self.doors.served("RestoreImages", repositoryName="app", imageIds=ids))["failures"] == []
        for one in images:
            assert (await self.doors.oci("GET", f"app/manifests/{one.digest}")).body == one.manifest
            for digest, content in one.blobs.items():
                assert (await self.doors.oci("GET", f"app/blobs/{digest}")).content == content
