"""The key files of a data directory: its data key, and the master key that opens it and may be elsewhere.

The data key stays as it is. Rotation wraps it under another master key: docs/decisions/0009-keys.md.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wharfinger.state.files import draft, publish
from wharfinger.state.secrets import Secrets, SecretsUnreadable

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = 1
_BOUND_TO: Final = b"wharfinger data key, version 1"
_MOST_BYTES: Final = 1024 * 1024  # of a file that is not looked into further


class RotationRefused(Exception):
    """The master key cannot be replaced so; the text says what to do."""


class _Envelope(msgspec.Struct, frozen=True):
    """The file secrets.key: the data key as each of its master keys wraps it, the newest first."""

    version: int
    wraps: Annotated[tuple[bytes, ...], msgspec.Meta(min_length=1)]


class _Opened(NamedTuple):
    master: bytes
    data: bytes
    wraps: tuple[bytes, ...]  # none in a directory from before there was an envelope
    at: int  # which of them the master key opened

    def __repr__(self) -> str:
        return "_Opened(…)"


class KeyFiles(NamedTuple):
    """The data directory, and the file of the master key."""

    directory: Path
    master: Path

    @property
    def envelope(self) -> Path:
        """The file that holds the data key, wrapped."""
        return self.directory / "secrets.key"

    def read(self) -> Secrets:
        """What every process works with; nothing is written. Raises SecretsUnreadable."""
        return Secrets(self._open().data)

    def make(self) -> None:
        """Make what a directory lacks that has no data yet. Raises SecretsUnreadable."""
        with self._alone():
            if self.wraps():
                return
            # elsewhere, a file that is missing may be on a disk that is not mounted yet
            if self.master.parent == self.directory:
                make_key(self.master)
            self._write(wrapped(read_key(self.master), new_data_key()))

    def settle(self) -> None:
        """End the master keys that are older than the one in use, and make the envelope if there is none.

        Only for a server whose data these keys have opened. Raises SecretsUnreadable.
        """
        with self._alone():
            found = self._open()
            if not found.wraps:
                self._write(wrapped(found.master, found.data))
            elif found.at + 1 < len(found.wraps):
                self._write(*found.wraps[: found.at + 1])

    def rotate(self, to: Path | None) -> None:
        """Wrap the data key under the master key in the file `to`, made if it is not there, beside the present one.

        Without `to` the file of the present one gets another, and nothing else opens the data key from then on.
        Raises SecretsUnreadable, RotationRefused, OSError; the present master key is good then as before.
        """
        with self._alone():
            found = self._open()
            if not found.wraps:
                raise RotationRefused(f"there is no {self.envelope} yet: start the server of this version once")
            if self.envelope.stat().st_uid != os.geteuid():  # else the server could not read what is written
                raise RotationRefused(f"{self.envelope} is another user's: run this as the user that runs the server")
            if to is None:
                self._replace_master(found)
            else:
                self._add_master(found, to)

    def wraps(self) -> tuple[bytes, ...]:
        """The data key as each of its master keys wraps it, none without an envelope. Raises SecretsUnreadable."""
        try:
            with self.envelope.open("rb") as file:
                found = msgspec.json.decode(file.read(_MOST_BYTES), type=_Envelope)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise SecretsUnreadable(f"{self.envelope} cannot be read ({error.strerror})") from None
        except ValueError:
            raise SecretsUnreadable(f"{self.envelope} is damaged: put it back from a backup") from None
        if found.version != _VERSION:
            raise SecretsUnreadable(f"{self.envelope} is from a newer Wharfinger: update this one")
        return found.wraps

    def put(self, wraps: Sequence[bytes]) -> None:
        """Have this data key from now on, as some master keys wrap it. Raises OSError."""
        with self._alone():
            self._write(*wraps)

    def opens(self, wraps: Sequence[bytes]) -> Secrets | None:
        """What a data key gives that the master key opens, None if it opens another one. Raises SecretsUnreadable."""
        key = read_key(self.master)
        found = [data for wrap in wraps if (data := unwrapped(key, wrap)) is not None]
        return Secrets(found[0]) if found else None

    def has_master(self) -> bool:
        """Whether there is a file in the place of the master key."""
        return os.path.lexists(self.master)

    def masters(self) -> int:
        """How many master keys open the data key; more than one while a rotation is not finished."""
        return max(1, len(self.wraps()))

    def open_to_others(self) -> list[Path]:
        """Which of the files any user of this machine may touch. Those of the group are chosen by whoever set it."""
        return [path for path in (self.master, self.envelope) if path.exists() and path.stat().st_mode & 0o007]

    def _add_master(self, found: _Opened, to: Path) -> None:
        make_key(to)
        key = read_key(to)
        if key == found.master:
            raise RotationRefused(f"{to} holds the master key that is in use: name another file")
        others = [wrap for wrap in found.wraps if unwrapped(key, wrap) is None]
        self._write(wrapped(key, found.data), *others)

    def _replace_master(self, found: _Opened) -> None:
        path = self.master.resolve()
        key = os.urandom(_KEY_BYTES)
        wrap = wrapped(key, found.data)
        made = draft(path, key)
        self._write(wrap, *found.wraps)  # both are good until the new one is in its place
        try:
            publish(made, path)
        except OSError:
            if made.exists():  # it is not in its place, as where a single file is mounted
                made.unlink()
                self._write(*found.wraps)
            raise
        self._write(wrap)

    def _open(self) -> _Opened:
        before = None
        while True:
            master, wraps = found = read_key(self.master), self.wraps()
            if not wraps:  # until there was an envelope, the master key was the data key as well
                return _Opened(master, master, (), 0)
            for at, wrap in enumerate(wraps):
                if (data := unwrapped(master, wrap)) is not None:
                    return _Opened(master, data, wraps, at)
            if found == before:
                raise SecretsUnreadable(
                    f"the master key at {self.master} is not the one that {self.envelope} was wrapped under: "
                    "put back the one that belongs to it, or say with --master-key where it is"
                )
            before = found  # a rotation may have come between the two reads

    def _write(self, *wraps: bytes) -> None:
        _write(self.envelope, msgspec.json.encode(_Envelope(_VERSION, wraps)))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def new_data_key() -> bytes:
    """Random bytes."""
    return os.urandom(_KEY_BYTES)


def read_key(path: Path) -> bytes:
    """The master key in a file. Raises SecretsUnreadable."""
    try:
        with path.open("rb") as file:
            key = file.read(_KEY_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise SecretsUnreadable(
            f"there is no master key at {path}: put it back, or say with --master-key where it is"
        ) from None
    except OSError as error:
        raise SecretsUnreadable(
            f"the master key at {path} cannot be read ({error.strerror}): let the user read it that runs the server"
        ) from None
    if len(key) != _KEY_BYTES:
        raise SecretsUnreadable(
            f"the master key at {path} is damaged: it has to be {_KEY_BYTES} bytes, put it back from a backup"
        )
    return key


def make_key(path: Path) -> None:
    """Make a master key, if there is no file. Raises OSError."""
    if not os.path.lexists(path):
        _write(path, os.urandom(_KEY_BYTES))


def _write(path: Path, content: bytes) -> None:
    publish(draft(path, content), path)


def _cipher(master: bytes) -> AESGCM:
    # a key of its own, for in a directory from before there was an envelope the master key is the data key too
    return AESGCM(Secrets(master).key("data key"))


def wrapped(master: bytes, data: bytes) -> bytes:
    """A data key that only this master key opens."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(master).encrypt(nonce, data, _BOUND_TO)


def unwrapped(master: bytes, wrap: bytes) -> bytes | None:
    """The data key, None if it was wrapped under another master key."""
    try:
        return _cipher(master).decrypt(wrap[:_NONCE_BYTES], wrap[_NONCE_BYTES:], _BOUND_TO)
    except (InvalidTag, ValueError):
        return None
