"""`wharfinger provider`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.issuer import rsa_key
from support.shell import Shell

GITHUB = "https://token.actions.githubusercontent.com"


@pytest.fixture
def wharfinger(shell: Shell) -> Iterator[CommandLine]:
    """The command; the providers that a test adds go with it."""
    command = CommandLine(shell)
    yield command
    for found in command.documents("provider", "list"):
        command.text("provider", "delete", found["issuer"])


def test_a_provider_is_added_and_listed(wharfinger: CommandLine) -> None:
    wharfinger.text("provider", "add", GITHUB, "--audience", "sts.amazonaws.com", "--audience", "other")
    [row] = wharfinger.table("provider", "list")
    assert (row["ISSUER"], row["KEYS"], row["DECLARED"]) == (GITHUB, "asked for", "no")
    assert row["ARN"].endswith(":oidc-provider/token.actions.githubusercontent.com")
    [document] = wharfinger.documents("provider", "list")
    assert document["audiences"] == ["sts.amazonaws.com", "other"]


@pytest.mark.parametrize("where", ["file", "stdin"])
def test_keys_are_read_from_a_file_where_the_issuer_cannot_be_asked(
    wharfinger: CommandLine, tmp_path: Path, where: str
) -> None:
    keys = json.dumps({"keys": [rsa_key().public]})
    (tmp_path / "keys.json").write_text(keys)
    file = str(tmp_path / "keys.json") if where == "file" else "-"
    wharfinger.text("provider", "add", GITHUB, "--audience", "a", "--keys", file, stdin=keys)
    [row] = wharfinger.table("provider", "list")
    assert row["KEYS"] == "given"


def test_an_issuer_without_an_audience_is_wrong_usage(wharfinger: CommandLine) -> None:
    assert "--audience" in wharfinger.refused("provider", "add", GITHUB, status=2)


def test_a_provider_that_is_not_there_cannot_be_deleted(wharfinger: CommandLine) -> None:
    told = wharfinger.refused("provider", "delete", GITHUB)
    assert told == f"wharfinger: There is no identity provider '{GITHUB}'"
