"""Texts that the server gives out and believes when they come back: signed, bound to a purpose, without `:`.

Authorization tokens, page tokens and presigned addresses are all made of this one thing.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

_TAG_BYTES: Final = 20


def sign(key: bytes, payload: bytes, bound_to: bytes = b"") -> str:
    """`payload` and its authentication code as URL-safe text; good only together with `bound_to`."""
    return base64.urlsafe_b64encode(_code(key, payload, bound_to) + payload).rstrip(b"=").decode()


def verify(key: bytes, token: str, bound_to: bytes = b"") -> bytes | None:
    """The payload, or None if the token was not made with `key` for `bound_to`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    payload = raw[_TAG_BYTES:]
    # the text itself is compared: base64 has several ways to write the same bytes
    return payload if hmac.compare_digest(sign(key, payload, bound_to).encode(), token.encode()) else None


def _code(key: bytes, payload: bytes, bound_to: bytes) -> bytes:
    return hmac.digest(key, len(payload).to_bytes(8, "big") + payload + bound_to, "sha256")[:_TAG_BYTES]
