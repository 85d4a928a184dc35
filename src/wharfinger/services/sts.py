"""Sessions: of a role, for who may assume it or has a token of an identity provider, and of users themselves.

Nothing is stored: a session is in its token, and what it is worth is looked up at each request.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from wharfinger.domain import policy, principals, webtokens
from wharfinger.domain.faults import (
    Denied,
    InvalidParameter,
    SessionFromSession,
    SessionTooLarge,
    SessionTooLong,
    WebTokenInvalid,
)
from wharfinger.domain.managed import MANAGED
from wharfinger.domain.policy import Policy, Principal
from wharfinger.domain.sessions import Session
from wharfinger.domain.webtokens import Claims
from wharfinger.services import login
from wharfinger.services.access import Caller
from wharfinger.services.identities import Keys
from wharfinger.services.issuers import Issuers
from wharfinger.services.login import SessionCredentials
from wharfinger.state import State
from wharfinger.state.clock import HOUR, SECOND
from wharfinger.state.db import principals as rows
from wharfinger.state.db import providers
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import PrincipalRow
from wharfinger.state.db.providers import Provider
from wharfinger.state.ids import new_session_key_id

TOKEN_LIMIT: Final = 4096  # characters that all clients take
_DEFAULT: Final = HOUR
_OF_CHAINED: Final = HOUR  # the longest
_OF_USERS: Final = 12 * HOUR  # unless asked otherwise
_OF_ROOT: Final = HOUR  # the longest
_MOST_POLICIES: Final = 10
_BUILT_IN: Final = "arn:aws:iam::aws:policy/"


class Wish(NamedTuple):
    """What a session of a role is to be like."""

    role: str  # ARN
    name: str
    seconds: int | None
    policy: str | None = None
    policy_arns: Sequence[str] = ()
    tags: Mapping[str, str] = {}
    transitive: Sequence[str] = ()
    external_id: str | None = None
    source_identity: str | None = None


class Assumed(NamedTuple):
    """A session of a role."""

    credentials: SessionCredentials
    session: Session
    arn: str
    id: str
    is_narrowed: bool  # has policies or tags

    @property
    def percent(self) -> int:
        """How much of the room in a token the session takes."""
        return _percent(self.credentials)


class _Origin(NamedTuple):
    """Whose session it is going to be, and what goes with it from the one before."""

    principal: Principal
    identity: Sequence[Policy]
    session_policy: Policy | None
    keys: Keys
    action: str
    began: Session  # what the new one is made from


async def assume_role(state: State, caller: Caller, wish: Wish) -> Assumed:
    """A session of a role that the caller may assume.

    Raises Denied, also where there is no such role; InvalidParameter, PolicyInvalid, SessionTooLong, SessionTooLarge.
    """
    before = caller.login.session
    if before is None:
        began = _blank(source=caller.login.id)
    else:
        passed = {key: value for key, value in before.tags if key in before.transitive}
        began = msgspec.structs.replace(
            before,
            tags=tuple(passed.items()),
            transitive=tuple(passed),
            before=(*before.before, before.role) if before.role else (),
        )
    origin = _Origin(
        caller.identity.principal,
        caller.identity.policies,
        caller.identity.session_policy,
        {**caller.keys, **caller.identity.keys, "aws:requestedregion": (caller.registry.region,)},
        "sts:AssumeRole",
        began,
    )
    return await _assume(state, origin, wish)


async def assume_role_with_web_identity(
    state: State, issuers: Issuers, keys: Keys, token: str, wish: Wish
) -> tuple[Assumed, str]:
    """A session of a role for who has a token of an identity provider of its account, and the token's audience.

    Raises WebTokenInvalid, WebTokenExpired, WebTokenRejected, IssuerUnreachable, and what assume_role does.
    """
    account, _ = _named(wish.role)
    provider, claims = await _believed(state, issuers, account, token)
    subject, audiences = webtokens.check(claims, provider.issuer, provider.audiences, state.clock() / SECOND)
    name = principals.provider_name(provider.issuer)
    arn = principals.provider_arn(account, provider.issuer)
    origin = _Origin(
        Principal("federated", account, name),
        (),
        None,
        {
            **keys,
            **webtokens.condition_keys(claims, name, audiences),
            "aws:federatedprovider": (arn,),
            "aws:requestedregion": (state.rules.default_region,),
        },
        "sts:AssumeRoleWithWebIdentity",
        msgspec.structs.replace(_blank(), provider=provider.issuer, subject=subject),
    )
    return await _assume(state, origin, wish), audiences[0]


async def session_token(state: State, caller: Caller, seconds: int | None) -> SessionCredentials:
    """A session of the caller itself. Raises SessionFromSession."""
    if caller.login.session is not None:
        raise SessionFromSession
    term = _OF_USERS if seconds is None else seconds * SECOND
    if caller.identity.principal.kind == "root":
        term = min(term, _OF_ROOT)
    return _issue(state, _started(state, _blank(source=caller.login.id), caller.account, term))


# --- roles ---------------------------------------------------------------------------------------------------


async def _assume(state: State, origin: _Origin, wish: Wish) -> Assumed:
    account, name = _named(wish.role)
    _check_tags(origin.began, wish)
    narrowing = _compact(wish.policy) if wish.policy is not None else None

    async def work(tx: Tx) -> tuple[PrincipalRow, tuple[str, ...]]:
        role = await rows.find(tx, account, "role", name)
        _check(origin, wish, account, role)
        assert role is not None  # noqa: S101 - without it nobody may
        return role, await _policy_names(tx, account, wish.policy_arns)

    role, names = await state.db.read(work)
    term = _term(origin.began, role, wish.seconds)
    session = msgspec.structs.replace(
        _started(state, origin.began, account, term),
        role=role.id,
        name=wish.name,
        policy=narrowing,
        policies=names,
        tags=tuple({**dict(origin.began.tags), **wish.tags}.items()),
        transitive=(*origin.began.transitive, *wish.transitive),
        source_identity=wish.source_identity or origin.began.source_identity,
    )
    return Assumed(
        _issue(state, session),
        session,
        principals.session_arn(account, role.name, wish.name),
        f"{role.id}:{wish.name}",
        is_narrowed=bool(narrowing or names or session.tags),
    )


def _named(arn: str) -> tuple[str, str]:
    found = principals.role_of(arn)
    if found is None:
        raise InvalidParameter("roleArn", "Member must be the ARN of a role, as in arn:aws:iam::123456789012:role/name")
    return found


def _check(origin: _Origin, wish: Wish, account: str, role: PrincipalRow | None) -> None:
    """Raises Denied, in the same words whether there is no such role or it trusts somebody else."""
    actions = [origin.action]
    if wish.tags or origin.began.tags:
        actions.append("sts:TagSession")
    if wish.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    trust = [Policy("trust policy", policy.restore(role.trust, "trust"))] if role is not None and role.trust else []
    keys = {**origin.keys, **_keys(wish, account, role)}
    for action in actions:
        decision = policy.decide(
            policy.Request(origin.principal, action, wish.role, account, keys),
            identity=origin.identity,
            resource=trust,
            session=origin.session_policy,
        )
        # who began a chain stays the same all along
        is_other = action == "sts:SetSourceIdentity" and origin.began.source_identity not in {
            None,
            wish.source_identity,
        }
        if is_other or not decision.allowed:
            raise Denied(
                "" if origin.principal.kind == "federated" else origin.principal.arn,
                action,
                wish.role,
                decision.source,
                decision.explicit,
                decision.policy,
                decision.sid or (str(decision.statement) if decision.statement is not None else None),
            )


def _keys(wish: Wish, account: str, role: PrincipalRow | None) -> Keys:
    """What a request for a session says of itself to the conditions of policies."""
    found: dict[str, tuple[str, ...]] = {"sts:rolesessionname": (wish.name,), "aws:resourceaccount": (account,)}
    if wish.external_id is not None:
        found["sts:externalid"] = (wish.external_id,)
    if wish.source_identity is not None:
        found["sts:sourceidentity"] = (wish.source_identity,)
    if wish.tags:
        found["aws:tagkeys"] = tuple(wish.tags)
    for prefix, tags in (("aws:requesttag", wish.tags), ("aws:resourcetag", role.tags if role is not None else {})):
        found |= {f"{prefix}/{key.lower()}": (value,) for key, value in tags.items()}
    return found


def _check_tags(began: Session, wish: Wish) -> None:
    """Keys of tags are the same in whatever letters, and what a chain has passed on is not changed."""
    keys = [key.lower() for key in wish.tags]
    if len(set(keys)) < len(keys):
        raise InvalidParameter("tags", "Member must not have a key twice")
    if not set(wish.transitive) <= set(wish.tags):
        raise InvalidParameter("transitiveTagKeys", "Member must be keys of tags")
    if {key.lower() for key in began.transitive} & set(keys):
        raise InvalidParameter("tags", "Member must not have the key of a tag that the session before passes on")


async def _policy_names(tx: Tx, account: str, arns: Sequence[str]) -> tuple[str, ...]:
    """Of managed policies, and of those that the account of the role has. Raises InvalidParameter."""
    own = f"arn:aws:iam::{account}:policy/"
    asked = [arn.removeprefix(own) for arn in arns if arn.startswith(own)]
    known = {own + name for name in await rows.documents(tx, account, asked)} | {_BUILT_IN + name for name in MANAGED}
    if len(arns) > _MOST_POLICIES or not known.issuperset(arns):
        raise InvalidParameter(
            "policyArns", f"Member must be at most {_MOST_POLICIES} ARNs of policies that are built in or the account's"
        )
    return tuple(dict.fromkeys(arn.rpartition("/")[2] for arn in arns))


def _compact(text: str) -> str:
    """A session policy without its blanks. Raises PolicyInvalid."""
    policy.read(text, "session")
    return msgspec.json.format(text, indent=-1)


def _term(began: Session, role: PrincipalRow, seconds: int | None) -> int:
    """Raises SessionTooLong."""
    longest = role.session_term or _DEFAULT
    is_chained = began.before != () and longest > _OF_CHAINED
    longest = _OF_CHAINED if is_chained else longest
    term = min(_DEFAULT, longest) if seconds is None else seconds * SECOND
    if term > longest:
        raise SessionTooLong(longest // SECOND, is_chained)
    return term


# --- tokens --------------------------------------------------------------------------------------------------


async def _believed(state: State, issuers: Issuers, account: str, token: str) -> tuple[Provider, Claims]:
    """Whose token it is, and what it says, signed by one of the issuer's keys."""
    said = webtokens.unproven(token)
    provider = await state.db.read(providers.find, account, said.issuer)
    if provider is None:
        raise WebTokenInvalid("its issuer is no identity provider of the role's account")
    if provider.keys is not None:
        return provider, webtokens.verified(token, said, webtokens.read_keys(provider.keys))
    return provider, webtokens.verified(token, said, await issuers.keys(provider.issuer, said.key))


def _blank(source: str | None = None) -> Session:
    return Session("", "", 0, 0, source=source)


def _started(state: State, began: Session, account: str, term: int) -> Session:
    now = state.clock()
    return msgspec.structs.replace(
        began, key=new_session_key_id(), account=account, issued_at=now, expires_at=now + term
    )


def _issue(state: State, session: Session) -> SessionCredentials:
    found = login.issue_session(state, session)
    if len(found.token) > TOKEN_LIMIT:
        raise SessionTooLarge(_percent(found))
    return found


def _percent(credentials: SessionCredentials) -> int:
    return math.ceil(100 * len(credentials.token) / TOKEN_LIMIT)
