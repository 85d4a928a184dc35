"""The client asks this registry as others would, and an answer that it should not have got is an error."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from bench import load
from bench.load import Push, Request, Way, call
from bench.targets import REPOSITORY, Server, Wharfinger

from support.programs import need

MIB = 1024 * 1024
pytestmark = pytest.mark.needs("go")


@pytest.fixture(scope="module")
def registry() -> Iterator[Server]:
    load.build()
    with Wharfinger() as target:
        yield target


@pytest.mark.parametrize(
    ("way", "size", "chunk"),
    [
        ("streamed", 10_000, 0),
        ("whole", 10_000, 0),
        ("chunked", 10_000, 3_000),
        ("parts", 6 * MIB, 5 * MIB),  # but for the last one, none may be smaller
    ],
)
def test_images_are_pushed_in_each_way(registry: Server, way: Way, size: int, chunk: int) -> None:
    name = f"way-{way}"
    registry.create(name)
    push = Push(way, size, 6, image=True, repositories=[name], chunk=chunk)
    found = load.pushed(registry, push, 3)
    assert (found.errors, found.error, found.count, found.bytes) == (0, "", 6, 6 * size)
    assert len(registry.ecr.list_images(repositoryName=name)["imageIds"]) == 6


def test_calls_are_signed(registry: Server) -> None:
    found = load.shared(registry, [call("DescribeRepositories", {})] * 5, 2)
    assert (found.count, found.errors) == (5, 0)


def test_each_client_does_all_requests(registry: Server) -> None:
    asked = [Request("GET", "/v2/", registry.headers)] * 3
    found = load.by_each(registry, asked, 7)
    assert (found.count, found.errors) == (7, 0)


def test_requests_are_repeated_until_the_time_is_over(registry: Server) -> None:
    found = load.repeated(registry, [Request("GET", "/v2/", registry.headers)], 2, 0.2)
    assert found.count > 2
    assert found.p50 <= found.p90 <= found.p99 <= found.most


def test_another_status_is_an_error(registry: Server) -> None:
    found = load.shared(registry, [Request("GET", f"/v2/{REPOSITORY}/manifests/none", registry.headers)], 1)
    assert (found.count, found.errors) == (0, 1)
    assert "status 404" in found.error


def test_another_size_is_an_error(registry: Server) -> None:
    found = load.shared(registry, [Request("GET", "/v2/", registry.headers, size=12345)], 1)
    assert (found.count, found.errors) == (0, 1)


def test_go_finds_nothing_in_its_source() -> None:
    done = subprocess.run([need("go"), "vet", "./..."], check=False, cwd=load.SOURCE, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_is_gone_is_an_error_and_no_wait() -> None:
    gone = Wharfinger()
    gone.__exit__(None, None, None)
    found = load.repeated(gone, [Request("GET", "/v2/")], 2, 60)
    assert (found.count, found.errors > 0) == (0, True)


class Unprepared(Wharfinger):
    def prepare(self) -> None:
        raise RuntimeError("not prepared")


def test_a_server_that_cannot_be_prepared_is_ended() -> None:
    target = Unprepared()
    with pytest.raises(RuntimeError, match="not prepared"), target:
        pass
    assert (target.tree.pids(), target.directory.exists()) == ([], False)
