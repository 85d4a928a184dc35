"""A copy of one installation in another place: opening both, and what has to be so before anything is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple

from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.services import copy
from wharfinger.services.copy import Outcome, Told
from wharfinger.state import State
from wharfinger.state.db import copies, rows
from wharfinger.state.db.copies import Copy
from wharfinger.state.db.database import Database
from wharfinger.state.db.schema import VERSION, migrate, version
from wharfinger.state.secrets import Secrets, SecretsUnreadable


class CopyRefused(Exception):
    """It cannot be done so; nothing was written, and the text says what to do."""


class Made(NamedTuple):
    """A copy, and whether the place of its master key is still empty."""

    outcome: Outcome
    lacks_master_key: bool


async def run(
    source: Settings, to: Settings, tell: Callable[[Told], None], *, deep: bool = False, overwrite: bool = False
) -> Made:
    """Copy what `source` names into the place that `to` names; what is there goes only with `overwrite`.

    Raises CopyRefused, SecretsUnreadable, DirectoryInUse, SchemaTooNew, TooMuchDamage, Unavailable, OSError.
    """
    if _is_same(source, to):
        raise CopyRefused(f"both are {source.directory}: name another place for the copy")
    data.keep_private()
    async with _source(source) as state:
        wraps = await data.wraps(source, state.db)
        _check_master_key(to, source, wraps)
        with data.held(to.directory):
            data.make_directory(to)
            db = data.open_database(to)
            try:
                await migrate(db)
                await _begin(to, db, _origin(state.secrets), wraps, overwrite=overwrite)
                there = replace(state, db=db, blobs=data.open_store(to), trail=data.open_trail(to))
                outcome = await copy.run(state, there, tell, deep=deep)
                if outcome.is_done and await data.wraps(to, db) != wraps:
                    await data.put_wraps(to, db, wraps)  # its master key was rotated
            finally:
                await db.close()
    return Made(outcome, not data.key_files(to).has_master())


@asynccontextmanager
async def _source(settings: Settings) -> AsyncIterator[State]:
    if not data.is_prepared(settings):
        raise CopyRefused(f"there is no installation in {settings.directory} that could be copied")
    if settings.database:
        settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # for the name that a node has
    state = await data.open_state(settings)
    try:
        found_version = await state.db.read(version)
        if found_version != VERSION:
            raise CopyRefused(
                f"the tables of {settings.directory} have version {found_version}, and this program copies {VERSION}: "
                "use the program that serves them"
            )
        found = await state.db.read(copies.find)
        if found is not None and not found.is_finished:
            raise CopyRefused(f"{settings.directory} is itself a copy that is not finished")
        if not await data.wraps(settings, state.db):
            raise CopyRefused(f"there is no secrets.key in {settings.directory}: start a server of this version once")
        yield state
    finally:
        await state.db.close()


async def _begin(to: Settings, db: Database, origin: str, wraps: Sequence[bytes], *, overwrite: bool) -> None:
    """Note what this is a copy of, unless it is something else. Raises CopyRefused."""
    found = await db.read(copies.find)
    is_empty = await db.read(rows.is_empty)
    if not (is_empty or overwrite or (found is not None and found.origin == origin)):
        raise CopyRefused(
            f"{to.directory} holds other data, or a server was started on it since it was a copy: "
            "name an empty place, or say with --overwrite that what is there is to go"
        )
    is_ours = found.origin == origin if found is not None else await _has_key_of(to, db, origin)
    # what is there can be served until the new takes its place, but not under another data key
    is_finished = is_ours and not is_empty and (found is None or found.is_finished)
    await db.write(copies.begin, Copy(origin, is_finished))
    if not is_finished:
        await data.put_wraps(to, db, wraps)


async def _has_key_of(to: Settings, db: Database, origin: str) -> bool:
    try:
        secrets = data.key_files(to).opens(await data.wraps(to, db))
    except SecretsUnreadable:
        return False
    return secrets is not None and _origin(secrets) == origin


def _check_master_key(to: Settings, source: Settings, wraps: Sequence[bytes]) -> None:
    """What opens the data key here has to open it there. Raises CopyRefused, SecretsUnreadable."""
    file = to.master_key_file
    if (to.master_key or data.key_files(to).has_master()) and data.key_files(to).opens(wraps) is None:
        raise CopyRefused(
            f"the master key at {file} does not open the keys of {source.directory}: put a copy of the one there "
            f"that does, which is at {source.master_key_file}"
        )


def _is_same(source: Settings, to: Settings) -> bool:
    return source.directory.resolve() == to.directory.resolve()


def _origin(secrets: Secrets) -> str:
    return secrets.uuid("copy", "origin")
