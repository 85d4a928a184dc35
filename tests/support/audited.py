"""A data directory with something of everything in it, for what looks whether all of it agrees."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from support.content import Image, image, index, layer, sha256
from support.damage import ORPHAN
from support.doors import Doors
from support.rows import run_sql
from support.state import Clock, collect_all, create_repository, prepared
from wharfinger.services import audit
from wharfinger.services.audit import Disagreement
from wharfinger.state import State
from wharfinger.state.clock import HOUR


class Audited(NamedTuple):
    """What is in it."""

    directory: Path
    clock: Clock
    doors: Doors
    one: Image
    both: Image
    gone: Image
    spare: bytes
    upload: str

    @property
    def state(self) -> State:
        return self.doors.state

    @property
    def layer(self) -> str:
        """Of `one`."""
        return list(self.one.blobs)[-1]

    @property
    def child(self) -> str:
        """Of `both`."""
        return self.both.children[0].digest

    @property
    def gone_layer(self) -> str:
        """Of what is in the bin."""
        return list(self.gone.blobs)[-1]

    def sql(self, statement: str) -> None:
        run_sql(
            self.directory,
            statement.replace(":hour_ago", "CAST(:hour_ago AS BIGINT)"),
            one=self.one.digest,
            both=self.both.digest,
            child=self.child,
            layer=self.layer,
            gone=self.gone.digest,
            gone_layer=self.gone_layer,
            spare=sha256(self.spare),
            orphan=ORPHAN,
            hour_ago=self.clock() - HOUR,
        )


@asynccontextmanager
async def audited(directory: Path) -> AsyncIterator[Audited]:
    """A new one: two images, an index, one in the bin, a layer that waits and an upload under way."""
    clock = Clock()
    async with prepared(directory, clock) as state:
        await create_repository(state)
        doors = Doors(state)
        one, both, gone, spare = image(), index(image(), image()), image(), layer()
        for pushed, tag in ((one, "v1"), (both, "multi"), (gone, "gone"), (image(subject=one), "signature")):
            await doors.push("app", pushed, tag)
        await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "gone"}])
        await collect_all(state)
        await doors.push_blob("app", spare, sha256(spare))
        upload = await doors.begin("app")
        await doors.oci("PATCH", upload, b"0123456789")
        yield Audited(directory, clock, doors, one, both, gone, spare, upload.rpartition("/")[2])


async def found_in(state: State) -> list[Disagreement]:
    """What all checks find."""
    return [found for stage in audit.STAGES async for found in stage.run(state)]
