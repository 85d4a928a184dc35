"""Another master key takes the place of the present one, beside it or at once, and what it opened stays open."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.key_files import key, refusal
from support.state import settings_of
from wharfinger.server import data, doctor
from wharfinger.state import keyfiles
from wharfinger.state.keyfiles import KeyFiles, RotationRefused

# --- rotation ------------------------------------------------------------------------------------------------


def test_a_new_master_key_elsewhere_opens_the_same_beside_the_old_one(files: KeyFiles, elsewhere: Path) -> None:
    files.rotate(elsewhere)
    assert key(files) == key(files._replace(master=elsewhere))
    assert elsewhere.stat().st_mode & 0o777 == 0o600


def test_a_start_with_the_new_master_key_ends_the_old_one(files: KeyFiles, elsewhere: Path) -> None:
    before = key(files)
    files.rotate(elsewhere)
    files._replace(master=elsewhere).settle()
    assert "is not the one that" in refusal(files)
    assert key(files._replace(master=elsewhere)) == before


def test_a_start_with_the_old_master_key_ends_nothing(files: KeyFiles, elsewhere: Path) -> None:
    files.rotate(elsewhere)
    files.settle()
    assert key(files) == key(files._replace(master=elsewhere))


def test_a_start_with_a_master_key_between_two_keeps_it_and_the_newest(files: KeyFiles, elsewhere: Path) -> None:
    between, before = files._replace(master=elsewhere.with_name("between")), key(files)
    files.rotate(between.master)
    files.rotate(elsewhere)
    between.settle()
    assert key(between) == key(files._replace(master=elsewhere)) == before
    assert "is not the one that" in refusal(files)


def test_a_master_key_that_was_rotated_to_by_mistake_ends_with_the_next_one(files: KeyFiles, elsewhere: Path) -> None:
    mistake = elsewhere.with_name("mistake")
    files.rotate(mistake)
    files.rotate(elsewhere)
    files._replace(master=elsewhere).settle()
    assert "is not the one that" in refusal(files._replace(master=mistake))


def test_the_same_rotation_again_changes_no_key(files: KeyFiles, elsewhere: Path) -> None:
    files.rotate(elsewhere)
    made = elsewhere.read_bytes()
    files.rotate(elsewhere)
    assert (elsewhere.read_bytes(), files.masters()) == (made, 2)


def test_a_master_key_that_is_there_is_rotated_to_as_it_is(files: KeyFiles, elsewhere: Path) -> None:
    elsewhere.write_bytes(b"n" * 32)
    files.rotate(elsewhere)
    assert elsewhere.read_bytes() == b"n" * 32
    assert key(files) == key(files._replace(master=elsewhere))


def test_rotating_in_place_ends_the_old_master_key_at_once(files: KeyFiles) -> None:
    before, old = key(files), files.master.read_bytes()
    files.rotate(None)
    assert key(files) == before
    files.master.write_bytes(old)
    assert "is not the one that" in refusal(files)


def test_rotating_in_place_follows_a_link(files: KeyFiles, elsewhere: Path) -> None:
    files.master.rename(elsewhere)
    files.master.symlink_to(elsewhere)
    old = elsewhere.read_bytes()
    files.rotate(None)
    assert files.master.is_symlink()
    assert elsewhere.read_bytes() != old


def test_a_file_that_cannot_be_replaced_leaves_all_as_it_was(files: KeyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    before, rename = key(files), os.rename

    def mounted(source: Path, target: Path) -> None:
        if Path(target) == files.master:
            raise OSError(errno.EBUSY, "Device or resource busy", str(target))
        rename(source, target)

    monkeypatch.setattr(os, "rename", mounted)
    with pytest.raises(OSError, match="busy"):
        files.rotate(None)
    assert (key(files), files.masters()) == (before, 1)
    assert sorted(path.name for path in files.directory.iterdir()) == ["master.key", "secrets.key"]


@pytest.mark.parametrize("same", [True, False], ids=["the same file", "a copy"])
def test_the_master_key_in_use_is_nothing_to_rotate_to(files: KeyFiles, elsewhere: Path, same: bool) -> None:
    if not same:
        elsewhere.write_bytes(files.master.read_bytes())
    with pytest.raises(RotationRefused, match="holds the master key that is in use"):
        files.rotate(files.master if same else elsewhere)


def test_another_user_does_not_rotate_for_the_server_could_not_read_the_result(
    files: KeyFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: files.envelope.stat().st_uid + 1)
    with pytest.raises(RotationRefused, match="run this as the user that runs the server"):
        files.rotate(None)


def test_who_reads_while_a_rotation_goes_by_reads_again(files: KeyFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    before, read = key(files), keyfiles.read_key

    def slowly(path: Path) -> bytes:
        found = read(path)
        monkeypatch.setattr(keyfiles, "read_key", read)
        files.rotate(None)
        return found

    monkeypatch.setattr(keyfiles, "read_key", slowly)
    assert key(files) == before


def test_rotations_at_once_come_one_after_the_other(files: KeyFiles) -> None:
    before = key(files)
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(files.rotate, None) for _ in range(12)]:
            assert key(files) == before
            done.result()
    assert (key(files), files.masters()) == (before, 1)


def test_no_key_shows_in_the_text_of_what_was_opened(files: KeyFiles) -> None:
    assert f"{files._open()} {files._open()!r}" == "_Opened(…) _Opened(…)"


def test_what_has_to_be_durable_is_so_before_the_next_step(
    files: KeyFiles, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.rotate(elsewhere)
    kept_elsewhere = files._replace(master=elsewhere)
    kept_elsewhere.settle()
    steps: list[str] = []
    watch(
        monkeypatch,
        "fsync",
        lambda descriptor: steps.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}"),
    )
    watch(monkeypatch, "rename", lambda _, target: steps.append(f"name {Path(target).name}"))
    kept_elsewhere.rotate(None)
    envelope = ["sync secrets.key.new", "name secrets.key", "sync data"]
    assert steps == ["sync key.new", *envelope, "name key", "sync disk", *envelope]


def watch(monkeypatch: pytest.MonkeyPatch, name: str, note: Callable[..., None]) -> None:
    """Note each call of a function of the system, and do it."""
    real = getattr(os, name)

    def noted(*args: object) -> None:
        note(*args)
        real(*args)

    monkeypatch.setattr(os, name, noted)


# --- what the doctor says ------------------------------------------------------------------------------------


def problems(files: KeyFiles) -> str:
    """Those that the doctor finds with the keys."""
    settings = settings_of(files.directory, master_key=str(files.master), database="")
    return "\n".join(finding.problem or "" for finding in doctor._keys(settings, files.masters()))


def test_the_doctor_has_nothing_to_say_of_good_keys(files: KeyFiles) -> None:
    assert (problems(files)).strip() == ""


def test_the_doctor_names_keys_that_others_may_read(files: KeyFiles, elsewhere: Path) -> None:
    files.rotate(elsewhere)
    kept_elsewhere = files._replace(master=elsewhere)
    kept_elsewhere.settle()
    elsewhere.chmod(0o644)
    assert f"run chmod o= {elsewhere}." in problems(kept_elsewhere)


def test_the_doctor_names_a_rotation_that_is_not_finished(files: KeyFiles, elsewhere: Path) -> None:
    files.rotate(elsewhere)
    assert "A rotation is not finished: start the server with the new master key" in problems(files)


@pytest.mark.parametrize(("host", "hints"), [("127.0.0.1", 0), ("0.0.0.0", 1)])
def test_the_doctor_hints_at_a_master_key_beside_data_that_others_reach(files: KeyFiles, host: str, hints: int) -> None:
    settings = settings_of(files.directory, host=host)
    data.announce(settings)
    found = [finding for finding in doctor._keys(settings, files.masters()) if "--master-key" in finding.subject]
    assert [finding.problem for finding in found] == [None] * hints
