"""Two workers that check signatures, on one data directory and in the process of the test: who asks which, and when."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from support.answer import Answer
from support.doors import Doors
from support.server import REGION
from support.state import Clock, settings_of
from support.stores import having_rights
from wharfinger.cli.access import Access
from wharfinger.cli.client import signed
from wharfinger.contract import ecr, wharfinger
from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.services import login
from wharfinger.state import State

ACCOUNT = "123456789012"
ADDRESS = "http://localhost:5050"
SETTINGS = {"open": False, "account": ACCOUNT, "region": REGION}


class Key(NamedTuple):
    """What a client signs with."""

    id: str
    secret: str
    token: str | None = None


class Worker(Doors):
    """The doors of one worker, asked by whoever has a key."""

    async def call(self, key: Key, operation: str, **arguments: Any) -> Answer:
        """A signed call of either API."""
        service = (wharfinger if operation in wharfinger.OPERATIONS else ecr).SERVICE
        body = json.dumps(arguments).encode()
        access = Access(ADDRESS, REGION, *key)
        at = datetime.fromtimestamp(self.state.clock() / 1000, UTC)
        return await self.request("POST", "/", body, signed(access, service, operation, body, at))

    async def done(self, key: Key, operation: str, **arguments: Any) -> Any:
        """The same, which succeeds: what it answers."""
        answer = await self.call(key, operation, **arguments)
        assert answer.status == 200, (operation, answer)
        return answer.json

    async def password(self, key: Key) -> str:
        """A new authorization token."""
        [data] = (await self.done(key, "GetAuthorizationToken"))["authorizationData"]
        return base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")

    async def pull(self, path: str, password: str | None, user: str = "AWS", method: str = "GET") -> Answer:
        """A request to the data plane with a login, or without one."""
        return await self.request(method, f"/v2/{path}", headers=basic(user, password) if password is not None else {})


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a login."""
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Strict(NamedTuple):
    """A server of two workers, and the key of the root of its account."""

    directory: Path
    clock: Clock
    one: Worker
    two: Worker
    root: Key

    async def user(self, name: str, *policies: str) -> Key:
        """A new user with these policies: an access key."""
        await self.one.done(self.root, "CreateUser", userName=name)
        for policy in policies:
            await self.one.done(self.root, "AttachPolicy", policyName=policy, userName=name)
        return await self.key(name)

    async def key(self, user: str) -> Key:
        """A new access key of a user."""
        made = await self.one.done(self.root, "CreateAccessKey", userName=user)
        return Key(made["accessKey"]["accessKeyId"], made["secretAccessKey"])

    async def policy(self, name: str, *statements: Mapping[str, Any]) -> str:
        """An identity policy, new or in the place of the one of this name: its name."""
        await self.one.done(self.root, "PutPolicy", policyName=name, policyDocument=document(*statements))
        return name


def document(*statements: Mapping[str, Any]) -> str:
    """A policy of these statements, each for all resources unless it says more."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


@asynccontextmanager
async def new_strict(directory: Path, clock: Clock | None = None, **more: Any) -> AsyncIterator[Strict]:
    """On a new data directory, with the repository `app`."""
    with having_rights():
        await data.prepare(_settings(directory, more))
    async with open_strict(directory, clock, **more) as strict:
        await strict.one.done(strict.root, "CreateRepository", repositoryName="app")
        yield strict


@asynccontextmanager
async def open_strict(directory: Path, clock: Clock | None = None, **more: Any) -> AsyncIterator[Strict]:
    """On a data directory that is there."""
    clock, settings = clock or Clock(), _settings(directory, more)
    with having_rights():
        states = [await data.open_state(settings, clock) for _ in range(2)]
    try:
        one, two = (Worker(state, ACCOUNT, settings=settings) for state in states)
        yield Strict(directory, clock, one, two, await _root(states[0]))
    finally:
        for state in states:
            await state.db.close()


def _settings(directory: Path, more: Mapping[str, Any]) -> Settings:
    return settings_of(directory, **{**SETTINGS, **more})


async def _root(state: State) -> Key:
    found = await login.first_key(state)
    return Key(found.key, found.secret)
