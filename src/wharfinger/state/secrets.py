"""What is derived from the data key of a data directory; where that key is kept: `keyfiles`."""

from __future__ import annotations

import hmac
import os
import uuid
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


class SecretsUnreadable(Exception):
    """A key is missing, damaged, or not the one that belongs here; the text names its file and the cure."""


class Secrets:
    """Keys for signing, one per purpose, and encryption of what is kept at rest."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._keys: dict[str, bytes] = {}
        self._cipher = AESGCM(self.key("at rest"))

    def __repr__(self) -> str:
        return "Secrets(…)"

    def key(self, purpose: str) -> bytes:
        """A key that is good for `purpose` only."""
        if purpose not in self._keys:
            self._keys[purpose] = hmac.digest(self._root, b"wharfinger: " + purpose.encode(), "sha256")
        return self._keys[purpose]

    def uuid(self, purpose: str, text: str) -> str:
        """An id that is made from `text`: always the same here, and another where the data key is another."""
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
            raise SecretsUnreadable(
                "the data key is not the one that this data was encrypted with: "
                "put back secrets.key and the master key that belong to this database"
            ) from None
