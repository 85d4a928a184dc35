"""What the tests of real clients share: engines for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import daemons
from support.shell import Shell


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """A docker engine of this test process."""
    with daemons.docker_engine() as host:
        yield host


@pytest.fixture
def engine(shell: Shell, docker_host: str) -> Iterator[Shell]:
    """A shell with a docker engine that has no images before and after."""
    shell.environment["DOCKER_HOST"] = docker_host
    yield shell
    if images := shell.run("docker", "image", "ls", "--quiet", "--no-trunc").split():
        shell.run("docker", "image", "rm", "--force", *dict.fromkeys(images))


@pytest.fixture(scope="session")
def containerd_address() -> Iterator[str]:
    """A containerd of this test process."""
    with daemons.containerd() as address:
        yield address
