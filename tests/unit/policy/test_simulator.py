"""The evaluator and a published simulator decide alike."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from support.figures import note
from support.policy_cases import OWN, Case, Generator, Json
from support.policy_simulator import simulate
from wharfinger.domain.policy import ANONYMOUS, Kind, Policy, Principal, Request, decide, read

CASES = 3000


@pytest.mark.needs("node")
def test_thousands_of_cases_are_decided_as_a_published_simulator_decides_them(request: pytest.FixtureRequest) -> None:
    generator = Generator(seed=4)
    cases = [generator.case() for _ in range(CASES)]
    ours = [_decision(case) for case in cases]
    theirs = simulate(cases)
    decisions = Counter(theirs)
    note(request, "cases decided as by iam-simulate", f"{len(cases)}: {dict(decisions)}")
    different = [(case, our, their) for case, our, their in zip(cases, ours, theirs, strict=True) if our != their]
    assert different[:3] == []
    assert min(decisions.values()) > CASES // 10


def _decision(case: Case) -> str:
    decision = decide(
        Request(_principal(case), case.action, case.resource, OWN, _keys(case)),
        identity=[_policy(one, "identity") for one in case.identity],
        resource=[_policy(case.resource_policy, "trust" if case.is_trust else "repository")]
        if case.resource_policy
        else [],
        session=_policy(case.session, "session") if case.session else None,
    )
    return "Allowed" if decision.allowed else "ExplicitlyDenied" if decision.explicit else "ImplicitlyDenied"


def _principal(case: Case) -> Principal:
    if not case.principal:
        return ANONYMOUS
    account = case.principal.split(":")[4]
    if "assumed-role" in case.principal:
        return Principal("session", account, case.principal, f"arn:aws:iam::{account}:role/deploy")
    return Principal("user", account, case.principal)


def _keys(case: Case) -> dict[str, tuple[str, ...]]:
    return {name.lower(): (value,) if isinstance(value, str) else tuple(value) for name, value in case.keys.items()}


def _policy(body: Json, kind: Kind) -> Policy:
    return Policy(kind, read(json.dumps(body), kind))
