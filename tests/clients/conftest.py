"""What the tests of real clients share: engines for each test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import daemons


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
