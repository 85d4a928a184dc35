"""`wharfinger policy`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.strict import document

PULL = document({"Action": ["ecr:BatchGetImage"], "Resource": "*"})


@pytest.fixture
def put(wharfinger: CommandLine, name: str) -> str:
    """A policy: its name."""
    wharfinger.text("policy", "put", name, "-", stdin=PULL)
    return name


@pytest.mark.parametrize("where", ["file", "stdin"])
def test_a_policy_is_read_from_a_file_and_printed_as_it_was(
    wharfinger: CommandLine, name: str, tmp_path: Path, where: str
) -> None:
    (tmp_path / "policy.json").write_text(PULL)
    file = str(tmp_path / "policy.json") if where == "file" else "-"
    [row] = wharfinger.table("policy", "put", name, file, stdin=PULL)
    assert (row["POLICY"], row["BUILT IN"], row["DECLARED"]) == (name, "no", "no")
    assert wharfinger.text("policy", "get", name).strip() == PULL


def test_a_policy_is_got_as_a_document(wharfinger: CommandLine, put: str) -> None:
    [found] = wharfinger.documents("policy", "get", put)
    assert (found["policyName"], found["policyDocument"]) == (put, PULL)


def test_policies_are_listed_with_those_that_are_built_in(wharfinger: CommandLine, put: str) -> None:
    listed = {row["POLICY"]: row["BUILT IN"] for row in wharfinger.table("policy", "list")}
    assert (listed[put], listed["AdministratorAccess"]) == ("no", "yes")


def test_what_is_no_policy_is_a_failure_that_says_why(wharfinger: CommandLine, name: str) -> None:
    told = wharfinger.refused("policy", "put", name, "-", stdin=PULL.replace("Allow", "Perhaps"))
    assert told.startswith("wharfinger: The policy cannot be used: Statement[0].Effect")


def test_a_policy_is_attached_and_detached(wharfinger: CommandLine, put: str) -> None:
    wharfinger.text("user", "create", put)
    attached = wharfinger.table("policy", "attach", put, "--user", put)
    assert [row["POLICY"] for row in attached] == [put]
    told = wharfinger.refused("policy", "delete", put)
    assert told == f"wharfinger: The policy '{put}' is attached to user {put}: detach it first"
    assert wharfinger.documents("policy", "detach", put, "--user", put) == []
    assert [row["POLICY"] for row in wharfinger.table("policy", "delete", put)] == [put]


def test_a_policy_is_attached_to_a_role(wharfinger: CommandLine, put: str, trust: str) -> None:
    wharfinger.text("role", "create", put, "--trust", trust)
    assert [row["POLICY"] for row in wharfinger.table("policy", "attach", put, "--role", put)] == [put]


@pytest.mark.parametrize("options", [(), ("--user", "a", "--role", "b")], ids=["nobody", "both"])
@pytest.mark.parametrize("command", ["attach", "detach"])
def test_a_user_or_a_role_is_named(wharfinger: CommandLine, command: str, options: tuple[str, ...]) -> None:
    assert "--role" in wharfinger.refused("policy", command, "AdministratorAccess", *options, status=2)
