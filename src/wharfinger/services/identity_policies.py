"""Identity policies: those of an account and those that are built in, and who has them."""

from __future__ import annotations

from typing import Final, NamedTuple

from wharfinger.domain import policy
from wharfinger.domain.faults import (
    Declared,
    IdentityPolicyBuiltIn,
    IdentityPolicyInUse,
    IdentityPolicyNotAttached,
    IdentityPolicyNotFound,
    TooManyOf,
)
from wharfinger.domain.managed import MANAGED
from wharfinger.domain.principals import ATTACHED_POLICIES, POLICIES
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.services.principals import undeclared
from wharfinger.state import State
from wharfinger.state.db import principals
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import Kind, PolicyRow

_HOLDERS_TOLD: Final = 10


class IdentityPolicy(NamedTuple):
    """A policy of an account, or one that is built in and was never changed."""

    name: str
    document: str
    is_declared: bool = False
    changed_at: int | None = None

    @property
    def is_built_in(self) -> bool:
        """Whether it is one of AWS's own."""
        return self.name in MANAGED


async def put(state: State, caller: Caller, name: str, text: str) -> IdentityPolicy:
    """Make a policy, or put it in the place of the one of this name, for all who have that.

    Raises PolicyInvalid, IdentityPolicyBuiltIn, Declared, TooManyOf.
    """
    _check_own(name)
    policy.read(text, "identity")
    new = PolicyRow(caller.account, name, text, is_declared=False, changed_at=state.clock())

    async def work(tx: Tx) -> None:
        found = await principals.find_policy(tx, caller.account, name)
        if found is None and await principals.policy_count(tx, caller.account) >= POLICIES:
            raise TooManyOf("policies", POLICIES)
        if found is not None and found.is_declared:
            raise Declared("policy", name)
        await principals.put_policy(tx, new)

    await state.db.write(work)
    return _of_row(new)


async def get(state: State, caller: Caller, name: str) -> IdentityPolicy:
    """The policy of this name. Raises IdentityPolicyNotFound."""
    return await state.db.read(_find, caller.account, name)


async def page(state: State, caller: Caller, token: str | None, limit: int | None) -> Page[IdentityPolicy]:
    """The account's policies and those that are built in, by name."""
    pages = Pages(state, caller, "policies", caller.account)
    after = pages.position(token)[0] if token else ""
    most = limit or DEFAULT
    own = await state.db.read(principals.policy_page, caller.account, after, most + 1)
    built_in = [_built_in(name) for name in MANAGED if name > after]
    found = sorted([*map(_of_row, own), *built_in], key=lambda one: one.name)[: most + 1]
    return pages.page(found[:most], has_more=len(found) > most, position=lambda one: (one.name,))


async def delete(state: State, caller: Caller, name: str) -> IdentityPolicy:
    """Remove a policy that nobody has: what it was.

    Raises IdentityPolicyNotFound, IdentityPolicyBuiltIn, IdentityPolicyInUse, Declared.
    """
    _check_own(name)

    async def work(tx: Tx) -> IdentityPolicy:
        found = await _find(tx, caller.account, name)
        if found.is_declared:
            raise Declared("policy", name)
        holders = await principals.having(tx, caller.account, name, _HOLDERS_TOLD)
        if holders:
            raise IdentityPolicyInUse(name, tuple(f"{holder.kind} {holder.name}" for holder in holders))
        await principals.delete_policy(tx, caller.account, name)
        return found

    return await state.db.write(work)


async def attach(state: State, caller: Caller, name: str, kind: Kind, principal: str) -> list[str]:
    """Give a policy to a user or role: all that it has then, by name.

    Raises IdentityPolicyNotFound, PrincipalNotFound, Declared, TooManyOf.
    """

    async def work(tx: Tx) -> list[str]:
        holder = await undeclared(tx, caller.account, kind, principal)
        await _find(tx, caller.account, name)
        attached = {*await principals.attached(tx, holder.id), name}
        if len(attached) > ATTACHED_POLICIES:
            raise TooManyOf(f"policies of a {kind}", ATTACHED_POLICIES)
        await principals.attach(tx, holder.id, name)
        return sorted(attached)

    return await state.db.write(work)


async def detach(state: State, caller: Caller, name: str, kind: Kind, principal: str) -> list[str]:
    """Take a policy from a user or role: all that it has then, by name.

    Raises IdentityPolicyNotAttached, PrincipalNotFound, Declared.
    """

    async def work(tx: Tx) -> list[str]:
        holder = await undeclared(tx, caller.account, kind, principal)
        if not await principals.detach(tx, holder.id, name):
            raise IdentityPolicyNotAttached(name, kind, principal)
        return await principals.attached(tx, holder.id)

    return await state.db.write(work)


async def _find(tx: Tx, account: str, name: str) -> IdentityPolicy:
    if name in MANAGED:
        return _built_in(name)
    found = await principals.find_policy(tx, account, name)
    if found is None:
        raise IdentityPolicyNotFound(name)
    return _of_row(found)


def _check_own(name: str) -> None:
    if name in MANAGED:
        raise IdentityPolicyBuiltIn(name)


def _built_in(name: str) -> IdentityPolicy:
    return IdentityPolicy(name, MANAGED[name])


def _of_row(row: PolicyRow) -> IdentityPolicy:
    return IdentityPolicy(row.name, row.document, row.is_declared, row.changed_at)
