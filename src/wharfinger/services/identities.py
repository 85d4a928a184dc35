"""Whose login it is: users, roles in sessions, robots and roots of accounts, with the policies that go with them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.domain import policy, principals, robots
from wharfinger.domain.managed import MANAGED
from wharfinger.domain.names import ACCOUNT
from wharfinger.domain.policy import Policy, Principal
from wharfinger.domain.sessions import Session
from wharfinger.state.db import keys, providers
from wharfinger.state.db import principals as rows
from wharfinger.state.db import robots as robot_rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import PrincipalRow
from wharfinger.state.db.robots import Robot

Keys = Mapping[str, tuple[str, ...]]
"""Condition keys of a request in small letters, each with its values."""
NO_KEYS: Final[Keys] = MappingProxyType({})


class Login(msgspec.Struct, array_like=True, frozen=True):
    """How somebody has proved who it is. What that is worth is looked up at each request."""

    kind: Literal["anonymous", "open", "key", "session", "robot"]
    id: str = ""  # access key; of a robot, the hash of its token; on an open server, the account
    session: Session | None = None

    @property
    def key(self) -> str | None:
        """The access key that signs with it; a robot and an open server have none."""
        return self.id if self.kind in {"key", "session"} else None


ANONYMOUS: Final = Login("anonymous")


class Identity(NamedTuple):
    """Whose login it is, and what goes with that."""

    principal: Principal
    policies: Sequence[Policy] = ()
    session_policy: Policy | None = None
    keys: Keys = NO_KEYS
    used_at: int | None = None


STRANGER: Final = Identity(policy.ANONYMOUS, keys={"aws:principaltype": ("Anonymous",)})


async def of_login(tx: Tx, login: Login, organization: str) -> Identity | None:
    """None where the login is worth nothing any more."""
    if login.kind == "anonymous":
        return STRANGER
    found = await _FINDERS[login.kind](tx, login)
    return found and with_account(found, organization)


def with_account(found: Identity, organization: str) -> Identity:
    """The same with what conditions may ask of any account's principals."""
    principal = found.principal
    about = {
        "aws:principalarn": (principal.role or principal.arn,),
        "aws:principalaccount": (principal.account,),
        **({"aws:principalorgid": (organization,)} if organization else {}),
    }
    return found._replace(keys={**about, **found.keys})


async def _of_open_server(tx: Tx, login: Login) -> Identity | None:  # noqa: ARG001 - finders look alike
    return of_root(login.id)


async def _of_key(tx: Tx, login: Login) -> Identity | None:
    key = await keys.find(tx, login.id)
    if key is None or key.disabled_at is not None:
        return None
    if key.user is None:
        return of_root(key.account)._replace(used_at=key.used_at)
    user = await rows.get(tx, key.user)
    return (await of_user(tx, user))._replace(used_at=key.used_at) if user else None


async def of_user(tx: Tx, user: PrincipalRow) -> Identity:
    """A user, whichever key it has."""
    principal = Principal("user", user.account, principals.user_arn(user.account, user.name))
    about = {
        "aws:principaltype": ("User",),
        "aws:username": (user.name,),
        "aws:userid": (user.id,),
        **tag_keys("aws:principaltag", user.tags),
    }
    return Identity(principal, await _policies(tx, user), None, about)


async def _of_session(tx: Tx, login: Login) -> Identity | None:
    """A session is worth what its role is, as long as all that it came from is good."""
    session = login.session
    assert session is not None  # noqa: S101 - the kind says so
    owner = await _of_source(tx, session.source) if session.source is not None else None
    if session.source is not None and owner is None:
        return None
    about: dict[str, tuple[str, ...]] = {
        "aws:tokenissuetime": (str(session.issued_at // 1000),),
        "aws:multifactorauthpresent": ("false",),
    }
    if session.role is None:
        return owner._replace(keys={**owner.keys, **about}) if owner else None
    chain = [await rows.get(tx, id_) for id_ in (*session.before, session.role)]
    first, role = chain[0], chain[-1]
    if first is None or role is None or not all(chain) or not await _is_believed(tx, first.account, session):
        return None
    found = await of_role(tx, role, session.name, dict(session.tags))
    if session.source_identity is not None:
        about["aws:sourceidentity"] = (session.source_identity,)
    if session.provider is not None and not session.before:
        about["aws:federatedprovider"] = (principals.provider_arn(role.account, session.provider),)
    return found._replace(session_policy=await _narrowing(tx, role.account, session), keys={**found.keys, **about})


async def _of_source(tx: Tx, source: str) -> Identity | None:
    """Whoever began a session: with an access key, or by its account on an open server."""
    return of_root(source) if ACCOUNT.fullmatch(source) else await _of_key(tx, Login("key", source))


async def _is_believed(tx: Tx, account: str, session: Session) -> bool:
    """Whether the account still believes the identity provider that began a session, if one did."""
    return session.provider is None or await providers.find(tx, account, session.provider) is not None


async def _narrowing(tx: Tx, account: str, session: Session) -> Policy | None:
    """The policies of a session as one, for what any of them allows is allowed."""
    if session.policy is None and not session.policies:
        return None
    texts = {**MANAGED, **await rows.documents(tx, account, session.policies)}
    if not texts.keys() >= set(session.policies):
        return Policy("session policy", policy.Document("session", ()))  # what one that has gone forbade, nobody knows
    found = [texts[name] for name in session.policies]
    if session.policy is not None:
        found.append(session.policy)
    statements = [one for text in found for one in policy.restore(text, "session").statements]
    return Policy("session policy", policy.Document("session", statements))


async def of_role(tx: Tx, role: PrincipalRow, session: str, tags: Mapping[str, str]) -> Identity:
    """A session of a role that nothing narrows, by its name and its own tags."""
    arn = principals.session_arn(role.account, role.name, session)
    principal = Principal("session", role.account, arn, principals.role_arn(role.account, role.name))
    about = {
        "aws:principaltype": ("AssumedRole",),
        "aws:userid": (f"{role.id}:{session}",),
        **tag_keys("aws:principaltag", {**role.tags, **tags}),
    }
    return Identity(principal, await _policies(tx, role), None, about)


async def _of_robot(tx: Tx, login: Login) -> Identity | None:
    robot = await robot_rows.of_token(tx, bytes.fromhex(login.id))
    return of_robot(robot) if robot else None


def of_robot(robot: Robot) -> Identity:
    """A robot, whichever token it has."""
    document = robots.policy(robot.registry, robot.actions, robot.repositories)
    principal = Principal("robot", robot.registry.account, principals.robot_arn(robot.registry.account, robot.name))
    about = {"aws:principaltype": ("Robot",), "aws:userid": (robot.id,)}
    return Identity(principal, (compiled("robot", document, "identity"),), None, about, robot.used_at)


_FINDERS: Final = {"open": _of_open_server, "key": _of_key, "session": _of_session, "robot": _of_robot}


def of_root(account: str) -> Identity:
    """The root of an account."""
    principal = Principal("root", account, principals.root_arn(account))
    return Identity(principal, keys={"aws:principaltype": ("Account",), "aws:userid": (account,)})


async def _policies(tx: Tx, owner: PrincipalRow) -> tuple[Policy, ...]:
    names = await rows.attached(tx, owner.id)
    texts = {**MANAGED, **await rows.documents(tx, owner.account, names)}
    return tuple(compiled(name, texts[name], "identity") for name in names if name in texts)


def tag_keys(prefix: str, tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Tags as conditions ask for them."""
    return {f"{prefix}/{name.lower()}": (value,) for name, value in tags.items()}


@functools.lru_cache(maxsize=1024)
def compiled(name: str, text: str, kind: policy.Kind) -> Policy:
    """A policy that was accepted once, ready to be asked."""
    return Policy(name, policy.restore(text, kind))
