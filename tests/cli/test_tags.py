"""`wharfinger tags`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from support.command_line import CommandLine
from support.content import image
from support.oci import Oci


def test_the_history_of_a_tag_says_what_it_pointed_to_newest_first(wharfinger: CommandLine, oci: Oci) -> None:
    one, other = image(), image()
    oci.push("app", one, "latest", "1")
    oci.push("app", other, "latest")
    wharfinger.text("images", "rm", "app", "latest")
    found = wharfinger.table("tags", "history", "app", "latest")
    assert [(row["ACTION"], row["DIGEST"], row["HOW"]) for row in found] == [
        ("DELETE", other.digest, "DeleteImages"),
        ("PUSH", other.digest, "PUT manifest"),
        ("PUSH", one.digest, "PUT manifest"),
    ]


def test_the_history_of_a_repository_is_that_of_all_its_tags(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1", "2")
    assert [row["TAG"] for row in wharfinger.table("tags", "history", "app")] == ["2", "1"]


def test_a_tag_that_never_was_has_no_history(wharfinger: CommandLine) -> None:
    assert wharfinger.documents("tags", "history", "app", "nope") == []


def test_what_a_tag_pointed_to_at_a_moment_is_told(wharfinger: CommandLine, oci: Oci) -> None:
    one, other = image(), image()
    oci.push("app", one, "latest")
    at = wharfinger.documents("tags", "history", "app", "latest")[0]["at"]
    oci.push("app", other, "latest")
    told = wharfinger.details("tags", "at", "app", "latest", _iso(at))
    assert (told["digest"], told["now"]) == (one.digest, "present")
    assert told.keys() >= {"since", "until"}


def test_where_a_deleted_image_is_in_the_bin_is_told(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    at = wharfinger.documents("tags", "history", "app", "1")[0]["at"]
    [answer] = wharfinger.documents("images", "rm", "app", "1")
    told = wharfinger.details("tags", "at", "app", "1", _iso(at))
    assert (told["now"], told["deletion"]) == ("in bin", answer["deletionId"])


def test_before_its_first_push_a_tag_pointed_to_nothing(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    assert "does not exist" in wharfinger.refused("tags", "at", "app", "1", "1d")


@pytest.mark.parametrize("time", ["yesterday", "1990-13-01"])
def test_what_is_no_time_is_wrong_usage(wharfinger: CommandLine, time: str) -> None:
    assert "is no time" in wharfinger.refused("tags", "at", "app", "1", time, status=2)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
