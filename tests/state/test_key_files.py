"""The data key is made once and lies open nowhere; the master key that opens it can be elsewhere and be replaced."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from support.key_files import key, refusal
from support.state import settings_of
from wharfinger.server import data
from wharfinger.services.login import Credentials
from wharfinger.state import keyfiles
from wharfinger.state.db.sqlite import FILE
from wharfinger.state.keyfiles import KeyFiles, RotationRefused
from wharfinger.state.secrets import Secrets, SecretsUnreadable

# --- made once -----------------------------------------------------------------------------------------------


def test_the_keys_are_made_once(files: KeyFiles) -> None:
    first = key(files)
    files.make()
    assert key(files) == first


def test_every_directory_has_keys_of_its_own(files: KeyFiles, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = KeyFiles(tmp_path / "other", tmp_path / "other/master.key")
    other.make()
    assert key(other) != key(files)


def test_two_directories_with_one_master_key_have_data_keys_of_their_own(files: KeyFiles, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = KeyFiles(tmp_path / "other", files.master)
    other.make()
    assert key(other) != key(files)


def test_processes_that_start_at_once_agree(new: KeyFiles) -> None:
    def start(_: int) -> bytes:
        new.make()
        return key(new)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(start, range(8)))) == 1


def test_the_data_key_lies_open_in_no_file(files: KeyFiles) -> None:
    root = files.read()._root
    assert [path for path in files.directory.iterdir() if root in path.read_bytes()] == []


def test_only_their_owner_may_read_the_keys(new: KeyFiles) -> None:
    before = os.umask(0)  # the most careless there is
    try:
        new.make()
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (new.master, new.envelope)} == {0o600}


def test_nothing_but_the_keys_is_left_of_their_making(files: KeyFiles) -> None:
    assert sorted(path.name for path in files.directory.iterdir()) == ["master.key", "secrets.key"]


@pytest.mark.parametrize("name", ["master.key.new", "secrets.key.new"])
def test_half_a_key_that_a_crash_left_is_got_over(new: KeyFiles, name: str) -> None:
    (new.directory / name).write_bytes(b"half")
    new.make()
    assert key(new) == key(new)


# --- a master key elsewhere ----------------------------------------------------------------------------------


@pytest.fixture
def given(elsewhere: Path) -> Path:
    """A master key that was mounted, as Kubernetes does it."""
    elsewhere.write_bytes(b"k" * 32)
    elsewhere.chmod(0o644)
    return elsewhere


def test_a_master_key_elsewhere_is_used_as_it_is(new: KeyFiles, elsewhere: Path) -> None:
    elsewhere.write_bytes(b"k" * 32)
    files = new._replace(master=elsewhere)
    files.make()
    assert elsewhere.read_bytes() == b"k" * 32
    assert [path.name for path in new.directory.iterdir()] == ["secrets.key"]
    assert key(files) == key(files)


def test_a_master_key_elsewhere_is_not_made_for_its_disk_may_not_be_mounted(new: KeyFiles, elsewhere: Path) -> None:
    with pytest.raises(SecretsUnreadable, match=f"no master key at {elsewhere}"):
        new._replace(master=elsewhere).make()
    assert list(new.directory.iterdir()) == list(elsewhere.parent.iterdir()) == []


def test_a_master_key_that_leads_nowhere_is_not_made_in_its_place(new: KeyFiles, elsewhere: Path) -> None:
    new.master.symlink_to(elsewhere)
    with pytest.raises(SecretsUnreadable, match=f"no master key at {new.master}"):
        new.make()


async def test_a_server_starts_with_the_master_key_that_is_set(tmp_path: Path, given: Path) -> None:
    settings = settings_of(tmp_path / "data", master_key=str(given))
    assert tuple(await data.prepare(settings)) == tuple(await data.prepare(settings))
    assert not (tmp_path / "data/master.key").exists()


async def test_a_server_says_that_others_may_read_its_master_key(
    tmp_path: Path, given: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(tmp_path / "data", master_key=str(given))
    with caplog.at_level(logging.WARNING):
        await data.prepare(settings)
    assert f"may read {given}:" in caplog.text


@pytest.mark.parametrize(("mode", "said"), [(0o600, 0), (0o440, 0), (0o644, 1), (0o602, 1)])
def test_the_group_that_a_mount_gives_is_no_stranger(tmp_path: Path, elsewhere: Path, mode: int, said: int) -> None:
    elsewhere.write_bytes(b"k" * 32)
    elsewhere.chmod(mode)
    assert len(KeyFiles(tmp_path, elsewhere).open_to_others()) == said


# --- what is explained ---------------------------------------------------------------------------------------


def test_a_missing_master_key_is_explained(files: KeyFiles) -> None:
    files.master.unlink()
    assert f"no master key at {files.master}: put it back" in refusal(files)


def test_a_missing_master_key_is_not_made_again(files: KeyFiles) -> None:
    files.master.unlink()
    files.make()
    assert not files.master.exists()


def test_a_master_key_that_cannot_be_read_is_explained(files: KeyFiles) -> None:
    files.master.unlink()
    files.master.mkdir()
    assert f"the master key at {files.master} cannot be read (Is a directory): let the user" in refusal(files)


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33], ids=["empty", "short", "long"])
def test_a_damaged_master_key_is_explained_and_left_as_it_is(new: KeyFiles, content: bytes) -> None:
    new.master.write_bytes(content)
    with pytest.raises(SecretsUnreadable, match=f"{new.master} is damaged: it has to be 32 bytes"):
        new.make()
    assert new.master.read_bytes() == content


def test_a_device_without_an_end_is_no_master_key(files: KeyFiles) -> None:
    assert "/dev/zero is damaged" in refusal(files._replace(master=Path("/dev/zero")))


def test_another_master_key_is_explained(files: KeyFiles) -> None:
    files.master.write_bytes(b"x" * 32)
    assert f"{files.master} is not the one that {files.envelope} was wrapped under: put back" in refusal(files)


@pytest.mark.parametrize("content", [b"", b"{", b'{"version":1,"wraps":[]}', b'{"version":1,"wraps":["\xff"]}', b"[]"])
def test_a_damaged_envelope_is_explained(files: KeyFiles, content: bytes) -> None:
    files.envelope.write_bytes(content)
    assert refusal(files) == f"{files.envelope} is damaged: put it back from a backup"


def test_an_envelope_of_a_newer_version_is_explained(files: KeyFiles) -> None:
    files.envelope.write_bytes(files.envelope.read_bytes().replace(b'"version":1', b'"version":2'))
    assert refusal(files) == f"{files.envelope} is from a newer Wharfinger: update this one"


@pytest.mark.parametrize("at", [0, 12, 59])
def test_an_envelope_with_another_bit_opens_nothing(files: KeyFiles, at: int) -> None:
    found = msgspec.json.decode(files.envelope.read_bytes(), type=keyfiles._Envelope)
    wrap = bytearray(found.wraps[0])
    wrap[at] ^= 1
    files.envelope.write_bytes(msgspec.json.encode(keyfiles._Envelope(1, (bytes(wrap),))))
    assert "is not the one that" in refusal(files)


def test_what_the_master_key_encrypted_for_another_purpose_is_no_data_key(files: KeyFiles) -> None:
    nonce = bytes(12)
    wrap = nonce + keyfiles._cipher(files.master.read_bytes()).encrypt(nonce, b"d" * 32, b"another purpose")
    files.envelope.write_bytes(msgspec.json.encode(keyfiles._Envelope(1, (wrap,))))
    assert "is not the one that" in refusal(files)


# --- a directory from before there was an envelope -----------------------------------------------------------


async def from_before(files: KeyFiles) -> Credentials:
    """A directory with data whose master key is the data key as well: its first access key."""
    files.master.write_bytes(b"m" * 32)
    (files.directory / FILE).touch()
    credentials = await data.prepare(settings_of(files.directory))
    files.envelope.unlink()
    return credentials


@pytest.mark.about_sqlite
async def test_data_from_before_goes_on_under_the_same_keys(new: KeyFiles) -> None:
    before = await from_before(new)
    assert key(new) == Secrets(b"m" * 32).key("a")
    assert tuple(await data.prepare(settings_of(new.directory))) == tuple(before)
    assert new.envelope.exists()
    assert key(new) == Secrets(b"m" * 32).key("a")


@pytest.mark.about_sqlite
async def test_data_from_before_is_rotated_like_any_other(new: KeyFiles) -> None:
    before = await from_before(new)
    await data.prepare(settings_of(new.directory))
    new.rotate(None)
    assert tuple(await data.prepare(settings_of(new.directory))) == tuple(before)


@pytest.mark.about_sqlite
async def test_a_key_that_does_not_open_the_data_gets_no_envelope(new: KeyFiles) -> None:
    await data.prepare(settings_of(new.directory))
    new.envelope.unlink()
    with pytest.raises(SecretsUnreadable, match=r"put back secrets\.key and the master key"):
        await data.prepare(settings_of(new.directory))
    assert not new.envelope.exists()


@pytest.mark.about_sqlite
async def test_a_key_from_before_is_not_rotated_until_a_server_has_proved_it(new: KeyFiles) -> None:
    await from_before(new)
    with pytest.raises(RotationRefused, match="start the server of this version once"):
        new.rotate(None)
    assert new.master.read_bytes() == b"m" * 32
