"""What all tests share: servers that really run, accounts of their own, and honesty about what was skipped."""

from __future__ import annotations

import itertools
import os
import shutil
import uuid
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest

from support import postgresql
from support.programs import HOW_TO_GET, find
from support.registry import Registry
from support.server import Server
from support.shell import Shell

# in CI nothing may be skipped: what is missing there is a failure
REQUIRE_ALL = os.environ.get("TEST_REQUIRE_ALL") == "1"
_ABOUT_SQLITE = "about SQLite"
_LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopabcdef")
_accounts = itertools.count(int.from_bytes(os.urandom(4)) * 100)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if postgresql.IN_USE and item.get_closest_marker("about_sqlite"):
        pytest.skip(_ABOUT_SQLITE)
    for mark in item.iter_markers("needs"):
        for program in mark.args:
            if find(program) is None:
                if REQUIRE_ALL:
                    pytest.fail(f"{program} is not installed: {HOW_TO_GET[program]}", pytrace=False)
                pytest.skip(f"{program} is not installed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    yield
    directory = getattr(item, "funcargs", {}).get("tmp_path")
    if directory is not None:
        postgresql.empty_databases_of(directory)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in report.user_properties:
                terminalreporter.write_line(f"{name}: {value}")
    skipped = [report.longrepr for report in terminalreporter.stats.get("skipped", ())]
    left_out = sum(isinstance(reason, tuple) and _ABOUT_SQLITE in reason[2] for reason in skipped)
    if left_out:
        terminalreporter.write_line(f"Left out {left_out} tests that are about the file of SQLite, or its own figures.")
    missing = {
        report.longrepr[2].removeprefix("Skipped: ").removesuffix(" is not installed")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    } & set(HOW_TO_GET)
    if missing:
        how = "; ".join(f"{program} ({HOW_TO_GET[program]})" for program in sorted(missing))
        terminalreporter.write_line(f"Skipped the tests that need programs which are not installed: {how}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One open server for the whole run: tests keep apart by using accounts of their own."""
    with Server(tmp_path_factory.mktemp("open"), open=True) as running:
        yield running


@pytest.fixture(scope="session")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that checks signatures, with two workers, as one would be run."""
    with Server(tmp_path_factory.mktemp("strict"), workers=2) as running:
        yield running


@pytest.fixture(scope="session")
def exported(strict_server: Server) -> Mapping[str, str]:
    """What `wharfinger env` says of a server that checks signatures."""
    return {**strict_server.environment(), **strict_server.where()}


@pytest.fixture
def shell(exported: Mapping[str, str], tmp_path: Path) -> Shell:
    """A shell in a region that no other test uses, so its registry is empty."""
    return Shell(tmp_path / "home", exported, region=f"eu-{uuid.uuid4().hex.translate(_LETTERS)}-1")


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return f"{next(_accounts) % 10**12:012d}"


@pytest.fixture
def registry(server: Server, account: str) -> Registry:
    """Both doors to an empty registry."""
    return Registry(server, account)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A data directory for a server of the test's own; the bytes go when the test ends."""
    yield tmp_path / "data"
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
