"""`wharfinger plan`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from support.command_line import CommandLine, rows
from support.content import Image, image
from support.oci import Oci


@pytest.fixture
def images(wharfinger: CommandLine, oci: Oci) -> Mapping[str, Image]:
    """Three images, by their tags."""
    found = {tag: image() for tag in ("pr-1", "pr-2", "v1")}
    for tag, one in found.items():
        oci.push("app", one, tag)
    return found


@pytest.fixture
def plan(wharfinger: CommandLine, images: Mapping[str, Image]) -> str:
    """A plan for two of them."""
    [made] = wharfinger.documents("plan", "create", "--include-tag", "pr-*", "--description", "old pull requests")
    return str(made["planId"])


def test_a_plan_tells_how_many_images_go_and_how_to_go_on(wharfinger: CommandLine, images: Mapping[str, Image]) -> None:
    printed = wharfinger.text("plan", "create", "--include-tag", "pr-*")
    told = dict(line.split(maxsplit=1) for line in printed.splitlines() if line.startswith(("plan", "status")))
    assert told["status"] == "ready"
    assert printed.splitlines()[-2:] == [
        f"To see each image: wharfinger plan show {told['plan']}",
        f"To delete them: wharfinger plan run {told['plan']}",
    ]
    assert wharfinger.documents("bin", "ls") == []


@pytest.mark.parametrize(
    ("options", "filters"),
    [
        ([], {}),
        (["--repository", "app", "--repository", "team/*"], {"repositories": ["app", "team/*"]}),
        (["--tag-status", "orphaned"], {"tagStatus": "ORPHANED"}),
        (["--include-tag", "v*", "--include-tag", "/x+/"], {"includeTags": ["v*", "/x+/"]}),
        (["--exclude-tag", "latest"], {"excludeTags": ["latest"]}),
        (["--keep-newest", "3"], {"keepNewest": 3}),
        (["--keep-newest", "3", "--group-by", "/^(a|b)/"], {"keepNewest": 3, "groupBy": "/^(a|b)/"}),
        (["--larger-than", "100MiB"], {"largerThan": 100 * 1024**2}),
        (["--label", "a=b=c", "--label", "d="], {"labels": {"a": "b=c", "d": ""}}),
        (["--artifact-type", "application/x"], {"artifactTypes": ["application/x"]}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_filter_of_the_service_has_an_option(
    wharfinger: CommandLine, options: list[str], filters: dict[str, Any]
) -> None:
    [made] = wharfinger.documents("plan", "create", *options)
    assert made["filters"] == filters


@pytest.mark.parametrize(
    ("option", "member"), [("--older-than", "pushedBefore"), ("--not-pulled-for", "notPulledSince")]
)
def test_a_filter_of_time_is_so_long_ago(wharfinger: CommandLine, option: str, member: str) -> None:
    [made] = wharfinger.documents("plan", "create", option, "30d")
    assert made["createdAt"] - made["filters"][member] == pytest.approx(30 * 86400, abs=60)


@pytest.mark.parametrize(
    "options",
    [
        ["--older-than", "30"],
        ["--larger-than", "big"],
        ["--label", "a"],
        ["--tag-status", "x"],
        ["--keep-newest", "-1"],
    ],
    ids=lambda options: options[0],
)
def test_an_option_that_cannot_be_read_is_wrong_usage(wharfinger: CommandLine, options: list[str]) -> None:
    assert options[0] in wharfinger.refused("plan", "create", *options, status=2)


def test_each_image_is_shown_with_the_reason(wharfinger: CommandLine, plan: str) -> None:
    details, table = wharfinger.text("plan", "show", plan).split("\n\n")
    assert "old pull requests" in details
    shown = {row["TAGS"]: row for row in rows(table)}
    assert {tag: row["VERDICT"] for tag, row in shown.items()} == {"pr-1": "delete", "pr-2": "delete", "v1": "keep"}
    assert "pr-*" in shown["pr-1"]["REASON"]
    assert shown["v1"]["REASON"] != "-"


def test_what_refers_to_an_image_is_shown_once(wharfinger: CommandLine, oci: Oci) -> None:
    subject = image()
    oci.push("app", subject, "v1")
    oci.push("app", image(subject=subject, artifact_type="application/spdx+json"))
    [made] = wharfinger.documents("plan", "create")
    assert made["imageCount"] == len(wharfinger.documents("plan", "show", made["planId"], "--going")) - 1 == 2


@pytest.mark.parametrize(("option", "tags"), [("--going", {"pr-1", "pr-2"}), ("--staying", {"v1"})])
def test_only_those_that_go_or_stay_are_shown(wharfinger: CommandLine, plan: str, option: str, tags: set[str]) -> None:
    found, *listed = wharfinger.documents("plan", "show", plan, option)
    assert found["planId"] == plan
    assert {item["imageTags"][0] for item in listed} == tags


def test_a_dry_run_shows_what_would_go_and_leaves_it(wharfinger: CommandLine, plan: str) -> None:
    assert [row["TAGS"] for row in wharfinger.table("plan", "run", plan, "--dry-run")] == ["pr-1", "pr-2"]
    assert set(wharfinger.shell.tags()) == {"pr-1", "pr-2", "v1"}


def test_a_plan_is_run_to_its_end_and_undone(wharfinger: CommandLine, plan: str, images: Mapping[str, Image]) -> None:
    [done] = wharfinger.documents("plan", "run", plan, "--reason", "spring cleaning")
    assert (done["status"], done["deletedCount"], done["skippedCount"]) == ("EXECUTED", 2, 0)
    assert set(wharfinger.shell.tags()) == {"v1"}
    assert {item["reason"] for item in wharfinger.documents("bin", "ls")} == {"spring cleaning"}
    [undone] = wharfinger.documents("plan", "undo", plan)
    assert undone["status"] == "UNDONE"
    assert wharfinger.shell.tags() == {tag: one.digest for tag, one in images.items()}


def test_what_was_skipped_is_shown_with_the_reason_and_the_status(wharfinger: CommandLine, oci: Oci, plan: str) -> None:
    oci.push("app", image(), "pr-2")
    details, table, told = wharfinger.text("plan", "run", plan, status=3).split("\n\n")
    assert "executed" in details
    [row] = rows(table)
    assert (row["TAGS"], row["OUTCOME"]) == ("pr-2", "skipped")
    assert "tags changed" in row["WHY"]
    assert told == f"To undo it: wharfinger plan undo {plan}\n"


def test_what_could_not_be_brought_back_is_shown_with_the_reason_and_the_status(
    wharfinger: CommandLine, plan: str
) -> None:
    wharfinger.text("plan", "run", plan)
    wharfinger.text("bin", "empty", "--all")
    details, table = wharfinger.text("plan", "undo", plan, status=3).split("\n\n")
    assert "undone" in details
    assert {(row["TAGS"], row["OUTCOME"]) for row in rows(table)} == {("pr-1", "deleted"), ("pr-2", "deleted")}


def test_without_waiting_the_plan_is_left_to_the_server(wharfinger: CommandLine, plan: str) -> None:
    [begun] = wharfinger.documents("plan", "run", plan, "--no-wait")
    assert begun["status"] in {"EXECUTING", "EXECUTED"}


def test_a_plan_that_was_run_is_refused(wharfinger: CommandLine, plan: str) -> None:
    wharfinger.text("plan", "run", plan)
    assert wharfinger.refused("plan", "run", plan).startswith("wharfinger: ")


def test_plans_are_listed_and_forgotten(wharfinger: CommandLine, plan: str) -> None:
    [row] = wharfinger.table("plan", "ls")
    assert (row["PLAN"], row["STATUS"], row["IMAGES"]) == (plan, "ready", "2")
    assert row["DESCRIPTION"] == "old pull requests"
    wharfinger.text("plan", "rm", plan)
    assert wharfinger.documents("plan", "ls") == []
    assert wharfinger.refused("plan", "show", plan).startswith("wharfinger: ")


def test_a_terminal_shows_progress_and_cleans_up_behind_it(wharfinger: CommandLine, plan: str) -> None:
    shown = _on_a_terminal(wharfinger, "plan", "run", plan)
    assert shown.startswith("\rexecuting: ")
    assert shown.endswith(" \r")


def test_what_is_no_terminal_sees_no_progress(wharfinger: CommandLine, plan: str) -> None:
    assert wharfinger.shell.attempt(("wharfinger", "plan", "run", plan))[2] == ""


def _on_a_terminal(wharfinger: CommandLine, *arguments: str) -> str:
    """What a command writes to a terminal that is its standard error."""
    ours, theirs = os.openpty()
    try:
        subprocess.run(
            ["wharfinger", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=wharfinger.shell.environment,
            timeout=60,
        )
        return os.read(ours, 10_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
