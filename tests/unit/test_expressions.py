"""Regular expressions over tags: what Python finds is found, and none can be made slow."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.domain.expressions import Expression, Found

ATOMS = st.sampled_from(["a", "b", "1", "-", ".", r"\.", r"\d", r"\w", r"\D", "[ab]", "[^a]", "[a-c1]", "[]a]"])
REPEATS = st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}", "{1,}"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({})".format, inner),
        st.builds("(?P<name>{})".format, ATOMS),
        st.builds("(?:{}){}".format, inner, REPEATS),
        st.builds("^{}".format, inner),
        st.builds("{}$".format, inner),
    )


def expression_of(text: str) -> tuple[Expression, re.Pattern[str]]:
    return Expression(text), re.compile(text, re.ASCII)


@settings(max_examples=400)
@given(st.recursive(ATOMS, _larger, max_leaves=8), st.text("ab1-.", max_size=8))
def test_it_is_found_where_python_finds_it(text: str, tag: str) -> None:
    try:
        ours, theirs = expression_of(text)
    except (ValueError, re.error):
        return  # a name twice, or too large
    assert (ours.search(tag) is not None) == (theirs.search(tag) is not None)


@pytest.mark.parametrize(
    ("text", "tag", "group"),
    [
        (r"^feature-(\w+)-\d+$", "feature-login-12", "login"),
        (r"(\d+)\.\d+", "v1.22.3", "1"),
        (r"^(?:release|rc)-(.+?)-", "rc-a-b-", "a"),
        (r"^(.+)-", "a-b-c", "a-b"),
        (r"(a)|b", "b", None),
        (r"(a|ab)(c|bcd)", "abcd", "a"),
        (r"(?P<branch>[a-z]+)", "123abc", "abc"),
        (r"x()y", "xy", ""),
    ],
)
def test_the_first_group_captures_what_it_does_in_python(text: str, tag: str, group: str | None) -> None:
    ours, theirs = expression_of(text)
    match = theirs.search(tag)
    assert match is not None
    assert ours.search(tag) == Found(group) == Found(match[1])


@pytest.mark.parametrize(
    "text",
    ["(a|a)*b", "(a*)*b", "(a+)+$", "(.*)*b", "a*a*a*a*a*a*a*b", "(a|aa)+$", "(.*){1,20}x", "^(([a-z])+.)+[A-Z]$"],
)
def test_what_is_slow_elsewhere_takes_no_more_steps_than_the_tag_and_the_expression_allow(text: str) -> None:
    visited: set[tuple[int, int]] = set()
    expression, tag = Expression(text), "a" * 300
    for start in range(len(tag) + 1):
        expression._match(tag, start, visited)
    assert len(visited) <= (len(expression._program) + 1) * (len(tag) + 1)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("(", "unterminated"),
        (")", "parenthesis"),
        ("[a", "set"),
        ("a**", "repeat"),
        ("*a", "repeat"),
        ("a{2,1}", "repeat"),
        ("[b-a]", "range"),
        ("\\", "escape"),
        (r"(a)\1", "not supported"),
        (r"\bdev", "not supported"),
        ("(?=a)", "not supported"),
        ("(?<!a)b", "not supported"),
        ("(?i)a", "not supported"),
        ("a++", "possessive"),
        ("(?>a)", "not supported"),
        ("[[a]", "not supported"),
        ("[a--b]", "not supported"),
        ("a{99999}", "size"),
        ("(?:a{400}){400}", "size"),
        ("(" * 100 + "a" + ")" * 100, "size"),
        ("|".join("a" * 300), "size"),
        ("(?P<a>x)(?P<a>y)", "redefinition"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(text: str, word: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=word):
            Expression(text)
