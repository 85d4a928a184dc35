"""May they: the one question that every request asks, answered by the policies as they are at that moment."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.domain import policy, principals, robots, scopes
from wharfinger.domain.faults import (
    AuthenticationMissing,
    Denied,
    KeyUnknown,
    RepositoryNotFound,
    SessionExpired,
    Unavailable,
)
from wharfinger.domain.managed import MANAGED
from wharfinger.domain.names import Registry
from wharfinger.domain.policy import Decision, Policy, Principal
from wharfinger.domain.sessions import Session
from wharfinger.state import State
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys, repositories
from wharfinger.state.db import principals as rows
from wharfinger.state.db import robots as robot_rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import PrincipalRow
from wharfinger.state.db.repositories import Repository
from wharfinger.state.remembered import Answers

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys of a request in small letters, each with its values."""
NO_KEYS: Final[Keys] = MappingProxyType({})

_USE_STEP: Final = HOUR  # the use of a key is noted at most once in this time
_READING: Final = {
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
    "ecr:ListImages",
}


class Login(msgspec.Struct, array_like=True, frozen=True):
    """How somebody has proved who it is. What that is worth is looked up at each request."""

    kind: Literal["anonymous", "open", "key", "session", "robot"]
    id: str = ""  # access key; of a robot, the hash of its token; on an open server, the account
    session: Session | None = None


ANONYMOUS: Final = Login("anonymous")


class Identity(NamedTuple):
    """Whose login it is, and what goes with that."""

    principal: Principal
    policies: Sequence[Policy] = ()
    session_policy: Policy | None = None
    keys: Keys = NO_KEYS
    used_at: int | None = None


class Caller(NamedTuple):
    """A principal, and the registry that it means when it names none: its account, in the region it signed for."""

    principal: str  # ARN; empty: anybody
    registry: Registry
    login: Login = ANONYMOUS
    identity: Identity = Identity(Principal("anonymous", "", ""))
    keys: Keys = NO_KEYS

    @property
    def account(self) -> str:
        """The account that the principal belongs to."""
        return self.registry.account


class Errand(NamedTuple):
    """What somebody is about to do: an action on repositories of a registry, or on the registry if there is none."""

    action: str
    registry: Registry
    repositories: Sequence[str] = ()  # names; `*` means all of them
    keys: Keys = NO_KEYS  # what the request says of itself, beside where it came from


async def enter(state: State, login: Login, registry: Registry, keys_: Keys, errand: Errand | None) -> Caller:
    """The caller behind a login, which may do the errand.

    Raises KeyUnknown, SessionExpired, Throttled, Denied, AuthenticationMissing.
    """
    now = state.clock()
    if login.session is not None and login.session.expires_at <= now:
        raise SessionExpired

    async def work(tx: Tx) -> Caller:
        answers = await state.remembered.now(tx)
        identity = await answers.get(tx, _identity, login, state.rules.organization)
        if identity is None:
            raise KeyUnknown
        caller = Caller(identity.principal.arn, registry, login, identity, keys_)
        state.limits.count(identity.principal.arn or keys_.get("aws:sourceip", ("",))[0], now)
        if errand is not None:
            await _check(tx, answers, state, caller, errand)
        return caller

    caller = await state.db.read(work)
    await _note_use(state, caller, now)
    return caller


async def require(state: State, caller: Caller, errand: Errand) -> None:
    """Refuse what a caller may not do beside what it came for. Raises Denied, AuthenticationMissing."""

    await state.db.read(require_in, state, caller, errand)


async def require_in(tx: Tx, state: State, caller: Caller, errand: Errand) -> None:
    """The same, as a part of a transaction."""
    await _check(tx, await state.remembered.now(tx), state, caller, errand)


async def has_public(state: State, registry: Registry) -> bool:
    """Whether somebody without a login may find something to pull in a registry."""

    async def work(tx: Tx) -> bool:
        return await (await state.remembered.now(tx)).get(tx, repositories.has_public, registry)

    return await state.db.read(work)


async def repository(tx: Tx, registry: Registry, name: str) -> Repository:
    """The repository of this name. Raises RepositoryNotFound."""
    found = await repositories.find(tx, registry, name)
    if found is None:
        raise RepositoryNotFound(registry, name)
    return found


# --- who it is -----------------------------------------------------------------------------------------------


async def _identity(tx: Tx, login: Login, organization: str) -> Identity | None:
    """None where the login is worth nothing any more."""
    if login.kind == "anonymous":
        return Identity(Principal("anonymous", "", ""), keys={"aws:principaltype": ("Anonymous",)})
    found = await _FINDERS[login.kind](tx, login)
    if found is None:
        return None
    principal = found.principal
    about = {
        "aws:principalarn": (principal.role or principal.arn,),
        "aws:principalaccount": (principal.account,),
        **({"aws:principalorgid": (organization,)} if organization else {}),
    }
    return found._replace(keys={**about, **found.keys})


async def _of_open_server(tx: Tx, login: Login) -> Identity | None:  # noqa: ARG001 - finders look alike
    return _root(login.id)


async def _of_key(tx: Tx, login: Login) -> Identity | None:
    key = await keys.find(tx, login.id)
    if key is None or key.disabled_at is not None:
        return None
    if key.user is None:
        return _root(key.account)._replace(used_at=key.used_at)
    user = await rows.get(tx, key.user)
    if user is None:
        return None
    principal = Principal("user", user.account, principals.user_arn(user.account, user.name))
    about = {
        "aws:principaltype": ("User",),
        "aws:username": (user.name,),
        "aws:userid": (user.id,),
        **_tag_keys("aws:principaltag", user.tags),
    }
    return Identity(principal, await _policies(tx, user), None, about, key.used_at)


async def _of_session(tx: Tx, login: Login) -> Identity | None:
    """A session is worth what its role is, as long as the key that began it is good."""
    session = login.session
    assert session is not None  # noqa: S101 - the kind says so
    owner = await _of_key(tx, Login("key", session.source)) if session.source is not None else None
    if session.source is not None and owner is None:
        return None
    narrowed = _compiled("session policy", session.policy, "session") if session.policy is not None else None
    about: dict[str, tuple[str, ...]] = {
        "aws:tokenissuetime": (str(session.issued_at // 1000),),
        "aws:multifactorauthpresent": ("false",),
    }
    if session.role is None:
        return owner._replace(session_policy=narrowed, keys={**owner.keys, **about}) if owner else None
    role = await rows.get(tx, session.role)
    if role is None:
        return None
    arn = principals.session_arn(role.account, role.name, session.name)
    principal = Principal("session", role.account, arn, principals.role_arn(role.account, role.name))
    about |= {
        "aws:principaltype": ("AssumedRole",),
        "aws:userid": (f"{role.id}:{session.name}",),
        **_tag_keys("aws:principaltag", {**role.tags, **dict(session.tags)}),
        **({"aws:federatedprovider": (session.provider,)} if session.provider else {}),
        **({"aws:sourceidentity": (session.source_identity,)} if session.source_identity else {}),
    }
    return Identity(principal, await _policies(tx, role), narrowed, about)


async def _of_robot(tx: Tx, login: Login) -> Identity | None:
    robot = await robot_rows.of_token(tx, bytes.fromhex(login.id))
    if robot is None:
        return None
    document = robots.policy(robot.registry, robot.actions, robot.repositories)
    principal = Principal("robot", robot.registry.account, principals.robot_arn(robot.registry.account, robot.name))
    about = {"aws:principaltype": ("Robot",), "aws:userid": (robot.id,)}
    return Identity(principal, (_compiled("robot", document, "identity"),), None, about, robot.used_at)


_FINDERS: Final = {"open": _of_open_server, "key": _of_key, "session": _of_session, "robot": _of_robot}


def _root(account: str) -> Identity:
    principal = Principal("root", account, principals.root_arn(account))
    return Identity(principal, keys={"aws:principaltype": ("Account",), "aws:userid": (account,)})


async def _policies(tx: Tx, owner: PrincipalRow) -> tuple[Policy, ...]:
    names = await rows.attached(tx, owner.id)
    texts = {**MANAGED, **await rows.documents(tx, owner.account, names)}
    return tuple(_compiled(name, texts[name], "identity") for name in names if name in texts)


def _tag_keys(prefix: str, tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}/{name.lower()}": (value,) for name, value in tags.items()}


# --- may they ------------------------------------------------------------------------------------------------


async def _check(tx: Tx, answers: Answers, state: State, caller: Caller, errand: Errand) -> None:
    for name in errand.repositories or (None,):
        decision = await decide(tx, answers, state, caller, errand, name)
        if decision.allowed:
            continue
        if caller.identity.principal.kind == "anonymous":
            raise AuthenticationMissing
        raise _denied(state, caller, errand, name, decision)


async def decide(tx: Tx, answers: Answers, state: State, caller: Caller, errand: Errand, name: str | None) -> Decision:
    """What the policies say of an errand to one repository, or to the registry."""
    guards, tags = await _guards(tx, answers, caller, errand, name)
    return policy.decide(
        _request(state, caller, errand, name, tags),
        identity=caller.identity.policies,
        resource=guards,
        session=caller.identity.session_policy,
    )


async def _guards(
    tx: Tx, answers: Answers, caller: Caller, errand: Errand, name: str | None
) -> tuple[Sequence[Policy], Mapping[str, str]]:
    """The policies of the repository and of its registry, and the repository's tags."""
    found: list[Policy] = []
    tags: Mapping[str, str] = {}
    if name is not None and name != "*":
        guard = await answers.get(tx, repositories.guard, errand.registry, name)
        tags = guard.resource_tags
        if guard.policy is not None:
            found.append(_compiled("repository policy", guard.policy, "repository"))
    if caller.identity.principal.kind == "anonymous":
        # a repository alone can be opened to everybody, and only for reading
        return found if errand.action in _READING else (), tags
    document = await answers.get(tx, repositories.registry_policy, errand.registry)
    if document is not None:
        scope = await answers.get(tx, repositories.setting, errand.registry, scopes.SCOPE)
        if scopes.applies(scope, errand.action):
            found.append(_compiled("registry policy", document, "registry"))
    return found, tags


def would_allow(
    state: State, caller: Caller, errand: Errand, name: str | None, tags: Mapping[str, str], guards: Sequence[Policy]
) -> bool:
    """Whether the caller could do an errand if these were the policies of the repository."""
    return policy.decide(
        _request(state, caller, errand, name, tags),
        identity=caller.identity.policies,
        resource=guards,
        session=caller.identity.session_policy,
    ).allowed


def _request(state: State, caller: Caller, errand: Errand, name: str | None, tags: Mapping[str, str]) -> policy.Request:
    return policy.Request(
        caller.identity.principal,
        errand.action,
        errand.registry.arn(name) if name is not None else "*",
        errand.registry.account,
        {
            **caller.keys,
            **caller.identity.keys,
            **errand.keys,
            **_tag_keys("aws:resourcetag", tags),
            **_tag_keys("ecr:resourcetag", tags),
            "aws:resourceaccount": (errand.registry.account,),
            "aws:requestedregion": (errand.registry.region,),
            **({"aws:resourceorgid": (state.rules.organization,)} if state.rules.organization else {}),
        },
    )


def _denied(state: State, caller: Caller, errand: Errand, name: str | None, decision: Decision) -> Denied:
    """What is told must not tell whether the repository is there: only who may do it anyway hears of its policy."""
    principal = caller.identity.principal
    source, is_explicit = decision.source, decision.explicit
    if is_explicit and source == "resource-based" and not _may_know(state, caller, errand, name):
        is_own = principal.account == errand.registry.account
        source, is_explicit = "identity-based" if is_own else "resource-based", False
    return Denied(
        caller.principal,
        errand.action,
        errand.registry.arn(name) if name is not None else "*",
        source,
        is_explicit,
        decision.policy,
        decision.sid or (str(decision.statement) if decision.statement is not None else None),
    )


def _may_know(state: State, caller: Caller, errand: Errand, name: str | None) -> bool:
    """Whether the caller's own rights would do if the repository had neither policy nor tags."""
    if caller.identity.principal.account != errand.registry.account:
        return False
    return would_allow(state, caller, errand, name, {}, ())


@functools.lru_cache(maxsize=4096)
def _compiled(name: str, text: str, kind: policy.Kind) -> Policy:
    return Policy(name, policy.restore(text, kind))


# --- last use ------------------------------------------------------------------------------------------------


async def _note_use(state: State, caller: Caller, now: int) -> None:
    """When a key or robot was used last, to the hour. A request is served even where that cannot be written."""
    login, used_at = caller.login, caller.identity.used_at
    if login.kind not in {"key", "robot"} or (used_at is not None and now - used_at < _USE_STEP):
        return
    if not state.remembered.is_news(login.id, now, _USE_STEP):
        return
    note = keys.set_used if login.kind == "key" else robot_rows.set_used
    id_ = login.id if login.kind == "key" else caller.identity.keys["aws:userid"][0]

    async def write() -> None:
        with suppress(Unavailable):
            await state.db.write(note, id_, now)

    await asyncio.wait([asyncio.create_task(write())], timeout=0)
