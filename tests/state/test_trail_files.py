"""The files of the trail: one for each hour, whole lines only, however they are written, cut off or deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.disk import no_file_over
from wharfinger.state.clock import HOUR
from wharfinger.state.trail import TrailFiles, name

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z
FILE = "2027-01-15T08.jsonl"
ALL = 2**20


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "trail"


@pytest.fixture
def files(directory: Path) -> Iterator[TrailFiles]:
    opened = TrailFiles(directory, share=100)
    yield opened
    opened.close()


def contents(files: TrailFiles, file: str = FILE, start: int = 0) -> list[bytes]:
    return [line.content for line in files.read(file, start, ALL)]


def write(files: TrailFiles, *lines: bytes, at: int = NOW) -> None:
    for line in lines:
        files.append(at, line, stranger=False)


def test_an_hour_has_its_file_and_the_names_are_in_order() -> None:
    assert [name(NOW), name(NOW + HOUR - 1), name(NOW + HOUR)] == [FILE, FILE, "2027-01-15T09.jsonl"]
    assert name(NOW - 24 * HOUR) < name(NOW - HOUR) < name(NOW)


def test_lines_of_two_workers_are_all_there(directory: Path, files: TrailFiles) -> None:
    other = TrailFiles(directory, share=0)
    for number in range(100):
        write(files, b"one %d\n" % number)
        write(other, b"two %d\n" % number)
    other.close()
    assert len(contents(files)) == len(set(contents(files))) == 200


def test_files_and_folder_are_for_the_servers_own_user(directory: Path, files: TrailFiles) -> None:
    write(files, b"a\n")
    assert [path.stat().st_mode & 0o777 for path in (directory, directory / FILE)] == [0o700, 0o600]


def test_a_new_hour_begins_a_new_file(files: TrailFiles) -> None:
    write(files, b"a\n")
    write(files, b"b\n", at=NOW + HOUR)
    assert [contents(files, file) for file in files.names()] == [[b"a\n"], [b"b\n"]]


def test_a_link_in_the_place_of_a_file_is_not_followed(directory: Path, files: TrailFiles, tmp_path: Path) -> None:
    directory.mkdir()
    (directory / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        write(files, b"a\n")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_was_taken_away_is_begun_again(directory: Path, files: TrailFiles) -> None:
    write(files, b"a\n")
    (directory / FILE).unlink()
    write(files, b"b\n")
    assert contents(files) == [b"b\n"]


# --- reading -------------------------------------------------------------------------------------------------


def test_reading_goes_on_where_a_line_ended(files: TrailFiles) -> None:
    write(files, b"a\n", b"b\n")
    [first, _] = files.read(FILE, 0, ALL)
    assert contents(files, start=first.end) == [b"b\n"]


def test_a_line_that_is_being_written_is_left_for_later(directory: Path, files: TrailFiles) -> None:
    write(files, b"a\n")
    with (directory / FILE).open("ab") as file:
        file.write(b"half")
        file.flush()
        assert contents(files) == [b"a\n"]
        file.write(b" and half\n")
    assert contents(files) == [b"a\n", b"half and half\n"]


def test_a_line_that_is_too_long_to_be_one_does_not_stop_reading(directory: Path, files: TrailFiles) -> None:
    write(files, b"x" * 1000 + b"\n", b"a\n")
    found, at = [], 0
    while lines := files.read(FILE, at, 100):
        found += [line.content for line in lines]
        at = lines[-1].end
    assert found[-1] == b"a\n"


def test_what_is_not_there_has_no_lines_and_no_size(files: TrailFiles) -> None:
    files.delete(FILE)
    assert (files.names(), contents(files), files.size(FILE)) == ([], [], 0)


def test_other_files_are_none_of_the_trail(directory: Path, files: TrailFiles) -> None:
    write(files, b"a\n")
    (directory / "2027-01-15T08.jsonl.gz").touch()
    (directory / "notes").touch()
    assert files.names() == [FILE]


# --- what is missing -----------------------------------------------------------------------------------------


def test_what_the_disk_refuses_is_counted_until_something_is_written_again(files: TrailFiles) -> None:
    write(files, b"first\n")
    with no_file_over(8):
        for _ in range(2):
            with pytest.raises(OSError, match=r"No space|too large"):
                write(files, b"second\n")
    assert files.lost == 2
    write(files, b"third\n")
    assert files.lost == 0


def test_strangers_fill_their_share_of_an_hour_and_no_more(files: TrailFiles) -> None:
    for _ in range(5):
        files.append(NOW, b"x" * 39 + b"\n", stranger=True)
    assert (len(contents(files)), files.lost) == (2, 3)


def test_who_is_known_is_written_down_whatever_strangers_do(files: TrailFiles) -> None:
    for _ in range(5):
        files.append(NOW, b"x" * 39 + b"\n", stranger=True)
    write(files, b"known\n")
    assert contents(files)[-1] == b"known\n"


def test_strangers_have_a_new_share_in_a_new_hour(files: TrailFiles) -> None:
    for _ in range(5):
        files.append(NOW, b"x" * 39 + b"\n", stranger=True)
    files.append(NOW + HOUR, b"x\n", stranger=True)
    assert contents(files, name(NOW + HOUR)) == [b"x\n"]


def test_taking_the_file_away_gives_strangers_no_new_share(directory: Path, files: TrailFiles) -> None:
    files.append(NOW, b"x" * 99 + b"\n", stranger=True)
    (directory / FILE).unlink()
    files.append(NOW, b"x\n", stranger=True)
    assert contents(files) == []
