"""Lists of tags and deletions in a repository with many of them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal

from bench import load
from bench.bars import DOCKER, times
from bench.load import Found, Request, call
from bench.results import Sample
from bench.targets import Server, Wharfinger
from bench.targets.target import Door
from bench.workloads.calls import base, variants
from bench.workloads.workload import Run, Scale, Workload, per_second, sampled
from support.content import OCI_IMAGE, Image

_DELETE: Final[frozenset[Door]] = frozenset({"delete"})
_REPOSITORY: Final = "large"
_BATCH: Final = 100
_PAGE: Final = 100
_CLIENTS: Final = 8


def _tag(number: int) -> str:
    return f"t{number:05}"


def _put(target: Server, repository: str, tag: str, one: Image) -> Request:
    headers = {**target.headers, "Content-Type": OCI_IMAGE}
    return Request("PUT", f"/v2/{repository}/manifests/{tag}", headers, one.text, status=201)


def _filled(target: Server, scale: Scale, repository: str = _REPOSITORY) -> Sequence[Image]:
    """A repository with many tags, each on an image of its own; their blobs are the same."""
    target.create(repository)
    images = list(itertools.islice(variants(base(target, repository)), scale.tags))
    requests = [_put(target, repository, _tag(number), one) for number, one in enumerate(images)]
    found = load.shared(target, requests, _CLIENTS)
    assert found.errors == 0, (target.name, found)
    return images


class _Filled:
    """The large repository of each target, filled once for all workloads of this file."""

    def __init__(self) -> None:
        self._left: dict[Server, Iterator[tuple[str, Image]]] = {}

    def images(self, target: Server, scale: Scale) -> Iterator[tuple[str, Image]]:
        """Those that nobody has deleted with their tags, each given out once."""
        if target not in self._left:
            images = _filled(target, scale)
            self._left[target] = ((_tag(number), one) for number, one in enumerate(images))
        return self._left[target]


_FILLED: Final = _Filled()


def _tags(place: float) -> Callable[[Server, Scale], Run]:
    """A page of tags after so many of all of them."""

    def prepare(target: Server, scale: Scale) -> Run:
        _FILLED.images(target, scale)
        last = f"&last={_tag(int(place * scale.tags))}" if place else ""
        asked = [Request("GET", f"/v2/{_REPOSITORY}/tags/list?n={_PAGE}{last}", target.headers)]
        return lambda: sampled(target, lambda: load.repeated(target, asked, _CLIENTS, scale.seconds), per_second)

    return prepare


def _deleted(by: Literal["imageDigest", "imageTag"]) -> Callable[[Server, Scale], Run]:
    """A hundred in one call of ours, or each by a request of its own; one client."""

    def prepare(target: Server, scale: Scale) -> Run:
        images = _FILLED.images(target, scale)

        def run() -> Sample:
            if not isinstance(target, Wharfinger):
                return _one_by_one(target, [one for _, one in itertools.islice(images, scale.deletions)])
            some = itertools.islice(images, _BATCH)
            ids = [{by: one.digest if by == "imageDigest" else tag} for tag, one in some]
            asked = [call("BatchDeleteImage", {"repositoryName": _REPOSITORY, "imageIds": ids})]
            return sampled(target, lambda: load.shared(target, asked, 1), lambda found: len(ids) * per_second(found))

        return run

    return prepare


def _deleted_singly(target: Server, scale: Scale) -> Run:
    images = _FILLED.images(target, scale)
    return lambda: _one_by_one(target, [one for _, one in itertools.islice(images, scale.deletions)])


def _pulled_meanwhile(target: Server, scale: Scale) -> Run:
    """The 99th percentile of pulls while another client deletes one image after the other."""
    images = _FILLED.images(target, scale)
    stays, _ = next(images)
    asked = [Request("GET", f"/v2/{_REPOSITORY}/manifests/{stays}", {**target.headers, "Accept": OCI_IMAGE})]

    def run() -> Sample:
        ended = threading.Event()

        def delete() -> int:
            count = 0
            while not ended.is_set():
                _, one = next(images)
                answer = target.oci.call("DELETE", f"/v2/{_REPOSITORY}/manifests/{one.digest}")
                assert answer.status == 202, answer
                count += 1
            return count

        def ask() -> Found:
            return load.repeated(target, asked, _CLIENTS, scale.seconds)

        with ThreadPoolExecutor(1) as threads:
            deleting = threads.submit(delete)
            try:
                found = sampled(target, ask, lambda found: found.p99)
            finally:
                ended.set()
            assert deleting.result() > 0
        return found

    return run


def _with_all_tags(target: Server, scale: Scale) -> Run:
    """One image of a repository that has all the tags there are."""
    repository = "many-tags"
    target.create(repository)
    images = variants(base(target, repository))

    def run() -> Sample:
        one = next(images)
        tags = [_put(target, repository, _tag(number), one) for number in range(scale.tags // 10)]
        before = load.shared(target, tags, _CLIENTS)
        assert before.errors == 0, (target.name, before)
        path = f"/v2/{repository}/manifests/{one.digest}"
        asked = [Request("DELETE", path, target.headers, status=202)]
        return sampled(target, lambda: load.shared(target, asked, 1), lambda found: found.p50)

    return run


def _one_by_one(target: Server, images: Sequence[Image]) -> Sample:
    asked = [
        Request("DELETE", f"/v2/{_REPOSITORY}/manifests/{one.digest}", target.headers, status=202) for one in images
    ]
    return sampled(target, lambda: load.shared(target, asked, 1), per_second)


def _repository(target: Server, scale: Scale) -> Run:
    """A new one each round."""
    turns = itertools.count()

    def run() -> Sample:
        name = f"deleted-{next(turns)}"
        _filled(target, scale, name)
        asked = [call("DeleteRepository", {"repositoryName": name, "force": True})]
        return sampled(target, lambda: load.shared(target, asked, 1), lambda found: scale.tags / found.seconds)

    return run


WORKLOADS: Final = (
    Workload("tags-first", "the first 100 tags of 10,000, 8 connections", "requests/s", _DELETE, _tags(0)),
    Workload("tags-middle", "100 tags from the middle of 10,000, 8 connections", "requests/s", _DELETE, _tags(0.5)),
    Workload("tags-last", "the last 100 tags of 10,000, 8 connections", "requests/s", _DELETE, _tags(0.98)),
    Workload(
        "delete-100",
        "deletion from 10,000 images: 100 by BatchDeleteImage, or a request each",
        "images/s",
        _DELETE,
        _deleted("imageDigest"),
        (times(50, DOCKER),),
    ),
    Workload(
        "delete-tags",
        "deletion of 100 of 10,000 tags by BatchDeleteImage",
        "tags/s",
        frozenset({"ecr", "delete"}),
        _deleted("imageTag"),
    ),
    Workload(
        "delete-many-tags",
        "deletion of an image with 1,000 tags",
        "ms",
        _DELETE,
        _with_all_tags,
        less_is_better=True,
    ),
    Workload(
        "delete-singly",
        "deletion from 10,000 images, a request each",
        "images/s",
        frozenset({"ecr", "delete"}),
        _deleted_singly,
    ),
    Workload(
        "pulls-meanwhile",
        "manifest GET, 8 connections, while one client deletes image after image: 99th percentile",
        "ms",
        _DELETE,
        _pulled_meanwhile,
        less_is_better=True,
    ),
    Workload(
        "delete-repository",
        "DeleteRepository with force of 10,000 images",
        "images/s",
        frozenset({"ecr", "delete"}),
        _repository,
    ),
)
