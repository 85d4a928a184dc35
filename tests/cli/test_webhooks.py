"""`wharfinger webhook`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.ports import free_port
from support.server import REGION, Server
from support.shell import Shell

SECRET = "0123456789abcdef"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Of a server that delivers to this machine, where nothing listens."""
    with Server(tmp_path_factory.mktemp("webhooks"), webhook_private=True) as server:
        yield server.environment()


@pytest.fixture
def wharfinger(exported: dict[str, str], tmp_path: Path) -> Iterator[CommandLine]:
    """The command; the webhook that a test adds goes with it."""
    command = CommandLine(Shell(tmp_path / "home", exported, REGION))
    yield command
    for hook in command.documents("webhook", "ls"):
        command.text("webhook", "rm", hook["name"])


@pytest.fixture(scope="module")
def url() -> str:
    return f"http://127.0.0.1:{free_port()}/events"


def test_a_webhook_is_added_and_listed(wharfinger: CommandLine, url: str) -> None:
    wharfinger.text("webhook", "add", "ci", url, "--repositories", "team/*")
    [row] = wharfinger.table("webhook", "ls")
    assert (row["WEBHOOK"], row["URL"], row["REPOSITORIES"], row["SIGNED"]) == ("ci", url, "team/*", "no")


@pytest.mark.parametrize("where", ["file", "stdin"])
def test_a_secret_is_read_from_where_no_list_of_processes_shows_it(
    wharfinger: CommandLine, url: str, tmp_path: Path, where: str
) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    file = str(tmp_path / "secret") if where == "file" else "-"
    printed = wharfinger.text("webhook", "add", "ci", url, "--secret-file", file, stdin=SECRET)
    assert wharfinger.table("webhook", "ls")[0]["SIGNED"] == "yes"
    assert SECRET not in printed


def test_a_webhook_is_removed(wharfinger: CommandLine, url: str) -> None:
    wharfinger.text("webhook", "add", "ci", url)
    assert [row["WEBHOOK"] for row in wharfinger.table("webhook", "rm", "ci")] == ["ci"]
    assert wharfinger.documents("webhook", "ls") == []


def test_a_webhook_that_is_not_there_is_a_failure(wharfinger: CommandLine) -> None:
    assert wharfinger.refused("webhook", "rm", "nope").startswith("wharfinger: ")


def test_an_address_that_is_none_is_a_failure(wharfinger: CommandLine) -> None:
    assert wharfinger.refused("webhook", "add", "ci", "example.com").startswith("wharfinger: ")
