"""Users and roles of an account. One that is made again under its old name has another id, and nothing of the old."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from wharfinger.domain import policy, tags
from wharfinger.domain.faults import Declared, InvalidParameter, PrincipalExists, PrincipalNotFound, TooManyOf
from wharfinger.domain.principals import ROLES, USERS
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys, principals
from wharfinger.state.db.database import Tx
from wharfinger.state.db.keys import AccessKey
from wharfinger.state.db.principals import Kind, PrincipalRow
from wharfinger.state.ids import new_principal_id

SESSION_TERM: Final = HOUR  # of a role that says nothing else
_MOST: Final = {"user": USERS, "role": ROLES}

Tags = Sequence[tuple[str, str]]


class Described(NamedTuple):
    """A user or role, and what belongs to it."""

    principal: PrincipalRow
    policies: Sequence[str]  # names
    keys: Sequence[AccessKey] = ()


async def create_user(state: State, caller: Caller, name: str, tags_: Tags) -> PrincipalRow:
    """A new user. Raises PrincipalExists, TooManyOf, InvalidParameter, ResourceTagsInvalid."""
    new = PrincipalRow(new_principal_id("user"), caller.account, "user", name, state.clock(), tags=_tags(tags_))
    return await state.db.write(_add, new)


async def create_role(
    state: State, caller: Caller, name: str, trust: str, session_term: int | None, tags_: Tags
) -> PrincipalRow:
    """A new role; the term of its sessions is in milliseconds.

    Raises PolicyInvalid, PrincipalExists, TooManyOf, InvalidParameter, ResourceTagsInvalid.
    """
    policy.read(trust, "trust")
    new = PrincipalRow(
        *(new_principal_id("role"), caller.account, "role", name, state.clock()),
        trust=trust,
        session_term=session_term or SESSION_TERM,
        tags=_tags(tags_),
    )
    return await state.db.write(_add, new)


async def update_role(
    state: State, caller: Caller, name: str, trust: str | None, session_term: int | None, tags_: Tags | None
) -> PrincipalRow:
    """Change a role; what is None stays.

    Raises PolicyInvalid, PrincipalNotFound, Declared, InvalidParameter, ResourceTagsInvalid.
    """
    if trust is not None:
        policy.read(trust, "trust")
    new_tags = _tags(tags_) if tags_ is not None else None

    async def work(tx: Tx) -> PrincipalRow:
        found = await undeclared(tx, caller.account, "role", name)
        new = found._replace(
            trust=found.trust if trust is None else trust,
            session_term=found.session_term if session_term is None else session_term,
            tags=found.tags if new_tags is None else new_tags,
        )
        await principals.put(tx, new)
        return new

    return await state.db.write(work)


async def page(state: State, caller: Caller, kind: Kind, token: str | None, limit: int | None) -> Page[PrincipalRow]:
    """Users or roles by name."""
    pages = Pages(state, caller, "principals", caller.account, kind)
    after = pages.position(token)[0] if token else ""
    most = limit or DEFAULT
    found = await state.db.read(principals.page, caller.account, kind, after, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda row: (row.name,))


async def describe(state: State, caller: Caller, kind: Kind, name: str) -> Described:
    """A user or role with its policies and keys. Raises PrincipalNotFound."""

    async def work(tx: Tx) -> Described:
        found = await find(tx, caller.account, kind, name)
        return Described(found, await principals.attached(tx, found.id), await keys.of_user(tx, found.id))

    return await state.db.read(work)


async def delete(state: State, caller: Caller, kind: Kind, name: str) -> PrincipalRow:
    """Remove a user or role with its keys and attachments: what it was. Raises PrincipalNotFound, Declared."""

    async def work(tx: Tx) -> PrincipalRow:
        found = await undeclared(tx, caller.account, kind, name)
        await principals.delete(tx, found.id)
        return found

    return await state.db.write(work)


async def find(tx: Tx, account: str, kind: Kind, name: str) -> PrincipalRow:
    """The user or role of this name. Raises PrincipalNotFound."""
    found = await principals.find(tx, account, kind, name)
    if found is None:
        raise PrincipalNotFound(kind, name)
    return found


async def undeclared(tx: Tx, account: str, kind: Kind, name: str) -> PrincipalRow:
    """The same, to be changed. Raises PrincipalNotFound, Declared."""
    found = await find(tx, account, kind, name)
    if found.is_declared:
        raise Declared(kind, name)
    return found


async def _add(tx: Tx, new: PrincipalRow) -> PrincipalRow:
    if await principals.find(tx, new.account, new.kind, new.name) is not None:
        raise PrincipalExists(new.kind, new.name)
    if await principals.count(tx, new.account, new.kind) >= _MOST[new.kind]:
        raise TooManyOf(f"{new.kind}s", _MOST[new.kind])
    await principals.put(tx, new)
    return new


def _tags(given: Tags) -> dict[str, str]:
    """Conditions ask for tags in any case, so two that differ in it only cannot be told apart."""
    found = tags.merged({}, given)
    if len({key.lower() for key in found}) < len(given):
        raise InvalidParameter("tags", "Member must not have the same key twice, in whichever case")
    return found
