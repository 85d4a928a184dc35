"""OpenSSL's own SHA-256: as fast as any, its state is plain bytes, and Python's other threads run while it hashes.

The functions are those that OpenSSL calls low level. They are deprecated since 3.0, so that what is found is tried
before it is trusted, and whoever is told that it is not usable does without.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import struct
from contextlib import suppress
from typing import Final, Self

# Linux's; macOS ends programs that load one by a name like this
_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.1.1")
_BLOCK: Final = 64
_BITS: Final = 8
_WORD: Final = 2**32
# the eight words, the blocks so far, and of what is no whole block yet the size and the bytes
_STATE: Final = struct.Struct(f"<8IQB{_BLOCK - 1}s")


class _Context(ctypes.Structure):
    """SHA256_CTX of openssl/sha.h."""

    _fields_ = (
        ("words", ctypes.c_uint32 * 8),
        ("bits", ctypes.c_uint32 * 2),  # the lower word first
        ("rest", ctypes.c_ubyte * _BLOCK),
        ("rest_size", ctypes.c_uint),
        ("digest_size", ctypes.c_uint),
    )


class Sha256:
    """The SHA-256 of the bytes so far."""

    def __init__(self) -> None:
        self._library = _library()
        self._context = _Context()
        self._library.SHA256_Init(ctypes.byref(self._context))

    @classmethod
    def deserialize(cls, state: bytes) -> Self:
        """Go on where another one was. Raises ValueError."""
        if len(state) != _STATE.size:
            raise ValueError(f"the state of a hash has {_STATE.size} bytes, not {len(state)}")
        *words, blocks, size, rest = _STATE.unpack(state)
        if size >= _BLOCK:
            raise ValueError(f"{size} bytes are a whole block, and the state of a hash has the rest")
        bits = (blocks * _BLOCK + size) * _BITS
        hash_ = cls()
        context = hash_._context
        context.words[:] = words
        context.bits[:] = [bits % _WORD, bits // _WORD % _WORD]
        context.rest[:] = rest + b"\0"
        context.rest_size = size
        return hash_

    def serialize(self) -> bytes:
        """What `deserialize` takes: 104 bytes."""
        context = self._context
        blocks = (context.bits[1] * _WORD + context.bits[0]) // _BITS // _BLOCK
        rest = bytes(context.rest[: context.rest_size])
        return _STATE.pack(*context.words, blocks, len(rest), rest)

    def update(self, piece: bytes) -> None:
        """Go on over the next bytes."""
        self._library.SHA256_Update(ctypes.byref(self._context), piece, ctypes.c_size_t(len(piece)))

    def finalize(self) -> str:
        """The digest of all bytes so far in hexadecimal digits; more may follow."""
        digest = ctypes.create_string_buffer(hashlib.sha256().digest_size)
        self._library.SHA256_Final(digest, ctypes.byref(_Context.from_buffer_copy(self._context)))
        return digest.raw.hex()


@functools.cache
def is_usable() -> bool:
    """Whether it is there, and hashes and stores its state as it should."""
    first, last = bytes(range(200)), bytes(range(100))
    with suppress(OSError, AttributeError):
        begun = Sha256()
        begun.update(first)
        resumed = Sha256.deserialize(begun.serialize())
        resumed.update(last)
        return resumed.finalize() == hashlib.sha256(first + last).hexdigest()
    return False


@functools.cache
def _library() -> ctypes.CDLL:
    for name in _LIBRARIES:
        with suppress(OSError):
            return ctypes.CDLL(name)
    raise OSError(f"there is none of {', '.join(_LIBRARIES)}")
