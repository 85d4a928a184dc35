"""The targets take turns, and none of them has a better place than the others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from bench.comparison import in_turn
from bench.results import Sample
from bench.workloads import FULL, Workload


def order(targets: str, rounds: int, warm_up: int = 0) -> tuple[str, dict[str, int]]:
    """In which order targets were measured, and how many samples each has."""
    asked: list[str] = []

    def prepare(target: Any, _: object) -> Any:
        def run() -> Sample:
            asked.append(target.name)
            return Sample(1)

        return run

    workload = Workload("work", "some work", "/s", frozenset(), prepare)
    named: Any = [SimpleNamespace(name=name) for name in targets]
    found = in_turn(workload, named, rounds, FULL, warm_up)
    return "".join(asked), {name: len(samples) for name, samples in found.items()}


def test_each_round_begins_with_another_target() -> None:
    assert order("ABC", 3) == ("ABCBCACAB", {"A": 3, "B": 3, "C": 3})


def test_a_round_to_warm_up_is_not_counted() -> None:
    assert order("AB", 1, warm_up=1) == ("ABBA", {"A": 1, "B": 1})


@pytest.mark.parametrize("rounds", [0, 2])
def test_without_targets_nothing_is_measured(rounds: int) -> None:
    assert order("", rounds) == ("", {})
