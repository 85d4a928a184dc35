"""What the tests of several nodes share: one cluster for all, as it is shipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.cluster import Cluster, cluster
from support.daemons import docker_engine


@pytest.fixture(scope="session")
def nodes() -> Iterator[Cluster]:
    """Clients are sent to the store for layers."""
    with cluster(open=True, redirect=True) as made:
        yield made


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """A docker engine of this test process."""
    with docker_engine() as host:
        yield host
