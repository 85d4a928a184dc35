"""The only source of randomness."""

from __future__ import annotations

import base64
import os
import random
from typing import Final

_VERSION_4: Final = 0x4000_8000_0000_0000_0000  # as RFC 9562 has it
_FREE_BITS: Final = ~0xF000_C000_0000_0000_0000


def new_uuid() -> str:
    """For uploads and leases: nobody can guess it."""
    return _uuid(int.from_bytes(os.urandom(16)))


def new_public_uuid() -> str:
    """For requests and events, which are to be told apart and no more. Cheap, as each request needs one."""
    return _uuid(random.getrandbits(128))  # seeded anew in each worker by the library


def _uuid(bits: int) -> str:
    text = f"{bits & _FREE_BITS | _VERSION_4:032x}"  # the class of the library takes five times as long
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_storage_id() -> str:
    """A name for bytes that no bytes had before: 32 hexadecimal digits."""
    return os.urandom(16).hex()


def new_access_key_id() -> str:
    """20 characters, as an AWS access key id; the prefix tells that it is none of Amazon's."""
    return "WHRF" + base64.b32encode(os.urandom(10)).decode()


def new_session_key_id() -> str:
    """The access key id of a session; the prefix tells it from those that last."""
    return "WHRS" + base64.b32encode(os.urandom(10)).decode()


def new_principal_id(kind: str) -> str:
    """20 characters, as the unique ids of IAM; the prefix tells users from roles."""
    return {"user": "WHRU", "role": "WHRR"}[kind] + base64.b32encode(os.urandom(10)).decode()


def new_robot_token() -> str:
    """A password that nobody can guess; its prefix lets scanners of source code find those that were leaked."""
    return "whrt_" + base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def new_secret() -> str:
    """40 characters, as an AWS secret access key."""
    return base64.urlsafe_b64encode(os.urandom(30)).decode()
