"""`make bench-access`: what access control costs a pull. The same server with it and without, A B A B, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import bench.unguarded
from bench import load
from bench.comparison import in_turn
from bench.results import Series, series_of, shown
from bench.targets import REPOSITORY, Missing, Target, Wharfinger, conditions
from bench.workloads import FULL, WORKLOADS, Workload

COMPARED: Final = ("manifest-by-tag", "blob-10k")
_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"]


def _document(actions: list[str], effect: str = "Allow", **more: object) -> str:
    statement = {"Effect": effect, "Action": actions, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class WithPolicies(Wharfinger):
    """Called by a user with a policy of its own, of a repository that has one, in a registry that has one."""

    name = "user with policies"

    def prepare(self) -> None:
        super().prepare()
        own = self.client("wharfinger")
        own.create_user(userName="puller")
        own.put_policy(policyName="pull", policyDocument=_document(_PULL, Resource="*"))
        own.attach_policy(policyName="pull", userName="puller")
        self.ecr.set_repository_policy(
            repositoryName=REPOSITORY, policyText=_document(["ecr:BatchDeleteImage"], "Deny", Principal="*")
        )
        self.ecr.put_registry_policy(
            policyText=_document(["ecr:ReplicateImage"], Principal={"AWS": "111122223333"}, Resource="*")
        )
        # what it pushes to measure with, it pushes as root; what is measured, it does as the user
        key = own.create_access_key(userName="puller")
        puller = self.client("ecr", key["accessKey"]["accessKeyId"], key["secretAccessKey"])
        token = puller.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        self.authorization = f"Basic {token}"


class Unguarded(Wharfinger):
    """Nobody is asked anything at the data plane."""

    name = "access control cut out"

    def command(self) -> list[str]:
        _, _, _, *arguments = super().command()
        return [sys.executable, str(Path(bench.unguarded.__file__)), *arguments]


def main() -> None:
    """Print the rate of each and the ratio to that without access control."""
    parser = argparse.ArgumentParser(prog="make bench-access", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    try:
        load.build()
    except Missing as missing:
        sys.exit(str(missing))
    with ExitStack() as stack:
        targets = [stack.enter_context(kind()) for kind in (Wharfinger, WithPolicies, Unguarded)]
        print(f"{', '.join(conditions().values())}, {options.rounds} rounds, median (lowest to highest)")
        for name in COMPARED:
            _compare(WORKLOADS[name], targets, options.rounds)


def _compare(workload: Workload, targets: Sequence[Target], rounds: int) -> None:
    found = series_of(in_turn(workload, targets, rounds, FULL, warm_up=1))
    print(f"{workload.title}:")
    without = found[Unguarded.name]
    for name, series in found.items():
        rate, cost = without.median / series.median, _processor(series) / _processor(without)
        print(
            f"  {name}: {shown(series.median)} ({shown(series.lowest)} to {shown(series.highest)}) {workload.unit}, "
            f"{_processor(series) * 1e6:.0f} µs of the processor each; takes {rate:.2f} of the time and {cost:.2f} of "
            "the processor that it takes without access control"
        )


def _processor(series: Series) -> float:
    """Seconds that the server takes of it for a request, whatever else the machine does meanwhile."""
    return statistics.median((sample.cpu or 0) / (sample.value * FULL.seconds) for sample in series.samples)


if __name__ == "__main__":
    main()
