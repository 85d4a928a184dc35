"""ECR's own operations, signed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from bench import load
from bench.bars import MOTO, Bar, times
from bench.load import Request, call
from bench.results import Sample
from bench.targets import REPOSITORY, Moto, Server
from bench.targets.target import Door
from bench.workloads.workload import Run, Scale, Workload, per_second, sampled
from support.content import OCI_IMAGE, Image, image

_ECR: Final[frozenset[Door]] = frozenset({"ecr"})
_OWN: Final[frozenset[Door]] = frozenset({"ecr", "pull"})
_CLIENTS: Final = 8
_IMAGES: Final = 100
_REPOSITORIES: Final = 20


def base(target: Server, repository: str = REPOSITORY) -> Image:
    """An image whose blobs are there, for others that have the same ones."""
    one = image()
    if not isinstance(target, Moto):  # it keeps no blobs
        for digest, content in one.blobs.items():
            target.place_blob(content, digest, repository)
    return one


def variants(one: Image) -> Iterator[Image]:
    """Of an image, each with an annotation of its own."""
    body = json.loads(one.manifest)
    for number in itertools.count():
        yield one._replace(manifest=json.dumps({**body, "annotations": {"number": str(number)}}).encode())


def put(number: int, one: Image, repository: str = REPOSITORY) -> Request:
    """PutImage under a tag."""
    body = {"repositoryName": repository, "imageManifest": one.text, "imageTag": f"t{number}"}
    return call("PutImage", {**body, "imageManifestMediaType": OCI_IMAGE})


def fill(target: Server, count: int, repository: str = REPOSITORY) -> Sequence[Image]:
    """So many images of the same blobs."""
    images = list(itertools.islice(variants(base(target, repository)), count))
    found = load.shared(target, [put(number, one, repository) for number, one in enumerate(images)], _CLIENTS)
    assert found.errors == 0, found
    return images


def _asked(operation: str, ask: Callable[[Server], dict[str, Any]]) -> Callable[[Server, Scale], Run]:
    """One call again and again, by 8 clients."""

    def prepare(target: Server, scale: Scale) -> Run:
        requests = [call(operation, ask(target))]
        return lambda: sampled(target, lambda: load.repeated(target, requests, _CLIENTS, scale.seconds), per_second)

    return prepare


def _repositories(target: Server) -> dict[str, Any]:
    have = {one["repositoryName"] for one in target.ecr.describe_repositories()["repositories"]}
    for name in (f"team/service-{number}" for number in range(_REPOSITORIES)):
        if name not in have:
            target.create(name)
    return {}


def _in(repository: str, images: int = _IMAGES) -> Callable[[Server], dict[str, Any]]:
    """A repository of its own with a hundred images."""

    def ask(target: Server) -> dict[str, Any]:
        target.create(repository)
        fill(target, images, repository)
        return {"repositoryName": repository}

    return ask


def _digests(repository: str, count: int) -> Callable[[Server], dict[str, Any]]:
    def ask(target: Server) -> dict[str, Any]:
        target.create(repository)
        images = fill(target, count, repository)
        return {"repositoryName": repository, "imageIds": [{"imageDigest": one.digest} for one in images]}

    return ask


def _layers(target: Server) -> dict[str, Any]:
    digests = [digest for _ in range(_IMAGES // 2) for digest in base(target).blobs]
    return {"repositoryName": REPOSITORY, "layerDigests": digests}


def _puts(target: Server, scale: Scale) -> Run:
    """New images into one repository, of which each round has a new one."""
    turns = itertools.count()

    def run() -> Sample:
        repository = f"put-{next(turns)}"
        return _put_into(target, repository, scale.first // 2)

    return run


def _put_into(target: Server, repository: str, count: int) -> Sample:
    target.create(repository)
    images = itertools.islice(variants(base(target, repository)), count)
    requests = [put(number, one, repository) for number, one in enumerate(images)]
    return sampled(target, lambda: load.shared(target, requests, _CLIENTS), per_second)


def _first(target: Server, scale: Scale) -> Run:
    """Into a new repository each round."""
    turns = itertools.count()
    return lambda: _put_into(target, f"new-{next(turns)}", scale.first)


def _last(target: Server, scale: Scale) -> Run:
    """Into one that is filled before, and grows with each round."""
    repository = "full"
    target.create(repository)
    requests = (put(number, one, repository) for number, one in enumerate(variants(base(target, repository))))
    before = load.shared(target, list(itertools.islice(requests, scale.many - scale.first)), _CLIENTS)
    assert before.errors == 0, before

    def run() -> Sample:
        asked = list(itertools.islice(requests, scale.first))
        return sampled(target, lambda: load.shared(target, asked, _CLIENTS), per_second)

    return run


_MOTO: Final = (times(15, MOTO),)

WORKLOADS: Final = (
    Workload(
        "describe-repositories",
        "DescribeRepositories of 21, 8 connections",
        "requests/s",
        _ECR,
        _asked("DescribeRepositories", _repositories),
        _MOTO,
    ),
    Workload(
        "list-images",
        "ListImages of 100, 8 connections",
        "requests/s",
        _ECR,
        _asked("ListImages", _in("listed")),
        _MOTO,
    ),
    Workload(
        "describe-images",
        "DescribeImages of 100, 8 connections",
        "requests/s",
        _ECR,
        _asked("DescribeImages", _in("described")),
        _MOTO,
    ),
    Workload("put-image", "PutImage of new images, 8 connections", "requests/s", _ECR, _puts, _MOTO),
    Workload(
        "get-one-image",
        "BatchGetImage of one, 8 connections",
        "requests/s",
        _ECR,
        _asked("BatchGetImage", _digests("one", 1)),
    ),
    Workload(
        "get-100-images",
        "BatchGetImage of 100, 8 connections",
        "requests/s",
        _ECR,
        _asked("BatchGetImage", _digests("hundred", 100)),
    ),
    Workload(
        "check-100-layers",
        "BatchCheckLayerAvailability of 100, 8 connections",
        "requests/s",
        _OWN,
        _asked("BatchCheckLayerAvailability", _layers),
    ),
    Workload(
        "token",
        "GetAuthorizationToken, 8 connections",
        "requests/s",
        _ECR,
        _asked("GetAuthorizationToken", lambda _: {}),
    ),
    Workload(
        "put-image-first",
        "PutImage of the first 1,000 images of a repository, 8 connections",
        "requests/s",
        _OWN,
        _first,
    ),
    Workload(
        "put-image-last",
        "PutImage with 20,000 images in the repository, 8 connections",
        "requests/s",
        _OWN,
        _last,
        (Bar(at_least=0.8, workload="put-image-first"),),
    ),
)
