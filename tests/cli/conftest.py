"""What the tests of the command line share: a user's shell with the repository `app`, and a way to push to it."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from support.command_line import CommandLine
from support.oci import Oci
from support.server import Server
from support.shell import Shell
from support.strict import document


@pytest.fixture
def wharfinger(shell: Shell) -> CommandLine:
    """The command, with the repository `app` in a registry of its own."""
    shell.create("app")
    return CommandLine(shell)


@pytest.fixture
def oci(shell: Shell) -> Oci:
    """The data plane of the same registry."""
    return Oci(f"http://{shell.registry}", shell.password)


@pytest.fixture
def data(strict_server: Server) -> str:
    """The data directory of the server."""
    return str(strict_server.directory)


@pytest.fixture
def name() -> str:
    """Of a user, role or policy that no other test has; all of them share an account."""
    return f"n{uuid.uuid4().hex}"


@pytest.fixture
def trust(tmp_path: Path) -> str:
    """A file with the policy that says who may have a role."""
    path = tmp_path / "trust.json"
    path.write_text(document({"Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}))
    return str(path)
