"""What the tests of the command line share: a user's shell with the repository `app`, and a way to push to it."""

from __future__ import annotations

import pytest

from support.command_line import CommandLine
from support.oci import Oci
from support.server import Server
from support.shell import Shell


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
