"""Who may assume a role: it takes the policy of the role, whatever those of identities say."""

from __future__ import annotations

from typing import Any

import pytest

from support.policies import (
    ANN,
    BOB,
    JOB,
    OTHER,
    OWN,
    ROLE,
    ROOT,
    allow,
    ask,
    deny,
    of_identity,
    of_repository,
    of_role,
    of_session,
    short,
)
from wharfinger.domain.policy import Policy, Principal, Request, decide

FULL = of_identity(allow())
NOTHING = of_identity(allow("ecr:DescribeImages"))
TARGET = f"arn:aws:iam::{OWN}:role/target"
ISSUER = "token.actions.githubusercontent.com"


def trusts(principal: Any, **elements: Any) -> Policy:
    return of_role(allow("sts:*", None, Principal=principal, **elements))


def assumed(principal: Principal, identity: Policy | None, *trust: Policy, session: Policy | None = None) -> str:
    request = ask(principal, "sts:AssumeRole", TARGET)
    return short(decide(request, identity=[identity] if identity else [], resource=trust, session=session))


@pytest.mark.parametrize(
    ("principal", "identity", "trust", "expected"),
    [
        (ANN, FULL, None, "lack resource-based"),
        (ANN, None, None, "lack identity-based"),
        (ANN, None, trusts({"AWS": ANN.arn}), "allowed resource-based"),
        (ANN, None, trusts({"AWS": OWN}), "lack identity-based"),
        (ANN, FULL, trusts({"AWS": OWN}), "allowed resource-based"),
        (ANN, FULL, trusts({"AWS": OTHER}), "lack resource-based"),
        (ANN, None, trusts("*"), "allowed resource-based"),
        (ANN, FULL, trusts({"Service": "ec2.amazonaws.com"}), "lack resource-based"),
        (ANN, of_identity(deny()), trusts({"AWS": ANN.arn}), "explicit identity-based"),
        (JOB, None, trusts({"AWS": ROLE}), "allowed resource-based"),
        (ROOT, None, trusts({"AWS": OWN}), "allowed resource-based"),
        (ROOT, None, None, "lack resource-based"),
        (BOB, FULL, trusts({"AWS": OTHER}), "allowed resource-based"),
        (BOB, None, trusts({"AWS": BOB.arn}), "lack identity-based"),
    ],
)
def test_a_role_is_assumed_by_whom_its_policy_names(
    principal: Principal, identity: Policy | None, trust: Policy | None, expected: str
) -> None:
    assert assumed(principal, identity, *([trust] if trust else [])) == expected


@pytest.mark.parametrize(
    "action",
    [
        "sts:AssumeRole",
        "sts:AssumeRoleWithWebIdentity",
        "sts:AssumeRoleWithSAML",
        "sts:TagSession",
        "STS:SetSourceIdentity",
    ],
)
def test_nothing_of_assuming_a_role_goes_without_its_policy(action: str) -> None:
    assert not decide(ask(ANN, action, TARGET), identity=[FULL], resource=[]).allowed
    assert decide(ask(ANN, action, TARGET), identity=[FULL], resource=[trusts({"AWS": OWN})]).allowed
    assert decide(ask(ANN, "sts:GetSessionToken", "*"), identity=[FULL], resource=[]).allowed


def test_a_session_that_is_narrowed_assumes_no_role_beyond() -> None:
    assert assumed(JOB, FULL, trusts({"AWS": OWN}), session=of_session(allow())) == "allowed resource-based"
    assert assumed(JOB, FULL, trusts({"AWS": OWN}), session=NOTHING) == "lack session"
    assert assumed(JOB, None, trusts({"AWS": ROLE}), session=NOTHING) == "lack session"


FEDERATED = Principal("federated", "", ISSUER)
WITH_TOKEN = Request(
    FEDERATED,
    "sts:AssumeRoleWithWebIdentity",
    TARGET,
    OWN,
    {f"{ISSUER}:aud": ("sts.amazonaws.com",), f"{ISSUER}:sub": ("repo:team/app:ref:refs/heads/main",)},
)


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Federated": ISSUER}, "allowed resource-based"),
        ({"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{ISSUER}"}, "allowed resource-based"),
        ({"Federated": f"arn:aws:iam::{OTHER}:oidc-provider/{ISSUER}"}, "lack resource-based"),
        ({"Federated": f"x.{ISSUER}"}, "lack resource-based"),
        ({"Federated": [f"{ISSUER}/x", f"{ISSUER}:443"]}, "lack resource-based"),
        ({"AWS": OWN}, "lack resource-based"),
        ("*", "lack resource-based"),
    ],
)
def test_a_token_assumes_a_role_that_names_its_issuer(principal: Any, expected: str) -> None:
    assert short(decide(WITH_TOKEN, identity=[FULL], resource=[trusts(principal)])) == expected


def test_everyone_includes_those_with_a_token_where_everyone_is_denied() -> None:
    denying = of_role(allow("sts:*", None, Principal={"Federated": ISSUER}), deny("sts:*", None, Principal="*"))
    assert short(decide(WITH_TOKEN, identity=[], resource=[denying])) == "explicit resource-based"


@pytest.mark.parametrize(
    ("condition", "is_allowed"),
    [
        ({"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}, True),
        ({"StringEquals": {f"{ISSUER}:aud": "other"}}, False),
        ({"StringLike": {f"{ISSUER}:SUB": "repo:team/app:*"}}, True),
        ({"StringLike": {f"{ISSUER}:sub": "repo:team/ap:*"}}, False),
        ({"StringEquals": {"other.example:sub": "repo:team/app:ref:refs/heads/main"}}, False),
        ({"StringEquals": {f"{ISSUER}:actor": "ann"}}, False),
    ],
)
def test_claims_of_a_token_are_conditions_of_a_role(condition: Any, is_allowed: bool) -> None:
    trust = trusts({"Federated": ISSUER}, Condition=condition)
    assert decide(WITH_TOKEN, identity=[], resource=[trust]).allowed is is_allowed


def test_those_with_a_token_may_do_nothing_else() -> None:
    resource = of_repository(allow("ecr:*", None, Principal="*"))
    assert short(decide(ask(FEDERATED), identity=[FULL], resource=[resource])) == "lack resource-based"
