"""Which images of a repository a plan deletes, and for each image why it goes or stays.

Filters choose among images that stand for themselves: those with a tag, and those that belong to no other image. What
belongs to others, the untagged children of an index and the untagged referrers of a subject, follows them: it goes when
all that it belongs to goes, and else it stays, whatever the filters say. So no index that stays loses a child. What is
held stays, and with it all that it belongs to. keepNewest counts images that stand for themselves.

Specification for users: docs/guides/plans.md.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from wharfinger.domain.filters import Candidate, Sieve
from wharfinger.domain.images import Failure, StoredImage
from wharfinger.domain.labels import Labels

_NAMED: Final = 5  # so many tags are named where they changed
_CIRCLE: Final = "It belongs to images that belong to it, and such a circle is left alone."


class Verdict(NamedTuple):
    """What is to become of an image."""

    image: Candidate
    goes: bool
    reason: str  # one sentence
    bundle: int  # where in the list of verdicts those begin that go together with it or not at all


class Family:
    """The images of a repository, and which of them belong to which."""

    def __init__(self, images: Sequence[Candidate]) -> None:
        self.images = images
        self._by_digest = {image.digest: image for image in images}
        self._indexes: dict[int, list[Candidate]] = {}  # by the key of an image, those that list it
        self._referrers: dict[int, list[Candidate]] = {}
        for image in images:
            for child in self.children(image):
                self._indexes.setdefault(child.key, []).append(image)
            subject = self.subject(image)
            if subject is not None:
                self._referrers.setdefault(subject.key, []).append(image)

    def children(self, image: Candidate) -> list[Candidate]:
        """Those that an index lists and that are there."""
        return [self._by_digest[digest] for digest in image.children if digest in self._by_digest]

    def indexes(self, image: Candidate) -> Sequence[Candidate]:
        """Those that list an image."""
        return self._indexes.get(image.key, ())

    def subject(self, image: Candidate) -> Candidate | None:
        """What an image refers to, if that is there. An index that lists its own subject does not belong to it."""
        if image.subject is None or image.subject in image.children:
            return None
        return self._by_digest.get(image.subject)

    def referrers(self, image: Candidate) -> Sequence[Candidate]:
        """Those whose subject an image is."""
        return self._referrers.get(image.key, ())

    def owners(self, image: Candidate) -> list[Candidate]:
        """What an image belongs to."""
        subject = self.subject(image)
        return [*self.indexes(image), *([subject] if subject is not None else [])]

    def is_part(self, image: Candidate) -> bool:
        """Whether it has no tag and belongs to another image, which it follows."""
        return not image.tags and bool(self.indexes(image) or self.subject(image))

    def last_uses(self) -> dict[int, int]:
        """When each image, or one that it lists, was last pulled or pushed."""
        used = {image.key: max(image.pushed_at, image.pulled_at or 0) for image in self.images}
        for image in sorted(self.images, key=lambda image: used[image.key], reverse=True):
            above = list(self.indexes(image))
            while above:
                index = above.pop()
                if used[index.key] < used[image.key]:
                    used[index.key] = used[image.key]
                    above.extend(self.indexes(index))
        return used

    def with_configuration(self, image: Candidate) -> list[Candidate]:
        """The images whose configurations tell the labels of an image: itself, or those that it lists."""
        found = {image.key: image}
        waiting = [image]
        while waiting:
            further = [child for child in self.children(waiting.pop()) if child.key not in found]
            found.update((child.key, child) for child in further)
            waiting.extend(further)
        return [one for one in found.values() if not one.is_index]


def wanted_labels(family: Family, sieve: Sieve) -> list[Candidate]:
    """The images whose labels have to be known before anything can be decided."""
    if not sieve.filters.labels:
        return []
    used = family.last_uses()
    found: dict[int, Candidate] = {}
    for image in family.images:
        if not family.is_part(image) and sieve.refusal(image, used[image.key]) is None:
            found.update((one.key, one) for one in family.with_configuration(image))
    return list(found.values())


def decide(family: Family, sieve: Sieve, labels: Mapping[int, Labels | None]) -> list[Verdict]:
    """A verdict for each image, each index before its children.

    `labels` are those of the images that they were wanted of, by keys; None where they cannot be read.
    """
    reasons = {image.key: f"It is held: {image.hold}." for image in family.images if image.hold is not None}
    selected: list[Candidate] = []
    used = family.last_uses()
    for image in family.images:
        if family.is_part(image):
            continue
        refusal = sieve.refusal(image, used[image.key])
        if refusal is None and sieve.filters.labels:
            configurations = family.with_configuration(image)
            refusal = sieve.refusal_by_labels([labels.get(one.key) for one in configurations])
        if refusal is None:
            selected.append(image)
        else:
            reasons.setdefault(image.key, refusal)
    _keep_newest(selected, sieve, reasons)
    _keep_whole(family, reasons)
    _keep_members(family, reasons)
    return _in_order(family, sieve, reasons)


def _keep_newest(selected: Iterable[Candidate], sieve: Sieve, reasons: dict[int, str]) -> None:
    count = sieve.filters.keep_newest
    if not count:
        return
    groups: dict[str, list[Candidate]] = {}
    for image in selected:
        for group in sieve.groups(image):
            groups.setdefault(group, []).append(image)
    for group, images in groups.items():
        images.sort(key=lambda image: (image.pushed_at, image.key), reverse=True)
        for number, image in enumerate(images[:count], 1):
            reasons.setdefault(image.key, f"It is number {number} of the newest {count} {group}".rstrip() + ".")


def _keep_whole(family: Family, reasons: dict[int, str]) -> None:
    """What is held keeps all that it belongs to."""
    seen: set[int] = set()
    for held in family.images:
        above = family.owners(held) if held.hold is not None else []
        while above:
            owner = above.pop()
            if owner.key not in seen:
                seen.add(owner.key)
                whole = f"It stays whole, because {held.digest} belongs to it and is held: {held.hold}."
                reasons.setdefault(owner.key, whole)
                above.extend(family.owners(owner))


def _keep_members(family: Family, reasons: dict[int, str]) -> None:
    """What stays keeps what it lists, and what has no tag and refers to it."""
    staying = [image for image in family.images if image.key in reasons]
    while staying:
        image = staying.pop()
        for child in family.children(image):
            if child.key not in reasons:
                reasons[child.key] = f"It is listed by the index {image.digest}, which stays."
                staying.append(child)
        for referrer in family.referrers(image):
            if referrer.key not in reasons and not referrer.tags:
                reasons[referrer.key] = f"It refers to {image.digest}, which stays."
                staying.append(referrer)


def _in_order(family: Family, sieve: Sieve, reasons: dict[int, str]) -> list[Verdict]:
    """Each image after all that it belongs to, and what goes together in one piece."""
    verdicts: list[Verdict] = []
    places: dict[int, int] = {}
    waits_for = {image.key: len(_owners(family, image, reasons)) for image in family.images}
    for root in family.images:
        is_done = waits_for[root.key] or root.key in places
        waiting: list[tuple[Candidate, Candidate | None]] = [] if is_done else [(root, None)]
        while waiting:
            image, owner = waiting.pop()
            places[image.key] = len(verdicts)
            goes = image.key not in reasons
            # of several that it belongs to, it goes with the last one
            bundle = verdicts[places[owner.key]].bundle if goes and owner is not None else len(verdicts)
            reason = reasons.get(image.key) or _why(family, sieve, image, owner)
            verdicts.append(Verdict(image, goes, reason, bundle))
            for member in reversed(_members(family, image, reasons)):
                waits_for[member.key] -= 1
                if waits_for[member.key] == 0:
                    waiting.append((member, image))
    circles = [image for image in family.images if image.key not in places]
    return verdicts + [Verdict(image, False, reasons.get(image.key, _CIRCLE), 0) for image in circles]


def _owners(family: Family, image: Candidate, reasons: Container[int]) -> list[Candidate]:
    """What an image comes after: all that it belongs to, but for the subject that one with a tag leaves behind."""
    subject = family.subject(image)
    if subject is None or (image.key not in reasons and subject.key in reasons):
        return list(family.indexes(image))
    return family.owners(image)


def _members(family: Family, image: Candidate, reasons: Container[int]) -> list[Candidate]:
    """The same from the other end."""
    referrers = (one for one in family.referrers(image) if one.key in reasons or image.key not in reasons)
    return [*family.children(image), *referrers]


def _why(family: Family, sieve: Sieve, image: Candidate, owner: Candidate | None) -> str:
    if owner is None or not family.is_part(image):
        return sieve.why(image)
    if image.digest in owner.children:
        return f"It goes with the index {owner.digest}, which lists it."
    return f"It goes with {owner.digest}, to which it refers."


# --- what became of it ---------------------------------------------------------------------------------------

GONE: Final = "It is not there any more."
NO_REPOSITORY: Final = "Its repository is not there any more."
PUSHED_AGAIN: Final = "It was deleted and pushed again since."
NOT_IN_BIN: Final = "The bin does not have it any more, or it was deleted again by another way."
CHILD_GONE: Final = "It is an index, and an image that it lists is gone."


def together(other: str) -> str:
    """Why an image was left out: another one that goes with it or not at all."""
    return f"It goes together with {other}, which was skipped."


def retagged(planned: Sequence[str], found: StoredImage) -> str | None:
    """How the tags of an image are others than were planned, None if they are the same."""
    added = sorted(set(found.tags) - set(planned))
    lost = sorted(set(planned) - set(found.tags))
    if not added and not lost:
        return None
    changes = [f"{how} {_some(tags)}" for how, tags in (("it got", added), ("it lost", lost)) if tags]
    return f"Its tags changed since: {' and '.join(changes)}."


def refused(failure: Failure) -> str:
    """Why an image may not go."""
    if failure.code == "ImageHeld":
        return f"It is held: {failure.blockers[0]}."
    if failure.code == "ImageReferencedByManifestList":
        return f"It is listed by the index {failure.blockers[0]}, which stays."
    return GONE


def came_back(planned: Sequence[str], found: StoredImage, *, is_same: bool) -> str | None:
    """How an image that is there again differs from what it was, None if it does not."""
    if not is_same:
        return PUSHED_AGAIN
    lost = sorted(set(planned) - set(found.tags))
    return f"It is back without {_some(lost)}, which point to other images now." if lost else None


def _some(tags: Sequence[str]) -> str:
    named = ", ".join(tags[:_NAMED])
    return f"{named} and {len(tags) - _NAMED} more" if len(tags) > _NAMED else named
