"""The files of access: who may write and read them, and that a change is seen however it was made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wharfinger.state.access_files import AccessFiles


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "access.toml"
    found.write_text("one")
    found.chmod(0o644)
    return found


def read(path: Path, *beside: str) -> AccessFiles:
    files = AccessFiles(path, b"key")
    assert files.main() == path.read_text()
    for name in beside:
        files.text(name)
    return files


def test_what_stays_is_the_same(path: Path) -> None:
    assert read(path).are_same()
    assert read(path).digest == read(path).digest


def test_other_contents_of_the_same_length_and_time_are_seen(path: Path) -> None:
    files, times = read(path), path.stat()
    path.write_text("two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not files.are_same()
    assert read(path).digest != files.digest


def test_a_link_that_is_swapped_is_seen_as_kubernetes_does_it(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "access.toml").write_text("one")
        (tmp_path / version / "policy.json").write_text(version)
    (tmp_path / "..data").symlink_to("1")
    for name in ("access.toml", "policy.json"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    files = read(tmp_path / "access.toml", "policy.json")
    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert not files.are_same()
    assert read(tmp_path / "access.toml", "policy.json").are_same()


def test_a_file_that_was_missing_is_seen_when_it_comes(path: Path) -> None:
    files = AccessFiles(path, b"key")
    with pytest.raises(ValueError, match=r"the file policy\.json cannot be read: No such file"):
        files.text("policy.json")
    assert files.are_same()
    path.with_name("policy.json").write_text("{}")
    assert not files.are_same()


def test_a_digest_tells_nothing_to_who_has_not_the_key(path: Path) -> None:
    other = AccessFiles(path, b"another")
    other.main()
    assert other.digest != read(path).digest


@pytest.mark.parametrize(("mode", "is_fine"), [(0o400, True), (0o440, True), (0o604, False), (0o620, False)])
def test_a_secret_is_not_for_all(path: Path, mode: int, is_fine: bool) -> None:
    path.chmod(mode)
    files = AccessFiles(path, b"key")
    if is_fine:
        assert files.secret(path.name) == "one"
        return
    with pytest.raises(ValueError, match="can be read by others, or written by its group: run chmod g-w,o-rwx"):
        files.secret(path.name)


def test_what_gives_rights_is_not_written_by_all(path: Path) -> None:
    path.chmod(0o646)
    with pytest.raises(ValueError, match="can be written by others: run chmod o-w"):
        AccessFiles(path, b"key").main()


def test_a_mode_that_was_mended_is_seen(path: Path) -> None:
    path.chmod(0o646)
    files = AccessFiles(path, b"key")
    with pytest.raises(ValueError, match="can be written by others"):
        files.main()
    path.chmod(0o644)
    assert not files.are_same()


def test_what_is_no_file_is_not_waited_for(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match="is no regular file"):
        AccessFiles(path, b"key").main()


@pytest.mark.parametrize(("content", "told"), [(b"\xff", "is no UTF-8"), (b"x" * (1024 * 1024 + 1), "is longer than")])
def test_what_cannot_be_a_text_is_refused(path: Path, content: bytes, told: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        AccessFiles(path, b"key").main()
