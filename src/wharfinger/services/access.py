"""Who is calling, and may they: access keys, authorization tokens and the one question every request asks."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wharfinger.domain import tokens
from wharfinger.domain.faults import Denied, KeyUnknown, RepositoryNotFound, TokenExpired, TokenInvalid
from wharfinger.domain.names import ACCOUNT, Registry
from wharfinger.state import State
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository
from wharfinger.state.ids import new_access_key_id, new_secret

TOKEN_TERM: Final = 12 * HOUR
_PASSWORDS: Final = "authorization token"


class Caller(NamedTuple):
    """A principal, and the registry that it means when it names none: its account, in the region it signed for."""

    principal: str  # ARN
    registry: Registry

    @property
    def account(self) -> str:
        """The account that the principal belongs to."""
        return self.registry.account


class Credentials(NamedTuple):
    """An access key with its secret in clear, for the moment of a check."""

    key: str
    secret: str
    account: str
    principal: str

    def __repr__(self) -> str:
        return f"Credentials({self.key}, …)"


class _Token(msgspec.Struct, array_like=True):
    principal: str
    account: str
    region: str
    expires_at: int


class AuthorizationToken(NamedTuple):
    """A password for the data plane. It holds no `:`, because clients split `AWS:<password>` there."""

    password: str
    expires_at: int

    def __repr__(self) -> str:
        return f"AuthorizationToken(…, {self.expires_at})"


async def credentials(state: State, key: str) -> Credentials:
    """The secret of an access key. Raises KeyUnknown."""
    if state.rules.any_signature:
        account = key if ACCOUNT.fullmatch(key) else state.rules.default_account
        return Credentials(key, "", account, _root(account))
    found = await state.db.read(keys.find, key)
    if found is None:
        raise KeyUnknown
    return _decrypted(state, found)


async def first_key(state: State) -> Credentials:
    """The access key of the default account, made at random if there is none yet."""
    account = state.rules.default_account
    draft = Credentials(new_access_key_id(), new_secret(), account, _root(account))
    row = keys.AccessKey(draft.key, account, draft.principal, state.secrets.encrypt(draft.secret, draft.key))

    async def find_or_add(tx: Tx) -> keys.AccessKey:
        present = await keys.oldest(tx, account)
        if present is None:
            await keys.add(tx, row, state.clock())
        return present or row

    present = await state.db.read(keys.oldest, account)
    return _decrypted(state, present if present is not None else await state.db.write(find_or_add))


def signing_key(state: State, purpose: str) -> bytes:
    """The key for what gives rights. What an open server gave to anybody is worth nothing on one that is not open."""
    return state.secrets.key(f"{purpose} of an open server" if state.rules.any_signature else purpose)


def issue_token(state: State, caller: Caller) -> AuthorizationToken:
    """A password that is good for 12 hours with the rights of the caller."""
    expires_at = state.clock() + TOKEN_TERM
    token = _Token(caller.principal, caller.account, caller.registry.region, expires_at)
    payload = msgspec.msgpack.encode(token)
    return AuthorizationToken(tokens.sign(signing_key(state, _PASSWORDS), payload), expires_at)


def check_token(state: State, password: str) -> Caller:
    """Whose password it is. Raises TokenInvalid, TokenExpired."""
    payload = tokens.verify(signing_key(state, _PASSWORDS), password)
    if payload is None:
        raise TokenInvalid
    token = msgspec.msgpack.decode(payload, type=_Token)
    if token.expires_at <= state.clock():
        raise TokenExpired
    return Caller(token.principal, Registry(token.account, token.region))


def require(caller: Caller, action: str, registry: Registry, repository: str | None) -> None:
    """Refuse what the caller may not do. A repository that it may not see looks like one that does not exist.

    Until there are policies, a principal may do everything in its own account and nothing in any other.
    """
    if registry == caller.registry:
        return
    if repository is not None and action != "ecr:CreateRepository":
        raise RepositoryNotFound(registry, repository)
    raise Denied(caller.principal, action, registry.arn(repository) if repository else "*")


async def repository(tx: Tx, registry: Registry, name: str) -> Repository:
    """The repository of this name. Raises RepositoryNotFound."""
    found = await repositories.find(tx, registry, name)
    if found is None:
        raise RepositoryNotFound(registry, name)
    return found


def _decrypted(state: State, key: keys.AccessKey) -> Credentials:
    return Credentials(key.id, state.secrets.decrypt(key.secret, key.id), key.account, key.principal)


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"
