"""The master key of a data directory, and what is derived from it."""

from __future__ import annotations

import hmac
import os
import uuid
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wharfinger.state.files import sync

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class SecretsUnreadable(Exception):
    """The master key is missing, damaged, or not the one that the data was encrypted with."""


class Secrets:
    """Keys for signing, one per purpose, and encryption of what is kept at rest."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._keys: dict[str, bytes] = {}
        self._cipher = AESGCM(self.key("at rest"))

    def __repr__(self) -> str:
        return "Secrets(…)"

    def key(self, purpose: str) -> bytes:
        """A key that is good for `purpose` only."""
        if purpose not in self._keys:
            self._keys[purpose] = hmac.digest(self._master, b"wharfinger: " + purpose.encode(), "sha256")
        return self._keys[purpose]

    def uuid(self, purpose: str, text: str) -> str:
        """An id that is made from `text`: always the same here, and another where the master key is another."""
        return str(uuid.UUID(bytes=hmac.digest(self.key(f"{purpose} ids"), text.encode(), "sha256")[:16], version=4))

    def encrypt(self, text: str, bound_to: str) -> bytes:
        """Encrypt so that it can be read back only as what belongs to `bound_to`."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), bound_to.encode())

    def decrypt(self, data: bytes, bound_to: str) -> str:
        """The text that was encrypted. Raises SecretsUnreadable."""
        try:
            return self._cipher.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise SecretsUnreadable("the master key is not the one that this data was encrypted with") from None


def open_secrets(directory: Path, *, create: bool) -> Secrets:
    """Read the master key in `directory`; with `create`, make one where there is none."""
    path = directory / "master.key"
    try:
        master = path.read_bytes()
    except FileNotFoundError:
        if not create:
            raise SecretsUnreadable(f"there is no master key at {path}") from None
        return Secrets(_new_master(path))
    if len(master) != _KEY_BYTES:
        raise SecretsUnreadable(f"the master key at {path} is damaged: it has to be {_KEY_BYTES} bytes")
    return Secrets(master)


def _new_master(path: Path) -> bytes:
    """Written whole and synced under another name first, so that a crash never leaves half a key."""
    master = os.urandom(_KEY_BYTES)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - a mode
        file.write(master)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync(path.parent)
    return master
