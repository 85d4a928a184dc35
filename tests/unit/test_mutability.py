"""Which tags a repository protects, and how exclusion filters are matched."""

from __future__ import annotations

from typing import SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.mutability import Mutability, Setting, matches, mutability


@pytest.mark.parametrize(
    ("setting", "exclusions", "tag", "protected"),
    [
        ("MUTABLE", (), "latest", False),
        ("IMMUTABLE", (), "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "v1", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("a*", "b*"), "b1", False),
        ("MUTABLE_WITH_EXCLUSION", ("a*", "b*"), "b1", True),
    ],
)
def test_a_tag_is_protected_by_the_setting_and_its_filters(
    setting: Setting, exclusions: tuple[str, ...], tag: str, protected: bool
) -> None:
    assert mutability(setting, exclusions).protects(tag) is protected


def test_without_a_setting_every_tag_may_be_moved() -> None:
    assert not Mutability().protects("latest")


@pytest.mark.parametrize(
    ("setting", "exclusions"),
    [
        ("MUTABLE", ("v*",)),
        ("IMMUTABLE", ("v*",)),
        ("MUTABLE_WITH_EXCLUSION", ()),
        ("IMMUTABLE_WITH_EXCLUSION", ()),
    ],
)
def test_filters_belong_to_the_settings_with_exclusion_and_only_to_them(
    setting: Setting, exclusions: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        mutability(setting, exclusions)
    assert caught.value.path == "imageTagMutabilityExclusionFilters"
    assert caught.value.constraint == (
        f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {setting}"
    )


@pytest.mark.parametrize(
    ("pattern", "tag", "fits"),
    [
        ("latest", "latest", True),
        ("latest", "latest-1", False),
        ("latest", "my-latest", False),
        ("latest", "LATEST", False),
        ("v*", "v", True),
        ("v*", "v1", True),
        ("v*", "dev1", False),
        ("*-dev", "-dev", True),
        ("*-dev", "a-dev", True),
        ("*-dev", "a-dev-b", False),
        ("*", "anything", True),
        ("**", "anything", True),
        ("a*b", "ab", True),
        ("a*b", "a-b-b", True),
        ("a*a", "a", False),
        ("ab*ba", "aba", False),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("*a*", "bab", True),
        ("*ab*ab*", "abab", True),
        ("*ab*ab*", "ab", False),
        ("v1.0", "v1x0", False),
        ("v.*", "v1", False),
    ],
)
def test_a_star_is_any_run_of_characters_of_the_whole_tag(pattern: str, tag: str, fits: bool) -> None:
    assert matches(pattern, tag) is fits


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_matching_agrees_with_trying_every_way(pattern: str, tag: str) -> None:
    assert matches(pattern, tag) is _fits(pattern, tag)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.text("ab", max_size=4), min_size=2, max_size=8), st.data())
def test_a_tag_made_by_filling_the_stars_fits(parts: list[str], data: st.DataObject) -> None:
    fillings = [data.draw(st.text("ab", max_size=4)) for _ in parts[1:]]
    tag = parts[0] + "".join(filling + part for filling, part in zip(fillings, parts[1:], strict=True))
    assert matches("*".join(parts), tag)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("a*" * 64, id="a star after each letter"),
        pytest.param("*a" * 64, id="a star before each letter"),
        pytest.param("*" * 128, id="stars only"),
        pytest.param("*aab" * 32, id="parts that nearly fit everywhere"),
        pytest.param("*" + "a" * 126 + "b", id="one long part"),
        pytest.param("*a*" * 42 + "b", id="an end that is not there"),
    ],
)
def test_each_part_of_a_pattern_is_looked_for_at_most_once(pattern: str) -> None:
    tag = _Counting("a" * 300)
    matches(pattern, tag)
    assert tag.searches <= pattern.count("*")


class _Counting(str):
    """A tag that counts how often something is looked for in it."""

    __slots__ = ("searches",)

    searches: int

    def __new__(cls, text: str) -> _Counting:
        made = super().__new__(cls, text)
        made.searches = 0
        return made

    def find(self, part: str, start: SupportsIndex | None = None, end: SupportsIndex | None = None, /) -> int:
        self.searches += 1
        return super().find(part, start, end)


def _fits(pattern: str, tag: str) -> bool:
    if not pattern:
        return not tag
    if pattern[0] == "*":
        return any(_fits(pattern[1:], tag[at:]) for at in range(len(tag) + 1))
    return tag[:1] == pattern[0] and _fits(pattern[1:], tag[1:])
