"""Who is calling: access keys, sessions, authorization tokens and the tokens of robots."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final, NamedTuple

import msgspec

from wharfinger.domain import principals, tokens
from wharfinger.domain.faults import KeyUnknown, SessionExpired, TokenExpired, TokenInvalid
from wharfinger.domain.names import ACCOUNT, Registry
from wharfinger.domain.sessions import Session
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.state import State
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys, robots
from wharfinger.state.db.database import Tx
from wharfinger.state.ids import new_access_key_id, new_secret
from wharfinger.state.secrets import Secrets

TOKEN_TERM: Final = 12 * HOUR
_LONGEST_KEY: Final = 128  # characters, as AWS has it
ROBOT_PREFIX: Final = "whrt_"
_PASSWORDS: Final = "authorization token"
_SESSIONS: Final = "session token"


class Credentials(NamedTuple):
    """An access key with its secret in clear, for the moment of a check."""

    key: str
    secret: str
    account: str
    login: Login

    def __repr__(self) -> str:
        return f"Credentials({self.key}, …)"


class SessionCredentials(NamedTuple):
    """What a client signs with for the time of a session."""

    key: str
    secret: str
    token: str
    expires_at: int

    def __repr__(self) -> str:
        return f"SessionCredentials({self.key}, …)"


class _Token(msgspec.Struct, array_like=True):
    login: Login
    account: str
    region: str
    expires_at: int


class AuthorizationToken(NamedTuple):
    """A password for the data plane. It holds no `:`, because clients split `AWS:<password>` there."""

    password: str
    expires_at: int

    def __repr__(self) -> str:
        return f"AuthorizationToken(…, {self.expires_at})"


class Entry(NamedTuple):
    """A login at the data plane, and the registry that it was made for."""

    login: Login
    registry: Registry


class Ticket(NamedTuple):
    """What a signed text is good for, and until when."""

    entry: Entry
    expires_at: int


# --- access keys and sessions --------------------------------------------------------------------------------


async def credentials(state: State, key: str, session_token: str | None) -> Credentials:
    """The secret of an access key. Raises KeyUnknown, SessionExpired."""
    if session_token is not None and session_token_is_ours(state, session_token):
        session = read_session(state, key, session_token)
        login = Login("session", key, session)
        return Credentials(key, _session_secret(state, session_token), session.account, login)
    # what strangers send is looked for only if it could be one, because answers are kept
    found = None
    if len(key) <= _LONGEST_KEY and session_token is None:
        found = await state.remembered.ask(state.db, _of_key, state.secrets, key)
    if found is not None:
        return found
    if not state.rules.any_signature:
        raise KeyUnknown
    account = key if ACCOUNT.fullmatch(key) else state.rules.default_account
    return Credentials(key, "", account, Login("open", account))


async def _of_key(tx: Tx, secrets: Secrets, key: str) -> Credentials | None:
    """Decrypted once, and kept as long as the rights stay as they are: each call of a client needs it."""
    found = await keys.find(tx, key)
    if found is None or found.disabled_at is not None:
        return None
    return Credentials(key, secrets.decrypt(found.secret, key), found.account, Login("key", key))


async def first_key(state: State) -> Credentials:
    """The access key of the root of the default account, made at random if there is none yet."""
    account = state.rules.default_account
    id_, secret = new_access_key_id(), new_secret()
    row = keys.AccessKey(id_, account, principals.root_arn(account), state.secrets.encrypt(secret, id_), state.clock())

    async def find_or_add(tx: Tx) -> keys.AccessKey:
        present = await keys.oldest(tx, account)
        if present is None:
            await keys.add(tx, row)
        return present or row

    present = await state.db.ask(keys.oldest, account)
    found = present if present is not None else await state.db.write(find_or_add)
    return Credentials(found.id, _secret(state, found), account, Login("key", found.id))


def issue_session(state: State, session: Session) -> SessionCredentials:
    """Credentials that are good until the session ends, and for what it says."""
    token = tokens.sign(signing_key(state, _SESSIONS), msgspec.msgpack.encode(session))
    return SessionCredentials(session.key, _session_secret(state, token), token, session.expires_at)


def read_session(state: State, key: str, token: str) -> Session:
    """The session behind a token, which belongs to an access key. Raises KeyUnknown, SessionExpired."""
    payload = tokens.verify(signing_key(state, _SESSIONS), token)
    if payload is None:
        raise KeyUnknown
    session = msgspec.msgpack.decode(payload, type=Session)
    if session.key != key:
        raise KeyUnknown
    if session.expires_at <= state.clock():
        raise SessionExpired
    return session


def session_token_is_ours(state: State, token: str) -> bool:
    """Clients of an open server may send one of another service's."""
    return not state.rules.any_signature or tokens.verify(signing_key(state, _SESSIONS), token) is not None


def _session_secret(state: State, token: str) -> str:
    digest = hmac.digest(state.secrets.key("secret of a session"), token.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode()[:40]


def _secret(state: State, key: keys.AccessKey) -> str:
    return state.secrets.decrypt(key.secret, key.id)


# --- passwords of the data plane -----------------------------------------------------------------------------


def signing_key(state: State, purpose: str) -> bytes:
    """The key for what gives rights. What an open server gave to anybody is worth nothing on one that is not open."""
    return state.secrets.key(f"{purpose} of an open server" if state.rules.any_signature else purpose)


def issue_token(state: State, caller: Caller) -> AuthorizationToken:
    """A password with the rights of the caller, good for 12 hours or until its session ends."""
    session = caller.login.session
    expires_at = state.clock() + TOKEN_TERM
    if session is not None:
        expires_at = min(expires_at, session.expires_at)
    return AuthorizationToken(sign_for(state, _PASSWORDS, caller, caller.registry, expires_at), expires_at)


def read_password(state: State, password: str) -> Ticket:
    """Whose password it is, and until when. Raises TokenInvalid."""
    return _read(state, _PASSWORDS, password, b"")


def admit(state: State, ticket: Ticket) -> Entry:
    """Whoever has a ticket, if it is not over. Raises TokenExpired."""
    if ticket.expires_at <= state.clock():
        raise TokenExpired
    return ticket.entry


def sign_for(
    state: State, purpose: str, caller: Caller, registry: Registry, expires_at: int, bound_to: bytes = b""
) -> str:
    """A text that lets its holder do one thing in the caller's place."""
    token = _Token(caller.login, registry.account, registry.region, expires_at)
    return tokens.sign(signing_key(state, purpose), msgspec.msgpack.encode(token), bound_to)


def read_signed(state: State, purpose: str, text: str, bound_to: bytes = b"") -> Entry:
    """In whose place its holder may do that. Raises TokenInvalid, TokenExpired."""
    return admit(state, _read(state, purpose, text, bound_to))


def _read(state: State, purpose: str, text: str, bound_to: bytes) -> Ticket:
    payload = tokens.verify(signing_key(state, purpose), text, bound_to)
    if payload is None:
        raise TokenInvalid
    token = msgspec.msgpack.decode(payload, type=_Token)
    return Ticket(Entry(token.login, Registry(token.account, token.region)), token.expires_at)


async def check_robot(state: State, name: str, token: str) -> Entry:
    """Which robot it is. Raises TokenInvalid, TokenExpired."""
    hash_ = hashlib.sha256(token.encode()).digest()
    found = await state.remembered.ask(state.db, robots.of_token, hash_)
    if found is None or found.name != name:
        raise TokenInvalid
    if found.expires_at is not None and found.expires_at <= state.clock():
        raise TokenExpired
    return Entry(Login("robot", hash_.hex()), found.registry)
