"""`wharfinger rotate-master-key` beside a server that runs, and what it says where it cannot be done."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support.nodes import Nodes
from support.oci import Oci
from support.poll import until
from support.registry import new_password
from support.server import Server
from wharfinger.cli.main import main
from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.state.keyfiles import KeyFiles


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with Server(directory) as running:
        yield running


@pytest.fixture
def password(server: Server) -> str:
    """Handed out before anything is rotated."""
    found = server.environment()
    return new_password(server.ecr(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]))


def rotate(directory: Path, *options: object, database: str = "") -> Result:
    command = ["rotate-master-key", "--data", str(directory), *map(str, options)]
    return CliRunner().invoke(main, command, env={"WHARFINGER_DATABASE": database} if database else {})


def lets_in(server: Server, password: str) -> bool:
    return Oci(server.endpoint, password).get("/v2/").status == 200


def replace_workers(server: Server) -> None:
    """Kill all, and wait for those that take their place."""
    before = set(server.workers())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(server.workers()) - before) == len(before), "the workers are replaced")
    server.wait()


@pytest.mark.about_sqlite
@pytest.mark.parametrize("elsewhere", [True, False], ids=["elsewhere", "in place"])
def test_a_server_that_runs_goes_on_through_a_rotation_also_with_new_workers(
    server: Server, password: str, tmp_path: Path, elsewhere: bool
) -> None:
    assert rotate(server.directory, *(["--to", tmp_path / "key"] if elsewhere else [])).exit_code == 0
    assert lets_in(server, password)
    replace_workers(server)
    assert lets_in(server, password)


@pytest.mark.about_sqlite
def test_from_the_next_start_on_the_old_master_key_is_not_needed_and_good_for_nothing(
    server: Server, password: str, tmp_path: Path
) -> None:
    before, new = server.environment(), tmp_path / "key"
    told = rotate(server.directory, "--to", new).output
    assert f"Set master_key to {new} and start the server again" in told
    server.stop()
    server.settings["master_key"] = new
    with server:
        assert lets_in(server, password)
        refused = CliRunner().invoke(main, ["env", "--data", str(server.directory)])
        assert f"{server.directory / 'master.key'} is not the one that" in refused.output
        (server.directory / "master.key").unlink()
        replace_workers(server)
        assert lets_in(server, password)
        environment = server.environment(**{"master-key": str(new)})
        assert environment == before


def test_in_place_it_says_which_file_is_new(directory: Path) -> None:
    keys = made(directory)
    old = keys.master.read_bytes()
    assert rotate(directory).output.startswith(f"{keys.master} is new, ")
    assert keys.master.read_bytes() != old


@pytest.mark.parametrize("to", ["missing/key", "file/key", "directory"])
def test_a_place_that_cannot_be_written_is_named_and_the_present_key_stays_good(
    directory: Path, tmp_path: Path, to: str
) -> None:
    keys = made(directory)
    before = keys.read().key("a")
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    result = rotate(directory, "--to", tmp_path / to)
    assert (result.exit_code, str(tmp_path / to) in result.output) == (1, True)
    assert (keys.read().key("a"), keys.masters()) == (before, 1)


def test_where_there_are_no_keys_nothing_is_made(directory: Path, tmp_path: Path) -> None:
    directory.mkdir()
    result = rotate(directory, "--to", tmp_path / "key")
    assert (result.exit_code, f"no master key at {directory}" in result.output) == (1, True)
    assert list(directory.iterdir()) == []
    assert not (tmp_path / "key").exists()


def test_a_data_directory_that_does_not_exist_is_named(directory: Path) -> None:
    result = rotate(directory)
    assert (result.exit_code, f"{directory} does not exist" in result.output) == (1, True)


def made(directory: Path) -> KeyFiles:
    """Keys of a new data directory."""
    directory.mkdir()
    keys = KeyFiles(directory, directory / "master.key")
    keys.make()
    return keys


# --- where nodes share a database ----------------------------------------------------------------------------


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of one that was started."""
    settings = Nodes(tmp_path / "nodes", monkeypatch).settings("one")
    asyncio.run(data.prepare(settings))
    return settings


def rotate_of(node: Settings, *options: object) -> Result:
    return rotate(node.directory, *options, database=node.database)


def test_nodes_get_a_new_master_key_in_two_steps(node: Settings, tmp_path: Path) -> None:
    new = tmp_path / "new"
    told = rotate_of(node, "--to", new).output
    assert f"{new} opens the data key in the database now, and so does {node.directory / 'master.key'}." in told
    assert "rotate-master-key --finish" in told
    told = rotate_of(node, "--master-key", new, "--finish").output
    assert f"{new} opens the data key in the database; 1 older master key(s) do so no more." in told
    refused = rotate_of(node, "--finish")
    assert (refused.exit_code, "does not open the data key" in refused.output) == (1, True)


@pytest.mark.parametrize("options", [(), ("--to", "new", "--finish")], ids=["in place", "both at once"])
def test_what_would_shut_other_nodes_out_is_refused(node: Settings, options: tuple[str, ...]) -> None:
    before = (node.directory / "master.key").read_bytes()
    result = rotate_of(node, *options)
    assert (result.exit_code, "make the new one with --to, give it to every node" in result.output) == (2, True)
    assert (node.directory / "master.key").read_bytes() == before


def test_one_machine_has_nothing_to_finish(directory: Path) -> None:
    keys = made(directory)
    result = rotate(directory, "--finish")
    assert (result.exit_code, "a start with the new key does it" in result.output) == (2, True)
    assert keys.masters() == 1
