"""`make bench-pages`: what a million images cost a request, against ten thousand.

Two installations with the same number of repositories and the same shape are filled and served, and asked in turn by
one client: A B A B. Times are from the first byte of a request to the last of its answer; signing is not part of them.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import statistics
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple, Self

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench import generator
from bench.pushes import Push, Pushes
from bench.targets import Wharfinger, conditions
from support import postgresql
from support.content import OCI_IMAGE
from support.raw_ecr import JSON_1_1, TARGETS
from wharfinger.server.settings import Settings

_REPOSITORIES: Final = 100
_WARM_UP: Final = 20
_BATCH: Final = 100
_MOST: Final = 1000  # on a page
_DEEP: Final = 1000  # the page that is deep in a list
_FEW: Final = 5  # on a page, so that the small installation has that many of them
_MANY: Final = 100
_LARGE: Final = 0  # the repository that has half of all images


class Request(NamedTuple):
    """What is sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


class Filled(Wharfinger):
    """This registry, on an installation that was filled with images before it started."""

    def __init__(self, images: int, directory: Path | None, server: str) -> None:
        super().__init__()
        self.pushes = Pushes(images, _REPOSITORIES)
        self.name = f"{images:,} images"
        if directory is not None:
            self.directory = directory / str(images)
        self._database = f"{server}/bench_{images}" if server else ""
        self.environment["WHARFINGER_DATABASE"] = self._database

    def __enter__(self) -> Self:
        data = self.directory / "data"
        if not data.exists():
            self._fill(data)
        super().__enter__()
        self._kept = http.client.HTTPConnection("127.0.0.1", self.port)
        self._stack.callback(self._kept.close)
        return self

    def _fill(self, data: Path) -> None:
        server, _, name = self._database.rpartition("/")
        if name:
            postgresql.execute(f"{server}/postgres", f"CREATE DATABASE {name}")
        asyncio.run(generator.fill(Settings(data=str(data), database=self._database), self.pushes))
        if name:  # it would do so itself, some minutes later
            postgresql.execute(self._database, "VACUUM ANALYZE")

    def prepare(self) -> None:
        self.log_in()

    def signed(self, operation: str, body: Mapping[str, Any], service: str = "ecr") -> Request:
        """A call of the control plane."""
        headers = {"Content-Type": JSON_1_1, "X-Amz-Target": f"{TARGETS[service]}.{operation}"}
        content = json.dumps(body).encode()
        request = AWSRequest("POST", f"{self.address}/", headers=headers, data=content)
        SigV4Auth(Credentials(*self.key), service, self.region).add_auth(request)
        return Request("POST", "/", dict(request.headers.items()), content)

    def pull(self, push: Push, reference: str) -> Request:
        """A manifest from the data plane."""
        path = f"/v2/{self.pushes.name(push.repository)}/manifests/{reference}"
        return Request("GET", path, {"Authorization": self.authorization, "Accept": OCI_IMAGE})

    def send(self, request: Request) -> tuple[float, bytes]:
        """Milliseconds until all of the answer was there, and its body."""
        began = time.perf_counter()
        self._kept.request(request.method, request.path, request.body or None, dict(request.headers))
        answer = self._kept.getresponse()
        body = answer.read()
        took = time.perf_counter() - began
        assert answer.status == 200, (request, answer.status, body)
        return took * 1000, body

    def call(self, operation: str, body: Mapping[str, Any], service: str = "ecr") -> Any:
        """The answer to a call that is not measured."""
        return json.loads(self.send(self.signed(operation, body, service))[1])


# a request that is measured is yielded; what the generator does until the next one is not
Asking = Generator[Request, None, None]


class Measure(NamedTuple):
    """A name, and what to ask again and again."""

    name: str
    ask: Callable[[Filled], Asking]


# --- what is asked -------------------------------------------------------------------------------------------


def _page(operation: str, number: int, size: int) -> Callable[[Filled], Asking]:
    """A page of the largest repository; if it has not so many of them, its last full one."""

    def ask(target: Filled) -> Asking:
        body: dict[str, Any] = {"repositoryName": target.pushes.name(_LARGE)}
        left = (number - 1) * size
        while left:
            some = min(left, _MOST)
            answer = target.call(operation, {**body, "maxResults": some})
            if answer.get("nextToken") is None:
                break
            body["nextToken"] = answer["nextToken"]
            left -= some
        while True:
            yield target.signed(operation, {**body, "maxResults": size})

    return ask


def _repositories(target: Filled) -> Asking:
    while True:
        yield target.signed("DescribeRepositories", {"maxResults": _MANY})


def _described(target: Filled) -> Asking:
    for some in _batches(target):
        ids = [{"imageDigest": push.manifest.digest} for push in some]
        yield target.signed("DescribeImages", {**_place(target, some), "imageIds": ids})


def _pulled_by_tag(target: Filled) -> Asking:
    for push in _random(target):
        yield target.pull(push, push.tags[0])


def _pulled_by_digest(target: Filled) -> Asking:
    for push in _random(target):
        yield target.pull(push, push.manifest.digest)


def _pulled_first(target: Filled) -> Asking:
    """Manifests that nobody has pulled yet, which is noted: each can be asked for but once."""
    places = target.pushes.untagged(_LARGE)
    for place in Random(0).sample(places, len(places)):  # noqa: S311 - the same each time
        push = target.pushes.at(_LARGE, place)
        yield target.pull(push, push.manifest.digest)


def _deleted(key: str, value: Callable[[Push], str]) -> Callable[[Filled], Asking]:
    """A hundred images; they are brought back before the next hundred goes."""

    def ask(target: Filled) -> Asking:
        for some in _batches(target):
            ids = [{key: value(push)} for push in some]
            yield target.signed("BatchDeleteImage", {**_place(target, some), "imageIds": ids})
            back = [{"imageDigest": push.manifest.digest} for push in some]
            answer = target.call("RestoreImages", {**_place(target, some), "imageIds": back}, "wharfinger")
            assert not answer["failures"], answer

    return ask


def _random(target: Filled) -> Generator[Push, None, None]:
    """Half of them in the largest repository, as half of all images are."""
    random = Random(0)  # noqa: S311 - the same each time
    places = [target.pushes.plain(repository) for repository in range(_REPOSITORIES)]
    while True:
        repository = random.choice((_LARGE, random.randrange(1, _REPOSITORIES)))
        yield target.pushes.at(repository, random.choice(places[repository]))


def _batches(target: Filled) -> Generator[Sequence[Push], None, None]:
    """Images of the largest repository with one tag each, from all over it."""
    random = Random(0)  # noqa: S311 - the same each time
    one_tag = [place for place in target.pushes.plain(_LARGE) if place % 10 in {0, 9}]
    while True:
        yield [target.pushes.at(_LARGE, place) for place in random.sample(one_tag, _BATCH)]


def _place(target: Filled, some: Sequence[Push]) -> dict[str, Any]:
    return {"repositoryName": target.pushes.name(some[0].repository)}


MEASURES: Final = (
    *(
        Measure(f"{operation}, {words}", _page(operation, number, size))
        for operation in ("ListImages", "DescribeImages")
        for words, number, size in (
            ("first page of 100", 1, _MANY),
            ("1,000th page of 5", _DEEP, _FEW),
            ("1,000th page of 100, of the small one its last", _DEEP, _MANY),
        )
    ),
    Measure("DescribeImages of 100 digests", _described),
    Measure("DescribeRepositories, page of 100", _repositories),
    Measure("manifest GET by tag", _pulled_by_tag),
    Measure("manifest GET by digest", _pulled_by_digest),
    Measure("manifest GET by digest, the first of an image", _pulled_first),
    Measure("BatchDeleteImage of 100 digests", _deleted("imageDigest", lambda push: push.manifest.digest)),
    Measure("BatchDeleteImage of 100 tags", _deleted("imageTag", lambda push: push.tags[0])),
)


# --- measuring -----------------------------------------------------------------------------------------------


def _measure(measure: Measure, targets: Sequence[Filled], samples: int) -> list[list[float]]:
    """Milliseconds of each sample at each target; fewer, where one of them has nothing more to ask for."""
    times: list[list[float]] = [[] for _ in targets]
    asking = [measure.ask(target) for target in targets]
    for number in range(_WARM_UP + samples):
        asked = [next(requests, None) for requests in asking]
        for target, took, request in zip(targets, times, asked, strict=True):
            if request is None:
                return times
            milliseconds, _ = target.send(request)
            if number >= _WARM_UP:
                took.append(milliseconds)
    return times


class Result(NamedTuple):
    """Of a measure: milliseconds at each target, and what the last is of the first."""

    name: str
    p50: Sequence[float]
    p99: Sequence[float]
    ratio_p50: float
    ratio_p99: float


def _result(name: str, times: Sequence[Sequence[float]]) -> Result:
    p50 = [statistics.median(took) for took in times]
    p99 = [statistics.quantiles(took, n=100)[-1] for took in times]
    return Result(name, p50, p99, p50[-1] / p50[0], p99[-1] / p99[0])


def main() -> None:
    """Print the ratios, and all figures as JSON."""
    parser = argparse.ArgumentParser(prog="make bench-pages", description=__doc__)
    parser.add_argument("--images", type=int, nargs=2, default=[10_000, 1_000_000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--only", default="", help="of the measures, those with this in their name")
    parser.add_argument(
        "--directory", type=Path, help="make the installations there, and use again those that are there"
    )
    parser.add_argument("--database", default="", help="URL of a PostgreSQL server, without a database, to use it")
    options = parser.parse_args()
    with ExitStack() as stack:
        targets = [
            stack.enter_context(Filled(images, options.directory, options.database)) for images in options.images
        ]
        database = "PostgreSQL" if options.database else "SQLite"
        print(
            f"{', '.join(conditions().values())}, {database}, {_REPOSITORIES} repositories, {options.samples} samples"
        )
        results = []
        for measure in MEASURES:
            if options.only in measure.name:
                results.append(_result(measure.name, _measure(measure, targets, options.samples)))
                _print(results[-1])
    json.dump([result._asdict() for result in results], sys.stdout)
    print()


def _print(result: Result) -> None:
    shown = (
        f"{name} {found[0]:.1f} to {found[-1]:.1f} ms, ratio {ratio:.2f}"
        for name, found, ratio in (("p50", result.p50, result.ratio_p50), ("p99", result.p99, result.ratio_p99))
    )
    print(f"{result.name}: {'; '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
