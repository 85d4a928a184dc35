"""`wharfinger user` and `wharfinger role`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.command_line import CommandLine

ACCOUNT = "000000000000"


def test_a_user_is_made_and_listed(wharfinger: CommandLine, name: str) -> None:
    [made] = wharfinger.table("user", "create", name, "--tag", "team=a", "--tag", "url=http://a=b")
    assert (made["USER"], made["ARN"]) == (name, f"arn:aws:iam::{ACCOUNT}:user/{name}")
    assert (made["DECLARED"], made["TAGS"]) == ("no", "team=a,url=http://a=b")
    assert made in wharfinger.table("user", "list")


def test_a_user_is_shown_with_policies_and_keys(wharfinger: CommandLine, name: str) -> None:
    wharfinger.text("user", "create", name)
    wharfinger.text("policy", "attach", "AmazonEC2ContainerRegistryReadOnly", "--user", name)
    [key] = wharfinger.documents("key", "create", "--user", name)
    shown = wharfinger.text("user", "show", name)
    assert wharfinger.details("user", "show", name)["POLICIES"] == "AmazonEC2ContainerRegistryReadOnly"
    assert key["accessKey"]["accessKeyId"] in shown
    assert key["secretAccessKey"] not in shown


def test_a_user_is_shown_as_a_document(wharfinger: CommandLine, name: str) -> None:
    wharfinger.text("user", "create", name)
    [shown] = wharfinger.documents("user", "show", name)
    assert (shown["user"]["userName"], shown["policyNames"], shown["accessKeys"]) == (name, [], [])


def test_a_user_is_removed(wharfinger: CommandLine, name: str) -> None:
    wharfinger.text("user", "create", name)
    assert [row["USER"] for row in wharfinger.table("user", "delete", name)] == [name]
    assert wharfinger.refused("user", "show", name) == f"wharfinger: There is no user '{name}'"


@pytest.mark.parametrize("tag", ["team", "=a", ""])
def test_what_is_no_tag_is_wrong_usage(wharfinger: CommandLine, name: str, tag: str) -> None:
    assert "<key>=<value>" in wharfinger.refused("user", "create", name, "--tag", tag, status=2)


def test_a_role_is_made_and_listed(wharfinger: CommandLine, name: str, trust: str) -> None:
    [made] = wharfinger.table("role", "create", name, "--trust", trust, "--session", "2h")
    assert (made["ROLE"], made["SESSION SECONDS"]) == (name, "7200")
    assert made in wharfinger.table("role", "list")


def test_a_role_is_shown_with_its_trust_policy(wharfinger: CommandLine, name: str, trust: str) -> None:
    wharfinger.text("role", "create", name, "--trust", trust)
    wharfinger.text("policy", "attach", "AdministratorAccess", "--role", name)
    shown = wharfinger.text("role", "show", name)
    assert "AdministratorAccess" in shown
    assert "111122223333" in shown.split("\n\n")[1]


def test_of_a_role_what_is_given_is_changed(wharfinger: CommandLine, name: str, trust: str) -> None:
    wharfinger.text("role", "create", name, "--trust", trust, "--tag", "team=a")
    [before] = wharfinger.documents("role", "show", name)
    [after] = wharfinger.documents("role", "update", name, "--session", "12h")
    assert after == {**before["role"], "sessionSeconds": 43200}
    other = Path(trust).read_text().replace("111122223333", "444455556666")
    [after] = wharfinger.documents("role", "update", name, "--trust", "-", stdin=other)
    assert after["trustPolicy"] == other


def test_a_role_is_removed(wharfinger: CommandLine, name: str, trust: str) -> None:
    wharfinger.text("role", "create", name, "--trust", trust)
    assert [row["ROLE"] for row in wharfinger.table("role", "delete", name)] == [name]
    assert wharfinger.refused("role", "show", name) == f"wharfinger: There is no role '{name}'"
