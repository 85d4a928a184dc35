"""`wharfinger migrate`: the tables of a database are brought up to date, and what cannot be is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import postgresql
from support.server import Server


def wharfinger(*arguments: str, database: str = "", data: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WHARFINGER_")}
    environment |= {"WHARFINGER_DATABASE": database} if database else {}
    environment |= {"WHARFINGER_DATA": str(data)} if data else {}
    command = [sys.executable, "-m", "wharfinger", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=60)


@pytest.fixture
def database() -> str:
    """A PostgreSQL database without tables."""
    return postgresql.new_database()


def test_tables_are_made_once(database: str) -> None:
    first, second = (wharfinger("migrate", database=database) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    assert "before it was none" in first.stdout
    assert second.stdout.startswith("Nothing to do: ")


def test_a_server_makes_the_tables_of_an_empty_database_and_uses_them(database: str, directory: Path) -> None:
    with Server(directory, database=database, open=True) as server:
        server.ecr("123456789012").create_repository(repositoryName="app")
    assert postgresql.execute(database, "SELECT name FROM repositories") == [("app",)]


def test_a_server_on_older_tables_says_what_to_do(database: str, directory: Path) -> None:
    wharfinger("migrate", database=database)
    postgresql.execute(database, "UPDATE schema_version SET version = version - 1")
    refused = wharfinger("serve", database=database, data=directory)
    assert (refused.returncode, "Run `wharfinger migrate` once" in refused.stderr) == (1, True)


def test_tables_of_a_newer_version_are_left(database: str) -> None:
    wharfinger("migrate", database=database)
    postgresql.execute(database, "UPDATE schema_version SET version = 99, oldest = 99")
    refused = wharfinger("migrate", database=database)
    assert (refused.returncode, "from a newer Wharfinger" in refused.stderr) == (1, True)


def test_newer_tables_that_this_version_may_work_on_are_used(database: str, directory: Path) -> None:
    wharfinger("migrate", database=database)
    postgresql.execute(database, "UPDATE schema_version SET version = 99")
    with Server(directory, database=database, open=True) as server:
        assert server.ecr("123456789012").describe_repositories()["repositories"] == []


def test_a_database_that_is_away_is_said_to_be_so_without_its_password(directory: Path) -> None:
    away = "postgresql://wharfinger:s3cr3t@127.0.0.1:1/wharfinger"
    for command in ("migrate", "serve"):
        refused = wharfinger(command, database=away, data=directory)
        assert (refused.returncode, "cannot be reached" in refused.stderr) == (1, True)
        assert "s3cr3t" not in refused.stdout + refused.stderr


def test_the_tables_of_sqlite_are_brought_up_to_date_too(tmp_path: Path) -> None:
    assert "before it was none" in wharfinger("migrate", data=tmp_path).stdout
