"""What each journey may cost, in counts that are the same on every machine: statements, commits, syncs, bytes held."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest

from support.answer import Answer
from support.content import Image, image, index, layer, sha256
from support.doors import Body, Doors
from support.passing import Passing
from support.state import Clock, create_repository, prepared
from wharfinger.services import access
from wharfinger.state import State, remembered
from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.blobs.store import Location
from wharfinger.state.clock import DAY
from wharfinger.state.db.database import P, T, Work
from wharfinger.state.db.sqlite import Sqlite

pytestmark = pytest.mark.directory

MEBIBYTE = 1024 * 1024


@dataclass
class Metered(Passing):
    """A database that notes how many statements each read and each transaction had."""

    reads: list[int] = field(default_factory=list)
    writes: list[int] = field(default_factory=list)
    decisions: list[int] = field(default_factory=list)  # that somebody may do something
    looks: int = 0  # whether any right has changed since

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        before = self.inner.statements
        result = await self.inner.read(work, *args, **kwargs)
        decides = work.__module__ in {access.__name__, remembered.__name__}
        (self.decisions if decides else self.reads).append(self.inner.statements - before)
        return result

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        result = await self.inner.ask(work, *args, **kwargs)
        self.reads.append(1)
        return result

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        before = self.inner.statements
        result = await self.inner.write(work, *args, **kwargs)
        self.writes.append(self.inner.statements - before)
        return result

    async def rights_version(self) -> int:
        self.looks += 1
        return await self.inner.rights_version()


class Cost(NamedTuple):
    """What some calls took. The syncs are those of files and folders, besides the database's own."""

    reads: list[int]
    writes: list[int]
    syncs: int


class Meter:
    """Doors whose costs are counted."""

    def __init__(self, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
        self.db = Metered(state.db)
        self.doors = Doors(replace(state, db=self.db))
        self.syncs = 0
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def count(descriptor: int) -> None:
            self.syncs += 1
            sync(descriptor)

        return count

    async def cost_of(self, *calls: Awaitable[Answer]) -> Cost:
        """Of these calls, each of which has to succeed."""
        reads, writes, syncs = len(self.db.reads), len(self.db.writes), self.syncs
        for call in calls:
            answer = await call
            assert answer.status < 300, answer
        return Cost(self.db.reads[reads:], self.db.writes[writes:], self.syncs - syncs)


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
    content = os.urandom(1000)
    await meter.doors.push_blob("app", content, sha256(content))
    answer = await meter.doors.oci("GET", f"app/blobs/{sha256(content)}")
    assert answer.file is not None
    assert (answer.body, answer.file.read_bytes()) == (b"", content)


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


# --- memory --------------------------------------------------------------------------------------------------

MOST_HELD = 3 * MEBIBYTE


@pytest.fixture
def most_held() -> Iterator[Callable[[], int]]:
    """The most bytes that Python held at once since the test began."""
    tracemalloc.start()
    started, _ = tracemalloc.get_traced_memory()
    yield lambda: tracemalloc.get_traced_memory()[1] - started
    tracemalloc.stop()


def pieces(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield number.to_bytes(2, "big") * (32 * 1024)


async def test_a_streamed_upload_is_never_held_whole(state: State, most_held: Callable[[], int]) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    answer = await doors.oci("PATCH", upload, Body(pieces(1024)))
    assert answer.headers["range"] == f"0-{64 * MEBIBYTE - 1}"
    assert most_held() < MOST_HELD


async def test_a_blob_that_is_sent_by_pieces_is_never_held_whole(state: State, most_held: Callable[[], int]) -> None:
    size = 64 * MEBIBYTE
    digest = await push_zeros(Doors(state), state, size)
    sent: list[int] = []

    def count(piece: bytes) -> None:
        sent.append(len(piece))

    await Doors(state, sends_files=False).oci("GET", f"app/blobs/{digest}", sink=count)
    assert (sum(sent), most_held() < MOST_HELD) == (size, True)


async def push_zeros(doors: Doors, state: State, size: int) -> str:
    """A blob that takes no room: the file has a hole. Its digest is not right, which no pull looks at."""
    digest = sha256(b"")
    await doors.push_blob("app", b"", digest)

    async def enlarge(tx: Any) -> str:
        await tx.run("UPDATE blobs SET size = :size", size=size)
        return str((await tx.one("SELECT storage_id FROM blobs"))[0])

    path = state.blobs.path(Location(await state.db.write(enlarge)))
    assert path is not None
    os.truncate(path, size)
    return digest


async def test_reading_bytes_again_for_another_algorithm_does_not_hold_them(
    state: State, most_held: Callable[[], int]
) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    await doors.oci("PATCH", upload, Body(pieces(512)))
    answer = await doors.oci("PUT", f"{upload}?digest=sha512:{'0' * 128}")
    assert (answer.code, most_held() < MOST_HELD) == ("DIGEST_INVALID", True)
