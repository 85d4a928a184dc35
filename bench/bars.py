"""How high the bars are, and whether a run cleared them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from bench.results import Measured, Sample, Series, Verdict
from bench.targets import DockerRegistry, Moto, Nginx, PerCore, PlainWrite, Sha256, Wharfinger, Zot

ONE: Final = Wharfinger.name
EACH: Final = PerCore.name
_ITSELF: Final = Series((Sample(1.0),))


class Bar(NamedTuple):
    """`at_least` or `at_most` so many times what others reach in this workload, or this registry in another one.

    Of several others the one that reaches less counts. With none at all it is the figure itself that is limited.
    """

    at_least: float | None = None
    at_most: float | None = None
    others: tuple[str, ...] = ()
    workload: str = ""
    target: str = EACH

    def text(self, unit: str) -> str:
        """As a sentence without a verb: `at least 8 × docker-registry`."""
        limits = (("at least", self.at_least), ("at most", self.at_most))
        limit = " and ".join(f"{kind} {number:g}" for kind, number in limits if number is not None)
        if self.workload:
            return f"{limit} × {self.workload}"
        if not self.others:
            return f"{limit} {unit}"
        other = self.others[0] if len(self.others) == 1 else f"the lower of {' and '.join(self.others)}"
        return f"{limit} × {other}"

    def judge(self, measured: Measured, others: Mapping[str, Measured]) -> Verdict:
        """What became of it, with the ratio of the medians; `others` are all workloads of the run by their names."""
        own = measured.series.get(self.target)
        beside = self._beside(measured, others)
        text = self.text(measured.unit)
        if own is None or beside is None or not beside.median:
            return Verdict(text, self.target, None, None)
        ratio = own.median / beside.median
        enough = self.at_least is None or ratio >= self.at_least
        met = enough and (self.at_most is None or ratio <= self.at_most) and own.errors == 0
        most = own.highest / beside.lowest if beside.lowest else None
        return Verdict(text, self.target, ratio, met, own.lowest / beside.highest, most)

    def _beside(self, measured: Measured, others: Mapping[str, Measured]) -> Series | None:
        if self.workload:
            other = others.get(self.workload)
            return other.series.get(self.target) if other is not None else None
        if not self.others:
            return _ITSELF
        found = [measured.series.get(name) for name in self.others]
        known = [series for series in found if series is not None]
        return min(known, key=lambda series: series.median) if len(known) == len(found) else None


def times(least: float, *others: str, target: str = EACH) -> Bar:
    """At least so many times what others reach."""
    return Bar(at_least=least, others=others, target=target)


def under(most: float, target: str) -> Bar:
    """The figure itself."""
    return Bar(at_most=most, target=target)


DOCKER: Final = DockerRegistry.name
ZOT: Final = Zot.name
NGINX: Final = Nginx.name
MOTO: Final = Moto.name
CEILINGS: Final = (Sha256.name, PlainWrite.name)
