"""`make bench-store-requests`: what a push and a pull of one image ask of an S3 server, here and by distribution.

Both registries have the same S3 server behind the same relay, which counts. skopeo pushes and pulls the same image.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

from bench.targets import REPOSITORY, DockerRegistry, Server, Wharfinger
from support import swift
from support.between import Asked, Between, between
from support.content import Image, image, layer
from support.shell import contents, read_layout, write_layout
from support.stores import new_address, rights

MEBIBYTE: Final = 1024 * 1024
_LAYERS: Final = 5
_KINDS: Final = ("HEAD", "GET", "LIST", "PUT", "POST", "COPY", "DELETE")
_NAMED: Final = {"list": "LIST", "copy": "COPY", "delete": "DELETE", "abort": "DELETE"}


class Counted(NamedTuple):
    """What was asked of the store, by whomever."""

    registry: str
    action: str
    requests: dict[str, int]
    copied: int  # bytes, within the store


class OnS3(Wharfinger):
    """This registry over the store."""

    def __init__(self, store: Between) -> None:
        super().__init__()
        self.environment |= {**rights("s3"), "WHARFINGER_STORE": new_address("s3", store.address)}


class DistributionOnS3(DockerRegistry):
    """Distribution over the store; `program` may be another build than Debian's."""

    def __init__(self, store: Between) -> None:
        super().__init__()
        # what this machine says of AWS is not about this server
        self.environment = {name: value for name, value in self.environment.items() if not name.startswith("AWS_")}
        self._store = store

    def storage(self) -> str:
        return (
            f"{{s3: {{accesskey: '{swift.KEY}', secretkey: '{swift.SECRET}', region: us-east-1, "
            f"regionendpoint: '{self._store.address}', forcepathstyle: true, secure: false, v4auth: true, "
            f"bucket: {swift.BUCKET}, rootdirectory: /{self.directory.name}}}}}"
        )


def main() -> None:
    """Print a table, and the same as JSON."""
    parser = argparse.ArgumentParser(prog="make bench-store-requests", description=__doc__)
    parser.add_argument("--layer-mib", type=int, default=1, help="the size of each of the five layers; default: 1")
    parser.add_argument("--distribution", help="a program of distribution; default: docker-registry")
    options = parser.parse_args()
    DistributionOnS3.program = options.distribution or DistributionOnS3.program
    for program in ("skopeo", DistributionOnS3.program):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed")
    one = image(*[layer(options.layer_mib * MEBIBYTE) for _ in range(_LAYERS)])
    with between(swift.endpoint()) as store, tempfile.TemporaryDirectory(prefix="bench-") as home:
        targets = (OnS3(store), DistributionOnS3(store))
        found = [line for target in targets for line in _measure(target, store, one, Path(home))]
    print(f"{_LAYERS} layers of {options.layer_mib} MiB and a config, requests to S3")
    _print(found)
    print(json.dumps([line._asdict() for line in found]))


def _measure(target: Server, store: Between, one: Image, home: Path) -> list[Counted]:
    """A push, the same push again, and a pull whose bytes are compared."""
    with target, ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=home)))
        there, name = f"oci:{write_layout(directory / 'source', one, '1')}:1", f"127.0.0.1:{target.port}"
        (directory / "auth.json").write_text(
            json.dumps({"auths": {name: {"auth": target.authorization.removeprefix("Basic ")}}})
        )
        ours, back = f"docker://{name}/{REPOSITORY}:1", directory / "back"
        label = f"{target.name} {target.version()}"
        actions = (("push", there, ours), ("push again", there, ours), ("pull", ours, f"oci:{back}:1"))
        found = [Counted(label, action, *_counted(store, directory, source, to)) for action, source, to in actions]
        assert read_layout(back) == contents(one), f"{target.name} gave other bytes back"
        return found


def _counted(store: Between, directory: Path, source: str, to: str) -> tuple[dict[str, int], int]:
    store.asked.clear()
    store.copies.clear()
    skopeo = ["skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"]
    skopeo += ["--authfile", str(directory / "auth.json"), source, to]
    ended = subprocess.run(skopeo, check=False, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"skopeo could not copy {source} to {to}: {ended.stderr}")
    kinds = Counter(map(_kind, store.asked))
    return {kind: kinds[kind] for kind in _KINDS}, sum(_size(*copy) for copy in store.copies)


def _kind(asked: Asked) -> str:
    return _NAMED.get(asked.what, asked.method)


def _size(path: str, part: str | None) -> int:
    """Of what was copied, which has the size of what became of it."""
    if part is not None:
        first, _, last = part.removeprefix("bytes=").partition("-")
        return int(last) - int(first) + 1
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    found = swift.client(swift.endpoint()).head_object(Bucket=bucket, Key=key)
    return int(found["ContentLength"])


def _print(found: Sequence[Counted]) -> None:
    _row("", [*_KINDS, "all"], "MiB copied")
    for line in found:
        numbers = [*line.requests.values(), sum(line.requests.values())]
        _row(f"{line.registry} {line.action}", numbers, f"{line.copied / MEBIBYTE:.1f}")


def _row(name: str, cells: Sequence[str | int], last: str) -> None:
    print(name.ljust(40) + "".join(f"{cell:>8}" for cell in cells) + f"{last:>12}")


if __name__ == "__main__":
    main()
