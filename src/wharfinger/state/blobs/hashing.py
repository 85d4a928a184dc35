"""A SHA-256 that can be put away as plain bytes between two requests of an upload, and taken up again.

hashlib cannot do this. Where `rehashes` has no wheel the state is None, and the bytes are read again at the end.
"""

from __future__ import annotations

from typing import Protocol

try:
    from rehashes import PySha256
except ImportError:  # pragma: no cover - every platform that CI has can install it
    PySha256 = None


class _Sha256(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def serialize(self) -> bytes: ...
    def finalize(self) -> str: ...


class RunningDigest:
    """The digest of an upload, as far as its bytes have come."""

    def __init__(self, state: bytes | None, *, is_start: bool) -> None:
        self._hash: _Sha256 | None = None
        if PySha256 is not None and (is_start or state is not None):
            self._hash = PySha256() if state is None else PySha256.deserialize(state)

    def update(self, piece: bytes) -> None:
        """Go on over the next bytes. Pieces are small, for the lock of the interpreter is held meanwhile."""
        if self._hash is not None:
            self._hash.update(piece)

    @property
    def state(self) -> bytes | None:
        """To be stored with the offset, in the same transaction."""
        return self._hash.serialize() if self._hash is not None else None

    @property
    def digest(self) -> str | None:
        """The digest of all bytes so far, None if they have to be read again."""
        return f"sha256:{self._hash.finalize()}" if self._hash is not None else None
