"""The master key is made once and looked after; what it protects opens with no other key, and shows in no text."""

from __future__ import annotations

import os
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
from wharfinger.state.secrets import Secrets, SecretsUnreadable, open_secrets


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data") as opened:
        yield opened


# --- the master key ------------------------------------------------------------------------------------------


def test_the_master_key_is_made_once(tmp_path: Path) -> None:
    first = open_secrets(tmp_path, create=True)
    assert open_secrets(tmp_path, create=True).key("a") == first.key("a")
    assert open_secrets(tmp_path, create=False).key("a") == first.key("a")


def test_every_directory_has_a_key_of_its_own(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(open_secrets(tmp_path / name, create=True).key("a"))
    assert made[0] != made[1]


def test_only_its_owner_may_read_the_master_key(tmp_path: Path) -> None:
    before = os.umask(0)  # the most careless there is
    try:
        open_secrets(tmp_path, create=True)
    finally:
        os.umask(before)
    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600


def test_nothing_but_the_key_is_left_of_its_making(tmp_path: Path) -> None:
    open_secrets(tmp_path, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_crash_while_the_key_was_made_is_got_over(tmp_path: Path) -> None:
    (tmp_path / "master.new").write_bytes(b"half")
    first = open_secrets(tmp_path, create=True)
    assert open_secrets(tmp_path, create=False).key("a") == first.key("a")


def test_a_missing_key_is_explained(tmp_path: Path) -> None:
    with pytest.raises(SecretsUnreadable, match=f"no master key at {tmp_path}/master.key"):
        open_secrets(tmp_path, create=False)


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33], ids=["empty", "short", "long"])
def test_a_damaged_key_is_explained(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(SecretsUnreadable, match=f"{tmp_path}/master.key is damaged: it has to be 32 bytes"):
        open_secrets(tmp_path, create=True)


def test_a_damaged_key_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_bytes(b"half")
    with pytest.raises(SecretsUnreadable):
        open_secrets(tmp_path, create=True)
    assert (tmp_path / "master.key").read_bytes() == b"half"


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


def test_a_secret_can_not_be_read_with_another_master_key() -> None:
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


async def test_a_server_with_another_master_key_does_not_start(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data")
    await data.prepare(settings)
    (settings.directory / "master.key").write_bytes(b"x" * 32)
    with pytest.raises(SecretsUnreadable, match="not the one that this data was encrypted with"):
        await data.prepare(settings)


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
