"""What becomes of each statement, for those who ask why."""

from __future__ import annotations

from typing import Any

import pytest

from support.policies import ANN, APP, BOB, OTHER, OWN, allow, ask, deny, of_identity, of_repository, of_session
from wharfinger.domain.policy import ANONYMOUS, Misfit, Policy, Principal, Reach, Verdict, decide, trace


def test_each_statement_is_looked_at_in_order() -> None:
    verdicts = trace(
        ask(),
        identity=[of_identity(allow(Sid="All"), deny("ecr:Delete*"))],
        resource=[of_repository(allow("ecr:*", None, Principal={"AWS": OWN}))],
        session=of_session(allow("ecr:PutImage")),
    )
    assert verdicts == [
        Verdict("of the identity", "identity-based", 0, "All", "Allow", True, None, None),
        Verdict("of the identity", "identity-based", 1, None, "Deny", False, Misfit("action"), None),
        Verdict("of the session", "session", 0, None, "Allow", True, None, None),
        Verdict("of the repository", "resource-based", 0, None, "Allow", True, None, "account"),
    ]


def test_the_first_thing_that_does_not_fit_is_named() -> None:
    condition = {"StringLike": {"aws:UserAgent": "docker*"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    statement = allow("ecr:PutImage", APP, Condition=condition)

    def misfit(**keys: Any) -> Misfit | None:
        return trace(ask(**keys), identity=[of_identity(statement)], resource=[])[0].misfit

    assert trace(ask(action="ecr:TagResource", resource="*"), identity=[of_identity(statement)], resource=[])[
        0
    ].misfit == Misfit("action")
    assert trace(ask(resource="*"), identity=[of_identity(statement)], resource=[])[0].misfit == Misfit("resource")
    assert misfit() == Misfit("condition", "StringLike", "aws:useragent")
    assert misfit(aws_useragent="docker/27") == Misfit("condition", "IpAddress", "aws:sourceip")
    assert misfit(aws_useragent="docker/27", aws_sourceip="10.1.2.3") is None


@pytest.mark.parametrize(
    ("principal", "named", "reach"),
    [
        (ANN, "*", "anyone"),
        (ANONYMOUS, "*", "anyone"),
        (ANN, {"AWS": ANN.arn}, "entity"),
        (BOB, {"AWS": OTHER}, "account"),
        (BOB, {"AWS": OWN}, None),
        (ANONYMOUS, {"AWS": OWN}, None),
    ],
)
def test_it_is_said_how_a_statement_names_who_asks(principal: Principal, named: object, reach: Reach | None) -> None:
    resource = [of_repository(allow("ecr:*", None, Principal=named))]
    (verdict,) = trace(ask(principal), identity=[], resource=resource)
    assert verdict.reach == reach
    assert verdict.applies is (reach is not None)
    assert verdict.misfit == (None if reach else Misfit("principal"))


def test_a_statement_for_all_but_some_names_anyone_else() -> None:
    resource = [of_repository(deny("ecr:*", None, NotPrincipal={"AWS": [OTHER, BOB.arn]}))]
    assert trace(ask(ANN), identity=[], resource=resource)[0].reach == "anyone"
    assert trace(ask(BOB), identity=[], resource=resource)[0].reach is None


def test_whom_a_statement_names_is_looked_at_before_what_it_is_about() -> None:
    resource = [of_repository(allow("ecr:DescribeImages", None, Principal={"AWS": BOB.arn}))]
    assert trace(ask(), identity=[], resource=resource)[0].misfit == Misfit("principal")


def test_what_decides_applies() -> None:
    policies: list[Policy] = [of_identity(allow("sts:*"), allow(), deny("ecr:Put*", Sid="Closed"))]
    decision = decide(ask(), identity=policies, resource=[])
    applying = [verdict for verdict in trace(ask(), identity=policies, resource=[]) if verdict.applies]
    assert (decision.policy, decision.statement, decision.sid) in {
        (verdict.policy, verdict.statement, verdict.sid) for verdict in applying
    }
