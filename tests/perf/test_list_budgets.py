"""How many queries a call of ECR takes that reads: as many for a hundred as for one, and it writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.content import OCI_EMPTY, Image, image, layer
from support.metered import Cost, Meter
from support.state import create_repository, prepared

pytestmark = pytest.mark.directory
MANY = 100


@pytest.fixture
async def meter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Meter]:
    async with prepared(tmp_path / "data") as state:
        await create_repository(state)
        yield Meter(state, monkeypatch)


async def push(meter: Meter, count: int) -> Sequence[Image]:
    """Images with one layer for all of them."""
    content = layer()
    images = [image(content, config_type=OCI_EMPTY, annotations={"n": str(number)}) for number in range(count)]
    for number, one in enumerate(images):
        await meter.doors.push("app", one, f"t{number}")
    return images


@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize(
    ("operation", "more", "queries"),
    [
        ("ListImages", {}, 2),
        ("ListImages", {"filter": {"tagStatus": "TAGGED"}}, 2),
        ("DescribeImages", {}, 4),
    ],
)
async def test_a_page_takes_as_many_queries_however_long_it_is(
    meter: Meter, count: int, operation: str, more: Mapping[str, Any], queries: int
) -> None:
    await push(meter, count)
    call = meter.doors.ecr(operation, repositoryName="app", maxResults=MANY, **more)
    cost = await meter.cost_of(call)
    assert sum(cost.reads) <= queries
    assert (cost.writes, cost.syncs) == ([], 0)


@pytest.mark.parametrize("count", [1, MANY])
@pytest.mark.parametrize("by", ["imageDigest", "imageTag"])
@pytest.mark.parametrize(("operation", "queries"), [("DescribeImages", 4), ("BatchGetImage", 4)])
async def test_images_that_are_named_take_as_many_queries_however_many_they_are(
    meter: Meter, count: int, by: str, operation: str, queries: int
) -> None:
    images = await push(meter, count)
    names = (one.digest if by == "imageDigest" else f"t{number}" for number, one in enumerate(images))
    ids = [{by: name} for name in names]
    await meter.doors.ecr(operation, repositoryName="app", imageIds=ids)  # the first pull of a day is noted
    cost = await meter.cost_of(meter.doors.ecr(operation, repositoryName="app", imageIds=ids))
    assert sum(cost.reads) <= queries
    assert (cost.writes, cost.syncs) == ([], 0)


@pytest.mark.parametrize("count", [1, MANY])
async def test_layers_that_are_asked_for_take_as_many_queries_however_many_they_are(meter: Meter, count: int) -> None:
    one = image(*(layer() for _ in range(count)))
    await meter.doors.push("app", one, "tag")
    digests = list(one.blobs)[:count]
    call = meter.doors.ecr("BatchCheckLayerAvailability", repositoryName="app", layerDigests=digests)
    cost = await meter.cost_of(call)
    assert (sum(cost.reads) <= 2, cost.writes) == (True, [])


@pytest.mark.parametrize("count", [1, MANY])
async def test_repositories_take_as_many_queries_however_many_they_are(meter: Meter, count: int) -> None:
    for number in range(count):
        await create_repository(meter.doors.state, f"r{number}")
    assert await meter.cost_of(meter.doors.ecr("DescribeRepositories", maxResults=MANY)) == Cost([1], [], 0)
