"""Kinds of arguments: durations, sizes, moments, images and tags."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import click

from wharfinger.contract import wharfinger as contract
from wharfinger.state.clock import SECOND, system_clock

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION: Final = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)
_UNITS: Final = {
    "": 1,
    "B": 1,
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
}
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]*)", re.ASCII)


def now() -> float:
    """Seconds since 1970."""
    return system_clock() / SECOND


def duration(text: str) -> int:
    """Seconds of `30d`, `12h`, `90m`, `45s` or `2w`; a usage error for what is none."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration; write it as 30d, 12h, 90m, 45s or 2w.")
    return int(found[1]) * _SECONDS[found[2]]


def size(text: str) -> int:
    """Bytes of `100MiB`, `1.5GB` or `4096`; a usage error for what is none."""
    found = _SIZE.fullmatch(text)
    if found is None or found[2] not in _UNITS:
        raise click.BadParameter(f"{text!r} is no size; write it as 100MiB, 1.5GB or 4096.")
    return int(float(found[1]) * _UNITS[found[2]])


def moment(text: str) -> float:
    """Seconds since 1970 of a time in ISO form, local if it names no zone, or of a duration: so long ago.

    A usage error for what is neither.
    """
    try:
        if _DURATION.fullmatch(text):
            return max(0.0, now() - duration(text))
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            f"{text!r} is no time; write it as 2026-11-23T12:00, 2026-11-23 or 3d (ago)."
        ) from None


def image_id(text: str) -> contract.ImageIdentifier:
    """An image as it is named on the command line: `<tag>`, `<digest>` or `<tag>@<digest>`."""
    tag, at, digest = text.partition("@")
    if at:
        return contract.ImageIdentifier(image_tag=tag, image_digest=digest)
    if ":" in text:
        return contract.ImageIdentifier(image_digest=text)
    return contract.ImageIdentifier(image_tag=text)


def image_ids(texts: tuple[str, ...]) -> list[contract.ImageIdentifier]:
    """Several of them, as many as one call takes."""
    if len(texts) > 100:
        raise click.UsageError("not more than 100 images at a time; `wharfinger plan create` is for more.")
    return [image_id(text) for text in texts]


def tags(texts: tuple[str, ...]) -> list[contract.Tag]:
    """Tags of users and roles, each as `<key>=<value>`; a usage error for what is none."""
    pairs = [text.partition("=") for text in texts]
    if not all(key and equals for key, equals, _ in pairs):
        raise click.UsageError("write a tag as <key>=<value>.")
    return [contract.Tag(key=key, value=value) for key, _, value in pairs]


def condition_keys(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """Condition keys of `aws:SourceIp=10.0.0.1`, one that comes again with all its values; a usage error for others."""
    found: dict[str, list[str]] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{text!r} is no condition; write it as aws:SourceIp=10.0.0.1.")
        found.setdefault(key, []).append(value)
    return found
