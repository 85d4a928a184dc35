"""What is measured of each target: a workload prepares, runs, and answers with a rate, more being better."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from bench.targets import REPOSITORY, Target
from support.content import OCI_IMAGE, image, layer, sha256

_SECONDS: Final = 3
_CONNECTIONS: Final = 32
_LAYER: Final = 64 * 1024 * 1024


class Workload(NamedTuple):
    """A name, a unit, and what to do."""

    name: str
    unit: str
    run: Callable[[Target], float]


def manifests_by_tag(target: Target) -> float:
    """GET of one manifest by tag, 32 connections, from a C program."""
    one = image()
    for digest, content in one.blobs.items():
        _push_blob(target, content, digest)
    assert target.oci.put_manifest(REPOSITORY, "latest", one.manifest, one.media_type).status == 201
    return _wrk(target, f"/v2/{REPOSITORY}/manifests/latest")


def small_blobs(target: Target) -> float:
    """GET of one blob of 100 bytes, 32 connections, from a C program."""
    content = b"x" * 100
    _push_blob(target, content, sha256(content))
    return _wrk(target, f"/v2/{REPOSITORY}/blobs/{sha256(content)}")


def large_push(target: Target) -> float:
    """One layer of 64 MiB as docker sends it: POST, PATCH, PUT."""
    content = bytes(_LAYER - 8) + time.monotonic_ns().to_bytes(8)
    digest = sha256(content)
    began = time.perf_counter()
    location = target.oci.begin(REPOSITORY)
    answer = target.oci.call("PATCH", _path(location), content)
    answer = target.oci.call("PUT", _with_digest(answer.headers["Location"], digest))
    assert answer.status == 201
    return _LAYER / 1024 / 1024 / (time.perf_counter() - began)


def small_pushes(target: Target) -> float:
    """80 images of two small blobs, 8 clients, one repository."""
    images = [image(layer(1000)) for _ in range(80)]

    def push(number: int) -> None:
        for digest, content in images[number].blobs.items():
            _push_blob(target, content, digest)
        answer = target.oci.put_manifest(
            REPOSITORY, f"small-{number}", images[number].manifest, images[number].media_type
        )
        assert answer.status == 201

    began = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(push, range(len(images))))
    return len(images) / (time.perf_counter() - began)


WORKLOADS: Final[Mapping[str, Workload]] = {
    "manifests": Workload("manifest GET by tag, 32 connections", "/s", manifests_by_tag),
    "blobs": Workload("blob GET of 100 bytes, 32 connections", "/s", small_blobs),
    "large": Workload("push of a 64 MiB layer, one client", "MiB/s", large_push),
    "small": Workload("push of small images, 8 clients", "/s", small_pushes),
}


def _push_blob(target: Target, content: bytes, digest: str) -> None:
    """POST, then PUT with the body: what both targets take."""
    answer = target.oci.call("PUT", _with_digest(target.oci.begin(REPOSITORY), digest), content)
    assert answer.status == 201


def missing() -> str | None:
    """What a workload needs and is not there."""
    return None if shutil.which("wrk") else "wrk is not installed: apt-get install wrk"


def _wrk(target: Target, path: str) -> float:
    accept = f"Accept: {OCI_IMAGE}"
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{_SECONDS}s", "-H", accept, target.address + path]
    if target.authorization:
        command[1:1] = ["-H", f"Authorization: {target.authorization}"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"{target.name} answered with errors:\n{printed}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found is not None
    return float(found[1])


def _path(location: str) -> str:
    return re.sub(r"^https?://[^/]+", "", location)


def _with_digest(location: str, digest: str) -> str:
    path = _path(location)
    return f"{path}{'&' if '?' in path else '?'}digest={digest}"
