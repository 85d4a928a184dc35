"""Robots: logins of container clients in one registry, each with a token of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from wharfinger.domain import robots as rules
from wharfinger.domain.faults import InvalidParameter, PrincipalExists, PrincipalNotFound, TooManyOf
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import robots
from wharfinger.state.db.database import Tx
from wharfinger.state.db.robots import Robot
from wharfinger.state.ids import new_robot_token, new_uuid


class NewToken(NamedTuple):
    """A robot with its token in clear, which nobody is told again."""

    robot: Robot
    token: str

    def __repr__(self) -> str:
        return f"NewToken({self.robot}, …)"


async def create(
    state: State,
    caller: Caller,
    registry: Registry,
    name: str,
    *,
    actions: Sequence[str],
    repositories: Sequence[str],
    expires_at: int | None,
) -> NewToken:
    """A new robot. Raises InvalidParameter, PrincipalExists, TooManyOf."""
    rules.check(actions, repositories)
    now = state.clock()
    _check_end(expires_at, now)
    token = new_robot_token()
    new = Robot(
        *(new_uuid(), registry, name, actions, repositories),
        token_hash=_hash(token),
        created_at=now,
        created_by=caller.principal,
        expires_at=expires_at,
    )

    async def work(tx: Tx) -> None:
        if await robots.find(tx, registry, name) is not None:
            raise PrincipalExists("robot", name)
        if await robots.count(tx, registry) >= rules.ROBOTS:
            raise TooManyOf("robots", rules.ROBOTS)
        await robots.put(tx, new)

    await state.db.write(work)
    return NewToken(new, token)


async def page(state: State, caller: Caller, registry: Registry, token: str | None, limit: int | None) -> Page[Robot]:
    """Robots by name."""
    pages = Pages(state, caller, "robots", *registry)
    after = pages.position(token)[0] if token else ""
    most = limit or DEFAULT
    found = await state.db.read(robots.page, registry, after, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda row: (row.name,))


async def rotate(state: State, registry: Registry, name: str, expires_at: int | None) -> NewToken:
    """Another token in the place of the present one; its end stays unless one is given.

    Raises PrincipalNotFound, InvalidParameter.
    """
    now = state.clock()
    token = new_robot_token()

    async def work(tx: Tx) -> Robot:
        found = await _find(tx, registry, name)
        end = found.expires_at if expires_at is None else expires_at
        _check_end(end, now)
        new = found._replace(token_hash=_hash(token), expires_at=end)
        await robots.put(tx, new)
        return new

    return NewToken(await state.db.write(work), token)


async def delete(state: State, registry: Registry, name: str) -> Robot:
    """Remove a robot: what it was. Raises PrincipalNotFound."""

    async def work(tx: Tx) -> Robot:
        found = await _find(tx, registry, name)
        await robots.delete(tx, registry, name)
        return found

    return await state.db.write(work)


async def _find(tx: Tx, registry: Registry, name: str) -> Robot:
    found = await robots.find(tx, registry, name)
    if found is None:
        raise PrincipalNotFound("robot", name)
    return found


def _check_end(expires_at: int | None, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise InvalidParameter("expiresAt", "Member must be a time in the future")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
