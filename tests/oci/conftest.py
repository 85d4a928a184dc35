"""What the tests of the data plane share: bytes to push, and a connection to push them through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from support.registry import Registry
from support.wire import Wire


@pytest.fixture
def content(account: str) -> bytes:
    """1000 bytes that no other test pushes."""
    return hashlib.shake_128(account.encode()).digest(1000)


@pytest.fixture
def wire(registry: Registry) -> Iterator[Wire]:
    """A connection with the login of the registry."""
    with Wire(registry.server, registry.password) as connection:
        yield connection
