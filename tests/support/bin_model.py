"""What is in a repository and in its bin, as plain dictionaries, and what a restoration has to bring back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from support.repository_model import IMAGES, Id, Model

TERM = 7 * 24 * 60 * 60 * 1000  # of the bin, in milliseconds


@dataclass
class Deletion:
    """What one call deleted."""

    id: str
    at: int
    images: dict[str, list[str]] = field(default_factory=dict)  # the tags of each, by digest
    untagged: dict[str, str] = field(default_factory=dict)  # tags of images that stayed
    whole: bool = False  # the repository went too
    followed: bool = False  # its referrers have come after it

    @property
    def has_anything(self) -> bool:
        return bool(self.images or self.untagged or self.whole)


@dataclass
class BinModel:
    """A repository, what is held in it, and its bin."""

    live: Model = field(default_factory=Model)
    exists: bool = True
    deletions: dict[str, Deletion] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)  # what is held, by number: a digest or a tag

    # --- deleting

    def is_held(self, digest: str) -> bool:
        """Whether an image may not go."""
        return not {digest, *self.live.tags_of(digest)}.isdisjoint(self.holds.values())

    def refused(self, item: Id) -> bool:
        """Whether a hold, or an index, keeps what an id means from going; of ids that lead somewhere."""
        digest, _ = self.live.meaning(item)
        assert digest is not None
        if item.tag is not None and item.tag in self.holds.values():
            return True
        if item.tag is not None and len(self.live.tags_of(digest)) > 1:
            return False
        return self.is_held(digest) or bool(self.live.holders(digest))

    def note(self, id_: str, entries: Iterable[Id], before: dict[str, list[str]], now: int) -> None:
        """Something was deleted: the entries of the answer; `before`, all images with their tags until then."""
        new = Deletion(id_, now)
        for digest, tag in entries:
            assert digest is not None
            if digest in self.live.pushed:
                assert tag is not None
                new.untagged[tag] = digest
            else:
                new.images[digest] = before[digest]
        if new.has_anything:
            self.deletions[id_] = new

    def snapshot(self) -> dict[str, list[str]]:
        """All images with their tags."""
        return {digest: self.live.tags_of(digest) for digest in self.live.pushed}

    def note_repository(self, id_: str, now: int) -> None:
        """The repository was deleted with all that is in it."""
        self.deletions[id_] = Deletion(id_, now, self.snapshot(), whole=True, followed=True)
        self.live, self.exists = Model(), False

    # --- time

    def follow(self, deletion: Deletion) -> None:
        """The untagged referrers of what was deleted come after it, and theirs."""
        deletion.followed = True
        while True:
            gone = [digest for digest in deletion.images if digest not in self.live.pushed]
            following = [
                digest
                for digest in self.live.pushed
                if subject_of(digest) in gone
                and not self.live.tags_of(digest)
                and not self.live.holders(digest)
                and not self.is_held(digest)
            ]
            for digest in following:
                self.live.delete(digest)
                deletion.images[digest] = []
            if not following:
                return

    def expire(self, now: int) -> None:
        """What is over is gone."""
        self.deletions = {id_: found for id_, found in self.deletions.items() if found.at + TERM > now}

    # --- bringing back

    def restored(self, deletion: Deletion, answer: dict[str, Any], now: int) -> None:
        """Check what RestoreDeletion answered against what has to be, and take it over."""
        back, lacking = self._needed(deletion)
        failures = {(item["failureCode"], Id(**_fields(item["imageId"]))): item for item in answer["failures"]}
        assert {item.digest for code, item in failures if code == "ChildMissing"} == lacking
        wanted = [(tag, digest) for digest, (tags, _) in back.items() for tag in tags]
        wanted += list(deletion.untagged.items())
        for digest, (_, holder) in back.items():
            self.live.pushed.setdefault(digest, now)
            del holder.images[digest]
        entries = {Id(**_fields(item)) for item in answer["imageIds"]}
        left = {}
        for tag, digest in wanted:
            if Id(digest, tag) in entries:
                assert tag not in self.live.tags, "a tag was taken from an image that has it"
                self.live.tags[tag] = digest
                continue
            if self.live.tags.get(tag) == digest:
                continue
            assert tag in self.live.tags or digest not in self.live.pushed, f"{tag} is free and was not given back"
            assert any(item == Id(digest, tag) for _, item in failures), f"nobody says why {tag} is not back"
            if tag in deletion.untagged and deletion.untagged[tag] == digest:
                left[tag] = digest
        deletion.untagged = left
        self._forget_empty()

    def _needed(self, deletion: Deletion) -> tuple[dict[str, tuple[list[str], Deletion]], set[str]]:
        """What comes back: the images of a deletion and the children that they lack, with tags and where from."""
        found = {digest: (tags, deletion) for digest, tags in deletion.images.items()}
        level = list(found)
        while level:
            children = {child.digest for digest in level for child in IMAGES[digest].children}
            level = [digest for digest in children - found.keys() if digest not in self.live.pushed]
            level = [digest for digest in level if self._newest(digest) is not None]
            found.update({digest: self._at(digest) for digest in level})
        lacking: set[str] = set()
        while True:
            there = (found.keys() | self.live.pushed.keys()) - lacking
            more = {
                digest
                for digest in found.keys() - lacking - self.live.pushed.keys()
                if any(child.digest not in there for child in IMAGES[digest].children)
            }
            if not more:
                return {digest: place for digest, place in found.items() if digest not in lacking}, lacking
            lacking |= more

    def _newest(self, digest: str) -> Deletion | None:
        return next((found for found in reversed(self.deletions.values()) if digest in found.images), None)

    def _at(self, digest: str) -> tuple[list[str], Deletion]:
        place = self._newest(digest)
        assert place is not None
        return place.images[digest], place

    def _forget_empty(self) -> None:
        for deletion in self.deletions.values():
            deletion.whole = deletion.whole and not self.exists
        self.deletions = {id_: found for id_, found in self.deletions.items() if found.has_anything}


def subject_of(digest: str) -> str | None:
    """The image that a manifest is about."""
    subject = json.loads(IMAGES[digest].manifest).get("subject")
    return subject["digest"] if subject else None


def _fields(item: dict[str, str]) -> dict[str, str | None]:
    return {"digest": item.get("imageDigest"), "tag": item.get("imageTag")}
