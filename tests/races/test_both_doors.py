"""Two doors, two workers, one truth: whatever is done through either, both show what a plain dictionary says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from support.both_doors import BothDoors
from support.disk import without_syncs
from support.state import Clock, opened, prepared
from wharfinger.state import State


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[BothDoors]]:
    """With one data directory for all examples, which is emptied between them."""
    without_syncs(monkeypatch)
    clock = Clock()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def open_both() -> tuple[State, State]:
            first = await stack.enter_async_context(prepared(tmp_path / "data", clock))
            second = await opened(tmp_path / "data", clock)
            stack.push_async_callback(second.db.close)
            return first, second

        states = runner.run(open_both())
        known = {"runner": runner, "states": states, "directory": tmp_path / "data", "clock": clock}
        yield type("BothDoorsHere", (BothDoors,), known)
        runner.run(stack.aclose())


@pytest.mark.timeout(600)  # to make a failure short takes its time
def test_both_doors_always_agree_with_a_plain_dictionary(machine: type[BothDoors]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
