"""What a hold may be on, what it holds, and how a list of ids is answered where something is held."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.removal import UNTAG, WHOLE_IMAGE, as_id, digest_of, parents, stored
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.holds import NAMED, Hold, Holds, check, reason_of_use
from wharfinger.domain.names import Registry
from wharfinger.domain.removal import Guards, Reading, Removal, removal

REGISTRY = Registry("123456789012", "eu-central-1")
SHA256 = "sha256:" + "0" * 64
SHA512 = "sha512:" + "0" * 128
IMAGES = {"app": ["a", "b"], "single": ["s"], "bare": [], "index": ["i"], "child": ["c"]}
CHILDREN = {"index": ["child"]}


def hold(number: int, image: str, repository: str = "app", feed: str | None = None) -> Hold:
    """On an image; `@name` stands for a digest."""
    on = digest_of(image[1:]) if image.startswith("@") else image
    return Hold(number, REGISTRY, repository, on, "why", feed, 0, "arn", None)


def remove(held: Sequence[str], *asked: str, reading: Reading | None = None) -> Removal:
    """What goes of IMAGES where the holds of a list are numbered from 1."""
    images = stored(IMAGES)
    holds = Holds(hold(number, image) for number, image in enumerate(held, 1))
    guards = Guards(parents(images, CHILDREN), holds)
    return removal([as_id(text) for text in asked], list(images.values()), guards, reading or Reading())


def refused(found: Removal) -> list[tuple[str, list[str]]]:
    """Codes and what is in the way, for holds their numbers."""
    return [
        (item.code, [text.split()[1] if text.startswith("hold") else text for text in item.blockers])
        for item in found.failures
    ]


# --- what it may be on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("repository", ["app", "team/app", "team/*", "*", "*-cache", "a*", "team/__*"])
@pytest.mark.parametrize("image", [SHA256, SHA512, "v1", "v1.*", "*", "-odd.", "A_b-c.d", "x" * 300])
def test_a_hold_is_on_a_digest_or_tags_in_a_repository_or_some(repository: str, image: str) -> None:
    check(repository, image)


@pytest.mark.parametrize("repository", ["a", "", "App", "team//app", "/app", "app/", "-app", "Team/*", "team *", "t:*"])
def test_what_can_be_no_repository_is_refused(repository: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check(repository, "v1")
    assert caught.value.path == "repositoryName"


@pytest.mark.parametrize(
    "image",
    [
        "",
        "sha256:abc",
        SHA256.upper(),
        SHA256 + "0",
        "md5:" + "0" * 32,
        "sha256:*",
        "a/b",
        "a b",
        "é",
        "v1\n",
        "x" * 301,
    ],
)
def test_what_can_be_no_digest_and_no_tag_is_refused(image: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        check("app", image)
    assert caught.value.path == "image"


@pytest.mark.parametrize(
    ("repository", "image", "expected"), [("app", "v1", False), ("app", "v*", True), ("a*", SHA256, True)]
)
def test_a_hold_is_a_pattern_if_either_part_is_one(repository: str, image: str, expected: bool) -> None:
    assert hold(1, image, repository).is_pattern == expected


@pytest.mark.parametrize(
    ("repository", "covered"), [("team/app", True), ("team/*", True), ("*", True), ("team", False), ("*/web", False)]
)
def test_a_hold_covers_the_repositories_that_it_names(repository: str, covered: bool) -> None:
    assert hold(1, "v1", repository).covers("team/app") == covered


def test_a_hold_says_where_it_came_from() -> None:
    assert str(hold(7, "v1")) == "hold 7 on v1: why"
    assert str(hold(7, "v1", feed="prod")) == "hold 7 on v1, feed prod: why"


def test_the_reason_of_a_feed_is_as_long_as_a_reason_may_be() -> None:
    assert reason_of_use("app:v1") == "in use as app:v1"
    assert len(reason_of_use("x" * 2000)) == 1000


# --- what it holds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", ["@app", "a", "b", "*", "a*", "*b"])
@pytest.mark.parametrize("asked", ["@app", "@app:a"])
def test_a_held_image_does_not_go_as_a_whole(held: str, asked: str) -> None:
    found = remove([held], asked, reading=WHOLE_IMAGE)
    assert (refused(found), found.images, found.tags) == ([("ImageHeld", ["1"])], [], [])


@pytest.mark.parametrize("held", ["a", "*", "a*", "*a"])
@pytest.mark.parametrize("asked", ["a", "@app:a"])
@pytest.mark.parametrize("reading", [Reading(), UNTAG], ids=["refuse", "untag"])
def test_a_held_tag_does_not_go(held: str, asked: str, reading: Reading) -> None:
    found = remove([held], asked, reading=reading)
    assert (refused(found), found.tags) == ([("ImageHeld", ["1"])], [])


@pytest.mark.parametrize("held", ["@app", "b", "b*"])
def test_another_tag_of_a_held_image_goes_while_one_is_left(held: str) -> None:
    found = remove([held], "a")
    assert (found.tags, found.failures) == (["a"], [])


@pytest.mark.parametrize("reading", [Reading(), UNTAG], ids=["refuse", "untag"])
def test_the_last_tag_of_an_image_that_is_held_by_its_digest_stays_in_every_reading(reading: Reading) -> None:
    found = remove(["@single"], "s", reading=reading)
    assert (refused(found), found.tags) == ([("ImageHeld", ["1"])], [])


@pytest.mark.parametrize("reading", [Reading(), UNTAG], ids=["refuse", "untag"])
def test_of_all_tags_of_an_image_that_is_held_by_its_digest_the_last_one_asked_for_stays(reading: Reading) -> None:
    found = remove(["@app"], "a", "b", reading=reading)
    assert (found.tags, refused(found), found.images) == (["a"], [("ImageHeld", ["1"])], [])


def test_of_all_tags_of_an_image_only_the_held_one_stays() -> None:
    found = remove(["a"], "a", "b")
    assert (found.tags, refused(found), found.images) == (["b"], [("ImageHeld", ["1"])], [])


def test_an_image_without_tags_is_held_by_its_digest_and_by_no_pattern_of_tags() -> None:
    assert refused(remove(["@bare"], "@bare")) == [("ImageHeld", ["1"])]
    assert refused(remove(["*"], "@bare")) == []


def test_a_hold_on_a_tag_holds_no_tag_that_looks_like_it() -> None:
    assert refused(remove(["a", "ss", "S", "s."], "s")) == []


def test_others_go_beside_what_is_held() -> None:
    found = remove(["single"], "@single", "@bare", "nope")
    assert [image.digest for image in found.images] == [digest_of("single"), digest_of("bare")]
    found = remove(["s"], "@single", "@bare", "nope")
    assert [image.digest for image in found.images] == [digest_of("bare")]
    assert refused(found) == [("ImageHeld", ["1"]), ("ImageNotFound", [])]


def test_an_index_that_is_held_keeps_its_children_which_it_lists() -> None:
    found = remove(["i"], "@index", "@child")
    assert refused(found) == [("ImageHeld", ["1"]), ("ImageReferencedByManifestList", [digest_of("index")])]


def test_an_index_goes_from_a_child_that_is_held() -> None:
    found = remove(["@child"], "@index", "@child")
    assert [image.digest for image in found.images] == [digest_of("index")]
    assert refused(found) == [("ImageHeld", ["1"])]


def test_a_child_that_is_held_is_refused_for_that() -> None:
    assert refused(remove(["@child"], "@child")) == [("ImageHeld", ["1"])]


NAMES = list(IMAGES)
TAGS = [tag for of in IMAGES.values() for tag in of]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    held=st.lists(st.sampled_from([*TAGS, *(f"@{name}" for name in NAMES), "*", "a*", "x"]), max_size=3),
    asked=st.lists(st.sampled_from([*TAGS, *(f"@{name}" for name in NAMES), "@app:a", "@child:c"]), max_size=6),
    reading=st.builds(Reading, st.sampled_from(["tag", "image"]), st.sampled_from(["refuse", "untag"])),
)
def test_whatever_is_asked_nothing_goes_that_is_held_and_all_else_goes_as_without_holds(
    held: list[str], asked: list[str], reading: Reading
) -> None:
    images = stored(IMAGES)
    holds = Holds(hold(number, image) for number, image in enumerate(held, 1))
    found = remove(held, *asked, reading=reading)
    assert [image for image in found.images if holds.of_image(image)] == []
    assert holds.of_tags(found.tags) == ()
    kept = {key: image for key, image in images.items() if holds.of_image(image)}
    assert [key for key, image in kept.items() if image.tags and set(image.tags) <= set(found.tags)] == []
    if not kept:
        assert found == remove([], *asked, reading=reading)


# --- how it is told ------------------------------------------------------------------------------------------


def test_all_holds_in_the_way_are_named_in_the_order_of_their_making() -> None:
    assert refused(remove(["b", "*", "@app", "a", "s"], "@app")) == [("ImageHeld", ["1", "2", "3", "4"])]


def test_in_the_way_of_a_tag_are_the_holds_on_that_tag() -> None:
    assert refused(remove(["b", "a*", "@app"], "a")) == [("ImageHeld", ["2"])]


def test_of_very_many_holds_some_are_named() -> None:
    [(_, named)] = refused(remove(["s"] * 50, "s"))
    assert named == [str(number) for number in range(1, NAMED + 1)]
