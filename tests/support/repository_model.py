"""What a repository holds, as plain dictionaries: the rules of ECR, written down once more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

from support.content import DOCKER_CONFIG, DOCKER_IMAGE, OCI_EMPTY, image, index, layer, sha256

SHARED = layer()
ONE, TWO, THREE = image(SHARED), image(SHARED), image()
DOCKER = image(media_type=DOCKER_IMAGE)
BOTH = index(ONE, TWO)
OUTER = index(BOTH, THREE)
SIGNATURE = image(subject=ONE, artifact_type="application/x-signature", config_type=OCI_EMPTY, annotations={"a": "b"})
IMAGES = {one.digest: one for one in (ONE, TWO, THREE, DOCKER, BOTH, OUTER, SIGNATURE)}
OFTEN = [*IMAGES, ONE.digest, TWO.digest, BOTH.digest]  # an index and its children, tagged, make the hardest cases
ARTIFACT_TYPES = {SIGNATURE.digest: "application/x-signature", DOCKER.digest: DOCKER_CONFIG}
BLOBS = {digest: content for one in IMAGES.values() for digest, content in one.blobs.items()}
BLOBS[sha256(b"spare")] = b"spare"
TAGS = ("latest", "v1", "v2", "dev-1")
MUTABILITIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("MUTABLE", ()),
    ("MUTABLE", ()),
    ("IMMUTABLE", ()),
    ("IMMUTABLE_WITH_EXCLUSION", ("latest", "dev-*")),
    ("MUTABLE_WITH_EXCLUSION", ("v*",)),
)


class Id(NamedTuple):
    """An image id of a batch."""

    digest: str | None
    tag: str | None

    def shown(self) -> dict[str, str]:
        """As the API writes it."""
        return {
            **({"imageDigest": self.digest} if self.digest is not None else {}),
            **({"imageTag": self.tag} if self.tag is not None else {}),
        }


@dataclass
class Model:
    """What a repository holds, in dictionaries; the rules are those of ECR, written down once more."""

    blobs: set[str] = field(default_factory=set)
    pushed: dict[str, int | None] = field(default_factory=dict)  # when, by digest, in the order of pushing
    tags: dict[str, str] = field(default_factory=dict)  # in the order of tagging
    setting: str = "MUTABLE"
    filters: tuple[str, ...] = ()

    def tags_of(self, digest: str) -> list[str]:
        return [tag for tag, tagged in self.tags.items() if tagged == digest]

    def lines(self) -> set[Id]:
        """What ListImages shows."""
        return {line for digest in self.pushed for line in self.lines_of(digest)}

    def lines_of(self, digest: str) -> list[Id]:
        """One for each tag, or one without."""
        return [Id(digest, tag) for tag in self.tags_of(digest)] or [Id(digest, None)]

    def is_protected(self, tag: str) -> bool:
        matches = any(fnmatchcase(tag, pattern) for pattern in self.filters)
        return {
            "MUTABLE": False,
            "IMMUTABLE": True,
            "IMMUTABLE_WITH_EXCLUSION": not matches,
            "MUTABLE_WITH_EXCLUSION": matches,
        }[self.setting]

    def holders(self, digest: str) -> list[str]:
        """The indexes that list an image."""
        return [parent for parent in self.pushed if digest in [child.digest for child in IMAGES[parent].children]]

    # --- pushing

    def problems(self, digest: str, tags: Sequence[str]) -> set[str]:
        """Why an image cannot be pushed."""
        found = set()
        if any(self.tags.get(tag, digest) != digest and self.is_protected(tag) for tag in tags):
            found.add("tag")
        if digest not in self.pushed:
            if not IMAGES[digest].blobs.keys() <= self.blobs:
                found.add("layers")
            if any(child.digest not in self.pushed for child in IMAGES[digest].children):
                found.add("children")
        return found

    def push(self, digest: str, tags: Sequence[str], now: int | None) -> bool:
        """Push what has no problems: whether anything is new."""
        new_tags = [tag for tag in tags if self.tags.get(tag) != digest]
        is_new = digest not in self.pushed
        self.pushed.setdefault(digest, now)
        for tag in new_tags:
            self.tags.pop(tag, None)
            self.tags[tag] = digest
        return is_new or bool(new_tags)

    # --- deleting

    def delete(self, digest: str) -> None:
        for tag in self.tags_of(digest):
            del self.tags[tag]
        del self.pushed[digest]

    def meaning(self, asked: Id) -> tuple[str | None, str]:
        """The digest that an id leads to, or why to none."""
        if asked == (None, None):
            return None, "MissingDigestAndTag"
        if asked.digest is not None and ":" not in asked.digest:
            return None, "InvalidImageDigest"
        if asked.tag is None:
            return (asked.digest, "") if asked.digest in self.pushed else (None, "ImageNotFound")
        tagged = self.tags.get(asked.tag)
        if tagged is None:
            return None, "ImageNotFound"
        if asked.digest not in {None, tagged}:
            return None, "ImageTagDoesNotMatchDigest"
        return tagged, ""

    def batch_delete(self, asked: Sequence[Id]) -> tuple[list[Id], list[tuple[Id, str]]]:
        """Delete what ids name, all seen against the state before: the entries and the failures of the answer."""
        meant = [(item, *self.meaning(item)) for item in asked]
        going = self._going([(item, digest) for item, digest, _ in meant if digest is not None])
        left = {digest: self.tags_of(digest) for digest in self.pushed}
        entries: list[Id] = []
        failures: list[tuple[Id, str]] = []
        untagged = set()
        for item, digest, code in meant:
            if digest is None:
                failures.append((item, code))
            elif digest in going:
                entries += [Id(digest, item.tag)] if item.tag is not None else self.lines_of(digest)
            elif item.tag is not None and (item.tag in untagged or len(left[digest]) > 1):
                if item.tag not in untagged:
                    left[digest].remove(item.tag)
                untagged.add(item.tag)
                entries.append(Id(digest, item.tag))
            else:
                failures.append((item, "ImageReferencedByManifestList"))
        for tag in untagged:
            del self.tags[tag]
        for digest in going:
            self.delete(digest)
        return list(dict.fromkeys(entries)), failures

    def _going(self, named: Sequence[tuple[Id, str]]) -> set[str]:
        """Images named by digest, or by all their tags, unless an index that stays lists them."""
        going = set()
        for _, digest in named:
            names = {item.tag for item, other in named if other == digest}
            if None in names or names >= set(self.tags_of(digest)):
                going.add(digest)
        while True:
            stays = {digest for digest in going if set(self.holders(digest)) - going}
            if not stays:
                return going
            going -= stays
