"""Large layers go through in constant memory, in both directions, for many at once and for those who stop reading.

By hand, with the figures of the promise: TEST_LAYER_BYTES=10737418240 TEST_PULLS=100
TEST_PULL_BYTES=100000000.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import NamedTuple

import pytest
import urllib3

from support import figures, memory
from support.registry import Registry
from support.server import Server
from support.wire import Wire

MIB = 1024 * 1024
LAYER_BYTES = int(os.environ.get("TEST_LAYER_BYTES", str(1024 * MIB)))
PULLS = int(os.environ.get("TEST_PULLS", "20"))
PULL_BYTES = int(os.environ.get("TEST_PULL_BYTES", "20000000"))
MOST_MEMORY = 200 * MIB
STALLED_READERS = 8

pytestmark = pytest.mark.timeout(120 + (LAYER_BYTES + PULLS * PULL_BYTES) // (20 * MIB))


class Layer(NamedTuple):
    """A blob in the repository `app`, and what it cost the server to take it."""

    registry: Registry
    digest: str
    memory: int

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/v2/app/blobs/{self.digest}"


class Hashed:
    """The bytes of a layer, made while they are sent: no two pieces are alike, and nobody holds them all."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Of the bytes that were made so far."""
        return f"sha256:{self.hash.hexdigest()}"

    def __iter__(self) -> Iterator[bytes]:
        noise = random.Random(0).randbytes(MIB)
        for number, start in enumerate(range(0, self.size, MIB)):
            piece = (number.to_bytes(8, "big") + noise[8:])[: self.size - start]
            self.hash.update(piece)
            yield piece


def push(registry: Registry, size: int) -> Layer:
    content = Hashed(size)
    location = registry.oci.begin("app")
    memory.forget_peak(registry.server)
    answer = registry.oci.call("PATCH", location, content, {"Content-Length": str(size)})
    assert (answer.status, answer.headers["Range"]) == (202, f"0-{size - 1}")
    answer = registry.oci.call("PUT", f"{location}?digest={content.digest}")
    assert answer.status == 201
    return Layer(registry, content.digest, memory.peak(registry.server))


def pull(layer: Layer, headers: dict[str, str] | None = None) -> str:
    """The digest of what comes."""
    login = urllib3.make_headers(basic_auth=f"AWS:{layer.registry.password}")
    hashed = hashlib.sha256()
    with urllib3.PoolManager(retries=False) as pool:
        url = layer.registry.server.endpoint + layer.path
        answer = pool.request("GET", url, headers={**login, **(headers or {})}, preload_content=False)
        for piece in answer.stream(MIB):
            hashed.update(piece)
    return f"sha256:{hashed.hexdigest()}"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A server of its own, so that the memory is that of these tests."""
    directory = tmp_path_factory.mktemp("streaming") / "data"
    with Server(directory, open=True) as server:
        registry = Registry(server, "111111111111")
        registry.create("app")
        yield registry
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def layer(registry: Registry) -> Layer:
    """A large layer that was just pushed."""
    return push(registry, LAYER_BYTES)


def test_a_large_layer_is_pushed_in_constant_memory(layer: Layer, request: pytest.FixtureRequest) -> None:
    figures.note(request, "memory_of_a_push", f"{layer.memory / MIB:.0f} MiB for {LAYER_BYTES / MIB:.0f} MiB")
    assert layer.memory < MOST_MEMORY


# a whole blob is sent as a file by the web server, a range goes through this program piece by piece
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-"}], ids=["as a file", "as a range"])
def test_a_large_layer_is_pulled_in_constant_memory_and_comes_as_it_was_pushed(
    headers: dict[str, str], layer: Layer, request: pytest.FixtureRequest
) -> None:
    memory.forget_peak(layer.registry.server)
    assert pull(layer, headers) == layer.digest
    found = memory.peak(layer.registry.server)
    figures.note(request, "memory_of_a_pull", f"{found / MIB:.0f} MiB for {LAYER_BYTES / MIB:.0f} MiB")
    assert found < MOST_MEMORY


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-"}], ids=["of a file", "of a range"])
def test_readers_that_stop_reading_do_not_make_memory_grow(headers: dict[str, str], layer: Layer) -> None:
    server, password = layer.registry.server, layer.registry.password
    memory.forget_peak(server)
    with ExitStack() as stack:
        for _ in range(STALLED_READERS):
            reader = stack.enter_context(Wire(server, password, receive_buffer=64 * 1024))
            reader.request("GET", layer.path, headers)
            reader.head()
            reader.read(MIB)
        # as long as this takes, the server could read ahead for the others
        assert pull(layer) == layer.digest
        assert memory.peak(server) < MOST_MEMORY


def test_many_pull_a_layer_at_once_and_all_get_it(registry: Registry) -> None:
    layer = push(registry, PULL_BYTES)
    with ThreadPoolExecutor(PULLS) as threads:
        digests = list(threads.map(lambda _: pull(layer), range(PULLS)))
    assert digests == [layer.digest] * PULLS
