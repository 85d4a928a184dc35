"""Two workers on one data directory, and requests that meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from pathlib import Path

from support.answer import Answer
from support.content import Image
from support.doors import Doors
from support.invariants import broken, left_over
from support.state import Clock, collect_all
from support.stores import objects
from wharfinger.state import State

APP = {"repositoryName": "app"}


@dataclass
class Workers:
    """Two workers on one data directory, and doors to each."""

    directory: Path
    clock: Clock
    states: tuple[State, State]

    def __post_init__(self) -> None:
        self.one, self.two = (Doors(state) for state in self.states)

    async def settle(self) -> None:
        """Clean up after what has happened, and look whether all is well."""
        await collect_all(self.states[0])
        assert broken(self.directory) == []
        assert left_over(self.directory, self.clock()) == []

    def files(self) -> int:
        """How many files there are."""
        return len(objects(self.directory))

    def has_bytes(self) -> bool:
        """Whether something has been written to a file."""
        return any(objects(self.directory).values())


async def tags_and_images(doors: Doors) -> tuple[dict[str, str], set[str]]:
    ids = (await doors.ecr("ListImages", **APP)).json["imageIds"]
    return {item["imageTag"]: item["imageDigest"] for item in ids if "imageTag" in item}, {
        item["imageDigest"] for item in ids
    }


async def push_blobs(doors: Doors, *images: Image) -> None:
    for one in images:
        for digest, content in one.blobs.items():
            await doors.push_blob("app", content, digest)


async def together(*calls: Awaitable[Answer]) -> list[Answer]:
    return list(await asyncio.gather(*calls))


async def both_ways(turn: int, one: Awaitable[Answer], other: Awaitable[Answer]) -> tuple[Answer, Answer]:
    """At the same time; in every second turn the other one is a little ahead."""
    if turn % 2:
        second, first = await asyncio.gather(other, one)
    else:
        first, second = await asyncio.gather(one, other)
    return first, second


async def two_pieces(first: bytes, then: asyncio.Event, second: bytes) -> AsyncIterator[bytes]:
    yield first
    await then.wait()
    yield second
