"""`wharfinger feed`."""

from __future__ import annotations

import json

import pytest

from support.command_line import CommandLine
from support.content import image
from support.oci import Oci

PUT = ("feed", "put", "cluster", "--ttl", "2h")


def test_what_a_feed_reports_is_held_until_it_reports_something_else(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "v1")
    wharfinger.text(*PUT, stdin=json.dumps([f"{wharfinger.shell.registry}/app:v1"]))
    [row] = wharfinger.table("images", "rm", "app", "v1", status=3)
    assert "feed cluster" in row["WHY"]
    wharfinger.text(*PUT, stdin="[]")
    wharfinger.text("images", "rm", "app", "v1")


def test_a_feed_is_read_from_a_file(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "v1")
    file = wharfinger.shell.home / "images.json"
    file.write_text('["app:v1"]')
    wharfinger.text(*PUT, str(file))
    assert {item["feedName"] for item in wharfinger.documents("hold", "ls", "app")} == {"cluster"}


def test_references_that_lead_to_nothing_here_are_named(wharfinger: CommandLine) -> None:
    printed = wharfinger.text(*PUT, stdin='["app:nope"]')
    assert printed.splitlines()[-1] == "not here: app:nope"


def test_feeds_are_listed_with_the_time_when_they_are_due(wharfinger: CommandLine) -> None:
    [put] = wharfinger.documents(*PUT, stdin="[]")
    [row] = wharfinger.table("feed", "ls")
    assert (row["FEED"], row["LATE"], row["HOLDS"]) == ("cluster", "-", "0")
    assert put["feed"]["lateAt"] - put["feed"]["reportedAt"] == 7200


def test_a_feed_that_is_taken_away_takes_its_holds_along(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "v1")
    wharfinger.text(*PUT, stdin='["app:v1"]')
    wharfinger.text("feed", "rm", "cluster")
    assert wharfinger.documents("feed", "ls") == wharfinger.documents("hold", "ls") == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", "app:v1", '["a"'])
def test_a_feed_is_a_list_of_texts(wharfinger: CommandLine, text: str) -> None:
    assert "is no JSON list of image references" in wharfinger.refused(*PUT, status=2, stdin=text)


def test_a_feed_that_is_not_there_is_a_failure(wharfinger: CommandLine) -> None:
    assert wharfinger.refused("feed", "rm", "nope").startswith("wharfinger: ")
