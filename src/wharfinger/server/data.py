"""The data directory: making it, opening it, and keeping a second server out of it."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from wharfinger.server.settings import Settings
from wharfinger.server.tls import Pair
from wharfinger.services import copy, declared, jobs, login
from wharfinger.services.login import Credentials
from wharfinger.state import State, certificates, nodes
from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.blobs.store import BlobStore, StoreMisconfigured
from wharfinger.state.clock import Clock, SharedClock, system_clock
from wharfinger.state.db import data_key
from wharfinger.state.db.database import Database
from wharfinger.state.db.schema import make_or_check, migrate, present_version
from wharfinger.state.db.sqlite import FILE, Sqlite
from wharfinger.state.files import Scratch
from wharfinger.state.keyfiles import KeyFiles
from wharfinger.state.limits import Limits
from wharfinger.state.secrets import Secrets
from wharfinger.state.sharedkeys import SharedKeys
from wharfinger.state.trail import TrailFiles

log = logging.getLogger(__name__)

_LOCK: Final = "server.lock"
_RUNNING: Final = "server.json"
_BLOBS: Final = "blobs"
_TRAIL: Final = "trail"
_STATEMENT_SECONDS: Final = 30
_MIGRATION_SECONDS: Final = 24 * 3600  # that one step may take


class DirectoryInUse(Exception):
    """Another server holds the data directory; the text names its process."""


class Running(msgspec.Struct, frozen=True):
    """What a running server says of itself to `wharfinger env` and `wharfinger doctor`."""

    pid: int
    host: str
    port: int
    address: str
    tls: bool = False  # whether it speaks TLS itself
    certificate_until: int = 0  # when the one that is shown ends, seconds since 1970; 0 without TLS
    authority: str = ""  # file with the certificate of the local authority, if that vouches for its own


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """The right to serve this directory. Raises DirectoryInUse."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = running(directory)
            raise DirectoryInUse(f"process {other.pid}" if other else "another process") from None
        yield
    finally:
        os.close(descriptor)


def keep_private() -> None:
    """Whatever this process makes is for its own user, also in a directory that others may read."""
    os.umask(0o077)


async def prepare(settings: Settings) -> Credentials:
    """Make what is missing in the data directory, bring the tables up to date; the first access key.

    On PostgreSQL only tables that are not there are made. Raises AccessFileInvalid, SchemaTooNew, SchemaTooOld,
    CopyUnfinished, StoreMisconfigured.
    """
    directory = settings.directory
    _check_rows_are_here(settings)
    make_directory(settings)
    keys = key_files(settings)
    if is_shared(settings):
        await _prepare_shared(settings)
    elif not (directory / FILE).exists():
        keys.make()
    state = await open_state(settings)
    try:
        if not is_shared(settings):
            await migrate(state.db)
        await copy.end(state.db, state.clock)
        await jobs.schedule(state)
        await declared.load(state)
        credentials = await login.first_key(state)
    finally:
        await state.db.close()
    if not is_shared(settings):
        keys.settle()  # not before they have opened what the database holds
    for path in keys.open_to_others():
        log.warning("other users of this machine may read %s: take that right away", path)
    return credentials


def make_directory(settings: Settings) -> None:
    """Make the data directory, with room for bytes."""
    settings.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.store_address is None:
        DirectoryStore.prepare(settings.directory / _BLOBS)


def is_prepared(settings: Settings) -> bool:
    """Whether a server was started here, or a copy was made."""
    return bool(settings.database) or (settings.directory / FILE).exists()


def open_store(settings: Settings) -> BlobStore:
    """The place for the bytes of layers. Raises StoreMisconfigured."""
    address = settings.store_address
    if address is None:
        return DirectoryStore(settings.directory / _BLOBS)
    from wharfinger.state.blobs import objectstore  # noqa: PLC0415 - most servers do not need it

    return objectstore.open_store(address)


def open_trail(settings: Settings) -> TrailFiles:
    """The files of the trail, which are made when there is something to write."""
    return TrailFiles(settings.directory / _TRAIL, settings.strangers_share)


async def wraps(settings: Settings, db: Database) -> Sequence[bytes]:
    """The data key, as each master key that opens it wraps it."""
    return await db.read(data_key.wraps) if db.is_shared else list(key_files(settings).wraps())


async def put_wraps(settings: Settings, db: Database, new: Sequence[bytes]) -> None:
    """Have this data key from now on."""
    if db.is_shared:
        await db.write(data_key.put, new)
    else:
        key_files(settings).put(new)


def is_shared(settings: Settings) -> bool:
    """Whether other nodes may have the same database."""
    return bool(settings.database) or Sqlite.is_shared


def open_database(settings: Settings, patience: float = _STATEMENT_SECONDS) -> Database:
    """The database alone, without any key, for one process and one event loop.

    `patience` is how long PostgreSQL may take for a statement. Raises StoreMisconfigured.
    """
    _check_rows_are_here(settings)
    if not settings.database:
        return Sqlite(settings.directory)
    from wharfinger.state.db.postgres import Postgres  # noqa: PLC0415 - most servers do not need it

    return Postgres(settings.database, patience=patience)


def _check_rows_are_here(settings: Settings) -> None:
    """A node that is not told of its database would begin anew, with nothing in it."""
    directory = settings.directory
    if not is_shared(settings) and nodes.is_of_one(directory) and not (directory / FILE).exists():
        raise StoreMisconfigured(
            "this is the directory of a node, whose rows are in a database that others share: name it with "
            "--database, or as WHARFINGER_DATABASE"
        )


async def _prepare_shared(settings: Settings) -> None:
    """The tables, and the data key in them, if no node has made them yet."""
    db = open_database(settings)
    try:
        await (make_or_check if settings.database else migrate)(db)
        await shared_keys(settings, db).make()
        nodes.name(settings.directory)  # before there are workers, which might make several
    finally:
        await db.close()


def key_files(settings: Settings) -> KeyFiles:
    """Where the keys of the data directory are."""
    return KeyFiles(settings.directory, settings.master_key_file)


async def masters(settings: Settings, db: Database) -> int:
    """How many master keys open the data key; more than one while a rotation is not finished."""
    return await shared_keys(settings, db).masters() if is_shared(settings) else key_files(settings).masters()


def shared_keys(settings: Settings, db: Database) -> SharedKeys:
    """Where the keys of nodes are that share a database."""
    return SharedKeys(db, settings.directory, settings.master_key_file)


async def open_state(settings: Settings, clock: Clock = system_clock) -> State:
    """What a worker needs, on a directory that is prepared. Raises SecretsUnreadable."""
    if not is_shared(settings):
        secrets = key_files(settings).read()  # before the database, for one that is not there would be made
        return _state(settings, open_database(settings), secrets, clock)
    db = open_database(settings)
    try:
        secrets = await shared_keys(settings, db).read()
        if clock is system_clock:
            clock = SharedClock()
            await clock.follow(db.time)
        return _state(settings, db, secrets, clock, nodes.name(settings.directory))
    except BaseException:
        await db.close()
        raise


def _state(settings: Settings, db: Database, secrets: Secrets, clock: Clock, node: str = "") -> State:
    directory = settings.directory
    return State(
        db=db,
        blobs=open_store(settings),
        clock=clock,
        secrets=secrets,
        scratch=Scratch(directory),
        trail=open_trail(settings),
        rules=settings.rules,
        node=node,
        limits=Limits(settings.rate_limit, settings.parallel_uploads),
    )


async def bring_up_to_date(settings: Settings) -> tuple[int, int]:
    """Bring the tables to this version, also while servers use them: the versions before and after.

    Raises SchemaTooNew, Unavailable.
    """
    db = open_database(settings, _MIGRATION_SECONDS)
    try:
        before = await present_version(db)
        await migrate(db)
        return before, await present_version(db)
    finally:
        await db.close()


def announce(settings: Settings, pair: Pair | None = None) -> None:
    """Note where this server can be reached, and by which certificate it is known."""
    trusted = certificates.trusted(settings.directory)
    is_ours = pair is not None and certificates.vouches(settings.directory, pair.certificate)
    told = Running(
        os.getpid(),
        settings.host,
        settings.port,
        settings.addresses.base,
        tls=pair is not None,
        certificate_until=int(pair.certificate.not_valid_after_utc.timestamp()) if pair is not None else 0,
        authority=str(trusted) if is_ours else "",
    )
    (settings.directory / _RUNNING).write_bytes(msgspec.json.encode(told))


def running(directory: Path) -> Running | None:
    """What the last server that was started here said of itself, None if there was none."""
    try:
        return msgspec.json.decode((directory / _RUNNING).read_bytes(), type=Running)
    except (OSError, msgspec.MsgspecError):
        return None
