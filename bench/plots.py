"""Bars as SVG: a workload below the other, each on a scale of its own, readable on light and on dark ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

from bench.results import Kind, Measured, Series, shown

_WIDTH: Final = 800
_NAMES: Final = 160  # of the targets, at the left
_VALUES: Final = 250  # at the right
_BARS: Final = _WIDTH - _NAMES - _VALUES
_ROW: Final = 24
_BAR: Final = 14
_TITLE: Final = 34
_MARGIN: Final = 12
_ROOM: Final = 1.06  # beside the longest bar, for the end of its spread
_STYLE: Final = """
svg { font: 13px system-ui, sans-serif; }
.ground { fill: #ffffff; } text { fill: #1f2328; } .title { font-weight: 600; } .note { fill: #59636e; }
.own { fill: #0969da; } .peer { fill: #afb8c1; } .ceiling { fill: none; stroke: #818b98; stroke-dasharray: 3 2; }
.spread { stroke: #1f2328; stroke-width: 1.5; } .value { font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117; } text { fill: #e6edf3; } .note { fill: #9198a1; }
.own { fill: #4493f8; } .peer { fill: #545d68; } .ceiling { stroke: #7d8590; } .spread { stroke: #e6edf3; }
}
"""


class Row(NamedTuple):
    """A target in a plot; `ratio` is how many times as good as the peer that is compared with."""

    name: str
    kind: Kind
    series: Series
    ratio: float | None


def plot(workloads: Sequence[Measured], kinds: Mapping[str, Kind], compared: Sequence[str]) -> str:
    """An SVG file. The ratios are to the first of `compared` that a workload has."""
    parts: list[str] = []
    top = _MARGIN
    for measured in workloads:
        parts.extend(_workload(measured, kinds, compared, top))
        top += _TITLE + _ROW * len(measured.series) + _MARGIN
    label = ", ".join(measured.title for measured in workloads)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" role="img" aria-label="{escape(label)}">'
    )
    ground = f'<rect class="ground" width="{_WIDTH}" height="{top}"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", ground, *parts, "</svg>"]) + "\n"


def _workload(measured: Measured, kinds: Mapping[str, Kind], compared: Sequence[str], top: int) -> Iterator[str]:
    peer = next((name for name in compared if name in measured.series), None)
    better = "less is better" if measured.less_is_better else "more is better"
    yield f'<text class="title" x="{_MARGIN}" y="{top + 18}">{escape(measured.title)}</text>'
    yield f'<text class="note" x="{_WIDTH - _MARGIN}" y="{top + 18}" text-anchor="end">{measured.unit}, {better}</text>'
    rows = [Row(name, kinds[name], series, _ratio(measured, series, peer)) for name, series in measured.series.items()]
    scale = _scale(rows)
    for number, row in enumerate(rows):
        yield from _row(row, scale, top + _TITLE + number * _ROW, "" if peer in {None, row.name} else f" × {peer}")


def _ratio(measured: Measured, series: Series, peer: str | None) -> float | None:
    if peer is None or not series.median or not measured.series[peer].median:
        return None
    ratio = series.median / measured.series[peer].median
    return 1 / ratio if measured.less_is_better else ratio


def _scale(rows: Sequence[Row]) -> float:
    """Pixels of one unit. A ceiling that is far above all others is cut off, so that the others can be seen."""
    longest = max((row.series.highest for row in rows if row.kind != "ceiling"), default=0)
    return _BARS / (longest * _ROOM) if longest else 0


def _row(row: Row, scale: float, top: int, unit: str) -> Iterator[str]:
    series = row.series
    middle = top + _ROW // 2
    length = max(min(series.median * scale, _BARS), 1)
    yield f'<text x="{_NAMES - 8}" y="{middle + 4}" text-anchor="end">{escape(row.name)}</text>'
    place = f'x="{_NAMES}" y="{middle - _BAR // 2}" width="{length:.1f}" height="{_BAR}"'
    yield f'<rect class="{row.kind}" {place} rx="2"/>'
    if len(series.samples) > 1 and series.highest * scale <= _BARS:
        yield _spread(_NAMES + series.lowest * scale, _NAMES + series.highest * scale, middle)
    elif series.median * scale > _BARS:
        yield f'<text class="note" x="{_NAMES + _BARS - 14}" y="{middle + 4}">…</text>'
    errors = f", {series.errors} errors" if series.errors else ""
    yield f'<text class="value" x="{_NAMES + _BARS + 10}" y="{middle + 4}">{shown(series.median)}{errors}</text>'
    if row.ratio is not None and unit:
        ratio = f"{shown(row.ratio)}{escape(unit)}"
        yield f'<text class="note value" x="{_WIDTH - _MARGIN}" y="{middle + 4}" text-anchor="end">{ratio}</text>'


def _spread(low: float, high: float, middle: int) -> str:
    """From the lowest to the highest."""
    ends = "".join(f"M{end:.1f} {middle - 3}v6" for end in (low, high))
    return f'<path class="spread" fill="none" d="M{low:.1f} {middle}H{high:.1f}{ends}"/>'
