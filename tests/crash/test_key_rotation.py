"""The process ends at every single step of what is done with keys: what they opened, they open."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from support.failpoints import Killed, killed_at
from wharfinger.state.keyfiles import KeyFiles
from wharfinger.state.secrets import SecretsUnreadable


def new(directory: Path) -> KeyFiles:
    """Of a data directory that has nothing yet."""
    (directory / "disk").mkdir(parents=True)
    return KeyFiles(directory, directory / "master.key")


def elsewhere(files: KeyFiles) -> KeyFiles:
    """The same with its master key on what could be another disk."""
    return files._replace(master=files.directory / "disk/key")


def rotate_elsewhere(files: KeyFiles) -> None:
    """The new master key is beside the old one."""
    files.rotate(elsewhere(files).master)


def rotate_in_place(files: KeyFiles) -> None:
    """The new master key takes the place of the old one."""
    files.rotate(None)


def ended(doing: Callable[[KeyFiles], None], files: KeyFiles, step: int, *, after: bool) -> bool:
    """Whether it was killed at that step, and not done before."""
    try:
        with killed_at(step, after=after):
            doing(files)
    except Killed:
        return True
    assert step > 5, "there are steps to be killed at"
    return False


def is_good(files: KeyFiles, before: bytes) -> bool:
    """Whether the data key is opened, and by the master key alone once a server has started with it."""
    files.settle()
    return files.read().key("a") == before and not list(files.directory.rglob("*.new"))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("rotate", [rotate_elsewhere, rotate_in_place])
def test_killed_at_any_step_of_a_rotation_the_master_key_opens_the_data_and_it_can_be_done_again(
    tmp_path: Path, rotate: Callable[[KeyFiles], None], after: bool
) -> None:
    for step in itertools.count(1):
        files = new(tmp_path / str(step))
        files.make()
        old, before = files.master.read_bytes(), files.read().key("a")
        killed = ended(rotate, files, step, after=after)
        assert files.read().key("a") == before, f"killed at step {step}"
        if not killed:
            return
        rotate(files)
        current = elsewhere(files) if rotate is rotate_elsewhere else files
        assert is_good(current, before), f"killed at step {step}, then done again"
        files.master.write_bytes(old)
        with pytest.raises(SecretsUnreadable):
            files.read()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_of_the_end_of_a_rotation_the_new_master_key_opens_the_data(
    tmp_path: Path, after: bool
) -> None:
    for step in itertools.count(1):
        files = new(tmp_path / str(step))
        files.make()
        before = files.read().key("a")
        rotate_elsewhere(files)
        if not ended(KeyFiles.settle, elsewhere(files), step, after=after):
            return
        assert is_good(elsewhere(files), before), f"killed at step {step}"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_of_their_making_keys_are_made_at_the_next_start(tmp_path: Path, after: bool) -> None:
    for step in itertools.count(1):
        files = new(tmp_path / str(step))
        if not ended(KeyFiles.make, files, step, after=after):
            return
        files.make()
        assert is_good(files, files.read().key("a")), f"killed at step {step}"
        assert files.read()._root != files.master.read_bytes(), "it is not taken for one from before"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_step_of_taking_over_a_key_from_before_it_stays_the_data_key(tmp_path: Path, after: bool) -> None:
    for step in itertools.count(1):
        files = new(tmp_path / str(step))
        files.master.write_bytes(b"m" * 32)
        before = files.read().key("a")
        if not ended(KeyFiles.settle, files, step, after=after):
            return
        assert is_good(files, before), f"killed at step {step}"
