"""Who may call a registry, and who may not: each with credentials for both doors, on a state that checks signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from support.answer import Answer
from support.doors import Asgi
from support.signing import Sent, sign
from wharfinger.contract.sts import API_VERSION
from wharfinger.domain.names import Registry
from wharfinger.domain.principals import root_arn, user_arn
from wharfinger.domain.sessions import Session
from wharfinger.services import login
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.state import State
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys, principals
from wharfinger.state.db.database import Tx
from wharfinger.state.db.keys import AccessKey
from wharfinger.state.db.principals import PolicyRow, PrincipalRow
from wharfinger.state.ids import new_access_key_id, new_principal_id, new_secret, new_session_key_id

ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class Person(NamedTuple):
    """Somebody with an access key and a password of the data plane, which may be good or not."""

    key: str = ""
    secret: str = ""
    token: str | None = None
    password: str | None = None


class People:
    """The root of one account and others; `registry` is that of the account."""

    def __init__(self, state: State, registry: Registry) -> None:
        self._state = state
        self.registry = registry

    async def root(self, account: str | None = None) -> Person:
        """The root of an account, by default that of the registry."""
        account = account or self.registry.account
        return await self._with_key(account, root_arn(account), None)

    async def user(self, name: str, *statements: Mapping[str, Any]) -> Person:
        """A new user of the account who may do what statements say, in the place of one of the same name."""
        id_ = new_principal_id("user")
        row = PrincipalRow(id_, self.registry.account, "user", name, self._state.clock())
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

        async def add(tx: Tx) -> None:
            if (present := await principals.find(tx, row.account, "user", name)) is not None:
                await principals.delete(tx, present.id)
            await principals.put(tx, row)
            if statements:
                await principals.put_policy(tx, PolicyRow(row.account, name, document, False, 0))
                await principals.attach(tx, row.id, name)

        await self._state.db.write(add)
        return await self._with_key(row.account, user_arn(row.account, name), row.id)

    async def with_session_that_is_over(self) -> Person:
        """The root of the account, by credentials that were good for an hour, until now."""
        source = await self.root()
        now = self._state.clock()
        session = Session(new_session_key_id(), self.registry.account, now, now - HOUR, source=source.key)
        issued = login.issue_session(self._state, session)
        caller = Caller("", self.registry, Login("session", session.key, session))
        password = login.issue_token(self._state, caller).password
        return Person(issued.key, issued.secret, issued.token, password)

    async def disabled(self) -> Person:
        """The root of the account, by a key that was disabled after it gave out a password."""
        person = await self.root()
        await self._state.db.write(keys.set_disabled, person.key, self._state.clock())
        return person

    async def revoked(self) -> Person:
        """The root of the account, by a key that was deleted after it gave out a password."""
        person = await self.root()
        await self._state.db.write(keys.delete, person.key)
        return person

    async def _with_key(self, account: str, principal: str, user: str | None) -> Person:
        id_, secret = new_access_key_id(), new_secret()
        encrypted = self._state.secrets.encrypt(secret, id_)
        row = AccessKey(id_, account, principal, encrypted, self._state.clock(), user)
        await self._state.db.write(keys.add, row)
        caller = Caller(principal, Registry(account, self.registry.region), Login("key", id_))
        return Person(id_, secret, None, login.issue_token(self._state, caller).password)


async def call(
    doors: Asgi, state: State, person: Person, target: str, arguments: Mapping[str, Any], *, in_query: bool = False
) -> Answer:
    """A call of the JSON protocol, signed by a person, or by nobody if that has no key; `target` names the service."""
    service, _, _ = target.partition("_")
    sent = sign(
        query=in_query,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
        body=json.dumps(arguments).encode(),
        key=person.key,
        secret=person.secret or "none",
        token=person.token,
        service={"AmazonEC2ContainerRegistry": "ecr", "Wharfinger": "wharfinger"}[service],
        at=datetime.fromtimestamp(state.clock() / 1000, UTC),
    )
    return await _send(doors, person, sent)


async def ask_sts(
    doors: Asgi, state: State, person: Person, name: str, arguments: Mapping[str, str], *, in_query: bool = False
) -> Answer:
    """A call of STS, signed by a person, or by nobody if that has no key."""
    sent = sign(
        query=in_query,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode({"Action": name, "Version": API_VERSION, **arguments}).encode(),
        key=person.key,
        secret=person.secret or "none",
        token=person.token,
        service="sts",
        at=datetime.fromtimestamp(state.clock() / 1000, UTC),
    )
    return await _send(doors, person, sent)


async def _send(doors: Asgi, person: Person, sent: Sent) -> Answer:
    headers = {name: value for name, value in sent.headers if person.key or name.lower() != "authorization"}
    query = f"?{sent.query}" if sent.query and person.key else ""
    return await doors.request("POST", f"/{query}", sent.body, headers)
