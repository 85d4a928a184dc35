"""What is written on the command line and read there: durations, sizes, moments, images."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
import pytest

from wharfinger.cli import kinds
from wharfinger.contract.wharfinger import ImageIdentifier

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("45s", 45), ("90m", 5400), ("12h", 43200), ("30d", 2592000), ("2w", 1209600)]
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: int) -> None:
    assert kinds.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "-1d", "1.5h", "1 d", "30D", "1y", "1d12h", "٣d"])
def test_nothing_else_is_a_duration(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration"):
        kinds.duration(text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0),
        ("4096", 4096),
        ("12B", 12),
        ("1kB", 1000),
        ("1KiB", 1024),
        ("100MiB", 100 * 1024**2),
        ("1.5GB", 1_500_000_000),
        ("2 TiB", 2 * 1024**4),
    ],
)
def test_a_size_is_a_number_of_bytes_or_has_a_unit(text: str, count: int) -> None:
    assert kinds.size(text) == count


@pytest.mark.parametrize("text", ["", "MiB", "-1", "1mib", "1M", "1e3", "1..5MB"])
def test_nothing_else_is_a_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no size"):
        kinds.size(text)


def test_a_moment_with_a_zone_is_that_moment() -> None:
    assert kinds.moment("2026-11-23T12:00:00Z") == datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def test_a_moment_without_a_zone_is_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert kinds.moment("2026-11-23T12:00") == datetime(2026, 11, 23, 3, tzinfo=UTC).timestamp()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_duration_as_a_moment_is_so_long_ago() -> None:
    before = kinds.now()
    found = kinds.moment("1h") + 3600
    assert before <= found <= kinds.now()


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12:00"])
def test_nothing_else_is_a_moment(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        kinds.moment(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v1", ImageIdentifier(image_tag="v1")),
        (DIGEST, ImageIdentifier(image_digest=DIGEST)),
        (f"v1@{DIGEST}", ImageIdentifier(image_tag="v1", image_digest=DIGEST)),
    ],
)
def test_an_image_is_named_by_tag_digest_or_both(text: str, meant: ImageIdentifier) -> None:
    assert kinds.image_id(text) == meant


def test_a_hundred_images_are_a_call_and_one_more_is_not() -> None:
    assert len(kinds.image_ids(("v",) * 100)) == 100
    with pytest.raises(click.UsageError, match="not more than 100"):
        kinds.image_ids(("v",) * 101)
