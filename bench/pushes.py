"""What people push, made up: a long row of images over many repositories, the same one for the same seed.

The manifests are real ones with the digests that they have. Their blobs are digests and sizes without bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from wharfinger.domain import manifests
from wharfinger.domain.manifests import Manifest

_OCI: Final = "application/vnd.oci.image"
_CONFIG: Final = f"{_OCI}.config.v1+json"
_EMPTY: Final = "application/vnd.oci.empty.v1+json"
_LAYER: Final = f"{_OCI}.layer.v1.tar+gzip"
_SBOM: Final = "application/spdx+json"
_BASES: Final = 50  # layers that all repositories share
_RELEASES: Final = 50  # images of a repository after which it has another layer of dependencies
# ten pushes of a repository: how many tags each has, the first of them by itself
_TAGS: Final = (1, 2, 3, 0, 0, 2, 0, 1, 0, 1)
_CHILDREN: Final = (3, 4)
_INDEX: Final = 5
_SUBJECT: Final = 7
_REFERRER: Final = 8
_PLAIN: Final = (0, 1, 2, 9)  # tagged, and nothing refers to them
_UNTAGGED: Final = 6


class Push(NamedTuple):
    """An image on its way to a repository."""

    repository: int  # its number
    manifest: Manifest
    size: int
    tags: tuple[str, ...]


class Pushes:
    """So many images over so many repositories. Half of them are in the first one, the others are spread evenly.

    They come as they do in life: those of one repository are never next to each other.
    """

    def __init__(self, images: int, repositories: int, seed: int = 0) -> None:
        self.images = images
        self.repositories = repositories
        self._seed = seed
        self._last: dict[int, list[Push]] = {}

    def __iter__(self) -> Iterator[Push]:
        places = [0] * self.repositories
        for number in range(self.images):
            repository = 0 if number % 2 == 0 else 1 + number // 2 % (self.repositories - 1)
            yield self._push(repository, places[repository])
            places[repository] += 1

    def name(self, repository: int) -> str:
        """Of a repository."""
        return f"team-{repository // 10:02d}/service-{repository:03d}"

    def plain(self, repository: int) -> Sequence[int]:
        """The places of the images of a repository that have tags and that nothing refers to."""
        return [place for place in range(self._count(repository)) if place % len(_TAGS) in _PLAIN]

    def untagged(self, repository: int) -> Sequence[int]:
        """The places of its images that have no tags and that nothing refers to."""
        return range(_UNTAGGED, self._count(repository), len(_TAGS))

    def at(self, repository: int, place: int) -> Push:
        """One of those, without all that came before."""
        return self._made(repository, place, *self._image(repository, place))

    def _count(self, repository: int) -> int:
        if repository == 0:
            return (self.images + 1) // 2
        whole, more = divmod(self.images // 2, self.repositories - 1)
        return whole + (repository <= more)

    def _push(self, repository: int, place: int) -> Push:
        turn = place % len(_TAGS)
        recent = self._last.setdefault(repository, [])
        if turn == 0:
            recent.clear()
        if turn == _INDEX:
            body, size = self._index([recent[at] for at in _CHILDREN])
        elif turn == _REFERRER:
            body, size = self._sbom(recent[_SUBJECT], repository, place)
        else:
            body, size = self._image(repository, place)
        push = self._made(repository, place, body, size)
        recent.append(push)
        return push

    def _made(self, repository: int, place: int, body: dict[str, Any], size: int) -> Push:
        manifest = manifests.read(msgspec.json.encode(body), body["mediaType"])
        names = (f"1.{place}.0", f"build-{place}", manifest.digest[7:19])
        return Push(repository, manifest, size or manifest.size, names[: _TAGS[place % len(_TAGS)]])

    def _image(self, repository: int, place: int) -> tuple[dict[str, Any], int]:
        layers = (
            (f"base {(repository + place // 1000) % _BASES}", 30_000_000),
            (f"dependencies {repository} {place // _RELEASES}", 12_000_000),
            (f"program {repository} {place}", 2_000_000 + place),
        )
        return {
            "schemaVersion": 2,
            "mediaType": manifests.OCI_IMAGE,
            "config": self._blob(_CONFIG, f"config {repository} {place}", 1500),
            "layers": [self._blob(_LAYER, name, size) for name, size in layers],
            "annotations": {
                "org.opencontainers.image.source": f"https://git.example.com/{self.name(repository)}",
                "org.opencontainers.image.version": f"1.{place}.0",
            },
        }, 0

    def _index(self, children: Sequence[Push]) -> tuple[dict[str, Any], int]:
        platforms = ("amd64", "arm64")
        listed = [
            {**_described(child), "platform": {"os": "linux", "architecture": name}}
            for child, name in zip(children, platforms, strict=True)
        ]
        body = {"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": listed}
        return body, max(child.size for child in children)

    def _sbom(self, subject: Push, repository: int, place: int) -> tuple[dict[str, Any], int]:
        return {
            "schemaVersion": 2,
            "mediaType": manifests.OCI_IMAGE,
            "artifactType": _SBOM,
            "config": self._blob(_EMPTY, "empty", 2),
            "layers": [self._blob(_SBOM, f"bill {repository} {place}", 40_000)],
            "subject": _described(subject),
            "annotations": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
        }, 0

    def _blob(self, media_type: str, name: str, size: int) -> dict[str, Any]:
        digest = hashlib.sha256(f"{self._seed} {name}".encode()).hexdigest()
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}


def _described(push: Push) -> dict[str, Any]:
    manifest = push.manifest
    return {"mediaType": manifest.media_type, "digest": manifest.digest, "size": len(manifest.content)}
