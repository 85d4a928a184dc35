"""What each journey may cost, in counts that are the same on every machine: statements, commits, syncs."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import apsw
import pytest

from support.answer import Answer
from support.content import Image, image, index, layer, sha256
from support.doors import Doors
from support.metered import Cost, Meter
from support.state import Clock, create_repository, prepared
from wharfinger.state import State
from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.clock import DAY
from wharfinger.state.db.sqlite import Sqlite

pytestmark = pytest.mark.directory


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data", clock) as opened:
        await create_repository(opened)
        yield opened


@pytest.fixture
def meter(state: State, monkeypatch: pytest.MonkeyPatch) -> Meter:
    return Meter(state, monkeypatch)


# --- pulling -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("by", ["tag", "digest"])
async def test_a_manifest_takes_one_query(meter: Meter, method: str, by: str) -> None:
    one = image()
    await meter.doors.push("app", one, "tag")
    path = f"app/manifests/{one.digest if by == 'digest' else 'tag'}"
    await meter.doors.oci("GET", path)  # the first pull of a day is noted
    assert await meter.cost_of(meter.doors.oci(method, path)) == Cost([1], [], 0)


async def test_a_pull_is_noted_once_a_day_by_one_statement(meter: Meter, clock: Clock) -> None:
    await meter.doors.push("app", image(), "tag")
    costs = []
    for _ in range(4):
        costs.append(await meter.cost_of(meter.doors.oci("GET", "app/manifests/tag")))
        clock.move(DAY // 2)
    assert [cost.writes for cost in costs] == [[1], [], [1], []]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_blob_takes_one_query(meter: Meter, method: str) -> None:
    await meter.doors.push_blob("app", b"content", sha256(b"content"))
    asked = meter.doors.oci(method, f"app/blobs/{sha256(b'content')}")
    assert await meter.cost_of(asked) == Cost([1], [], 0)


async def test_a_lease_is_renewed_by_one_statement_when_half_of_it_is_over(meter: Meter, clock: Clock) -> None:
    await meter.doors.push_blob("app", b"content", sha256(b"content"))
    clock.move(meter.doors.state.rules.blob_lease // 2)
    path = f"app/blobs/{sha256(b'content')}"
    first, second = [await meter.cost_of(meter.doors.oci("HEAD", path)) for _ in range(2)]
    assert (first, second) == (Cost([1], [1], 0), Cost([1], [], 0))


async def test_a_whole_blob_is_left_to_the_web_server_to_send(meter: Meter) -> None:
    content = os.urandom(100_000)
    await meter.doors.push_blob("app", content, sha256(content))
    answer = await meter.doors.oci("GET", f"app/blobs/{sha256(content)}")
    assert answer.file is not None
    assert (answer.body, answer.file.read_bytes()) == (b"", content)


async def test_no_statement_of_a_pull_is_planned_twice(state: State) -> None:
    assert isinstance(state.db, Sqlite)
    doors, planned = Doors(state), []

    def notice(*what: object) -> int:
        planned.append(what)  # SQLite asks whether a statement may do what it does when it plans it
        return apsw.SQLITE_OK

    state.db._reader.authorizer = notice
    for tag in ("first", "second"):
        one = image(layer())
        await doors.push("app", one, tag)
        paths = [f"manifests/{tag}", f"manifests/{one.digest}", *(f"blobs/{digest}" for digest in one.blobs)]
        planned.clear()
        for method in ("GET", "HEAD"):
            for path in paths:
                assert (await doors.oci(method, f"app/{path}")).status == 200
        assert bool(planned) is (tag == "first")


# --- pushing -------------------------------------------------------------------------------------------------


async def streamed(doors: Doors, content: bytes) -> AsyncIterator[Awaitable[Answer]]:
    upload = await doors.begin("app")
    yield doors.oci("PATCH", upload, content)
    yield doors.oci("PUT", f"{upload}?digest={sha256(content)}")


async def in_two_requests(doors: Doors, content: bytes) -> AsyncIterator[Awaitable[Answer]]:
    upload = await doors.begin("app")
    yield doors.oci("PUT", f"{upload}?digest={sha256(content)}", content)


async def in_one_request(doors: Doors, content: bytes) -> AsyncIterator[Awaitable[Answer]]:
    yield doors.oci("POST", f"app/blobs/uploads/?digest={sha256(content)}", content)


async def by_a_part(doors: Doors, content: bytes) -> AsyncIterator[Awaitable[Answer]]:
    answer = await doors.ecr("InitiateLayerUpload", repositoryName="app")
    where = {"repositoryName": "app", "uploadId": answer.json["uploadId"]}
    last = len(content) - 1
    yield doors.ecr("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=content)
    yield doors.ecr("CompleteLayerUpload", **where, layerDigests=[sha256(content)])


WAYS = pytest.mark.parametrize("way", [streamed, in_two_requests, in_one_request, by_a_part])
Way = Callable[[Doors, bytes], AsyncIterator[Awaitable[Answer]]]


@WAYS
async def test_a_blob_takes_two_syncs(meter: Meter, way: Way) -> None:
    calls = [call async for call in way(meter.doors, os.urandom(100_000))]
    assert (await meter.cost_of(*calls)).syncs == 2


@WAYS
async def test_a_blob_is_finished_by_four_statements_in_one_transaction(meter: Meter, way: Way) -> None:
    calls = [call async for call in way(meter.doors, b"content")]
    cost = await meter.cost_of(*calls)
    assert cost.writes[-1] <= 4


@WAYS
async def test_a_blob_that_is_there_is_finished_by_four_statements_too(meter: Meter, state: State, way: Way) -> None:
    await create_repository(state, "other")
    await meter.doors.push_blob("other", b"content", sha256(b"content"))
    calls = [call async for call in way(meter.doors, b"content")]
    assert (await meter.cost_of(*calls)).writes[-1] <= 4


async def test_the_last_request_of_an_upload_is_one_transaction(meter: Meter) -> None:
    upload = await meter.doors.begin("app")
    await meter.doors.oci("PATCH", upload, b"content")
    cost = await meter.cost_of(meter.doors.oci("PUT", f"{upload}?digest={sha256(b'content')}"))
    assert (len(cost.writes), cost.syncs) == (1, 1)


async def test_the_bytes_of_an_upload_are_not_read_again_to_know_their_digest(
    meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(DirectoryStore, "read")
    upload = await meter.doors.begin("app")
    for piece in (b"one", b"two", b"three"):
        await meter.doors.oci("PATCH", upload, piece)
    assert (await meter.doors.oci("PUT", f"{upload}?digest={sha256(b'onetwothree')}")).status == 201


def of_layers(count: int) -> Image:
    return image(*(layer() for _ in range(count)))


PUSHED = {
    "one layer": (of_layers(1), "tag"),
    "five layers": (of_layers(5), "tag"),
    "fifty layers": (of_layers(50), "tag"),
    "index": (index(*(of_layers(1) for _ in range(5))), "tag"),
    "artifact": (image(subject=image(), artifact_type="a/b", annotations={"a": "b"}), "tag"),
    "untagged": (of_layers(5), None),
    "ten tags": (of_layers(5), "?" + "&".join(f"tag=t{number}" for number in range(10))),
}


@pytest.mark.parametrize("kind", PUSHED)
async def test_a_manifest_is_pushed_by_eight_statements_in_one_transaction(meter: Meter, kind: str) -> None:
    pushed, reference = PUSHED[kind]
    await push_what_it_needs(meter.doors, pushed)
    if reference is None or reference.startswith("?"):
        reference = pushed.digest + (reference or "")
    cost = await meter.cost_of(meter.doors.put_manifest("app", reference, pushed))
    assert (cost.reads, len(cost.writes), cost.syncs) == ([], 1, 0)
    assert cost.writes[0] <= 8


async def push_what_it_needs(doors: Doors, pushed: Image) -> None:
    for child in pushed.children:
        await doors.push("app", child)
    for digest, content in pushed.blobs.items():
        await doors.push_blob("app", content, digest)


@pytest.mark.parametrize("kind", ["five layers", "index", "artifact"])
async def test_put_image_takes_no_more_than_a_push_through_the_other_door(meter: Meter, kind: str) -> None:
    pushed, tag = PUSHED[kind]
    await push_what_it_needs(meter.doors, pushed)
    call = meter.doors.ecr(
        "PutImage",
        repositoryName="app",
        imageManifest=pushed.text,
        imageManifestMediaType=pushed.media_type,
        imageTag=tag,
    )
    cost = await meter.cost_of(call)
    assert (cost.reads, len(cost.writes), cost.syncs) == ([], 1, 0)
    assert cost.writes[0] <= 8


async def test_a_docker_push_of_five_layers_has_this_price(meter: Meter) -> None:
    pushed = of_layers(5)
    prices: dict[str, tuple[int, int, int]] = {}

    async def pay(request: str, call: Awaitable[Answer]) -> Answer:
        before = (sum(meter.db.reads) + sum(meter.db.writes), len(meter.db.writes), meter.syncs)
        answer = await call
        after = (sum(meter.db.reads) + sum(meter.db.writes), len(meter.db.writes), meter.syncs)
        spent = [new - old for new, old in zip(after, before, strict=True)]
        statements, transactions, syncs = (a + b for a, b in zip(prices.get(request, (0, 0, 0)), spent, strict=True))
        prices[request] = (statements, transactions, syncs)
        return answer

    for digest, content in pushed.blobs.items():
        await pay("HEAD blob", meter.doors.oci("HEAD", f"app/blobs/{digest}"))
        upload = (await pay("POST", meter.doors.oci("POST", "app/blobs/uploads/"))).headers["location"]
        await pay("PATCH", meter.doors.oci("PATCH", upload, content))
        await pay("PUT blob", meter.doors.oci("PUT", f"{upload}?digest={digest}"))
    await pay("PUT manifest", meter.doors.put_manifest("app", "tag", pushed))
    assert prices == {
        # six blobs, the config among them: statements, transactions, syncs besides the database's own
        "HEAD blob": (6, 0, 0),
        "POST": (18, 6, 0),
        "PATCH": (18, 6, 6),
        "PUT blob": (36, 6, 6),
        "PUT manifest": (8, 1, 0),
    }


# --- deleting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 100])
@pytest.mark.parametrize("by", ["tag", "digest"])
async def test_images_are_deleted_by_eight_statements_however_many(meter: Meter, count: int, by: str) -> None:
    pushed = await push_many(meter.doors, count)
    key = "imageTag" if by == "tag" else "imageDigest"
    ids = [{key: tag if by == "tag" else one.digest} for tag, one in pushed.items()]
    call = meter.doors.ecr("BatchDeleteImage", repositoryName="app", imageIds=ids)
    cost = await meter.cost_of(call)
    assert (cost.reads, len(cost.writes)) == ([], 1)
    assert cost.writes[0] <= 8
    assert (await meter.doors.ecr("ListImages", repositoryName="app")).json["imageIds"] == []


async def push_many(doors: Doors, count: int, prefix: str = "t") -> dict[str, Image]:
    """Images that share all their blobs, each under a tag of its own."""
    await push_what_it_needs(doors, BASE)
    pushed = {}
    for number in range(count):
        body = {**json.loads(BASE.manifest), "annotations": {"number": f"{prefix}{number}"}}
        one = BASE._replace(manifest=json.dumps(body).encode())
        assert (await doors.put_manifest("app", f"{prefix}{number:04d}", one)).status == 201
        pushed[f"{prefix}{number:04d}"] = one
    return pushed


SUBJECT = image()
BASE = image(subject=SUBJECT)


# --- lists ---------------------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[Doors], Awaitable[Answer]]] = {
    "ListImages": lambda doors: doors.ecr("ListImages", repositoryName="app", maxResults=5),
    "ListImages of a status": lambda doors: doors.ecr(
        "ListImages", repositoryName="app", maxResults=5, filter={"tagStatus": "TAGGED"}
    ),
    "DescribeImages": lambda doors: doors.ecr("DescribeImages", repositoryName="app", maxResults=5),
    "DescribeRepositories": lambda doors: doors.ecr("DescribeRepositories", maxResults=5),
    "ListImageReferrers": lambda doors: doors.ecr(
        "ListImageReferrers", repositoryName="app", maxResults=5, subjectId={"imageDigest": SUBJECT.digest}
    ),
    "tags": lambda doors: doors.oci("GET", "app/tags/list?n=5"),
    "tags from the middle": lambda doors: doors.oci("GET", "app/tags/list?n=5&last=b0003"),
    "catalogue": lambda doors: doors.oci("GET", "_catalog?n=5"),
}


@pytest.mark.about_sqlite
async def test_a_page_costs_the_same_in_a_small_repository_and_in_a_large_one(state: State) -> None:
    doors = Doors(state)
    costs: dict[str, list[int]] = {page: [] for page in PAGES}
    for prefix, number in (("b", 20), ("c", 200)):
        await push_many(doors, number, prefix)
        for name in range(number):
            await create_repository(state, f"other/{prefix}/{name}")
        for page, turn in PAGES.items():
            costs[page].append(await steps_of(state, turn(doors)))
    assert [page for page, (small, large) in costs.items() if large > small * 1.2] == []


async def steps_of(state: State, page: Awaitable[Answer]) -> int:
    """What SQLite had to do for a page, in steps of its own machine."""
    assert isinstance(state.db, Sqlite)
    steps: list[int] = []
    reader = state.db._reader
    reader.trace_v2(
        apsw.SQLITE_TRACE_PROFILE, lambda event: steps.append(event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"])
    )
    assert (await page).status == 200
    reader.trace_v2(0, None)
    return sum(steps)
