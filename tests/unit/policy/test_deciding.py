"""Who is let in by which policies, and which of them is said to have decided."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.policies import (
    ANN,
    APP,
    BOB,
    JOB,
    OTHER,
    OTHER_ROOT,
    OWN,
    ROBOT,
    ROLE,
    ROOT,
    allow,
    ask,
    deny,
    of_identity,
    of_repository,
    of_session,
    short,
    text,
)
from wharfinger.domain.policy import ANONYMOUS, Decision, Policy, Principal, decide, read

FULL = of_identity(allow())
NOTHING = of_identity(allow("ecr:DescribeImages"))


def gives(principal: Any, action: str = "ecr:*", **elements: Any) -> Policy:
    """A policy of a repository that allows."""
    return of_repository(allow(action, None, Principal=principal, **elements))


def refuses(principal: Any, **elements: Any) -> Policy:
    return of_repository(deny("ecr:*", None, Principal=principal, **elements))


def decided(
    principal: Principal, identity: Policy | None, resource: Policy | None, session: Policy | None = None
) -> str:
    return short(
        decide(
            ask(principal),
            identity=[identity] if identity else [],
            resource=[resource] if resource else [],
            session=session,
        )
    )


# --- one account ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("principal", [ANN, ROBOT, JOB])
@pytest.mark.parametrize(
    ("identity", "resource", "expected"),
    [
        (None, None, "lack identity-based"),
        (NOTHING, None, "lack identity-based"),
        (FULL, None, "allowed identity-based"),
        (None, gives("*"), "allowed resource-based"),
        (None, gives({"AWS": "*"}), "allowed resource-based"),
        (None, gives({"AWS": [ANN.arn, ROBOT.arn, ROLE]}), "allowed resource-based"),
        (None, gives({"AWS": OWN}), "lack identity-based"),
        (None, gives({"AWS": ROOT.arn}), "lack identity-based"),
        (FULL, gives({"AWS": OWN}), "allowed identity-based"),
        (None, gives({"AWS": [BOB.arn, OTHER]}), "lack identity-based"),
        (None, gives({"Service": "lambda.amazonaws.com"}), "lack identity-based"),
        (None, gives("*", "ecr:DescribeImages"), "lack identity-based"),
        (FULL, refuses("*"), "explicit resource-based"),
        (FULL, refuses({"AWS": OWN}), "explicit resource-based"),
        (FULL, refuses({"AWS": [ANN.arn, ROBOT.arn, ROLE]}), "explicit resource-based"),
        (FULL, refuses({"AWS": OTHER}), "allowed identity-based"),
        (of_identity(allow(), deny()), gives("*"), "explicit identity-based"),
        (of_identity(allow(), deny("ecr:DeleteRepository")), None, "allowed identity-based"),
    ],
)
def test_in_one_account_the_identity_or_the_resource_allows_and_neither_denies(
    principal: Principal, identity: Policy | None, resource: Policy | None, expected: str
) -> None:
    assert decided(principal, identity, resource) == expected


def test_the_session_of_a_role_is_let_in_by_its_own_name_too() -> None:
    assert decided(JOB, None, gives({"AWS": JOB.arn})) == "allowed resource-based"
    assert decided(JOB._replace(arn=f"{JOB.arn}8"), None, gives({"AWS": JOB.arn})) == "lack identity-based"


def test_case_of_what_is_asked_for_does_not_count() -> None:
    assert decide(ask(action="ECR:PUTIMAGE"), identity=[of_identity(allow("ecr:PutImage"))], resource=[]).allowed


# --- two accounts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("principal", [BOB, JOB._replace(account=OTHER)])
@pytest.mark.parametrize(
    ("identity", "resource", "expected"),
    [
        (None, None, "lack identity-based"),
        (FULL, None, "lack resource-based"),
        (FULL, gives({"AWS": OWN}), "lack resource-based"),
        (None, gives("*"), "lack identity-based"),
        (None, gives({"AWS": [BOB.arn, JOB.arn]}), "lack identity-based"),
        (FULL, gives("*"), "allowed resource-based"),
        (FULL, gives({"AWS": OTHER}), "allowed resource-based"),
        (FULL, gives({"AWS": [BOB.arn, ROLE]}), "allowed resource-based"),
        (of_identity(allow(), deny()), gives("*"), "explicit identity-based"),
        (FULL, refuses({"AWS": OTHER}), "explicit resource-based"),
    ],
)
def test_between_accounts_both_have_to_allow(
    principal: Principal, identity: Policy | None, resource: Policy | None, expected: str
) -> None:
    assert decided(principal, identity, resource) == expected


# --- root -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "resource", "expected"),
    [
        (ROOT, None, "allowed root"),
        (ROOT, gives({"AWS": OWN}), "allowed root"),
        (ROOT, refuses({"AWS": OWN}), "explicit resource-based"),
        (ROOT, refuses("*"), "explicit resource-based"),
        (ROOT, refuses({"AWS": ANN.arn}), "allowed root"),
        (OTHER_ROOT, None, "lack resource-based"),
        (OTHER_ROOT, gives({"AWS": OWN}), "lack resource-based"),
        (OTHER_ROOT, gives({"AWS": OTHER}), "allowed resource-based"),
        (OTHER_ROOT, gives({"AWS": OTHER_ROOT.arn}), "allowed resource-based"),
        (OTHER_ROOT, refuses({"AWS": OTHER}), "explicit resource-based"),
    ],
)
def test_root_needs_no_policy_in_its_own_account(principal: Principal, resource: Policy | None, expected: str) -> None:
    assert decided(principal, None, resource) == expected


@pytest.mark.parametrize(
    "action",
    [
        *("ecr:GetRepositoryPolicy", "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"),
        *("ecr:GetRegistryPolicy", "ecr:PutRegistryPolicy", "ecr:DeleteRegistryPolicy"),
    ],
)
def test_root_can_open_again_what_a_policy_locks(action: str) -> None:
    locked = [refuses("*")]
    assert decide(ask(ROOT, action), identity=[], resource=locked) == Decision(True, "root")
    assert not decide(ask(ANN, action), identity=[FULL], resource=locked).allowed
    assert not decide(ask(OTHER_ROOT, action), identity=[], resource=locked).allowed


# --- those without an account ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (None, "lack resource-based"),
        (gives("*"), "allowed resource-based"),
        (gives({"AWS": ["*", OWN]}), "allowed resource-based"),
        (gives("*", "ecr:DescribeImages"), "lack resource-based"),
        (gives({"AWS": OWN}), "lack resource-based"),
        (gives({"AWS": [ANN.arn, ROLE]}), "lack resource-based"),
        (of_repository(allow("ecr:*", None, Principal="*"), deny("ecr:PutImage", None, Principal="*")), "explicit"),
        (of_repository(allow("ecr:*", None, Principal="*"), deny(resource=None, Principal={"AWS": OWN})), "allowed"),
        (
            of_repository(allow("ecr:*", None, Principal="*"), deny(resource=None, NotPrincipal={"AWS": OWN})),
            "explicit",
        ),
    ],
)
def test_the_anonymous_are_let_in_where_a_resource_names_everyone(resource: Policy | None, expected: str) -> None:
    assert decided(ANONYMOUS, None, resource).startswith(expected)


def test_policies_of_identities_and_sessions_are_nothing_to_the_anonymous() -> None:
    assert decided(ANONYMOUS, FULL, None) == "lack resource-based"
    assert decided(ANONYMOUS, of_identity(deny()), gives("*"), of_session(deny())) == "allowed resource-based"


# --- all but some ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("principal", "excepted", "is_denied"),
    [
        (ANN, [OWN, ANN.arn], False),
        (ANN, [ROOT.arn, ANN.arn], False),
        (ANN, [ANN.arn], True),
        (ANN, [OWN], True),
        (ANN, [OWN, ROBOT.arn], True),
        (ANN, [OTHER, ANN.arn], True),
        (JOB, [OWN, ROLE], False),
        (JOB, [OWN, JOB.arn], False),
        (JOB, [ROLE, JOB.arn], True),
        (JOB, [OWN], True),
        (ROOT, [OWN], False),
        (ROOT, [OTHER], True),
        (ROOT, [ANN.arn], True),
    ],
)
def test_one_is_excepted_together_with_the_account(principal: Principal, excepted: list[str], is_denied: bool) -> None:
    resource = of_repository(deny("ecr:*", None, NotPrincipal={"AWS": excepted}))
    assert decided(principal, FULL, resource).startswith("explicit") is is_denied


# --- sessions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "resource", "session", "expected"),
    [
        (FULL, None, of_session(allow()), "allowed identity-based"),
        (FULL, None, of_session(allow("ecr:DescribeImages")), "lack session"),
        (NOTHING, None, of_session(allow()), "lack identity-based"),
        (FULL, None, of_session(allow(), deny()), "explicit session"),
        (None, gives({"AWS": ROLE}), of_session(allow()), "allowed resource-based"),
        (None, gives({"AWS": ROLE}), of_session(allow("ecr:DescribeImages")), "lack session"),
        (None, gives({"AWS": JOB.arn}), of_session(allow("ecr:DescribeImages")), "allowed resource-based"),
        (None, gives("*"), of_session(allow("ecr:DescribeImages")), "allowed resource-based"),
        (None, gives("*"), of_session(deny("ecr:PutImage")), "explicit session"),
        (None, gives({"AWS": JOB.arn}), of_session(deny("ecr:PutImage")), "explicit session"),
    ],
)
def test_a_session_policy_narrows_what_the_role_may(
    identity: Policy | None, resource: Policy | None, session: Policy, expected: str
) -> None:
    assert decided(JOB, identity, resource, session) == expected


@pytest.mark.parametrize("principal", [ANN, ROBOT])
def test_a_session_policy_narrows_what_a_resource_gives_to_a_user(principal: Principal) -> None:
    resource = gives({"AWS": principal.arn})
    assert decided(principal, None, resource, of_session(allow())) == "allowed resource-based"
    assert decided(principal, None, resource, NOTHING) == "lack session"


def test_a_session_policy_narrows_root() -> None:
    assert decided(ROOT, None, None, of_session(allow())) == "allowed root"
    assert decided(ROOT, None, None, NOTHING) == "lack session"


def test_a_session_policy_counts_between_accounts() -> None:
    assert decided(BOB, FULL, gives("*"), of_session(allow())) == "allowed resource-based"
    assert decided(BOB, FULL, gives("*"), NOTHING) == "lack session"


# --- several policies -----------------------------------------------------------------------------------------


def test_the_policy_of_the_registry_counts_like_that_of_the_repository() -> None:
    registry = Policy("of the registry", read(text(allow("ecr:*", APP, Principal="*")), "registry"))
    elsewhere = Policy("of the registry", read(text(allow("ecr:*", APP + "2", Principal="*")), "registry"))
    locked = Policy("of the registry", read(text(deny("ecr:*", APP, Principal="*")), "registry"))
    assert decide(ask(), identity=[], resource=[registry]).allowed
    assert not decide(ask(), identity=[], resource=[elsewhere]).allowed
    assert decide(ask(), identity=[FULL], resource=[gives("*"), locked]).policy == "of the registry"


def test_a_decision_names_the_statement_that_made_it() -> None:
    identity = [
        of_identity(allow("sts:*")),
        Policy("second", read(text(allow("sts:*"), allow(Sid="All"), deny("ecr:Delete*", Sid="Keep")), "identity")),
    ]
    allowed = decide(ask(), identity=identity, resource=[])
    assert allowed == Decision(True, "identity-based", False, "second", 1, "All")
    denied = decide(ask(action="ecr:DeleteRepository"), identity=identity, resource=[])
    assert denied == Decision(False, "identity-based", True, "second", 2, "Keep")
    resource = [gives({"AWS": BOB.arn}), of_repository(allow("ecr:*", None, Principal="*", Sid="Open"))]
    assert decide(ask(), identity=[], resource=resource) == Decision(
        True, "resource-based", False, "of the repository", 0, "Open"
    )


def test_a_lack_names_no_statement() -> None:
    assert decide(ask(), identity=[NOTHING], resource=[]) == Decision(False, "identity-based")
    assert decide(ask(BOB), identity=[FULL], resource=[]) == Decision(False, "resource-based")
    assert decide(ask(ANONYMOUS), identity=[], resource=[]) == Decision(False, "resource-based")
    assert decide(ask(JOB), identity=[FULL], resource=[], session=NOTHING) == Decision(False, "session")


def test_every_statement_that_denies_is_looked_at() -> None:
    others = deny("ecr:*", None, Principal={"AWS": OTHER}), deny("ecr:TagResource", None, Principal="*")
    resource = of_repository(*others, deny("ecr:*", None, Principal="*", Sid="Closed"))
    assert decide(ask(), identity=[FULL], resource=[resource]).sid == "Closed"


def test_a_policy_of_an_identity_gives_nothing_in_the_place_of_one_of_a_resource() -> None:
    assert decided(ANONYMOUS, None, FULL) == "lack resource-based"


# --- whatever the policies ------------------------------------------------------------------------------------

_PRINCIPALS = st.sampled_from([ANN, ROBOT, JOB, ROOT, BOB, OTHER_ROOT, ANONYMOUS])
_NAMED = st.sampled_from(["*", {"AWS": OWN}, {"AWS": [ANN.arn, ROLE]}, {"AWS": OTHER}, {"AWS": JOB.arn}])
_EFFECTS = st.sampled_from([allow, allow, deny])
_ACTIONS = st.sampled_from(["*", "ecr:*", "ecr:Put*", "ecr:DescribeImages"])


@st.composite
def _statements(draw: st.DrawFn, of_resource: bool) -> list[dict[str, Any]]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        elements = {"Principal": draw(_NAMED)} if of_resource else {}
        found.append(draw(_EFFECTS)(draw(_ACTIONS), None if of_resource else "*", **elements))
    return found


_ASKED = st.tuples(
    _PRINCIPALS,
    _statements(of_resource=False),
    _statements(of_resource=True),
    st.none() | _statements(of_resource=False),
)


def _decide(principal: Principal, identity: Any, resource: Any, session: Any) -> Decision:
    return decide(
        ask(principal),
        identity=[of_identity(*identity)] if identity else [],
        resource=[of_repository(*resource)] if resource else [],
        session=of_session(*session) if session else None,
    )


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(_ASKED, st.integers(0, 2))
def test_one_more_denial_never_lets_anyone_in(asked: Any, place: int) -> None:
    principal, *policies = asked
    before = _decide(principal, *policies)
    more: list[Any] = [list(one or []) for one in policies]
    more[place].append(deny("ecr:Put*", None if place == 1 else "*", **({"Principal": "*"} if place == 1 else {})))
    after = _decide(principal, more[0], more[1], more[2] or None)
    assert before.allowed or not after.allowed


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(_ASKED)
def test_without_a_statement_that_allows_only_root_is_let_in(asked: Any) -> None:
    principal, *policies = asked
    identity, resource, session = ([one for one in listed or [] if one["Effect"] == "Deny"] for listed in policies)
    decision = _decide(principal, identity, resource, session)
    assert not decision.allowed or decision.source == "root"


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(_ASKED)
def test_a_session_policy_lets_in_nobody_more(asked: Any) -> None:
    principal, identity, resource, session = asked
    if _decide(principal, identity, resource, session).allowed:
        assert _decide(principal, identity, resource, None).allowed


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(_ASKED, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_count(asked: Any, random: Any) -> None:
    principal, *policies = asked
    mixed = [random.sample(one, len(one)) if one else one for one in policies]
    assert short(_decide(principal, *policies)) == short(_decide(principal, *mixed))
