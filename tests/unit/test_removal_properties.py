"""What a list of ids removes, for any repository and any ids: a slow model agrees."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from support.removal import HELD, Children, Tags, as_id, as_text, decided, digest_of, name_of
from wharfinger.domain.images import ImageId
from wharfinger.domain.removal import Reading


class Case(NamedTuple):
    """A repository, what is asked of it, and how."""

    tags: Tags
    children: Children
    asked: list[ImageId]
    reading: Reading


IMAGES = ("a", "b", "c", "d", "e")
STEADY = settings(max_examples=400, deadline=None, derandomize=True, database=None)
READINGS = st.builds(Reading, st.sampled_from(["tag", "image"]), st.sampled_from(["refuse", "untag"]))


@st.composite
def cases(draw: st.DrawFn, *, whole: bool = False) -> Case:
    """Up to five images; each may list those before it, so no index holds itself."""
    names = IMAGES[: draw(st.integers(1, 5))]
    tags = {name: [f"{name}{number}" for number in range(draw(st.integers(0, 3)))] for name in names}
    children = {name: draw(st.lists(st.sampled_from(names[:at]), unique=True)) for at, name in enumerate(names) if at}
    digests = [f"@{name}" for name in names]
    pairs = [f"@{name}:{tag}" for name in names for tag in tags[name]]
    others = [tag for of in tags.values() for tag in of] + ["nope", "@9", "@a:nope", "@9:a0"]
    known = st.sampled_from(digests if whole else digests + pairs + others).map(as_id)
    malformed = st.sampled_from([ImageId(), ImageId("sha256:zz"), ImageId(tag="a/b")])
    ids = known if whole else st.one_of(*[known] * 9, malformed)
    return Case(tags, children, draw(st.lists(ids, max_size=8)), draw(READINGS))


@STEADY
@given(cases())
def test_what_is_decided_is_what_a_slow_model_says(case: Case) -> None:
    found = decided(*case)
    entries, failures, tags, images = slow_model(*case)
    assert list(found.entries) == entries
    assert [(item.id, item.code, item.blockers) for item in found.failures] == failures
    assert set(found.tags) == tags
    assert {name_of(image.digest) for image in found.images} == images


@STEADY
@given(cases())
def test_nothing_that_stays_loses_a_child(case: Case) -> None:
    gone = {name_of(image.digest) for image in decided(*case).images}
    assert [
        (index, child) for index, of in case.children.items() if index not in gone for child in of if child in gone
    ] == []


@STEADY
@given(cases())
def test_every_id_is_answered_either_by_an_entry_or_by_a_failure(case: Case) -> None:
    found = decided(*case)
    failed = [item.id for item in found.failures]
    answered = {part for entry in found.entries for part in (entry.tag, entry.digest, entry)}
    served = [item for item in case.asked if item not in failed]
    assert [item for item in case.asked if item in failed] == failed
    assert [item for item in served if not answered & {item, item.tag or item.digest}] == []


@STEADY
@given(cases())
def test_what_goes_is_exactly_what_the_entries_say(case: Case) -> None:
    found = decided(*case)
    owner = {tag: digest_of(name) for name, of in case.tags.items() for tag in of}
    gone = [ImageId(image.digest, tag) for image in found.images for tag in image.tags or (None,)]
    gone += [ImageId(owner[tag], tag) for tag in found.tags]
    assert sorted(map(as_text, gone)) == sorted(map(as_text, found.entries))


@STEADY
@given(cases(whole=True))
def test_the_order_of_asking_for_whole_images_does_not_change_what_goes(case: Case) -> None:
    others = [case.asked[::-1], sorted(case.asked), sorted(case.asked, reverse=True)]
    expected = set(decided(*case).images)
    assert [set(decided(*case._replace(asked=asked)).images) for asked in others] == [expected] * 3


def slow_model(
    tags: Tags, children: Children, asked: Sequence[ImageId], reading: Reading
) -> tuple[list[ImageId], list[tuple[ImageId, str, tuple[str, ...]]], set[str], set[str]]:
    """The same by trying all sets of images: the largest one goes in which each image has all its indexes with it."""
    meant = [resolved(item, tags) for item in asked]
    by_digest = [item.tag is None or (item.digest is not None and reading.digest_and_tag == "image") for item in asked]
    may_go = {
        name
        for name, of in tags.items()
        if any(found == name and whole for found, whole in zip(meant, by_digest, strict=True))
        or (of and set(of) <= {item.tag for item, found in zip(asked, meant, strict=True) if found == name})
    }
    sets = [set(some) for size in range(len(may_go) + 1) for some in itertools.combinations(sorted(may_go), size)]
    going = max((some for some in sets if all(holders(name, children) <= some for name in some)), key=len)
    entries: list[ImageId] = []
    failures: list[tuple[ImageId, str, tuple[str, ...]]] = []
    untagged: set[str] = set()
    for item, name, whole in zip(asked, meant, by_digest, strict=True):
        if name not in tags:
            failures.append((item, name, ()))
        elif name in going:
            names = (tags[name] or (None,)) if whole else (item.tag,)
            entries += [ImageId(digest_of(name), tag) for tag in names]
        elif not whole and (
            set(tags[name]) - untagged - {item.tag} or item.tag in untagged or reading.last_tag_of_child == "untag"
        ):
            untagged.add(str(item.tag))
            entries.append(ImageId(digest_of(name), item.tag))
        else:
            held = tuple(digest_of(index) for index in tags if index in holders(name, children) - going)
            failures.append((item, HELD, held))
    return list(dict.fromkeys(entries)), failures, untagged, going


def resolved(asked: ImageId, tags: Tags) -> str:
    """The name of the image that an id means, or the code of its failure."""
    if asked == ImageId():
        return "MissingDigestAndTag"
    if asked.digest == "sha256:zz":
        return "InvalidImageDigest"
    if asked.tag == "a/b":
        return "InvalidImageTag"
    tagged = [name for name, of in tags.items() if asked.tag in of]
    if asked.tag is not None and asked.digest is not None and tagged and digest_of(tagged[0]) != asked.digest:
        return "ImageTagDoesNotMatchDigest"
    fitting = tagged if asked.tag is not None else [name for name in tags if digest_of(name) == asked.digest]
    return fitting[0] if fitting else "ImageNotFound"


def holders(name: str, children: Children) -> set[str]:
    return {index for index, listed in children.items() if name in listed}
