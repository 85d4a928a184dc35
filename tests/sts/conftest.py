"""What the tests of AWS STS share: two workers that check signatures, and an issuer with keys of both kinds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.content import image
from support.disk import without_syncs
from support.issuer import Issuer, SigningKey, ec_key, rsa_key
from support.state import Clock
from support.strict import Strict, new_strict


@pytest.fixture
def clock() -> Clock:
    """With odd milliseconds, so that none can get lost unseen."""
    return Clock(1_800_000_000_123)


@pytest.fixture
async def strict(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Strict]:
    """Two workers with the repository `app` and an image in it, which may ask issuers on this machine."""
    without_syncs(monkeypatch)
    async with new_strict(tmp_path / "data", clock, webhook_private=True) as opened:
        await opened.one.push("app", image(), "v1")
        yield opened


@pytest.fixture(scope="session")
def rsa() -> SigningKey:
    return rsa_key()


@pytest.fixture(scope="session")
def ec() -> SigningKey:
    return ec_key()


@pytest.fixture
def issuer(rsa: SigningKey, ec: SigningKey, clock: Clock) -> Iterator[Issuer]:
    """It has the time that the server has."""
    with Issuer(rsa, ec, now=lambda: clock() / 1000) as listening:
        yield listening
