"""What the tests of real clients share: a user's shell for each test, and engines for each test process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support import daemons
from support.server import Server
from support.shell import Shell

_LETTERS = str.maketrans("0123456789abcdef", "ghijklmnopabcdef")


@pytest.fixture(scope="session")
def exported(strict_server: Server) -> Mapping[str, str]:
    """What `wharfinger env` says of a server that checks signatures."""
    return strict_server.environment()


@pytest.fixture
def shell(exported: Mapping[str, str], tmp_path: Path) -> Shell:
    """A shell in a region that no other test uses, so its registry is empty."""
    return Shell(tmp_path / "home", exported, region=f"eu-{uuid.uuid4().hex.translate(_LETTERS)}-1")


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """A docker engine of this test process."""
    with daemons.docker_engine() as host:
        yield host


@pytest.fixture(scope="session")
def containerd_address() -> Iterator[str]:
    """A containerd of this test process."""
    with daemons.containerd() as address:
        yield address
