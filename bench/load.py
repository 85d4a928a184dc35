"""Load from the client in bench/client: what it is asked for, and what it found."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from bench.targets import Missing, Server
from bench.targets.target import TOOLS

SOURCE: Final = Path(__file__).with_name("client")
_PROGRAM: Final = TOOLS / "bin" / "bench-client"
_TIMEOUT: Final = 240  # seconds; nothing that is measured takes so long
TARGET: Final = "AmazonEC2ContainerRegistry_V20150921"

Way = Literal["streamed", "whole", "posted", "chunked", "parts"]


class Request(msgspec.Struct, frozen=True):
    """One that is sent as it stands; an answer with another status or size is an error."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: str = ""
    operation: str = ""
    status: int = 200
    size: int = -1


class Found(msgspec.Struct, frozen=True):
    """What the client saw. Percentiles are milliseconds of one request, or of one thing pushed."""

    count: int
    errors: int
    error: str
    seconds: float
    bytes: int
    p50: float
    p90: float
    p99: float
    most: float
    cpu: float


class Slow(msgspec.Struct, frozen=True):
    """Clients that read so many bytes a second beside those that are measured."""

    clients: int
    rate: int
    request: Request


class Push(msgspec.Struct, frozen=True):
    """Layers of random bytes, with `image` each with a config and a manifest of its own."""

    way: Way
    size: int
    count: int
    image: bool = False
    repositories: Sequence[str] = ()
    chunk: int = 5 * 1024 * 1024
    headers: Mapping[str, str] = {}


def repeated(server: Server, requests: Sequence[Request], clients: int, seconds: float, **more: Any) -> Found:
    """Go round the requests for so long."""
    return _run(server, how="repeat", requests=requests, clients=clients, seconds=seconds, **more)


def shared(server: Server, requests: Sequence[Request], clients: int) -> Found:
    """Each request once, by any of the clients."""
    return _run(server, how="share", requests=requests, clients=clients)


def by_each(server: Server, requests: Sequence[Request], clients: int) -> Found:
    """All requests by each client, which connects when the clock has started."""
    return _run(server, how="each", requests=requests, clients=clients)


def pushed(server: Server, push: Push, clients: int) -> Found:
    """So many layers or images."""
    return _run(server, push=msgspec.structs.replace(push, headers=server.headers), clients=clients)


def call(operation: str, body: Mapping[str, Any]) -> Request:
    """One of ECR's operations."""
    text = msgspec.json.encode(body).decode()
    return Request("POST", "/", body=text, operation=f"{TARGET}.{operation}")


def build() -> None:
    """The client, if it is not there as it stands. Raises Missing without Go."""
    go = shutil.which("go", path=f"{os.environ.get('PATH', '')}{os.pathsep}{TOOLS / 'languages' / 'bin'}")
    if go is None:
        raise Missing("the client is written in Go, which is not installed: apt-get install golang, or make tools")
    _PROGRAM.parent.mkdir(parents=True, exist_ok=True)
    built = subprocess.run([go, "build", "-o", _PROGRAM, "."], cwd=SOURCE, check=False, capture_output=True, text=True)
    if built.returncode:
        raise Missing(f"the client was not built, it needs Go 1.24 or newer: {built.stderr.strip()}")


def _run(server: Server, **plan: Any) -> Found:
    plan |= {"address": f"127.0.0.1:{server.port}", "timeout": _TIMEOUT}
    key = getattr(server, "key", None)
    if key is not None:
        plan["key"] = {"id": key[0], "secret": key[1], "region": getattr(server, "region", "")}
    # one thread, so that the client never takes more than one of the cores
    done = subprocess.run(
        [_PROGRAM],
        input=msgspec.json.encode(plan),
        check=False,
        capture_output=True,
        env={**os.environ, "GOMAXPROCS": "1"},
    )
    if done.returncode:
        raise SystemExit(f"{server.name}: {done.stderr.decode()}")
    return msgspec.json.decode(done.stdout, type=Found)
