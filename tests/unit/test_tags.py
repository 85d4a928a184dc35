"""Tags of images, and the resource tags that a repository carries."""

from __future__ import annotations

import pytest

from wharfinger.domain import tags
from wharfinger.domain.faults import InvalidParameter, ResourceTagsInvalid, TooManyResourceTags

NO_TAGS = ["", "a" * 301, "a b", "a/b", "a:b", "a@b", "a+b", "été", "a\n", "\n", "a\0", "٣", "*"]


@pytest.mark.parametrize(
    "tag", ["a", "latest", "v1.2.3", "1", "_", "-", ".", "..", "A_b-c.d", "sha256-" + "0" * 64, "a" * 300]
)
def test_this_can_be_a_tag(tag: str) -> None:
    assert tags.is_tag(tag)
    tags.check(tag)


@pytest.mark.parametrize("tag", NO_TAGS)
def test_this_can_be_no_tag(tag: str) -> None:
    assert not tags.is_tag(tag)


@pytest.mark.parametrize("tag", NO_TAGS)
def test_what_can_be_no_tag_is_refused_as_ecr_refuses_it(tag: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        tags.check(tag)
    assert caught.value.path == "imageTag"
    assert caught.value.constraint == "must satisfy regular expression '[a-zA-Z0-9-_.]+'"


def test_resource_tags_are_added_to_those_that_are_there() -> None:
    assert tags.merged({"team": "web"}, [("stage", "test")]) == {"team": "web", "stage": "test"}


def test_a_resource_tag_of_the_same_key_is_replaced() -> None:
    assert tags.merged({"team": "web"}, [("team", "shop")]) == {"team": "shop"}


def test_of_two_values_for_a_key_the_later_counts() -> None:
    assert tags.merged({}, [("team", "web"), ("team", "shop")]) == {"team": "shop"}


def test_the_tags_that_were_there_are_not_changed_in_place() -> None:
    present = {"team": "web"}
    tags.merged(present, [("team", "shop")])
    assert present == {"team": "web"}


def test_keys_that_differ_in_case_are_two() -> None:
    assert tags.merged({"team": "1"}, [("Team", "2")]) == {"team": "1", "Team": "2"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k", ""),
        ("k" * 128, "v" * 256),
        ("a b", "c d"),
        ("+-=._:/@", "+-=._:/@"),
        ("été", "naïve"),
        ("鍵", "値"),
        ("my-aws:", "x"),
        ("awsome", "x"),
    ],
)
def test_this_can_be_a_resource_tag(key: str, value: str) -> None:
    assert tags.merged({}, [(key, value)]) == {key: value}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("", "v", id="empty key"),
        pytest.param("k" * 129, "v", id="key too long"),
        pytest.param("k", "v" * 257, id="value too long"),
        pytest.param("aws:k", "v", id="prefix of AWS"),
        pytest.param("AWS:k", "v", id="prefix of AWS in upper case"),
        pytest.param("Aws:k", "v", id="prefix of AWS in mixed case"),
        pytest.param("k*", "v", id="star in the key"),
        pytest.param("k", "v*", id="star in the value"),
        pytest.param("k<", "v", id="bracket"),
        pytest.param("k", "😀", id="picture"),
        pytest.param("k\0", "v", id="NUL"),
        pytest.param("k", "v\n", id="line break at the end"),
        pytest.param("a\nb", "v", id="line break in the key"),
        pytest.param("a\tb", "v", id="tabulator"),
    ],
)
def test_this_can_be_no_resource_tag(key: str, value: str) -> None:
    with pytest.raises(ResourceTagsInvalid):
        tags.merged({}, [("fine", "fine"), (key, value)])


FIFTY = {f"key-{number}": "value" for number in range(50)}


def test_a_repository_can_have_fifty_resource_tags() -> None:
    assert tags.merged({}, FIFTY.items()) == FIFTY


def test_it_can_not_have_one_more() -> None:
    with pytest.raises(TooManyResourceTags) as caught:
        tags.merged(FIFTY, [("one-more", "value")])
    assert caught.value.limit == 50


def test_replacing_one_of_fifty_is_no_more() -> None:
    assert tags.merged(FIFTY, [("key-0", "other")]) == {**FIFTY, "key-0": "other"}
