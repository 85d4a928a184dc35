"""The page says what the results say, and its plots can be drawn."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from bench.page import PAGE, agree, both, files
from bench.plots import plot
from bench.results import About, Measured, Report, Sample, Series, Verdict, from_json, shown


def series(*values: float, errors: int = 0) -> Series:
    return Series(tuple(Sample(value, errors, p99=value / 10) for value in values))


MEASURED = Measured(
    "pull",
    "pulling",
    "pull of <much>",
    "MiB/s",
    less_is_better=False,
    series={"ours": series(90, 100, 110), "docker-registry": series(50), "fast": series(900), "top": series(5000)},
    verdicts=(Verdict("at least 8 × docker-registry", "ours", 2.0, met=False),),
)
REPORT = Report(
    began="2026-01-02T03:04:05+00:00",
    short=False,
    rounds=3,
    machine={"cores": "2"},
    targets=(
        About("ours", "own", "1", "all"),
        About("docker-registry", "peer", "2", "some"),
        About("fast", "peer", "3", "nothing"),
        About("top", "ceiling", "4", "reads only"),
    ),
    left_out=("zot is not installed",),
    workloads=(MEASURED,),
)


@pytest.fixture
def page() -> str:
    return files(REPORT)[PAGE]


def test_the_page_has_each_bar_with_what_was_reached(page: str) -> None:
    assert "| pull of <much> | at least 8 × docker-registry | 2.00 | **not met** |" in page


def test_what_the_rounds_leave_open_of_a_ratio_is_beside_it() -> None:
    verdict = Verdict("at least 8 × docker-registry", "ours", 2.0, met=False, least=1.8, most=2.2)
    measured = msgspec.structs.replace(MEASURED, verdicts=(verdict,))
    page = files(msgspec.structs.replace(REPORT, workloads=(measured,)))[PAGE]
    assert "| 2.00 (1.80 to 2.20) | **not met** |" in page


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [
        (2.1, 2.5, "2.30 (2.10 to 2.50) | **not met** |"),
        (2.3, 2.5, "2.30 (2.30 to 2.50), **apart** | **not met** |"),
    ],
)
def test_another_run_is_beside_the_first_and_where_they_are_apart_it_says_so(
    least: float, most: float, shown: str
) -> None:
    one, other = (
        Verdict("at least 8 × docker-registry", "ours", ratio, met=False, least=bottom, most=top)
        for ratio, bottom, top in ((2.0, 1.8, 2.2), (2.3, least, most))
    )
    first, again = (
        msgspec.structs.replace(REPORT, workloads=(msgspec.structs.replace(MEASURED, verdicts=(verdict,)),))
        for verdict in (one, other)
    )
    assert f"| **not met** | {shown}" in files(first, again)[PAGE]
    assert agree(one, other) == ("apart" not in shown)


def test_a_figure_has_its_spread(page: str) -> None:
    assert "| pull of <much>, MiB/s | 100 (90.0 to 110), p99 10.0 ms | 50.0" in page


def test_the_page_says_who_is_faster_but_ceilings(page: str) -> None:
    slower = page.partition("## Where it is slower")[2].partition("## ")[0].split("\n")
    assert [line for line in slower if line.startswith("- ")] == ["- pull of <much>: fast has 900 against 100 MiB/s."]


def test_the_page_names_what_was_left_out_and_the_durability_of_the_others(page: str) -> None:
    assert "| fast | 3 | nothing |" in page
    assert "Left out: zot is not installed." in page


def test_results_are_the_same_after_a_way_through_json() -> None:
    assert from_json(REPORT.to_json()) == REPORT


def test_a_plot_is_well_formed_and_says_what_it_shows() -> None:
    kinds = {target.name: target.kind for target in REPORT.targets}
    drawn = ElementTree.fromstring(plot([MEASURED], kinds, ["docker-registry"]))
    texts = {element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"pull of <much>", "ours", "100", "2.00 × docker-registry", "18.0 × docker-registry"} <= texts


def test_no_bar_is_longer_than_the_room_for_bars() -> None:
    kinds = {target.name: target.kind for target in REPORT.targets}
    drawn = ElementTree.fromstring(plot([MEASURED], kinds, []))
    bars = [element for element in drawn.iter("{http://www.w3.org/2000/svg}rect") if element.get("rx")]
    assert max(float(bar.attrib["x"]) + float(bar.attrib["width"]) for bar in bars) <= 550


def test_with_less_being_better_the_faster_one_is_so_many_times_as_good() -> None:
    one = Measured(
        "start", "g", "start", "s", less_is_better=True, series={"a": series(1), "docker-registry": series(3)}
    )
    assert "3.00 × docker-registry" in plot([one], {"a": "own", "docker-registry": "peer"}, ["docker-registry"])


@pytest.mark.parametrize(("value", "text"), [(0.125, "0.12"), (12.34, "12.3"), (123.4, "123"), (54321.9, "54,322")])
def test_figures_have_as_many_digits_as_tell_something(value: float, text: str) -> None:
    assert shown(value) == text


def test_the_median_of_an_even_number_of_rounds_lies_between_two() -> None:
    found = series(4, 1, 2, 100, errors=1)
    assert (found.median, found.lowest, found.highest, found.errors) == (3, 1, 100, 4)


def test_the_page_in_the_documentation_is_made_from_the_results() -> None:
    made = files(*both())
    stale = [path.name for path, text in made.items() if Path(path).read_text() != text]
    assert stale == [], "run `make bench-page`"
