"""Many clients that send slowly or do not read what they asked for cost the server no memory, at both doors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support import figures, memory
from support.content import OCI_EMPTY, OCI_IMAGE, Image, descriptor, sha256
from support.manifests import LIMIT, manifest
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.server import Server
from support.wire import Wire

MIB = 1024 * 1024
CLIENTS = 60
MOST_MORE = 150 * MIB  # than before; 60 manifests that are held are 240 MiB, 60 answers of three of them 720
SMALL = 64 * 1024  # bytes of an answer that the kernel takes for a client that does not read

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A server of its own with the repository `app`, so that the memory is that of the test."""
    directory = tmp_path_factory.mktemp("slow") / "data"
    with Server(directory, open=True) as server:
        registry = Registry(server, "111111111111")
        registry.create("app")
        registry.oci.push_blob("app", b"{}", sha256(b"{}"))
        yield registry
    shutil.rmtree(directory)


def largest(number: int = 0) -> Image:
    """A manifest as large as one may be."""
    config = descriptor(OCI_EMPTY, b"{}")
    empty = manifest(OCI_IMAGE, config=config, layers=[], annotations={"number": str(number), "filler": ""})
    filler = "x" * (LIMIT - len(empty.manifest))
    return manifest(OCI_IMAGE, config=config, layers=[], annotations={"number": str(number), "filler": filler})


@pytest.fixture
def check_memory(registry: Registry, request: pytest.FixtureRequest) -> Callable[[], None]:
    """Fails when the server took much more memory than it had before the test."""
    before = memory.forget_peak(registry.server)

    def check() -> None:
        more = memory.peak(registry.server) - before
        figures.note(request, f"memory_of_{CLIENTS}_slow_clients", f"{more / MIB:.0f} MiB more")
        assert more < MOST_MORE

    return check


Begin = Callable[[Wire, bytes], None]


def begin_a_manifest(wire: Wire, body: bytes) -> None:
    wire.request("PUT", "/v2/app/manifests/latest", {"Content-Type": OCI_IMAGE, "Content-Length": str(len(body))})


def test_manifests_that_come_slowly_cost_no_memory(registry: Registry, check_memory: Callable[[], None]) -> None:
    body = largest().manifest
    send_slowly(registry, registry.password, body, begin_a_manifest, 201)
    check_memory()


def test_calls_of_the_ecr_api_that_come_slowly_cost_no_memory(
    registry: Registry, check_memory: Callable[[], None]
) -> None:
    body = json.dumps({"filler": "x" * (MIB - 20)}).encode()
    headers = RawEcr(registry).headers("DescribeRegistry")

    def begin(wire: Wire, content: bytes) -> None:
        wire.request("POST", "/", {**headers, "Content-Length": str(len(content))})

    send_slowly(registry, None, body, begin, 200)
    check_memory()


def send_slowly(registry: Registry, password: str | None, body: bytes, begin: Begin, expected: int) -> None:
    """All but the last byte from every client, and only then the last one from each."""
    with ExitStack() as stack:
        wires = [stack.enter_context(Wire(registry.server, password)) for _ in range(CLIENTS)]
        for wire in wires:
            begin(wire, body)
            wire.send(body[:-1])
        for wire in wires:
            wire.send(body[-1:])
        assert [wire.answer().status for wire in wires] == [expected] * CLIENTS


def test_manifests_that_nobody_reads_cost_no_memory(registry: Registry, check_memory: Callable[[], None]) -> None:
    one = largest()
    assert registry.oci.put_manifest("app", "latest", one.manifest, one.media_type).status == 201
    password = registry.password
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            wire = stack.enter_context(Wire(registry.server, password, receive_buffer=SMALL))
            wire.request("GET", "/v2/app/manifests/latest")
            assert wire.head().startswith(b"HTTP/1.1 200 ")
        assert registry.oci.get("/v2/app/manifests/latest").body == one.manifest
        check_memory()


def test_answers_of_the_ecr_api_that_nobody_reads_cost_no_memory(
    registry: Registry, check_memory: Callable[[], None]
) -> None:
    several = [largest(number) for number in range(3)]
    for one in several:
        assert registry.oci.put_manifest("app", one.digest, one.manifest, one.media_type).status == 201
    body = json.dumps({"repositoryName": "app", "imageIds": [{"imageDigest": one.digest} for one in several]}).encode()
    headers = {**RawEcr(registry).headers("BatchGetImage"), "Content-Length": str(len(body))}
    with ExitStack() as stack:
        for _ in range(CLIENTS):
            wire = stack.enter_context(Wire(registry.server, receive_buffer=SMALL))
            wire.request("POST", "/", headers)
            wire.send(body)
            assert wire.head().startswith(b"HTTP/1.1 200 ")
        images = RawEcr(registry).call("BatchGetImage", body).json["images"]
        assert {item["imageManifest"] for item in images} == {one.text for one in several}
        check_memory()
