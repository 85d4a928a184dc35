"""The data directory of a node without the name of its database: nothing begins anew there, and the cure is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import postgresql
from support.server import Server
from wharfinger.state.db.sqlite import FILE


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a server ran that shares its database."""
    directory = tmp_path_factory.mktemp("nodes") / "node"
    with Server(directory, open=True, database=postgresql.database_of(directory)):
        pass
    yield directory
    postgresql.empty_databases_of(directory)


@pytest.mark.parametrize("command", ["serve", "env", "usage", "doctor", "scrub", "migrate"])
def test_it_is_said_that_the_rows_are_elsewhere_and_nothing_is_made(node: Path, command: str) -> None:
    before = set(node.iterdir())
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("WHARFINGER_", "AWS_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "wharfinger", command, "--data", str(node)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert ended.returncode == 1
    assert "name it with --database, or as WHARFINGER_DATABASE" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert set(node.iterdir()) == before
    assert not (node / FILE).exists()
