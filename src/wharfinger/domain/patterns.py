"""Patterns of names and tags: `*` is any run of characters, also none; case counts."""

from __future__ import annotations


def is_pattern(text: str) -> bool:
    """Whether `text` may match more than itself."""
    return "*" in text


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` fits."""
    first, *middle = pattern.split("*")
    if not middle:
        return pattern == text
    last = middle.pop()
    if not text.startswith(first) or not text.endswith(last) or len(first) + len(last) > len(text):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        # the earliest place leaves most room for the rest, so no other has to be tried
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
