"""Pulling: manifests, blobs small and large, pieces of them, and many who come at once."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from typing import Final

from bench import load
from bench.bars import DOCKER, NGINX, ZOT, Bar, times
from bench.load import Found, Request
from bench.results import Sample
from bench.targets import REPOSITORY, Server
from bench.targets.target import Door
from bench.workloads.workload import KIB, MIB, Run, Scale, Workload, mib_per_second, per_second, sampled
from support.content import OCI_IMAGE, Image, image, layer, sha256

_CLIENTS: Final = 32
_LARGE: Final = 200 * MIB
_RANGE: Final = 8 * MIB
_SLOW_RATE: Final = 100 * KIB
_PULL: Final[frozenset[Door]] = frozenset({"pull"})


# --- what there is to pull -------------------------------------------------------------------------------------


@functools.cache
def _bytes(size: int) -> bytes:
    """The same ones for all targets and workloads, so that large ones are made and pushed but once."""
    return os.urandom(size)


def _image(target: Server, *layers: bytes) -> Image:
    """One under the tag `latest`, with its blobs."""
    one = image(*layers)
    for digest, content in one.blobs.items():
        target.place_blob(content, digest)
    for reference in ("latest", one.digest):
        target.place_manifest(reference, one.manifest, one.media_type)
    return one


def _manifest(target: Server, one: Image, reference: str, method: str = "GET") -> Request:
    path = f"/v2/{REPOSITORY}/manifests/{reference}"
    size = len(one.manifest) if method == "GET" else 0
    return Request(method, path, {**target.headers, "Accept": OCI_IMAGE}, size=size)


def _blob(target: Server, content: bytes) -> Request:
    digest = sha256(content)
    target.place_blob(content, digest)
    return Request("GET", f"/v2/{REPOSITORY}/blobs/{digest}", target.headers, size=len(content))


def _head(request: Request) -> Request:
    return Request("HEAD", request.path, request.headers, size=0)


# --- how it is pulled --------------------------------------------------------------------------------------------


def _repeated(request: Callable[[Server], Request], clients: int = _CLIENTS) -> Callable[[Server, Scale], Run]:
    """One request again and again."""

    def prepare(target: Server, scale: Scale) -> Run:
        asked = [request(target)]
        return lambda: sampled(target, lambda: load.repeated(target, asked, clients, scale.seconds), per_second)

    return prepare


def _by_tag(target: Server) -> Request:
    return _manifest(target, _image(target), "latest")


def _by_tag_bearer(target: Server) -> Request:
    request = _by_tag(target)
    headers = {**request.headers, "Authorization": target.authorization.replace("Basic", "Bearer")}
    return Request("GET", request.path, headers, size=request.size)


def _by_tag_without_login(target: Server) -> Request:
    """Of a repository that is open to everybody; most registries ask nobody for a login here."""
    request = _by_tag(target)
    if target.ecr is not None:
        statement = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        target.ecr.set_repository_policy(repositoryName=REPOSITORY, policyText=policy)
    return Request("GET", request.path, {"Accept": OCI_IMAGE}, size=request.size)


def _head_by_digest(target: Server) -> Request:
    one = _image(target)
    return _manifest(target, one, one.digest, "HEAD")


def _downloads(size: int, clients: int) -> Callable[[Server, Scale], Run]:
    """The same blob by each client, some times."""

    def prepare(target: Server, scale: Scale) -> Run:
        asked = [_blob(target, _bytes(size))] * (scale.large * clients)
        return lambda: sampled(target, lambda: load.shared(target, asked, clients), mib_per_second)

    return prepare


def _cold(target: Server, scale: Scale) -> Run:
    """Nothing of what the target has written is in the page cache."""
    del scale
    asked = [_blob(target, _bytes(_LARGE))]

    def run() -> Sample:
        os.sync()  # only what is on the disk can be dropped
        for path in target.directory.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return sampled(target, lambda: load.shared(target, asked, 1), mib_per_second)

    return run


def _ranges(target: Server, scale: Scale) -> Run:
    whole = _blob(target, _bytes(_LARGE))
    asked = [
        Request(
            "GET", whole.path, {**whole.headers, "Range": f"bytes={first}-{first + _RANGE - 1}"}, "", "", 206, _RANGE
        )
        for first in range(0, 16 * _RANGE, _RANGE)
    ] * scale.large
    return lambda: sampled(target, lambda: load.shared(target, asked, 16), mib_per_second)


def _pulled_whole(target: Server) -> list[Request]:
    """What a client asks for that has nothing yet of an image of three layers."""
    one = _image(target, *(layer(size) for size in (256 * KIB, 64 * KIB, 10 * KIB)))
    blobs = [
        Request("GET", f"/v2/{REPOSITORY}/blobs/{digest}", target.headers, size=len(content))
        for digest, content in one.blobs.items()
    ]
    return [_manifest(target, one, "latest"), *blobs]


def _herd(target: Server, scale: Scale) -> Run:
    asked = _pulled_whole(target)
    return lambda: sampled(target, lambda: load.by_each(target, asked, scale.herd), lambda found: found.seconds)


def _beside_slow(target: Server, scale: Scale) -> Run:
    """The 99th percentile of those who are fast."""
    fast, large = _blob(target, _bytes(10 * KIB)), _blob(target, _bytes(50 * MIB))
    slow = load.Slow(scale.herd // 2, _SLOW_RATE, large)

    def ask() -> Found:
        return load.repeated(target, [fast], 8, scale.seconds, slow=slow)

    return lambda: sampled(target, ask, lambda found: found.p99)


WORKLOADS: Final = (
    Workload(
        "manifest-by-tag",
        "manifest GET by tag, 32 connections",
        "requests/s",
        _PULL,
        _repeated(_by_tag),
        (times(8, DOCKER), times(5, ZOT)),
    ),
    Workload(
        "manifest-head",
        "manifest HEAD by digest, 32 connections",
        "requests/s",
        _PULL,
        _repeated(_head_by_digest),
        (times(8, DOCKER), times(5, ZOT)),
    ),
    Workload("manifest-one-client", "manifest GET by tag, one connection", "requests/s", _PULL, _repeated(_by_tag, 1)),
    Workload(
        "manifest-bearer",
        "manifest GET by tag with a Bearer token, 32 connections",
        "requests/s",
        frozenset({"ecr", "pull"}),
        _repeated(_by_tag_bearer),
    ),
    Workload(
        "manifest-anonymous",
        "manifest GET by tag without a login, 32 connections",
        "requests/s",
        _PULL,
        _repeated(_by_tag_without_login),
    ),
    Workload(
        "blob-head",
        "blob HEAD, 32 connections",
        "requests/s",
        _PULL,
        _repeated(lambda target: _head(_blob(target, _bytes(10 * KIB)))),
        (times(5, DOCKER),),
    ),
    Workload(
        "blob-10k",
        "blob GET of 10 KiB, 32 connections",
        "requests/s",
        _PULL,
        _repeated(lambda target: _blob(target, _bytes(10 * KIB))),
        (times(5, DOCKER),),
    ),
    *(
        Workload(
            f"blob-10k-{clients}",
            f"blob GET of 10 KiB, {clients:,} connections",
            "requests/s",
            _PULL,
            _repeated(lambda target: _blob(target, _bytes(10 * KIB)), clients),
        )
        for clients in (256, 1000)
    ),
    Workload(
        "blob-1m",
        "blob GET of 1 MiB, 64 connections",
        "requests/s",
        _PULL,
        _repeated(lambda target: _blob(target, _bytes(MIB)), 64),
    ),
    Workload(
        "pull-200m",
        "pull of 200 MiB, one client",
        "MiB/s",
        _PULL,
        _downloads(_LARGE, 1),
        (times(0.8, NGINX), times(1, DOCKER)),
    ),
    Workload(
        "pull-200m-8",
        "pull of 200 MiB, 8 clients",
        "MiB/s",
        _PULL,
        _downloads(_LARGE, 8),
        (times(0.8, NGINX), times(1, DOCKER)),
    ),
    Workload("pull-cold", "pull of 200 MiB, one client, from the disk", "MiB/s", _PULL, _cold),
    Workload("ranges", "16 parallel range reads of 8 MiB", "MiB/s", _PULL, _ranges, (times(1, DOCKER),)),
    Workload(
        "beside-slow",
        "blob GET of 10 KiB, 8 connections, beside 500 clients that read 100 KiB/s: 99th percentile",
        "ms",
        _PULL,
        _beside_slow,
        less_is_better=True,
    ),
    Workload(
        "herd",
        "1,000 clients start pulling one image at once: the last one is done after",
        "s",
        _PULL,
        _herd,
        (Bar(at_most=1.5, others=(NGINX,)),),
        less_is_better=True,
    ),
)
