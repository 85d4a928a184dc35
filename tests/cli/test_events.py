"""`wharfinger events`."""

from __future__ import annotations

from support.command_line import CommandLine
from support.content import image
from support.oci import Oci


def test_what_happened_is_listed_oldest_first(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1")
    [answer] = wharfinger.documents("images", "rm", "app", "1")
    listed = wharfinger.table("events")
    assert [(row["ACTION"], row["REPOSITORY"], row["TAG"], row["DIGEST"], row["DELETION"]) for row in listed] == [
        ("PUSH", "app", "1", one.digest, "-"),
        ("DELETE", "app", "1", one.digest, answer["deletionId"]),
    ]


def test_the_events_of_one_repository_are_listed(wharfinger: CommandLine, oci: Oci) -> None:
    wharfinger.shell.create("web")
    oci.push("app", image(), "1")
    oci.push("web", image(), "1")
    assert {row["REPOSITORY"] for row in wharfinger.table("events", "web")} == {"web"}


def test_events_are_listed_from_a_moment_on(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    assert len(wharfinger.documents("events", "--since", "1h")) == 1
    assert wharfinger.documents("events", "--since", "2999-01-01") == []


def test_machines_get_the_event_as_eventbridge_has_it(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    [item] = wharfinger.documents("events")
    assert item["event"]["detail-type"] == "ECR Image Action"
    assert item["event"]["detail"]["image-tag"] == "1"
