"""Bars are judged by the ratio of medians, and by nothing that was not measured."""

from __future__ import annotations

import pytest
from bench.bars import Bar, times, under
from bench.results import Measured, Sample, Series
from bench.workloads import WORKLOADS, judged

OURS = "wharfinger, per core"


def series(*values: float, errors: int = 0) -> Series:
    return Series(tuple(Sample(value, errors) for value in values))


def measured(**found: Series) -> Measured:
    """With our figures under `ours`."""
    named = {OURS if name == "ours" else name: one for name, one in found.items()}
    return Measured("work", "group", "some work", "MiB/s", less_is_better=False, series=named)


@pytest.mark.parametrize(("ours", "met"), [(79.9, False), (80.0, True)])
def test_at_least_so_many_times_another_is_met_from_there_on(ours: float, met: bool) -> None:
    verdict = times(8, "peer").judge(measured(ours=series(ours), peer=series(10)), {})
    assert (verdict.bar, verdict.ratio, verdict.met) == ("at least 8 × peer", ours / 10, met)


def test_what_is_compared_are_medians() -> None:
    verdict = times(2, "peer").judge(measured(ours=series(1, 30, 1000), peer=series(90, 10, 11)), {})
    assert verdict.ratio == pytest.approx(30 / 11)


def test_what_the_rounds_leave_open_is_lowest_against_highest() -> None:
    verdict = times(2, "peer").judge(measured(ours=series(20, 30, 40), peer=series(10, 8, 16)), {})
    assert (verdict.least, verdict.most) == (20 / 16, 40 / 8)


def test_of_two_others_the_lower_one_counts() -> None:
    verdict = times(0.6, "one", "two").judge(measured(ours=series(60), one=series(1000), two=series(100)), {})
    assert (verdict.bar, verdict.met) == ("at least 0.6 × the lower of one and two", True)


def test_with_one_of_two_others_missing_nothing_is_judged() -> None:
    verdict = times(0.6, "one", "two").judge(measured(ours=series(60), one=series(1000)), {})
    assert (verdict.ratio, verdict.met) == (None, None)


def test_without_our_own_figure_nothing_is_judged() -> None:
    assert times(1, "peer").judge(measured(peer=series(1)), {}).met is None


def test_beside_a_peer_that_did_nothing_nothing_is_judged() -> None:
    assert times(1, "peer").judge(measured(ours=series(1), peer=series(0)), {}).met is None


def test_with_an_error_of_ours_no_bar_is_met() -> None:
    assert times(1, "peer").judge(measured(ours=series(9, errors=1), peer=series(1)), {}).met is False


def test_errors_of_another_do_not_count_against_us() -> None:
    assert times(1, "peer").judge(measured(ours=series(9), peer=series(1, errors=1)), {}).met is True


@pytest.mark.parametrize(("ours", "met"), [(1.5, True), (1.6, False)])
def test_at_most_is_met_up_to_there(ours: float, met: bool) -> None:
    verdict = Bar(at_most=1.5, others=("peer",)).judge(measured(ours=series(ours), peer=series(1)), {})
    assert (verdict.bar, verdict.met) == ("at most 1.5 × peer", met)


def test_a_figure_by_itself_is_its_own_ratio() -> None:
    verdict = under(90, OURS).judge(measured(ours=series(70)), {})
    assert (verdict.bar, verdict.ratio, verdict.met) == ("at most 90 MiB/s", 70, True)


@pytest.mark.parametrize(("other", "met"), [(100, True), (130, False), (70, False)])
def test_two_workloads_are_equal_within_a_range(other: float, met: bool) -> None:
    bar = Bar(at_least=0.8, at_most=1.25, workload="other")
    verdict = bar.judge(measured(ours=series(100)), {"other": measured(ours=series(other))})
    assert (verdict.bar, verdict.met) == ("at least 0.8 and at most 1.25 × other", met)


def test_beside_a_workload_that_was_not_chosen_nothing_is_judged() -> None:
    assert Bar(at_least=0.8, workload="other").judge(measured(ours=series(1)), {}).met is None


def test_a_bar_names_only_what_there_is() -> None:
    from bench.targets import TARGETS  # noqa: PLC0415 - it starts nothing

    names = {kind.name: kind for kind in TARGETS}
    for workload in WORKLOADS.values():
        assert workload.named <= names.keys()
        assert all(workload.fits(names[name].doors) for name in workload.named)
        assert {bar.workload for bar in workload.bars} <= {"", *WORKLOADS}


def test_the_short_form_has_what_bars_are_about() -> None:
    assert {"put-image-first", "put-image-last", "push-200m"} <= set(judged())
    assert "push-chunks" not in judged()
