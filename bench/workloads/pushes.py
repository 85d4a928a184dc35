"""Pushing: layers of all sizes, the ways there are, small images by many, and what is there already."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from bench import load
from bench.bars import CEILINGS, DOCKER, Bar, times
from bench.load import Found, Push, Request, Way
from bench.results import Sample
from bench.targets import REPOSITORY, Ceiling, Server, Target
from bench.targets.target import Door
from bench.workloads.workload import KIB, MIB, Run, Scale, Workload, mib_per_second, per_second, sampled
from support.content import OCI_IMAGE, image, layer

_PUSH: Final[frozenset[Door]] = frozenset({"push"})
_LARGE: Final = 200 * MIB
_EIGHT: Final = tuple(f"bench-{number}" for number in range(8))
_LAYERS: Final = 5
_MOUNTED: Final = 20


def _layers(
    size: int, count: int, clients: int, way: Way = "streamed", value: Callable[[Found], float] = mib_per_second
) -> Callable[[Target, Scale], Run]:
    """So many layers, or the ceiling of one."""

    def prepare(target: Target, scale: Scale) -> Run:
        del scale
        if isinstance(target, Ceiling):
            return lambda: Sample(target.rate(size))
        assert isinstance(target, Server)
        push = Push(way, size, count, repositories=[REPOSITORY])
        return lambda: sampled(target, lambda: load.pushed(target, push, clients), value)

    return prepare


def _images(repositories: Sequence[str]) -> Callable[[Server, Scale], Run]:
    """Small ones, by 8 clients."""

    def prepare(target: Server, scale: Scale) -> Run:
        for repository in set(repositories) - {REPOSITORY}:
            target.create(repository)
        push = Push("whole", KIB, scale.images, image=True, repositories=repositories)
        return lambda: sampled(target, lambda: load.pushed(target, push, 8), per_second)

    return prepare


def _again(target: Server, scale: Scale) -> Run:
    """Each blob is asked for, then the manifest is pushed, by one client."""
    one = image(*(layer() for _ in range(_LAYERS)))
    for digest, content in one.blobs.items():
        target.place_blob(content, digest)
    target.place_manifest("again", one.manifest, one.media_type)
    asked = [
        *(Request("HEAD", f"/v2/{REPOSITORY}/blobs/{digest}", target.headers) for digest in one.blobs),
        Request(
            "PUT",
            f"/v2/{REPOSITORY}/manifests/again",
            {**target.headers, "Content-Type": OCI_IMAGE},
            one.manifest.decode(),
            status=201,
        ),
    ]
    return lambda: sampled(
        target,
        lambda: load.repeated(target, asked, 1, scale.seconds),
        lambda found: per_second(found) / len(asked),
    )


def _mounts(target: Server, scale: Scale) -> Run:
    """Of one set of layers into one repository after the other."""
    del scale
    blobs = image(*(layer() for _ in range(_MOUNTED - 1))).blobs
    for digest, content in blobs.items():
        target.place_blob(content, digest)
    if target.ecr is not None:
        target.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    turns = itertools.count()

    def run() -> Sample:
        to = f"mounted-{next(turns)}"
        target.create(to)
        asked = [
            Request("POST", f"/v2/{to}/blobs/uploads/?mount={digest}&from={REPOSITORY}", target.headers, status=201)
            for digest in blobs
        ]
        return sampled(target, lambda: load.shared(target, asked, 1), per_second)

    return run


WORKLOADS: Final = (
    Workload(
        "push-200m",
        "push of a 200 MiB layer, one client",
        "MiB/s",
        _PUSH,
        _layers(_LARGE, 1, 1),
        (times(2.5, DOCKER), times(0.6, *CEILINGS)),
        has_ceiling=True,
    ),
    Workload(
        "push-20m-8",
        "8 parallel pushes of 20 MiB",
        "MiB/s",
        _PUSH,
        _layers(20 * MIB, 8, 8),
        (times(2, DOCKER),),
    ),
    Workload(
        "images-one",
        "push of small images by 8 clients, into one repository",
        "images/s",
        _PUSH,
        _images([REPOSITORY]),
        (times(2, DOCKER), Bar(at_least=0.8, at_most=1.25, workload="images-eight")),
    ),
    Workload(
        "images-eight",
        "the same into eight repositories",
        "images/s",
        _PUSH,
        _images(_EIGHT),
        (times(2, DOCKER),),
    ),
    Workload(
        "push-1k",
        "push of 1 KiB, POST and PUT, 8 clients",
        "requests/s",
        _PUSH,
        _layers(KIB, 200, 8, "whole", per_second),
    ),
    Workload(
        "push-posted",
        "push of 1 KiB in the body of the POST, 8 clients",
        "requests/s",
        frozenset({"push", "post"}),
        _layers(KIB, 200, 8, "posted", per_second),
    ),
    Workload("push-1m-64", "push of 1 MiB, POST and PUT, 64 clients", "MiB/s", _PUSH, _layers(MIB, 128, 64, "whole")),
    Workload("push-10m", "push of 10 MiB, POST and PUT, one client", "MiB/s", _PUSH, _layers(10 * MIB, 10, 1, "whole")),
    Workload("push-1g", "push of a 1 GiB layer, one client", "MiB/s", _PUSH, _layers(1024 * MIB, 1, 1)),
    Workload(
        "push-chunks",
        "push of 100 MiB in chunks of 5 MiB, one client",
        "MiB/s",
        _PUSH,
        _layers(100 * MIB, 1, 1, "chunked"),
    ),
    Workload(
        "push-parts",
        "push of 100 MiB by UploadLayerPart of 5 MiB, one client",
        "MiB/s",
        frozenset({"ecr", "push"}),
        _layers(100 * MIB, 1, 1, "parts"),
    ),
    Workload("push-again", "push of an image of five layers that is there, one client", "images/s", _PUSH, _again),
    Workload("mounts", "mount of 20 layers from another repository, one client", "requests/s", _PUSH, _mounts),
)
