"""Whatever is done through either door, of whichever node, all show what a plain dictionary says."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support.both_doors import BothDoors
from support.cluster import PROGRAMS, Cluster
from support.http_doors import HttpDoors
from support.invariants import broken
from support.registry import Registry

pytestmark = [pytest.mark.needs(*PROGRAMS), pytest.mark.timeout(900)]
_accounts = itertools.count(700_000_000_000)


class DoorsOfNodes(BothDoors):
    """Each example is in a registry of its own; the nodes collect by themselves, with the time that it is."""

    nodes: Cluster

    def doors(self) -> tuple[HttpDoors, HttpDoors]:
        self.registry = Registry(self.nodes, f"{next(_accounts)}")
        return HttpDoors(self.registry), HttpDoors(self.registry)

    def empty(self) -> None:
        """It is."""

    def create(self) -> None:
        self.registry.create()

    def let_time_pass(self) -> int | None:
        return None

    def collect_by(self, worker: int) -> None:
        """They do."""

    def look_behind_the_doors(self) -> None:
        """When all examples are over."""


@pytest.fixture
def machine(nodes: Cluster) -> Iterator[type[BothDoors]]:
    with asyncio.Runner() as runner:
        yield type("DoorsOfTheseNodes", (DoorsOfNodes,), {"runner": runner, "nodes": nodes})


def test_all_nodes_agree_with_a_plain_dictionary(machine: type[BothDoors], nodes: Cluster) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=15,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert broken(nodes.directory) == []
