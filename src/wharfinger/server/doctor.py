"""Looking for what is wrong: with the installation, the data directory, and the server that runs on it."""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509

from wharfinger.server import audit, bucket, data, tls
from wharfinger.server.data import Running
from wharfinger.server.settings import Settings, is_loopback
from wharfinger.services import declared, health, login
from wharfinger.state import State
from wharfinger.state.blobs.store import StoreMisconfigured
from wharfinger.state.db import schema, sqlite
from wharfinger.state.secrets import SecretsUnreadable

_GIBIBYTE: Final = 1024**3
_LEAST_FREE: Final = _GIBIBYTE
_MOST_SKEW: Final = 60
_LEAST_DAYS: Final = 14
_UNFINISHED: Final = {
    False: "A rotation is not finished: start the server with the new master key, or rotate again.",
    True: "A rotation is not finished: start every node with the new master key, then run "
    "`wharfinger rotate-master-key --finish`.",
}
_NEEDED: Final = {"master key", "tables"}  # without them the data cannot be looked at


class Finding(NamedTuple):
    """One check: what was looked at, and if it failed, one sentence with the cure."""

    subject: str
    problem: str | None = None


def examine(settings: Settings, *, deep: bool = False) -> Iterator[Finding]:
    """Every check, in the order in which a failure explains those after it; with `deep`, all data is looked at."""
    yield _python()
    yield _sqlite()
    directory = settings.directory
    exists = directory.is_dir()
    yield Finding(
        f"data directory {directory}",
        None if exists else "It does not exist: start a server with `wharfinger serve`, or name it with --data.",
    )
    if exists:
        yield from _directory(directory)
        contents = asyncio.run(_contents(settings))
        yield from contents
        yield from _bucket(settings)
        if deep and not any(finding.problem for finding in contents if finding.subject in _NEEDED):
            yield from (Finding(*result) for result in audit.examine(settings))
        yield from _server(directory)


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        f"Python {found}",
        None if sys.version_info >= (3, 11) else "It is too old: install Python 3.11 or newer.",
    )


def _sqlite() -> Finding:
    found = sqlite.version_in_use()
    safe = sqlite.is_safe()
    return Finding(
        f"SQLite {found}",
        None if safe else "Several processes can damage a database with it: install apsw 3.51.3 or newer.",
    )


def _directory(directory: Path) -> Iterator[Finding]:
    writable: str | None = None
    try:
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        writable = f"It cannot be written ({error.strerror}): give it to the user that runs the server."
    yield Finding("writing to it", writable)
    open_to_others = directory.stat().st_mode & 0o077
    yield Finding(
        "who may read it",
        f"Other users of this machine may: run chmod 700 {directory}." if open_to_others else None,
    )
    free = shutil.disk_usage(directory).free
    yield Finding(
        f"free space {free / _GIBIBYTE:.1f} GiB",
        "Less than 1 GiB is left, and pushes will fail soon: delete images or enlarge the disk."
        if free < _LEAST_FREE
        else None,
    )


async def _contents(settings: Settings) -> list[Finding]:
    try:
        state = await data.open_state(settings)
    except (SecretsUnreadable, OSError) as error:
        return [Finding("master key", f"{error}.")]
    except StoreMisconfigured as error:
        return [Finding("store", f"{error}.")]
    try:
        masters = await data.masters(settings, state.db)
        return [Finding("master key"), *_keys(settings, masters), *await _database(state)]
    finally:
        await state.db.close()


def _keys(settings: Settings, masters: int) -> Iterator[Finding]:
    files = data.key_files(settings)
    others = files.open_to_others()
    yield Finding(
        "who may read the keys",
        f"Other users of this machine may: run chmod o= {' '.join(map(str, others))}." if others else None,
    )
    yield Finding(
        "no other master key opens them",
        _UNFINISHED[data.is_shared(settings)] if masters > 1 else None,
    )
    told = data.running(settings.directory)
    if told is not None and not is_loopback(told.host) and files.master.parent == settings.directory:
        yield Finding("a copy of the data has its master key with it; --master-key keeps them apart")


async def _database(state: State) -> list[Finding]:
    async def version() -> None:
        found = await health.missing(state)
        if found is not None:
            raise _Problem(f"Not usable: {found}. Start the server of this version once, it brings them up to date.")

    async def integrity() -> None:
        damage = await state.db.read(schema.damage)
        if damage is not None:
            raise _Problem(f"The database is damaged ({damage}): restore it from a backup.")

    async def keys() -> None:
        try:
            await login.first_key(state)
        except SecretsUnreadable as error:
            raise _Problem(f"{error}.") from None

    async def access_file() -> None:
        found = await declared.out_of_step(state)
        if found is not None:
            raise _Problem(found)

    return [
        await _store(state),
        await _finding("tables", version),
        await _finding("database file", integrity),
        await _finding("first access key", keys),
        await _finding(f"access file {state.rules.access_file or '(none)'}", access_file),
    ]


async def _store(state: State) -> Finding:
    reason = await health.missing_store(state)
    cure = f"It cannot be used ({reason}): see that it is there, and who may do what in it."
    return Finding("store of the layers", cure if reason else None)


def _bucket(settings: Settings) -> Iterator[Finding]:
    address = settings.store_address
    if address is None:
        return
    subject = f"rules of the bucket {address.container}"
    try:
        yield Finding(subject, bucket.problem(address))
    except bucket.RulesUnknown as reason:
        yield Finding(f"{subject} were not looked at: {reason}")


class _Problem(Exception):
    """A check failed; the text is the sentence with the cure."""


async def _finding(subject: str, check: Callable[[], object]) -> Finding:
    try:
        await check()  # type: ignore[misc]
    except _Problem as problem:
        return Finding(subject, str(problem))
    except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
        return Finding(subject, f"It could not be looked at ({error}): see the server's log.")
    return Finding(subject)


def _server(directory: Path) -> Iterator[Finding]:
    told = data.running(directory)
    if told is None or not _is_alive(told.pid):
        yield Finding("server", "None is running on this directory: start one with `wharfinger serve`.")
        return
    yield Finding(f"server, process {told.pid}")
    scheme = "https" if told.tls else "http"
    local = f"{scheme}://{told.host.replace('0.0.0.0', '127.0.0.1')}:{told.port}"  # noqa: S104
    # its certificate need not be for the address that it listens on, and has to be for the one that clients use
    yield _reachable("where it listens", local, tls.any_certificate())
    yield _reachable("the address that clients use", told.address, _trusting(told.authority))
    if told.tls:
        yield _certificate(told)


def _trusting(authority: str) -> ssl.SSLContext:
    """As a client of this machine does that was told of the local authority, if there is one."""
    context = ssl.create_default_context()
    if authority:
        with suppress(OSError):
            context.load_verify_locations(authority)
    return context


def _reachable(subject: str, address: str, context: ssl.SSLContext) -> Finding:
    try:
        connection = _connection(address, context)
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace").partition("\n")[0]
    except ssl.SSLCertVerificationError as error:
        return Finding(
            f"{subject} {address}",
            f"Its certificate is not trusted here ({error.verify_message}): make one for this name with "
            "`wharfinger cert`, or trust its authority.",
        )
    except (OSError, http.client.HTTPException) as error:
        return Finding(
            f"{subject} {address}",
            f"Nothing answers ({error}): check --host, --port, --address and firewalls.",
        )
    if answer.status != 200:
        return Finding(f"{subject} {address}", f"It answers {answer.status} ({body}): see the server's log.")
    dated = answer.getheader("date")
    skew = abs(parsedate_to_datetime(dated).timestamp() - time.time()) if dated else 0
    if skew > _MOST_SKEW:
        return Finding(
            f"{subject} {address}", f"Its clock is {skew:.0f} s off, and signatures will fail: set the time."
        )
    return Finding(f"{subject} {address}")


def _connection(address: str, context: ssl.SSLContext) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    if parts.scheme == "https":
        return http.client.HTTPSConnection(parts.netloc, timeout=5, context=context)
    return http.client.HTTPConnection(parts.netloc, timeout=5)


def _certificate(told: Running) -> Finding:
    """The one that is shown, which those who look at the files only do not know."""
    try:
        shown = ssl.get_server_certificate((told.host, told.port), timeout=5)
    except OSError as error:
        return Finding("certificate", f"It is not shown ({error}): see the server's log.")
    until = x509.load_pem_x509_certificate(shown.encode()).not_valid_after_utc
    days = (until - datetime.now(UTC)).days
    how = "run `wharfinger cert` again" if told.authority else "get a new one from its authority"
    return Finding(
        f"certificate, good until {until:%Y-%m-%d}",
        f"It is good for {max(days, 0)} more days: {how}." if days < _LEAST_DAYS else None,
    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
