"""`make bench-access`: what access control costs a pull. The same server with it and without, A B A B, in one run."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import bench.unguarded
from bench.targets import REPOSITORY, Target, Wharfinger, conditions
from bench.workloads import Workload, manifests_by_tag, missing, small_blobs

WORKLOADS = (
    Workload("manifest GET by tag with a Basic token, 32 connections", "/s", manifests_by_tag),
    Workload("blob GET of 100 bytes with a Basic token, 32 connections", "/s", small_blobs),
)


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
    if (reason := missing()) is not None:
        sys.exit(reason)
    with ExitStack() as stack:
        targets = [stack.enter_context(kind()) for kind in (Wharfinger, WithPolicies, Unguarded)]
        print(f"{conditions()}, {options.rounds} rounds, median (lowest to highest)")
        for workload in WORKLOADS:
            _compare(workload, targets, options.rounds)


def _compare(workload: Workload, targets: Sequence[Target], rounds: int) -> None:
    rates: list[list[float]] = [[] for _ in targets]
    for number in range(rounds + 1):
        for rate, target in zip(rates, targets, strict=True):
            found = workload.run(target)
            if number:
                rate.append(found)
    print(f"{workload.name}:")
    without = statistics.median(rates[-1])
    for target, rate in zip(targets, rates, strict=True):
        cost = without / statistics.median(rate)
        print(
            f"  {target.name}: {statistics.median(rate):,.0f} ({min(rate):,.0f} to {max(rate):,.0f}) {workload.unit}, "
            f"takes {cost:.2f} of the time without access control"
        )


if __name__ == "__main__":
    main()
