"""`make bench`: this registry beside real peers and ceilings, in one run, in turn, with bars that it has to clear."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from bench import load
from bench.comparison import compare
from bench.table import table
from bench.targets import Missing
from bench.workloads import WORKLOADS, judged

_SHORT_ROUNDS = 1


def main() -> None:
    """Run what was asked for, print it, and keep it as JSON if a file is named."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("workload", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; default: all")
    parser.add_argument("--rounds", type=int, default=3, help="that are counted, after one to warm up; default: 3")
    parser.add_argument("--short", action="store_true", help="what has a bar, one round, about a minute")
    parser.add_argument(
        "--json", type=Path, help="write the results there; docs/performance.md is made from such a file"
    )
    options = parser.parse_args()
    unknown = set(options.workload) - set(WORKLOADS)
    if unknown:
        parser.error(f"there is no workload {', '.join(sorted(unknown))}")
    if options.rounds < 1:
        parser.error("there has to be a round")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))  # and the servers with it
    try:
        load.build()
    except Missing as missing:
        sys.exit(str(missing))
    names = options.workload or (judged() if options.short else list(WORKLOADS))
    report = None
    for report in compare(names, _SHORT_ROUNDS if options.short else options.rounds, options.short):
        if options.json:
            options.json.write_bytes(report.to_json())
    if report is None:
        sys.exit("nothing is left to measure")
    print(table(report))


if __name__ == "__main__":
    main()
