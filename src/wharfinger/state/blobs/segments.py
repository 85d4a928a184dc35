"""Bytes that are put together of segments, each written once: where each begins, and what it is called.

As text, the names in order with blanks between. A name begins with the byte at which its segment does.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple


class Span(NamedTuple):
    """A segment, or a part of it."""

    name: str
    start: int  # in the segment
    length: int


def new_name(start: int) -> str:
    """A name that nobody else who writes at the same place will have."""
    return f"{start}-{secrets.token_hex(8)}"


def names(text: str) -> list[str]:
    """In order."""
    return text.split()


def and_one(text: str, name: str) -> str:
    """With one more segment."""
    return f"{text} {name}" if text else name


def spans(text: str, size: int) -> list[Span]:
    """All segments of `size` bytes."""
    found = names(text)
    starts = [int(name.partition("-")[0]) for name in found]
    ends = [*starts[1:], size]  # of no segments, one too many
    return [Span(name, 0, end - start) for name, start, end in zip(found, starts, ends, strict=False)]


def parts(text: str, size: int, start: int, length: int) -> list[Span]:
    """What of which segments makes up `length` bytes of all, from `start` on."""
    found: list[Span] = []
    at = 0
    for span in spans(text, size):
        first, last = max(start, at), min(start + length, at + span.length)
        if first < last:
            found.append(Span(span.name, first - at, last - first))
        at += span.length
    return found
