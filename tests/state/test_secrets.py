"""What the data key protects opens with no other key, and shows in no text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.state import CALLER, REGISTRY, prepared, settings_of
from wharfinger.api.aws.call import Call as EcrCall
from wharfinger.api.http import Request
from wharfinger.api.oci.call import Call as OciCall
from wharfinger.contract.ecr import OPERATIONS
from wharfinger.server import data
from wharfinger.services import login
from wharfinger.state import State
from wharfinger.state.db import keys
from wharfinger.state.secrets import Secrets, SecretsUnreadable


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data") as opened:
        yield opened


# --- what it protects ----------------------------------------------------------------------------------------


def secrets(fill: bytes = b"k") -> Secrets:
    return Secrets(fill * 32)


def test_a_key_is_good_for_one_purpose() -> None:
    assert secrets().key("page token") != secrets().key("authorization token")


@pytest.mark.parametrize("text", ["", "secret", "ü 🐳", "a" * 10_000])
def test_what_was_encrypted_is_read_back(text: str) -> None:
    assert secrets().decrypt(secrets().encrypt(text, "id"), "id") == text


def test_the_same_secret_looks_different_each_time() -> None:
    assert secrets().encrypt("secret", "id") != secrets().encrypt("secret", "id")


def test_a_secret_can_not_be_read_as_that_of_another_id() -> None:
    with pytest.raises(SecretsUnreadable):
        secrets().decrypt(secrets().encrypt("secret", "one"), "another")


def test_a_secret_can_not_be_read_with_another_data_key() -> None:
    with pytest.raises(SecretsUnreadable, match="not the one that this data was encrypted with"):
        secrets(b"x").decrypt(secrets().encrypt("secret", "id"), "id")


ENCRYPTED = secrets().encrypt("secret", "id")


@pytest.mark.parametrize(
    "changed",
    [ENCRYPTED[:-1], ENCRYPTED[1:], ENCRYPTED[:-1] + bytes([ENCRYPTED[-1] ^ 1]), ENCRYPTED[:12], ENCRYPTED[:5], b""],
    ids=["last byte gone", "first byte gone", "one bit", "nonce only", "part of the nonce", "empty"],
)
def test_a_secret_that_was_changed_can_not_be_read(changed: bytes) -> None:
    with pytest.raises(SecretsUnreadable):
        secrets().decrypt(changed, "id")


async def test_the_first_access_key_is_made_once(state: State) -> None:
    assert tuple(await login.first_key(state)) == tuple(await login.first_key(state))


async def test_the_secret_of_an_access_key_is_nowhere_in_the_data(state: State, tmp_path: Path) -> None:
    secret = (await login.first_key(state)).secret.encode()
    assert [path for path, content in contents_of(tmp_path / "data") if secret in content] == []


def contents_of(directory: Path) -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in directory.rglob("*") if path.is_file()]


async def test_an_access_key_can_not_be_given_the_secret_of_another(state: State) -> None:
    stolen = await login.first_key(state)
    row = await state.db.read(keys.find, stolen.key)
    assert row is not None
    await state.db.write(keys.add, row._replace(id="WHRFANOTHER"))
    strict = replace(state, rules=state.rules._replace(any_signature=False))
    with pytest.raises(SecretsUnreadable):
        await login.credentials(strict, "WHRFANOTHER", None)


@pytest.mark.about_sqlite  # elsewhere the database has the wrapped key
async def test_a_server_with_the_keys_of_other_data_does_not_start(tmp_path: Path) -> None:
    one, other = settings_of(tmp_path / "one"), settings_of(tmp_path / "other")
    await data.prepare(one)
    await data.prepare(other)
    for name in ("master.key", "secrets.key"):
        (other.directory / name).rename(one.directory / name)
    with pytest.raises(SecretsUnreadable, match="not the one that this data was encrypted with"):
        await data.prepare(one)


# --- what shows ----------------------------------------------------------------------------------------------


def a_request() -> Request:
    async def receive() -> dict[str, object]:
        return {}

    scope = {"method": "GET", "raw_path": b"/", "headers": [(b"authorization", b"Basic MASTER")], "query_string": b""}
    return Request(scope, receive, "id")


@pytest.mark.parametrize("kind", ["secrets", "credentials", "token", "state", "ecr call", "oci call", "request"])
async def test_no_secret_shows_in_the_text_of(state: State, kind: str) -> None:
    known = replace(state, secrets=Secrets(b"MASTER" + bytes(26)))
    token = login.issue_token(known, CALLER)
    shown = {
        "secrets": known.secrets,
        "credentials": login.Credentials("key", "MASTER", "account", CALLER.login),
        "token": token,
        "state": known,
        "ecr call": EcrCall(known, settings_of(Path("data")).addresses, CALLER, REGISTRY, OPERATIONS["PutImage"]),
        "oci call": OciCall(known, a_request(), CALLER, REGISTRY, "app", "tag"),
        "request": a_request(),
    }[kind]
    text = f"{shown} {shown!r}"
    assert not [secret for secret in ("MASTER", token.password) if secret in text]
