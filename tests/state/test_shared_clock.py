"""Nodes whose machines' clocks differ have one time: that of the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.nodes import Nodes
from support.state import Clock
from wharfinger.server import data
from wharfinger.state.clock import MINUTE, SECOND, SharedClock, system_clock

HERE, THERE = 1_800_000_000_000, 1_800_000_300_000


def told(machine: Clock, time: int, takes: int = 0) -> Callable[[], Awaitable[int]]:
    """A database that says what time it is, half of `takes` after it was asked."""

    async def ask() -> int:
        machine.move(takes)
        return time + takes // 2

    return ask


@pytest.mark.parametrize("off", [-5 * MINUTE, 0, 5 * MINUTE])
async def test_a_machine_whose_clock_is_off_tells_the_time_of_the_database(off: int) -> None:
    machine = Clock(HERE)
    clock = SharedClock(machine)
    assert await clock.follow(told(machine, HERE + off)) == off
    machine.move(SECOND)
    assert clock() == HERE + off + SECOND


async def test_the_way_to_the_database_and_back_is_allowed_for() -> None:
    machine = Clock(HERE)
    clock = SharedClock(machine)
    await clock.follow(told(machine, THERE, takes=SECOND))
    assert clock() == THERE + SECOND


async def test_an_answer_that_took_long_changes_nothing() -> None:
    machine = Clock(HERE)
    clock = SharedClock(machine)
    await clock.follow(told(machine, THERE, takes=MINUTE))
    assert clock() == machine()


async def test_a_node_begins_with_the_time_of_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = Nodes(tmp_path / "nodes", monkeypatch)
    settings = nodes.settings("one")
    await data.prepare(settings)

    async def time(_: object) -> int:
        return system_clock() + 60 * MINUTE

    async with nodes.node("two") as two:
        monkeypatch.setattr(type(two.db), "time", time)
    state = await data.open_state(settings)
    assert state.clock() - system_clock() > 59 * MINUTE
    await state.db.close()
