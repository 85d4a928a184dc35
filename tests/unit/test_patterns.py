"""Patterns of names and tags: what fits, and that no pattern takes long to be tried."""

from __future__ import annotations

from typing import SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.domain.patterns import is_pattern, matches


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
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
def test_a_star_is_any_run_of_characters_of_the_whole_text(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@pytest.mark.parametrize(("text", "is_one"), [("*", True), ("v*", True), ("v1", False), ("v?[1]", False), ("", False)])
def test_only_a_star_makes_a_text_a_pattern(text: str, is_one: bool) -> None:
    assert is_pattern(text) is is_one


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text("ab*", max_size=6), st.text("ab*", max_size=6))
def test_what_is_no_pattern_matches_itself_only(pattern: str, text: str) -> None:
    assert matches(pattern, pattern)
    if not is_pattern(pattern):
        assert matches(pattern, text) is (pattern == text)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_matching_agrees_with_trying_every_way(pattern: str, text: str) -> None:
    assert matches(pattern, text) is _fits(pattern, text)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.text("ab", max_size=4), min_size=2, max_size=8), st.data())
def test_a_text_made_by_filling_the_stars_fits(parts: list[str], data: st.DataObject) -> None:
    fillings = [data.draw(st.text("ab", max_size=4)) for _ in parts[1:]]
    text = parts[0] + "".join(filling + part for filling, part in zip(fillings, parts[1:], strict=True))
    assert matches("*".join(parts), text)


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
    text = _Counting("a" * 300)
    matches(pattern, text)
    assert text.searches <= pattern.count("*")


class _Counting(str):
    """A text that counts how often something is looked for in it."""

    __slots__ = ("searches",)

    searches: int

    def __new__(cls, text: str) -> _Counting:
        made = super().__new__(cls, text)
        made.searches = 0
        return made

    def find(self, part: str, start: SupportsIndex | None = None, end: SupportsIndex | None = None, /) -> int:
        self.searches += 1
        return super().find(part, start, end)


def _fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return text[:1] == pattern[0] and _fits(pattern[1:], text[1:])
