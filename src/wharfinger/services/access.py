"""May they: the one question that every request asks, answered by the policies as they are at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from wharfinger.domain import policy, scopes
from wharfinger.domain.faults import (
    AuthenticationMissing,
    Denied,
    KeyUnknown,
    RepositoryNotFound,
    SessionExpired,
    Unavailable,
)
from wharfinger.domain.names import Registry
from wharfinger.domain.policy import Decision, Policy
from wharfinger.services import identities
from wharfinger.services.identities import ANONYMOUS, NO_KEYS, STRANGER, Identity, Keys, Login, compiled, tag_keys
from wharfinger.state import State
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys, repositories, rights
from wharfinger.state.db import robots as robot_rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository
from wharfinger.state.remembered import Answers

_USE_STEP: Final = HOUR  # the use of a key is noted at most once in this time
_NOTED: Final = {"key", "robot"}
_READING: Final = {
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
    "ecr:ListImages",
}


class Caller(NamedTuple):
    """A principal, and the registry that it means when it names none: its account, in the region it signed for."""

    principal: str  # ARN; empty: anybody
    registry: Registry
    login: Login = ANONYMOUS
    identity: Identity = STRANGER
    keys: Keys = NO_KEYS

    @property
    def account(self) -> str:
        """The account that the principal belongs to."""
        return self.registry.account

    @property
    def owner(self) -> str:
        """Who began something and may go on with it: not somebody of the same name who came later."""
        return " ".join((self.principal, *self.identity.keys.get("aws:userid", ())))


class Errand(NamedTuple):
    """What somebody is about to do: an action on repositories of a registry, or on the registry if there is none."""

    action: str
    registry: Registry
    repositories: tuple[str, ...] = ()  # names; `*` means all of them
    keys: Keys = NO_KEYS  # what the request says of itself, beside where it came from

    @property
    def name(self) -> tuple[str, Registry, tuple[str, ...]]:
        """What tells it from others but for its keys."""
        return self.action, self.registry, self.repositories


class Facts(Mapping[str, tuple[str, ...]]):
    """The condition keys of one question; it notes whether an answer depends on what this request alone says."""

    def __init__(self, standing: Keys, of_request: Keys) -> None:
        self._standing = standing
        self._of_request = of_request
        self.is_of_request = False

    def __getitem__(self, name: str) -> tuple[str, ...]:
        if name in self._standing:
            return self._standing[name]
        self.is_of_request = True
        return self._of_request[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._of_request, **self._standing})

    def __len__(self) -> int:
        return len({**self._of_request, **self._standing})


class Question(NamedTuple):
    """A request, and the policies of its principal, of what it asks for, and of its session."""

    request: policy.Request
    facts: Facts
    identity: Sequence[Policy]
    resource: Sequence[Policy]
    session: Policy | None

    def decide(self) -> Decision:
        """What the policies say."""
        return policy.decide(self.request, identity=self.identity, resource=self.resource, session=self.session)

    def trace(self) -> Sequence[policy.Verdict]:
        """What each of their statements says."""
        return policy.trace(self.request, identity=self.identity, resource=self.resource, session=self.session)


async def enter(state: State, login: Login, registry: Registry, keys_: Keys, errand: Errand | None) -> Caller:
    """The caller behind a login, which may do the errand.

    Raises KeyUnknown, SessionExpired, Throttled, Denied, AuthenticationMissing.
    """
    now = state.clock()
    if login.session is not None and login.session.expires_at <= now:
        raise SessionExpired
    try:
        identity = await _identity(state, login, registry, keys_, errand)
    except Denied as fault:
        state.limits.count(fault.principal, now)  # who is refused asks no more often than others
        raise
    state.limits.count(identity.principal.arn or keys_.get("aws:sourceip", ("",))[0], now)
    caller = Caller(identity.principal.arn, registry, login, identity, keys_)
    if _is_use_news(state, caller, now):
        await _note_use(state, caller, now)
    return caller


async def require(state: State, caller: Caller, errand: Errand) -> None:
    """Refuse what a caller may not do beside what it came for. Raises Denied, AuthenticationMissing."""
    await _identity(state, caller.login, caller.registry, caller.keys, errand)


async def require_in(tx: Tx, state: State, caller: Caller, errand: Errand) -> None:
    """The same, as a part of a transaction, which may yet be undone: so nothing of it is remembered."""
    await _check(tx, Answers(await rights.version(tx)), state, caller, errand)


async def _identity(state: State, login: Login, registry: Registry, keys_: Keys, errand: Errand | None) -> Identity:
    """Whose login it is, if it may do the errand."""
    name = (login, errand and errand.name)
    known: Identity | None = state.remembered.at(await state.db.rights_version()).known(name)
    if known is not None:
        return known
    return await state.db.read(_admit, state, login, registry, keys_, errand, name)


async def _admit(
    tx: Tx, state: State, login: Login, registry: Registry, keys_: Keys, errand: Errand | None, name: Hashable
) -> Identity:
    """Decide, and keep that it is allowed if it would be for any request of this login on this errand."""
    answers = await state.remembered.now(tx)
    identity = await answers.get(tx, identities.of_login, login, state.rules.organization)
    if identity is None:
        raise KeyUnknown
    caller = Caller(identity.principal.arn, registry, login, identity, keys_)
    if errand is None or not await _check(tx, answers, state, caller, errand):
        answers.keep(name, identity)
    return identity


async def has_public(state: State, registry: Registry) -> bool:
    """Whether somebody without a login may find something to pull in a registry."""
    return await state.remembered.ask(state.db, repositories.has_public, registry)


async def repository(tx: Tx, registry: Registry, name: str) -> Repository:
    """The repository of this name. Raises RepositoryNotFound."""
    found = await repositories.find(tx, registry, name)
    if found is None:
        raise RepositoryNotFound(registry, name)
    return found


# --- may they ------------------------------------------------------------------------------------------------


async def _check(tx: Tx, answers: Answers, state: State, caller: Caller, errand: Errand) -> bool:
    """Refuse what may not be done; else say whether that depends on what the request says of itself."""
    is_of_request = False
    for name in errand.repositories or (None,):
        asked = await question(tx, answers, state, caller, errand, name)
        decision = asked.decide()
        if not decision.allowed:
            raise refusal(state, caller, errand, name, decision)
        is_of_request |= asked.facts.is_of_request
    return is_of_request


async def question(
    tx: Tx, answers: Answers, state: State, caller: Caller, errand: Errand, name: str | None
) -> Question:
    """What is asked of the policies, and of which."""
    guards, tags = await _guards(tx, answers, caller, errand, name)
    return _question(state, caller, errand, name, tags, guards)


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
            found.append(compiled("repository policy", guard.policy, "repository"))
    if caller.identity.principal.kind == "anonymous":
        # a repository alone can be opened to everybody, and only for reading
        return found if errand.action in _READING else (), tags
    document = await answers.get(tx, repositories.registry_policy, errand.registry)
    if document is not None:
        scope = await answers.get(tx, repositories.setting, errand.registry, scopes.SCOPE)
        if scopes.applies(scope, errand.action):
            found.append(compiled("registry policy", document, "registry"))
    return found, tags


def would_allow(
    state: State, caller: Caller, errand: Errand, name: str | None, tags: Mapping[str, str], guards: Sequence[Policy]
) -> bool:
    """Whether the caller could do an errand if these were the policies of the repository."""
    return _question(state, caller, errand, name, tags, guards).decide().allowed


def _question(
    state: State, caller: Caller, errand: Errand, name: str | None, tags: Mapping[str, str], guards: Sequence[Policy]
) -> Question:
    standing = {
        **caller.identity.keys,
        **tag_keys("aws:resourcetag", tags),
        **tag_keys("ecr:resourcetag", tags),
        "aws:resourceaccount": (errand.registry.account,),
        "aws:requestedregion": (errand.registry.region,),
        **({"aws:resourceorgid": (state.rules.organization,)} if state.rules.organization else {}),
    }
    facts = Facts(standing, {**caller.keys, **errand.keys} if errand.keys else caller.keys)
    request = policy.Request(
        caller.identity.principal,
        errand.action,
        errand.registry.arn(name) if name is not None else "*",
        errand.registry.account,
        facts,
    )
    return Question(request, facts, caller.identity.policies, guards, caller.identity.session_policy)


def refusal(
    state: State, caller: Caller, errand: Errand, name: str | None, decision: Decision
) -> Denied | AuthenticationMissing:
    """What is told must not tell whether the repository is there: only who may do it anyway hears of its policy."""
    principal = caller.identity.principal
    if principal.kind == "anonymous":
        return AuthenticationMissing()
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


# --- last use ------------------------------------------------------------------------------------------------


def _is_use_news(state: State, caller: Caller, now: int) -> bool:
    used_at = caller.identity.used_at
    if used_at is not None and now - used_at < _USE_STEP:
        return False
    return caller.login.kind in _NOTED and state.remembered.is_news(caller.login.id, now, _USE_STEP)


async def _note_use(state: State, caller: Caller, now: int) -> None:
    """When a key or robot was used last, to the hour. A request is served even where that cannot be written."""
    note = keys.set_used if caller.login.kind == "key" else robot_rows.set_used
    id_ = caller.login.id if caller.login.kind == "key" else caller.identity.keys["aws:userid"][0]

    async def write() -> None:
        with suppress(Unavailable):
            await state.db.write(note, id_, now)

    await asyncio.wait([asyncio.create_task(write())], timeout=0)
