"""What a list of ids removes: a case for each row of the table of deletions, and a slow model that agrees.

Ids are written as `tag`, `@image` (by digest) and `@image:tag` (by both).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.domain.images import Failure, FailureCode, ImageId, StoredImage
from wharfinger.domain.removal import Parents, Reading, Removal, removal

Tags = Mapping[str, Sequence[str]]
Children = Mapping[str, Sequence[str]]
HELD = "ImageReferencedByManifestList"
TAG_ONLY = Reading()
WHOLE_IMAGE = Reading(digest_and_tag="image")
UNTAG = Reading(last_tag_of_child="untag")


class Outcome(NamedTuple):
    """What was answered and what stays, in the notation of this module."""

    entries: list[str]
    failures: list[tuple[str, ...]]  # code, id, the indexes that hold the image
    left: dict[str, list[str]]


def digest_of(name: str) -> str:
    return "sha256:" + name.encode().hex()


def name_of(digest: str) -> str:
    return bytes.fromhex(digest.removeprefix("sha256:")).decode()


def as_id(text: str) -> ImageId:
    name, _, tag = text[1:].partition(":") if text.startswith("@") else ("", "", text)
    return ImageId(digest_of(name) if name else None, tag or None)


def as_text(asked: ImageId) -> str:
    if asked.digest is None:
        return asked.tag or ""
    return f"@{name_of(asked.digest)}" + (f":{asked.tag}" if asked.tag else "")


def stored(tags: Tags) -> dict[str, StoredImage]:
    return {name: StoredImage(key, digest_of(name), tuple(of)) for key, (name, of) in enumerate(tags.items(), 1)}


def parents(images: Mapping[str, StoredImage], children: Children) -> Parents:
    return {
        images[child].digest: [images[index] for index, listed in children.items() if child in listed]
        for child in {child for listed in children.values() for child in listed}
    }


def decided(tags: Tags, children: Children, asked: Sequence[ImageId], reading: Reading) -> Removal:
    images = stored(tags)
    return removal(asked, list(images.values()), parents(images, children), reading)


def remove(tags: Tags, *asked: str, children: Children | None = None, reading: Reading = TAG_ONLY) -> Outcome:
    found = decided(tags, children or {}, [as_id(text) for text in asked], reading)
    gone = {name_of(image.digest) for image in found.images}
    return Outcome(
        [as_text(entry) for entry in found.entries],
        [(item.code, as_text(item.id), *map(name_of, item.parents)) for item in found.failures],
        {name: [tag for tag in of if tag not in found.tags] for name, of in tags.items() if name not in gone},
    )


# --- one id --------------------------------------------------------------------------------------------------


def test_one_of_several_tags_goes_and_the_image_stays() -> None:
    assert remove({"app": ["a", "b"]}, "a") == Outcome(["@app:a"], [], {"app": ["b"]})


def test_with_its_last_tag_the_image_goes() -> None:
    assert remove({"app": ["a"], "other": ["o"]}, "a") == Outcome(["@app:a"], [], {"other": ["o"]})


def test_by_digest_the_image_goes_with_all_its_tags_and_an_entry_for_each() -> None:
    assert remove({"app": ["a", "b", "c"]}, "@app") == Outcome(["@app:a", "@app:b", "@app:c"], [], {})


def test_an_untagged_image_goes_with_an_entry_without_a_tag() -> None:
    assert remove({"app": []}, "@app") == Outcome(["@app"], [], {})


def test_by_digest_and_tag_only_that_tag_goes() -> None:
    assert remove({"app": ["a", "b"]}, "@app:a") == Outcome(["@app:a"], [], {"app": ["b"]})


def test_by_digest_and_last_tag_the_image_goes() -> None:
    assert remove({"app": ["a"]}, "@app:a") == Outcome(["@app:a"], [], {})


def test_by_digest_and_tag_the_whole_image_goes_where_it_is_read_so() -> None:
    assert remove({"app": ["a", "b"]}, "@app:a", reading=WHOLE_IMAGE) == Outcome(["@app:a", "@app:b"], [], {})


def test_by_tag_alone_only_that_tag_goes_in_either_reading() -> None:
    assert remove({"app": ["a", "b"]}, "a", reading=WHOLE_IMAGE) == Outcome(["@app:a"], [], {"app": ["b"]})


@pytest.mark.parametrize("reading", [TAG_ONLY, WHOLE_IMAGE, UNTAG], ids=["tag", "image", "untag"])
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(as_id("nope"), "ImageNotFound", id="unknown tag"),
        pytest.param(as_id("@nope"), "ImageNotFound", id="unknown digest"),
        pytest.param(as_id("@app:nope"), "ImageNotFound", id="known digest, unknown tag"),
        pytest.param(as_id("@nope:nope"), "ImageNotFound", id="both unknown"),
        pytest.param(as_id("@other:a"), "ImageTagDoesNotMatchDigest", id="tag of another digest"),
        pytest.param(as_id("@nope:a"), "ImageTagDoesNotMatchDigest", id="tag of an unknown digest"),
        pytest.param(ImageId(), "MissingDigestAndTag", id="neither"),
        pytest.param(ImageId("sha256:invalid-digest"), "InvalidImageDigest", id="malformed digest"),
        pytest.param(ImageId("sha256:zz", "a"), "InvalidImageDigest", id="malformed digest, known tag"),
        pytest.param(ImageId(tag="a/b"), "InvalidImageTag", id="malformed tag"),
        pytest.param(ImageId(digest_of("app"), "a/b"), "InvalidImageTag", id="known digest, malformed tag"),
    ],
)
def test_an_id_that_means_no_image_removes_nothing_and_is_echoed(
    asked: ImageId, code: FailureCode, reading: Reading
) -> None:
    found = decided({"app": ["a"], "other": []}, {}, [asked], reading)
    assert found == Removal([], [Failure(asked, code)], [], [])


# --- several ids ---------------------------------------------------------------------------------------------


def test_good_ids_are_served_beside_bad_ones_each_in_the_order_of_asking() -> None:
    assert remove({"app": ["a", "b"], "web": ["w"]}, "nope", "w", "@gone", "b") == Outcome(
        ["@web:w", "@app:b"], [("ImageNotFound", "nope"), ("ImageNotFound", "@gone")], {"app": ["a"]}
    )


def test_the_same_unknown_id_twice_fails_twice() -> None:
    assert remove({}, "nope", "nope").failures == [("ImageNotFound", "nope")] * 2


@pytest.mark.parametrize("asked", [("a", "a"), ("@app:a", "@app:a"), ("a", "@app:a"), ("@app:a", "a")])
def test_the_same_tag_twice_is_answered_once(asked: tuple[str, ...]) -> None:
    assert remove({"app": ["a", "b"]}, *asked) == Outcome(["@app:a"], [], {"app": ["b"]})


@pytest.mark.parametrize("tags", [["a"], ["a", "b"], []], ids=["one tag", "two tags", "untagged"])
def test_the_same_image_twice_is_answered_once(tags: list[str]) -> None:
    assert remove({"app": tags}, "@app", "@app") == remove({"app": tags}, "@app")


@pytest.mark.parametrize("asked", list(itertools.permutations(["a", "b", "c"])))
def test_all_tags_one_by_one_take_the_image_with_them(asked: tuple[str, ...]) -> None:
    assert remove({"app": ["a", "b", "c"]}, *asked) == Outcome([f"@app:{tag}" for tag in asked], [], {})


def test_every_line_of_a_list_of_images_can_be_sent_back_to_delete_it() -> None:
    listed = ["@app:a", "@app:b", "@web"]
    assert remove({"app": ["a", "b"], "web": []}, *listed) == Outcome(listed, [], {})


@pytest.mark.parametrize(
    ("asked", "entries"),
    [
        (["@app", "a"], ["@app:a", "@app:b"]),
        (["b", "@app"], ["@app:b", "@app:a"]),
        (["@app", "@app:b"], ["@app:a", "@app:b"]),
        (["@app:b", "@app"], ["@app:b", "@app:a"]),
        (["a", "@app:b"], ["@app:a", "@app:b"]),
    ],
)
def test_an_image_may_be_meant_by_several_ids_at_once(asked: list[str], entries: list[str]) -> None:
    assert remove({"app": ["a", "b"]}, *asked) == Outcome(entries, [], {})


def test_a_tag_named_beside_its_digest_is_no_failure() -> None:
    assert remove({"app": ["only"]}, "@app", "only") == Outcome(["@app:only"], [], {})


def test_a_wrong_pair_beside_a_right_digest_fails_alone() -> None:
    assert remove({"app": ["a"], "web": ["w"]}, "@app", "@app:w") == Outcome(
        ["@app:a"], [("ImageTagDoesNotMatchDigest", "@app:w")], {"web": ["w"]}
    )


def test_nothing_asked_is_nothing_removed() -> None:
    assert remove({"app": ["a"]}) == Outcome([], [], {"app": ["a"]})


# --- indexes and their children ------------------------------------------------------------------------------

MULTI = {"index": ["latest"], "amd64": ["x"], "arm64": []}
LISTS = {"index": ["amd64", "arm64"]}


@pytest.mark.parametrize("asked", ["@amd64", "x", "@amd64:x", "@arm64"])
@pytest.mark.parametrize("reading", [TAG_ONLY, WHOLE_IMAGE], ids=["tag", "image"])
def test_an_image_that_an_index_lists_stays_with_its_last_tag(asked: str, reading: Reading) -> None:
    assert remove(MULTI, asked, children=LISTS, reading=reading) == Outcome([], [(HELD, asked, "index")], MULTI)


@pytest.mark.parametrize("asked", ["x", "@amd64:x"])
def test_its_last_tag_may_go_where_it_is_read_so_and_the_image_stays_untagged(asked: str) -> None:
    left = {**MULTI, "amd64": []}
    assert remove(MULTI, asked, children=LISTS, reading=UNTAG) == Outcome(["@amd64:x"], [], left)


def test_by_digest_it_stays_in_that_reading_too() -> None:
    assert remove(MULTI, "@amd64", children=LISTS, reading=UNTAG) == Outcome([], [(HELD, "@amd64", "index")], MULTI)


def test_another_than_its_last_tag_goes() -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    assert remove(tags, "x", children=LISTS) == Outcome(["@amd64:x"], [], {**MULTI, "amd64": ["y"]})


@pytest.mark.parametrize(("first", "second"), [("x", "y"), ("y", "x")])
def test_of_all_its_tags_the_last_one_asked_for_stays(first: str, second: str) -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    assert remove(tags, first, second, children=LISTS) == Outcome(
        [f"@amd64:{first}"], [(HELD, second, "index")], {**MULTI, "amd64": [second]}
    )


def test_all_its_tags_go_where_it_is_read_so() -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    outcome = remove(tags, "x", "y", children=LISTS, reading=UNTAG)
    assert outcome == Outcome(["@amd64:x", "@amd64:y"], [], {**MULTI, "amd64": []})


def test_a_tag_of_it_goes_beside_its_digest_that_is_refused() -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    assert remove(tags, "@amd64", "x", children=LISTS) == Outcome(
        ["@amd64:x"], [(HELD, "@amd64", "index")], {**MULTI, "amd64": ["y"]}
    )


def test_the_same_held_image_twice_fails_twice() -> None:
    assert remove(MULTI, "@arm64", "@arm64", children=LISTS).failures == [(HELD, "@arm64", "index")] * 2


@pytest.mark.parametrize("asked", ["@index", "latest", "@index:latest"])
def test_an_index_goes_and_its_children_stay(asked: str) -> None:
    left = {"amd64": ["x"], "arm64": []}
    assert remove(MULTI, asked, children=LISTS) == Outcome(["@index:latest"], [], left)


@pytest.mark.parametrize("asked", list(itertools.permutations(["@index", "@amd64", "@arm64"])))
def test_an_index_and_its_children_go_in_one_call_in_any_order(asked: tuple[str, ...]) -> None:
    entries = {"@index": "@index:latest", "@amd64": "@amd64:x", "@arm64": "@arm64"}
    assert remove(MULTI, *asked, children=LISTS) == Outcome([entries[item] for item in asked], [], {})


def test_one_child_goes_with_its_index_and_the_other_stays() -> None:
    assert remove(MULTI, "@amd64", "latest", children=LISTS) == Outcome(
        ["@amd64:x", "@index:latest"], [], {"arm64": []}
    )


def test_a_child_stays_when_its_index_only_loses_a_tag() -> None:
    tags = {**MULTI, "index": ["latest", "v1"]}
    assert remove(tags, "latest", "@arm64", children=LISTS) == Outcome(
        ["@index:latest"], [(HELD, "@arm64", "index")], {**tags, "index": ["v1"]}
    )


def test_a_child_goes_when_its_index_loses_all_tags_one_by_one() -> None:
    tags = {**MULTI, "index": ["latest", "v1"]}
    assert remove(tags, "@arm64", "v1", "latest", children=LISTS).left == {"amd64": ["x"]}


def test_all_indexes_that_hold_an_image_are_named() -> None:
    tags: Tags = {"one": [], "two": [], "child": []}
    outcome = remove(tags, "@child", children={"one": ["child"], "two": ["child"]})
    assert outcome.failures == [(HELD, "@child", "one", "two")]


def test_of_two_indexes_only_the_one_that_stays_is_named() -> None:
    tags: Tags = {"one": [], "two": [], "child": []}
    outcome = remove(tags, "@child", "@one", children={"one": ["child"], "two": ["child"]})
    assert outcome == Outcome(["@one"], [(HELD, "@child", "two")], {"two": [], "child": []})


def test_an_artifact_in_an_index_of_the_old_tag_scheme_is_held_by_it_and_the_subject_is_not() -> None:
    tags: Tags = {"app": ["a"], "signature": [], "scheme": ["sha256-00"]}
    outcome = remove(tags, "@signature", "@app", children={"scheme": ["signature"]})
    assert outcome == Outcome(["@app:a"], [(HELD, "@signature", "scheme")], {"signature": [], "scheme": ["sha256-00"]})


NESTED = {"top": ["t"], "middle": [], "low": [], "leaf": []}
CHAIN = {"top": ["middle"], "middle": ["low"], "low": ["leaf"]}


@pytest.mark.parametrize("asked", list(itertools.permutations(["@top", "@middle", "@low", "@leaf"])))
def test_indexes_three_deep_go_in_one_call_in_any_order(asked: tuple[str, ...]) -> None:
    outcome = remove(NESTED, *asked, children=CHAIN)
    assert (outcome.failures, outcome.left) == ([], {})


@pytest.mark.parametrize("asked", list(itertools.permutations(["@middle", "@low", "@leaf"])))
def test_without_the_outermost_index_nothing_below_it_goes(asked: tuple[str, ...]) -> None:
    holders = {"@middle": "top", "@low": "middle", "@leaf": "low"}
    assert remove(NESTED, *asked, children=CHAIN) == Outcome(
        [], [(HELD, item, holders[item]) for item in asked], NESTED
    )


@pytest.mark.parametrize("asked", list(itertools.permutations(["@top", "@middle", "@leaf"])))
def test_a_gap_in_the_chain_keeps_what_is_below_it(asked: tuple[str, ...]) -> None:
    outcome = remove(NESTED, *asked, children=CHAIN)
    assert (outcome.failures, outcome.left) == ([(HELD, "@leaf", "low")], {"low": [], "leaf": []})


# --- any repository, any ids ---------------------------------------------------------------------------------


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
    assert [(item.id, item.code, item.parents) for item in found.failures] == failures
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
