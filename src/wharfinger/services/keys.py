"""Access keys. A user's go with the user; those of the root of an account are for the root alone to see and change."""

from __future__ import annotations

from typing import NamedTuple

from wharfinger.domain import principals
from wharfinger.domain.faults import AccessKeyNotFound, Declared, InvalidParameter, TooManyOf
from wharfinger.services.access import Caller
from wharfinger.services.principals import find
from wharfinger.state import State
from wharfinger.state.db import keys
from wharfinger.state.db import principals as rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.keys import AccessKey
from wharfinger.state.ids import new_access_key_id, new_secret


class OwnedKey(NamedTuple):
    """An access key, and the name of its user; None if it is the root's."""

    key: AccessKey
    user: str | None


class NewKey(NamedTuple):
    """An access key with the secret in clear, which nobody is told again."""

    owned: OwnedKey
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.owned}, …)"


class _Owner(NamedTuple):
    id: str | None  # None: the root
    name: str | None
    arn: str


async def create(state: State, caller: Caller, user: str | None) -> NewKey:
    """A new access key of a user, or of the caller itself. Raises PrincipalNotFound, TooManyOf, InvalidParameter."""
    id_, secret = new_access_key_id(), new_secret()
    encrypted = state.secrets.encrypt(secret, id_)
    now = state.clock()

    async def work(tx: Tx) -> OwnedKey:
        owner = await _owner(tx, caller, user)
        if len(await _keys(tx, caller.account, owner)) >= principals.ACCESS_KEYS:
            raise TooManyOf("access keys", principals.ACCESS_KEYS)
        new = AccessKey(id_, caller.account, owner.arn, encrypted, now, owner.id)
        await keys.add(tx, new)
        return OwnedKey(new, owner.name)

    return NewKey(await state.db.write(work), secret)


async def of(state: State, caller: Caller, user: str | None) -> list[OwnedKey]:
    """Those of a user, or of the caller itself, the oldest first. Raises PrincipalNotFound, InvalidParameter."""

    async def work(tx: Tx) -> list[OwnedKey]:
        owner = await _owner(tx, caller, user)
        return [OwnedKey(key, owner.name) for key in await _keys(tx, caller.account, owner)]

    return await state.db.read(work)


async def set_status(state: State, caller: Caller, key: str, *, is_active: bool) -> OwnedKey:
    """Disable an access key, or enable it again. Raises AccessKeyNotFound."""
    disabled_at = None if is_active else state.clock()

    async def work(tx: Tx) -> OwnedKey:
        found = await _find(tx, caller, key)
        await keys.set_disabled(tx, key, disabled_at)
        return found._replace(key=found.key._replace(disabled_at=disabled_at))

    return await state.db.write(work)


async def delete(state: State, caller: Caller, key: str) -> OwnedKey:
    """Remove an access key: what it was. Raises AccessKeyNotFound, Declared.

    The last one of the root can go too: who has the data directory gets a new one by `wharfinger env`.
    """

    async def work(tx: Tx) -> OwnedKey:
        found = await _find(tx, caller, key)
        if found.key.is_declared:
            raise Declared("access key", key)
        await keys.delete(tx, key)
        return found

    return await state.db.write(work)


async def _owner(tx: Tx, caller: Caller, user: str | None) -> _Owner:
    if user is None:
        if caller.login.session is not None:
            raise InvalidParameter("userName", "Member must be given: a session has no access keys of its own")
        if caller.identity.principal.kind == "root":
            return _Owner(None, None, principals.root_arn(caller.account))
        [user] = caller.identity.keys["aws:username"]
    found = await find(tx, caller.account, "user", user)
    return _Owner(found.id, found.name, principals.user_arn(found.account, found.name))


async def _keys(tx: Tx, account: str, owner: _Owner) -> list[AccessKey]:
    return await keys.of_user(tx, owner.id) if owner.id is not None else await keys.of_root(tx, account)


async def _find(tx: Tx, caller: Caller, key: str) -> OwnedKey:
    """Whether a key of the root is there is not told to anybody else."""
    found = await keys.find(tx, key)
    if found is None or found.account != caller.account:
        raise AccessKeyNotFound(key)
    if found.user is not None:
        owner = await rows.get(tx, found.user)
        return OwnedKey(found, owner.name if owner else None)
    if caller.identity.principal.kind != "root" or caller.login.session is not None:
        raise AccessKeyNotFound(key)
    return OwnedKey(found, None)
