"""The running digest of an upload, which can be put away as plain bytes between two requests, and taken up again."""

from __future__ import annotations

from wharfinger.state.blobs import libcrypto


class RunningDigest:
    """The SHA-256 of an upload, as far as its bytes have come.

    Where there is no hash that can be put away there is none here, and the bytes are read again at the end.
    """

    def __init__(self, state: bytes | None, *, is_start: bool) -> None:
        self._hash: libcrypto.Sha256 | None = None
        if libcrypto.is_usable() and (is_start or state is not None):
            self._hash = libcrypto.Sha256() if state is None else libcrypto.Sha256.deserialize(state)

    def update(self, piece: bytes) -> None:
        """Go on over the next bytes. Python's other threads, which bring the next ones, run meanwhile."""
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
