"""`wharfinger hold`."""

from __future__ import annotations

import pytest

from support.command_line import CommandLine
from support.content import image
from support.oci import Oci


def test_a_hold_keeps_an_image_and_says_why(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "v1")
    [hold] = wharfinger.table("hold", "add", "app", "v1", "--reason", "the customer runs it")
    [row] = wharfinger.table("images", "rm", "app", "v1", status=3)
    assert row["RESULT"] == "failed"
    assert f"hold {hold['HOLD']} on v1: the customer runs it" in row["WHY"]


def test_what_is_let_go_can_be_deleted(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "v1")
    [hold] = wharfinger.table("hold", "add", "app", "v1", "--reason", "x")
    assert [row["HOLD"] for row in wharfinger.table("hold", "rm", hold["HOLD"])] == [hold["HOLD"]]
    wharfinger.text("images", "rm", "app", "v1")


def test_holds_are_listed_with_who_until_when_and_why(wharfinger: CommandLine) -> None:
    wharfinger.text("hold", "add", "app", "v*", "--reason", "releases")
    [row] = wharfinger.table("hold", "ls")
    assert (row["REPOSITORY"], row["IMAGE"], row["FEED"], row["UNTIL"]) == ("app", "v*", "-", "-")
    assert (row["BY"], row["REASON"]) == ("arn:aws:iam::000000000000:root", "releases")


def test_of_a_repository_those_are_listed_that_apply_to_it(wharfinger: CommandLine) -> None:
    for repository in ("app", "team/*", "*"):
        wharfinger.text("hold", "add", repository, "v1", "--reason", "x")
    listed = wharfinger.documents("hold", "ls", "team/app")
    assert {item["repositoryName"] for item in listed} == {"team/*", "*"}


def test_a_hold_for_some_time_says_until_when(wharfinger: CommandLine) -> None:
    [hold] = wharfinger.documents("hold", "add", "app", "v1", "--reason", "x", "--for", "30d")
    assert hold["expiresAt"] - hold["createdAt"] == pytest.approx(30 * 86400, abs=60)


def test_a_hold_has_a_reason(wharfinger: CommandLine) -> None:
    assert "--reason" in wharfinger.refused("hold", "add", "app", "v1", status=2)


def test_a_hold_that_is_not_there_is_a_failure(wharfinger: CommandLine) -> None:
    assert wharfinger.refused("hold", "rm", "123456").startswith("wharfinger: There is no hold 123456")
