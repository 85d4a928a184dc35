"""What a request costs does not depend on how many images there are beside those that it is about.

Counted in steps of SQLite's own machine, in two installations of which one has ten times as many images.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from bench.generator import Filling
from bench.pushes import Push, Pushes

from support.doors import Doors
from support.plans import run_jobs
from support.state import REGISTRY, collect_all, prepared
from wharfinger.services.audit import STAGES
from wharfinger.state import State
from wharfinger.state.db import sqlite
from wharfinger.state.db.sqlite import Sqlite

pytestmark = pytest.mark.about_sqlite
# half of all images are in the first repository, and all others have a hundred each
SIZES = {"small": Pushes(1_000, 6), "large": Pushes(10_000, 51)}
FIRST, OTHER = 0, 1


async def fill(state: State, pushes: Pushes) -> None:
    await Filling(state.db, REGISTRY, pushes, state.clock()).run()


class Installation(Doors):
    """The doors of an installation that was filled."""

    def __init__(self, state: State, pushes: Pushes) -> None:
        super().__init__(state)
        self.pushes = pushes
        self.first = pushes.name(FIRST)
        self.other = pushes.name(OTHER)

    def images(self, repository: int, count: int) -> Sequence[Push]:
        """The first ones of a repository that have tags and that nothing refers to."""
        return [self.pushes.at(repository, place) for place in self.pushes.plain(repository)[:count]]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both data directories, to be copied."""
    directory = tmp_path_factory.mktemp("filled")

    async def work() -> None:
        for name, pushes in SIZES.items():
            async with prepared(directory / name) as state:
                await fill(state, pushes)

    asyncio.run(work())
    return directory


@pytest.fixture
async def installations(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Sequence[Installation]]:
    monkeypatch.setattr(sqlite, "_CHECKPOINT", 1_000_000)  # the writer does nothing beside what is counted
    async with AsyncExitStack() as stack:
        found = []
        for name, pushes in SIZES.items():
            shutil.copytree(filled / name, tmp_path / name)
            state = await stack.enter_async_context(prepared(tmp_path / name))
            found.append(Installation(state, pushes))
        yield found


@contextmanager
def counted(state: State) -> Iterator[list[int]]:
    """The steps of each statement that is run meanwhile."""
    assert isinstance(state.db, Sqlite)
    steps: list[int] = []
    connections = (state.db._reader, state.db._writer._connection)
    for connection in connections:
        connection.trace_v2(
            apsw.SQLITE_TRACE_PROFILE, lambda event: steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])
        )
    yield steps
    for connection in connections:
        connection.trace_v2(0, None)


async def list_deep(at: Installation) -> Awaitable[Any]:
    page = await at.served("ListImages", repositoryName=at.first, maxResults=450)
    return at.served("ListImages", repositoryName=at.first, maxResults=50, nextToken=page["nextToken"])


async def describe_deep(at: Installation) -> Awaitable[Any]:
    page = await at.served("DescribeImages", repositoryName=at.first, maxResults=450)
    return at.served("DescribeImages", repositoryName=at.first, maxResults=50, nextToken=page["nextToken"])


async def list_first(at: Installation) -> Awaitable[Any]:
    return at.served("ListImages", repositoryName=at.first, maxResults=50)


async def describe_first(at: Installation) -> Awaitable[Any]:
    return at.served("DescribeImages", repositoryName=at.first, maxResults=50)


async def pull(at: Installation) -> Awaitable[Any]:
    [push] = at.images(FIRST, 1)
    return at.oci("GET", f"{at.first}/manifests/{push.tags[0]}")


async def push_again(at: Installation) -> Awaitable[Any]:
    [push] = at.images(FIRST, 1)
    manifest = push.manifest
    headers = {"content-type": manifest.media_type}
    return at.oci("PUT", f"{at.first}/manifests/another", manifest.content, headers)


async def list_referrers(at: Installation) -> Awaitable[Any]:
    subject = {"imageDigest": at.images(FIRST, 1)[0].manifest.digest}
    return at.served("ListImageReferrers", repositoryName=at.first, subjectId=subject)


async def delete_by_digest(at: Installation) -> Awaitable[Any]:
    ids = [{"imageDigest": push.manifest.digest} for push in at.images(FIRST, 100)]
    return at.served("BatchDeleteImage", repositoryName=at.first, imageIds=ids)


async def delete_by_tag(at: Installation) -> Awaitable[Any]:
    ids = [{"imageTag": push.tags[0]} for push in at.images(FIRST, 100)]
    return at.served("BatchDeleteImage", repositoryName=at.first, imageIds=ids)


async def restore(at: Installation) -> Awaitable[Any]:
    ids = [{"imageDigest": push.manifest.digest} for push in at.images(FIRST, 100)]
    await at.served("BatchDeleteImage", repositoryName=at.first, imageIds=ids)
    return at.served("RestoreImages", repositoryName=at.first, imageIds=ids)


async def collect(at: Installation) -> Awaitable[Any]:
    """All that follows from a deletion until the last byte is gone."""
    await at.served("PutDeletionSettings", repositoryName=at.first, settings={"binDays": 0})
    await (await delete_by_digest(at))
    return collect_all(at.state)


async def expire(at: Installation) -> Awaitable[Any]:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    await at.served("PutLifecyclePolicy", repositoryName=at.other, lifecyclePolicyText=json.dumps({"rules": [rule]}))
    return run_jobs(at.state)


async def delete_repository(at: Installation) -> Awaitable[Any]:
    return at.served("DeleteRepository", repositoryName=at.other, force=True)


JOURNEYS = (
    list_first,
    list_deep,
    describe_first,
    describe_deep,
    pull,
    push_again,
    list_referrers,
    delete_by_digest,
    delete_by_tag,
    restore,
    collect,
    expire,
    delete_repository,
)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
async def test_it_costs_the_same_beside_few_images_and_beside_many(
    installations: Sequence[Installation], journey: Callable[[Installation], Awaitable[Awaitable[Any]]]
) -> None:
    costs = []
    for at in installations:
        call = await journey(at)
        with counted(at.state) as steps:
            await call
        costs.append(sum(steps))
    small, large = costs
    assert 0 < large <= small * 1.1


async def test_what_the_generator_makes_agrees_with_itself(tmp_path: Path) -> None:
    async with prepared(tmp_path) as state:
        await fill(state, Pushes(200, 3))
        found = [wrong for stage in STAGES async for wrong in stage.run(state)]
    assert {wrong.check for wrong in found} == {"bytes"}  # for blobs have no bytes


def test_what_is_made_is_the_same_each_time() -> None:
    assert list(Pushes(100, 3)) == list(Pushes(100, 3))


def test_what_is_made_is_another_with_another_seed() -> None:
    one, other = ({push.manifest.digest for push in Pushes(100, 3, seed)} for seed in (1, 2))
    assert not one & other


def test_an_image_can_be_made_without_those_before_it() -> None:
    pushes = Pushes(1_000, 7)
    digests: dict[int, list[str]] = {}
    for push in pushes:
        digests.setdefault(push.repository, []).append(push.manifest.digest)
    for repository, made in digests.items():
        for place in (*pushes.plain(repository), *pushes.untagged(repository)):
            assert pushes.at(repository, place).manifest.digest == made[place]
        assert max(pushes.plain(repository)) < len(made) <= max(pushes.plain(repository)) + 10
