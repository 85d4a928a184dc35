"""`wharfinger key`."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from support.command_line import CommandLine
from support.registry import error_of


@pytest.fixture
def user(wharfinger: CommandLine, name: str) -> str:
    """A user who may do everything: the name."""
    wharfinger.text("user", "create", name)
    wharfinger.text("policy", "attach", "AdministratorAccess", "--user", name)
    return name


def create(wharfinger: CommandLine, user: str) -> dict[str, str]:
    """A new key as the lines for the shell say it."""
    printed = wharfinger.text("key", "create", "--user", user).splitlines()
    exported = [line.removeprefix("export ").split("=", 1) for line in printed if line.startswith("export ")]
    assert printed[len(exported) :] == ["unset AWS_SESSION_TOKEN"]
    return dict(exported)


def describe(wharfinger: CommandLine, key: dict[str, str]) -> None:
    """A call that is signed with a key."""
    boto3.client(
        "ecr",
        endpoint_url=wharfinger.shell.exported["AWS_ENDPOINT_URL_ECR"],
        region_name="eu-central-1",
        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
    ).describe_repositories()


def test_a_key_is_printed_for_the_shell(wharfinger: CommandLine, user: str) -> None:
    key = create(wharfinger, user)
    assert key.keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    describe(wharfinger, key)


def test_keys_are_listed_with_their_last_use_and_without_their_secrets(wharfinger: CommandLine, user: str) -> None:
    key = create(wharfinger, user)
    [row] = wharfinger.table("key", "list", "--user", user)
    assert (row["KEY"], row["USER"], row["STATE"], row["LAST USE"]) == (key["AWS_ACCESS_KEY_ID"], user, "active", "-")
    assert key["AWS_SECRET_ACCESS_KEY"] not in wharfinger.text("key", "list", "--user", user)


def test_the_callers_own_keys_are_listed_without_a_user(wharfinger: CommandLine) -> None:
    own = wharfinger.shell.exported["AWS_ACCESS_KEY_ID"]
    assert own in [row["KEY"] for row in wharfinger.table("key", "list")]


def test_a_key_is_disabled_enabled_and_removed(wharfinger: CommandLine, user: str) -> None:
    key = create(wharfinger, user)
    id_ = key["AWS_ACCESS_KEY_ID"]
    assert [row["STATE"] for row in wharfinger.table("key", "disable", id_)] == ["inactive"]
    with pytest.raises(ClientError) as caught:
        describe(wharfinger, key)
    assert error_of(caught)[0] == "UnrecognizedClientException"
    assert [row["STATE"] for row in wharfinger.table("key", "enable", id_)] == ["active"]
    describe(wharfinger, key)
    assert [row["KEY"] for row in wharfinger.table("key", "delete", id_)] == [id_]
    assert wharfinger.refused("key", "delete", id_) == f"wharfinger: There is no access key {id_}"


def test_a_key_of_a_user_that_is_not_there_is_a_failure(wharfinger: CommandLine, name: str) -> None:
    assert wharfinger.refused("key", "create", "--user", name) == f"wharfinger: There is no user '{name}'"
