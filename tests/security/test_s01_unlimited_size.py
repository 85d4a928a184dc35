"""S1: everything that somebody can send, or ask for, has an end that is not his.

Attacks: distribution CVE-2017-11468 (a body without a limit fills the memory) and CVE-2023-2253 (the `n` of a catalogue
was allocated before it was looked at).

Memory under attack is measured with a server of its own in `tests/oci/test_slow_clients.py` and
`tests/oci/test_streaming.py`, and byte by byte in `tests/perf/test_held_bytes.py`.
"""

from __future__ import annotations

import gc
import re
import tracemalloc
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import inspect

from support.content import OCI_IMAGE, UNKNOWN, image, sha256
from support.doors import Body, Doors, new_doors
from support.raw_ecr import headers
from support.registry import Registry
from support.server import REGION
from support.somebody import OPERATIONS
from support.state import ACCOUNT, Clock
from support.wire import Wire
from wharfinger.contract.ecr import OPERATIONS as OF_ECR
from wharfinger.server.settings import Settings

MEBIBYTE: Final = 1024 * 1024
LARGE_BODIES: Final = {"UploadLayerPart", "PutImage", "PutImageFeed"}  # which the model allows to be larger
MOST_HELD: Final = 4 * MEBIBYTE
LONG: Final = 16 * 1024
HUGE: Final = ("1000000000", "9" * 18, "9" * 5000, str(2**63), "0" * 5000 + "7")


@pytest.fixture
def held() -> Iterator[None]:
    """Fails if the process held more than a little at any time of the test."""
    tracemalloc.start()
    yield
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < MOST_HELD


async def endless(sent: list[int], piece: bytes = b" " * 64 * 1024) -> AsyncIterator[bytes]:
    """A body that never ends, and how much of it was taken."""
    while True:
        sent.append(len(piece))
        yield piece


# --- bodies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - LARGE_BODIES))
async def test_the_body_of_a_call_ends_at_a_mebibyte(doors: Doors, operation: str) -> None:
    sent: list[int] = []
    service = "ecr" if operation in OF_ECR else "wharfinger"
    answer = await doors.raw(service, operation, Body(endless(sent)))
    assert answer.status == 413
    assert sum(sent) <= 3 * MEBIBYTE  # with what is read on so that the client can read the answer


@pytest.mark.parametrize("operation", sorted(LARGE_BODIES))
@pytest.mark.usefixtures("held")
async def test_the_largest_bodies_end_too_and_are_not_held(doors: Doors, operation: str) -> None:
    sent: list[int] = []
    service = "ecr" if operation in OF_ECR else "wharfinger"
    answer = await doors.raw(service, operation, Body(endless(sent)))
    assert answer.status == 413
    assert sum(sent) <= 32 * MEBIBYTE


@pytest.mark.usefixtures("held")
async def test_the_body_of_a_manifest_ends_at_four_mebibytes(doors: Doors) -> None:
    sent: list[int] = []
    answer = await doors.oci("PUT", "app/manifests/v1", Body(endless(sent)), {"content-type": OCI_IMAGE})
    assert answer.status == 413
    assert sum(sent) <= 6 * MEBIBYTE


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "app/blobs/uploads/"),
        ("POST", f"app/blobs/uploads/?mount={UNKNOWN}&from=app"),
        ("DELETE", "app/manifests/v1"),
        ("DELETE", f"app/blobs/{UNKNOWN}"),
        ("PUT", "x"),
        ("PUT", "none/manifests/v1"),
        ("PATCH", "app/blobs/uploads/x"),
    ],
)
async def test_a_body_that_nobody_wants_is_not_read_on(doors: Doors, method: str, path: str) -> None:
    sent: list[int] = []
    await doors.oci(method, path, Body(endless(sent)))
    assert sum(sent) <= 6 * MEBIBYTE


@pytest.mark.parametrize("path", ["/", "/v2/app/manifests/v1", "/v2/app/blobs/uploads/", "/x"])
async def test_a_stranger_cannot_make_the_server_read_a_body(doors: Doors, path: str) -> None:
    sent: list[int] = []
    answer = await doors.request("POST" if path == "/" else "PUT", path, Body(endless(sent)))
    assert answer.status in {400, 401, 404, 405}
    assert sum(sent) <= 2 * MEBIBYTE


# --- JSON ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"a":' * 100_000, b'{"repositoryName":' + b"[" * 500_000])
async def test_json_of_any_depth_is_refused_by_every_call(doors: Doors, deep: bytes) -> None:
    for name in sorted(OPERATIONS):
        answer = await doors.raw("ecr" if name in OF_ECR else "wharfinger", name, deep)
        assert (answer.status, answer.code) == (400, "SerializationException"), name


@pytest.mark.parametrize("deep", [b"[" * 200_000, b'{"layers":' * 100_000])
async def test_json_of_any_depth_is_no_manifest_and_no_policy(doors: Doors, deep: bytes) -> None:
    assert (await doors.oci("PUT", "app/manifests/v1", deep, {"content-type": OCI_IMAGE})).code == "MANIFEST_INVALID"
    policy = {"repositoryName": "app", "policyText": deep.decode()[:10_000]}
    assert (await doors.asked("SetRepositoryPolicy", **policy)).code == "InvalidParameterException"


def _unlimited(kind: inspect.Type, path: str) -> Iterator[str]:
    """The lists and maps in a type that may have any length."""
    match kind:
        case inspect.UnionType():
            for each in kind.types:
                yield from _unlimited(each, path)
        case inspect.StructType():
            for field in kind.fields:
                yield from _unlimited(field.type, f"{path}.{field.encode_name}")
        case inspect.ListType():
            if kind.max_length is None:
                yield path
            yield from _unlimited(kind.item_type, f"{path}[]")
        case inspect.DictType():
            if kind.max_length is None:
                yield path


# which the model of ECR leaves open: the body, of a mebibyte, is their end
OPEN_IN_ECR: Final = re.compile(r"\.(tags|tagKeys)$")


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_list_of_a_request_has_a_longest_length(operation: str) -> None:
    found = list(_unlimited(inspect.type_info(OPERATIONS[operation].request), operation))
    assert [path for path in found if not (operation in OF_ECR and OPEN_IN_ECR.search(path))] == []


# --- what is asked for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_every_page_has_at_most_a_thousand_items(operation: str) -> None:
    shape = inspect.type_info(OPERATIONS[operation].request)
    assert isinstance(shape, inspect.StructType)
    for field in shape.fields:
        if field.encode_name == "maxResults":
            kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
            assert [kind.le for kind in kinds if isinstance(kind, inspect.IntType)] <= [1000]


@pytest.mark.parametrize("n", HUGE, ids=lambda text: text[:12])
@pytest.mark.parametrize("path", ["_catalog", "app/tags/list"])
@pytest.mark.usefixtures("held")
async def test_a_number_of_entries_allocates_nothing(doors: Doors, path: str, n: str) -> None:
    await doors.push("app", image(), "v1")
    answer = await doors.oci("GET", f"{path}?n={n}")
    assert (answer.status, list(answer.json.values())[-1]) == (200, ["app"] if path == "_catalog" else ["v1"])


@pytest.mark.parametrize("number", HUGE[:4], ids=lambda text: text[:12])
@pytest.mark.usefixtures("held")
async def test_a_range_allocates_nothing(doors: Doors, number: str) -> None:
    await doors.push_blob("app", b"content", sha256(b"content"))
    path = f"app/blobs/{sha256(b'content')}"
    for text in (f"bytes=0-{number}", f"bytes=-{number}", f"bytes={number}-", "bytes=" + "0-0," * 10_000):
        answer = await doors.oci("GET", path, headers={"range": text})
        assert answer.status in {200, 206, 416}
        assert answer.status == 416 or len(answer.content) <= len(b"content")


async def test_a_content_range_allocates_nothing(doors: Doors) -> None:
    for first, last in ((0, 10**18), (10**18, 10**18 + 6)):
        answer = await doors.oci("PATCH", await doors.begin("app"), b"content", {"content-range": f"{first}-{last}"})
        assert answer.status in {400, 416}


@pytest.mark.parametrize("query", ["&a" * 1001, "&tag=a" * 1000, "&artifactType=x" * 1001], ids=lambda text: text[:6])
async def test_a_query_has_a_most_of_parameters(doors: Doors, query: str) -> None:
    for path in (f"app/referrers/{UNKNOWN}", "app/tags/list", "_catalog"):
        answer = await doors.oci("GET", f"{path}?x=1{query}")
        assert answer.status == 400


# --- what is kept of a request that was refused ----------------------------------------------------------------


def _basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def _signature(key: str, region: str) -> dict[str, str]:
    credential = f"Credential={key}/20270115/{region}/ecr/aws4_request"
    rest = f"SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}"
    sent = {name.lower(): value for name, value in headers("DescribeRegistry", ACCOUNT, REGION).items()}
    return {**sent, "x-amz-date": "20270115T080000Z", "authorization": f"AWS4-HMAC-SHA256 {credential}, {rest}"}


STRANGERS: Final[dict[str, Callable[[int], dict[str, str]]]] = {
    "password": lambda number: _basic("AWS", f"{number}{'x' * LONG}"),
    "robot": lambda number: _basic(f"{number}{'x' * LONG}", "whrt_" + "x" * LONG),
    "bearer": lambda number: {"authorization": f"Bearer {number}{'x' * LONG}"},
    "access key": lambda number: _signature(f"AKIA{number}{'X' * LONG}", REGION),
    "region": lambda number: _signature("AKIAIOSFODNN7EXAMPLE", f"eu-{'x' * (LONG + number)}-1"),
    "forwarded": lambda number: {"x-forwarded-for": f"{'1' * LONG}.{number}", "x-forwarded-proto": "http"},
}


@pytest.mark.parametrize("kind", STRANGERS)
async def test_nothing_long_is_kept_of_what_strangers_send(tmp_path: Path, kind: str) -> None:
    async with new_doors(tmp_path / "data", Clock(1_800_000_000_123)) as opened:
        doors = Doors(opened.state, settings=Settings(open=True, trusted_proxies="127.0.0.1"))
        path = "/" if kind in {"access key", "region"} else "/v2/app/manifests/v1"
        method = "POST" if path == "/" else "GET"
        await doors.request(method, path, b"{}", STRANGERS[kind](-1))
        tracemalloc.start()
        for number in range(200):
            await doors.request(method, path, b"{}", STRANGERS[kind](number))
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert kept < 20 * LONG


# --- headers, as the web server takes them -------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"X-Long": "x" * MEBIBYTE}, {f"X-Many-{number}": "x" for number in range(10_000)}],
    ids=["a long one", "many"],
)
def test_headers_without_an_end_are_refused(registry: Registry, headers: dict[str, str]) -> None:
    answer = _answered(registry, "/v2/", headers)
    assert answer in {b"", b"400", b"414", b"431"}
    assert registry.oci.get("/v2/").status == 200


def test_a_path_without_an_end_is_refused(registry: Registry) -> None:
    assert _answered(registry, "/v2/" + "a/" * 200_000 + "tags/list", {}) in {b"", b"400", b"404", b"414", b"431"}
    assert registry.oci.get("/v2/").status == 200


def _answered(registry: Registry, path: str, headers: dict[str, str]) -> Any:
    """The status of a request; nothing where the connection was ended before."""
    with Wire(registry.server, registry.password) as wire:
        try:
            wire.request("GET", path, headers)
            return wire.read(12)[9:]
        except (BrokenPipeError, ConnectionResetError):
            return b""
