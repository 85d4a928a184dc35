"""`wharfinger robot`."""

from __future__ import annotations

import pytest

from support.command_line import CommandLine
from support.content import image
from support.oci import Oci

CREATE = ("robot", "create", "ci", "--allow", "push", "--repository", "app")


def of(wharfinger: CommandLine, token: str) -> Oci:
    """The data plane as the robot `ci`, in the region of the command's registry."""
    return Oci(f"http://{wharfinger.shell.registry}", token, "ci")


def test_a_robots_token_is_printed_alone(wharfinger: CommandLine) -> None:
    token = wharfinger.text(*CREATE).removesuffix("\n")
    of(wharfinger, token).push("app", image(), "v1")
    assert list(wharfinger.shell.tags()) == ["v1"]


def test_robots_are_listed_with_what_they_may_do_and_without_their_tokens(wharfinger: CommandLine) -> None:
    token = wharfinger.text(*CREATE, "--allow", "delete", "--repository", "team/*").strip()
    [row] = wharfinger.table("robot", "list")
    assert (row["ROBOT"], row["ALLOWED"], row["REPOSITORIES"]) == ("ci", "push,delete", "app,team/*")
    assert (row["UNTIL"], row["LAST USE"]) == ("-", "-")
    assert token not in wharfinger.text("robot", "list", "--json")


def test_a_robot_for_some_time_says_until_when(wharfinger: CommandLine) -> None:
    [made] = wharfinger.documents(*CREATE, "--for", "90d")
    robot = made["robot"]
    assert robot["expiresAt"] - robot["createdAt"] == pytest.approx(90 * 86400, abs=60)


def test_a_robot_is_rotated(wharfinger: CommandLine) -> None:
    first = wharfinger.text(*CREATE).strip()
    second = wharfinger.text("robot", "rotate", "ci").strip()
    assert [of(wharfinger, token).get("/v2/").status for token in (first, second)] == [401, 200]


def test_a_robot_is_removed(wharfinger: CommandLine) -> None:
    token = wharfinger.text(*CREATE).strip()
    assert [row["ROBOT"] for row in wharfinger.table("robot", "delete", "ci")] == ["ci"]
    assert of(wharfinger, token).get("/v2/").status == 401
    assert wharfinger.refused("robot", "delete", "ci") == "wharfinger: There is no robot 'ci'"


@pytest.mark.parametrize("missing", ["--allow", "--repository"])
def test_a_robot_is_for_something_somewhere(wharfinger: CommandLine, missing: str) -> None:
    at = CREATE.index(missing)
    told = wharfinger.refused(*CREATE[:at], *CREATE[at + 2 :], status=2)
    assert missing in told
