"""The access file: the server keeps users, roles, policies and identity providers in step with what it declares.

Every worker looks at the file. The first that sees a change makes all of it in one transaction, and the others find it
made. What did not come from the file is never touched. Each node has a file of its own: the one that came last holds,
by a start of a server or by a change while one runs, and no worker puts back an older one.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Final, NamedTuple

from wharfinger.domain import access_file, principals
from wharfinger.domain.access_file import AccessFileInvalid, Files
from wharfinger.domain.declared import AccessKey, Change, Declared, IdentityPolicy, Principal, Provider, changes
from wharfinger.state import State
from wharfinger.state.access_files import AccessFiles
from wharfinger.state.clock import SECOND
from wharfinger.state.db import declared as rows
from wharfinger.state.db import keys, rights
from wharfinger.state.db import principals as principal_rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.declared import Note
from wharfinger.state.db.principals import PolicyRow, PrincipalRow
from wharfinger.state.ids import new_principal_id

log = logging.getLogger(__name__)
PAUSE: Final = SECOND
_HOLDERS: Final = 3  # that a sentence names
_NOTHING: Final = Declared({}, {}, {}, {})


class Found(NamedTuple):
    """What there was to read: what it declares, or what is wrong with it."""

    files: AccessFiles
    wanted: Declared
    problem: str | None = None


async def load(state: State) -> None:
    """Bring the database in step before anything is answered. Raises AccessFileInvalid."""
    if not state.rules.access_file:
        return
    found = await asyncio.to_thread(_read, state)
    if found.problem is not None:
        raise AccessFileInvalid(found.problem)
    await _write(state, found)


async def run_forever(state: State) -> None:
    """Look for changes until cancelled, if there is a file at all."""
    follower = Follower(state)
    while state.rules.access_file:
        try:
            await follower.look()
        except Exception:
            log.exception("the access file cannot be compared with the database")
        await asyncio.sleep(PAUSE / SECOND)


class Follower:
    """What one worker remembers from one look to the next."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._files: AccessFiles | None = None
        self._refused_at: int | None = None  # the version of rights with which it could not be taken

    async def look(self) -> None:
        """Take what is new. What was refused is tried again when rights have changed: they may have been in its way."""
        is_settled = self._refused_at is None or self._refused_at == await self._state.db.ask(rights.version)
        if is_settled and self._files is not None and await asyncio.to_thread(self._files.are_same):
            return
        version = await self._state.db.ask(rights.version)
        found = await asyncio.to_thread(_read, self._state)
        self._refused_at = None if await _take(self._state, found) else version
        self._files = found.files


async def out_of_step(state: State) -> str | None:
    """A sentence that says how file and database differ, None if they do not."""
    found = await asyncio.to_thread(_read, state) if state.rules.access_file else None
    if found is not None and found.problem is not None:
        return f"It cannot be used: {found.problem}."
    todo = changes(await state.db.read(_present, state), found.wanted if found else _NOTHING)
    if not todo:
        return None
    if found is None:
        return (
            f"{todo[0].kind.capitalize()} {todo[0].name[-1]} came from a file, and none is named: name it with "
            "--access-file; what an empty one leaves out goes."
        )
    if state.db.is_shared and await state.db.ask(rows.note, state.node) == Note(found.files.digest, None):
        return f"Another node has brought another file since, so {todo[0]} is not so: give all nodes the same file."
    problem = (await state.db.ask(rows.note, state.node)).problem
    return f"The database does not know yet that {todo[0]}: {problem or 'start the server, or wait a second'}."


def _read(state: State) -> Found:
    """The file, and those that it names."""
    files = AccessFiles(Path(state.rules.access_file), state.secrets.key("access file"))
    try:
        wanted = access_file.read(files.main(), state.rules.default_account, Files(files.text, files.secret))
    except (AccessFileInvalid, ValueError) as error:
        return Found(files, _NOTHING, str(error))
    return Found(files, wanted)


async def _take(state: State, found: Found) -> bool:
    """Whether the database is in step now; if not, that is told once, and what was good stays."""
    problem = found.problem
    if problem is None:
        try:
            if await state.db.ask(rows.note, state.node) != Note(found.files.digest, None):
                await _write(state, found)
        except AccessFileInvalid as error:
            problem = str(error)
        else:
            return True
    if await state.db.write(rows.put_note, state.node, Note(found.files.digest, problem)):
        log.error("the access file %s is left aside: %s", state.rules.access_file, problem)
    return False


async def _write(state: State, found: Found) -> None:
    for change in await state.db.write(_apply, state, found):
        log.info("access file: %s", change)


# --- making the changes --------------------------------------------------------------------------------------


async def _present(tx: Tx, state: State) -> Declared:
    found = await rows.present(tx)
    present = [
        AccessKey(key.id, key.account, user, state.secrets.decrypt(key.secret, key.id))
        for key, user in await rows.present_keys(tx)
    ]
    return found._replace(keys={(key.id,): key for key in present})


async def _apply(tx: Tx, state: State, found: Found) -> list[Change]:
    """Make the difference: what was done. Raises AccessFileInvalid."""
    todo = changes(await _present(tx, state), found.wanted)
    for change in todo:
        if change.is_new:
            await _check_free(tx, change)
        await (_delete(tx, change) if change.wanted is None else _put(tx, state, change))
    await rows.put_note(tx, state.node, Note(found.files.digest, None))
    return todo


async def _check_free(tx: Tx, change: Change) -> None:
    """Refuse a name that something has which did not come from the file."""
    match change.wanted:
        case Principal(account, kind, name):
            is_taken = await principal_rows.find(tx, account, kind, name) is not None
        case IdentityPolicy(account, name):
            is_taken = await principal_rows.find_policy(tx, account, name) is not None
        case AccessKey(id_):
            is_taken = await keys.find(tx, id_) is not None
        case _:
            is_taken = await rows.has_provider(tx, change.name)
    if is_taken:
        raise AccessFileInvalid(
            f"there is a {change.kind} {change.name[-1]} that did not come from the file: delete it, or choose another "
            "name"
        )


async def _delete(tx: Tx, change: Change) -> None:
    match change:
        case Change("user" | "role", (account, kind, name)):
            found = await principal_rows.find(tx, account, "role" if kind == "role" else "user", name)
            if found is not None:
                await principal_rows.delete(tx, found.id)
        case Change("policy", (account, name)):
            await _check_unused(tx, account, name)
            await principal_rows.delete_policy(tx, account, name)
        case Change("access key", (id_,)):
            await keys.delete(tx, id_)
        case _:
            await rows.delete_provider(tx, change.name)


async def _check_unused(tx: Tx, account: str, name: str) -> None:
    """A policy may be attached to what did not come from the file; going, it could also take a denial away."""
    holders = await principal_rows.having(tx, account, name, _HOLDERS)
    if holders:
        named = ", ".join(f"{one.kind} {one.name}" for one in holders)
        raise AccessFileInvalid(f"the policy {name} cannot go, it is attached to {named}: detach it first")


async def _put(tx: Tx, state: State, change: Change) -> None:
    now = state.clock()
    match change.wanted:
        case Principal() as principal:
            await _put_principal(tx, principal, now)
        case IdentityPolicy() as policy:
            await principal_rows.put_policy(tx, PolicyRow(*policy, is_declared=True, changed_at=now))
        case AccessKey() as key:
            await _put_key(tx, state, key)
        case Provider() as provider:
            await rows.put_provider(tx, provider, now)


async def _put_principal(tx: Tx, wanted: Principal, now: int) -> None:
    """Whoever has the name keeps the id, and with it what was begun under it."""
    found = await principal_rows.find(tx, wanted.account, wanted.kind, wanted.name)
    row = PrincipalRow(
        found.id if found else new_principal_id(wanted.kind),
        wanted.account,
        wanted.kind,
        wanted.name,
        found.created_at if found else now,
        wanted.trust,
        wanted.session_term,
        wanted.tags,
        is_declared=True,
    )
    await principal_rows.put(tx, row)
    attached = set(await principal_rows.attached(tx, row.id))
    for name in attached.difference(wanted.policies):
        await principal_rows.detach(tx, row.id, name)
    for name in set(wanted.policies) - attached:
        await principal_rows.attach(tx, row.id, name)


async def _put_key(tx: Tx, state: State, wanted: AccessKey) -> None:
    await keys.delete(tx, wanted.id)
    user = await principal_rows.find(tx, wanted.account, "user", wanted.user)
    assert user is not None  # noqa: S101 - users are put before their keys
    row = keys.AccessKey(
        wanted.id,
        wanted.account,
        principals.user_arn(wanted.account, wanted.user),
        state.secrets.encrypt(wanted.secret, wanted.id),
        state.clock(),
        user.id,
        is_declared=1,
    )
    await keys.add(tx, row)
