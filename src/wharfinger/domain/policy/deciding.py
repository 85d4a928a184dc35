"""Deciding: an explicit deny wins, then somebody has to allow it, and what nobody allows is denied.

In one account an identity or the resource allows; a resource that names the account leaves it to the identity. Between
two accounts both have to allow, and so does a role always that is to be assumed. A session policy narrows what its
identity may do, not what a resource gives to everyone or to that very session.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.policy.documents import Effect, Misfit, Policy, Request, Statement
from wharfinger.domain.policy.principals import Reach

Source = Literal["identity-based", "resource-based", "session", "root"]

# root can always open again what a policy has locked
_FOR_ROOT: Final = frozenset(
    {f"ecr:{verb}repositorypolicy" for verb in ("get", "set", "delete")}
    | {f"ecr:{verb}registrypolicy" for verb in ("get", "put", "delete")}
)
_ASSUMING: Final = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")


class Decision(NamedTuple):
    """Whether a request is allowed, and what decided."""

    allowed: bool
    source: Source  # the kind of policy that decided, or that should have allowed
    explicit: bool = False  # denied by a statement
    policy: str | None = None  # None where it was the lack of a statement, and for root
    statement: int | None = None  # from 0, as in Statement[0]
    sid: str | None = None


class Verdict(NamedTuple):
    """What became of one statement."""

    policy: str
    source: Source
    statement: int
    sid: str | None
    effect: Effect
    applies: bool
    misfit: Misfit | None  # the first thing that does not fit; None if it applies
    reach: Reach | None  # how it names who asks; `account` only leaves it to the identity


def decide(
    request: Request, *, identity: Sequence[Policy], resource: Sequence[Policy], session: Policy | None = None
) -> Decision:
    """Whether `request` is allowed by the policies of its principal, of what it asks for, and of its session."""
    principal = request.principal
    action = request.action.lower()
    is_own = principal.account == request.account
    is_owner = principal.kind == "root" and is_own
    if is_owner and action in _FOR_ROOT:
        return Decision(True, "root")
    if principal.kind in {"anonymous", "federated"}:
        denied = _denial(request, action, resource, "resource-based")
        return denied or _for_strangers(request, action, resource)
    sessions = () if session is None else (session,)
    denied = (
        _denial(request, action, identity, "identity-based")
        or _denial(request, action, sessions, "session")
        or _denial(request, action, resource, "resource-based")
    )
    if denied:
        return denied
    given = _given(request, action, resource)
    if is_own and (direct := given.get("direct") or given.get("anyone")):
        return direct
    own = Decision(True, "root") if principal.kind == "root" else _grant(request, action, identity, "identity-based")
    if is_own and not action.startswith(_ASSUMING):
        decision = own or given.get("entity")
    elif is_own:
        decision = given.get("entity") or (own and given.get("account"))
    else:
        decision = own and next(iter(given.values()), None)
    if decision is None:
        return Decision(False, "resource-based" if own else "identity-based")
    if sessions and not _grant(request, action, sessions, "session"):
        return Decision(False, "session")
    return decision


def trace(
    request: Request, *, identity: Sequence[Policy], resource: Sequence[Policy], session: Policy | None = None
) -> list[Verdict]:
    """What became of each statement, in the order in which they are looked at."""
    sessions = () if session is None else (session,)
    groups: list[tuple[Sequence[Policy], Source]] = [
        (identity, "identity-based"),
        (sessions, "session"),
        (resource, "resource-based"),
    ]
    return [
        _verdict(request, policy, statement, source)
        for policies, source in groups
        for policy in policies
        for statement in policy.document.statements
    ]


def _verdict(request: Request, policy: Policy, statement: Statement, source: Source) -> Verdict:
    reach = statement.reach(request) if source == "resource-based" else None
    misfit = statement.misfit(request, request.action.lower())
    if source == "resource-based" and reach is None:
        misfit = Misfit("principal")
    return Verdict(
        policy.name, source, statement.number, statement.sid, statement.effect, misfit is None, misfit, reach
    )


def _for_strangers(request: Request, action: str, resource: Sequence[Policy]) -> Decision:
    """For those without an account: a resource names everyone, or the issuer of a token."""
    needed: Reach = "anyone" if request.principal.kind == "anonymous" else "direct"
    return _given(request, action, resource).get(needed) or Decision(False, "resource-based")


def _denial(request: Request, action: str, policies: Sequence[Policy], source: Source) -> Decision | None:
    for policy in policies:
        for statement in policy.document.denials:
            if source == "resource-based" and statement.reach(request) is None:
                continue
            if statement.misfit(request, action) is None:
                return Decision(False, source, True, policy.name, statement.number, statement.sid)
    return None


def _grant(request: Request, action: str, policies: Sequence[Policy], source: Source) -> Decision | None:
    for policy in policies:
        for statement in policy.document.grants:
            if statement.misfit(request, action) is None:
                return Decision(True, source, False, policy.name, statement.number, statement.sid)
    return None


def _given(request: Request, action: str, policies: Sequence[Policy]) -> dict[Reach, Decision]:
    """What resources give, by how they name who asks."""
    found: dict[Reach, Decision] = {}
    for policy in policies:
        for statement in policy.document.grants:
            reach = statement.reach(request)
            if reach is not None and reach not in found and statement.misfit(request, action) is None:
                found[reach] = Decision(True, "resource-based", False, policy.name, statement.number, statement.sid)
    return found
