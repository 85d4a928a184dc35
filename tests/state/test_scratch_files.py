"""Scratch files: what comes of a body until it is used, in memory while it is little."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.disk import no_file_over
from wharfinger.domain.faults import Unavailable
from wharfinger.state.files import Scratch

KIB = 1024


@pytest.mark.parametrize("count", [1, 64, 65, 200], ids=lambda count: f"{count} KiB")
def test_what_was_written_is_read_whole_and_in_part(tmp_path: Path, count: int) -> None:
    content = os.urandom(count * KIB)
    with Scratch(tmp_path).file() as file:
        for start in range(0, len(content), KIB):
            file.write(content[start : start + KIB])
        assert file.size == len(content)
        assert file.piece(100, 500) == content[100:600]
        assert file.content() == content


@pytest.mark.parametrize(("count", "is_on_disk"), [(64, False), (65, True)])
def test_no_more_than_64_kib_are_held_in_memory(tmp_path: Path, count: int, is_on_disk: bool) -> None:
    with Scratch(tmp_path).file() as file:
        for _ in range(count):
            file.write(bytes(KIB))
        used = sum(one.stat().st_size for one in _open_in(tmp_path))
        assert (used > 0) is is_on_disk


def test_nothing_is_left_of_it(tmp_path: Path) -> None:
    with Scratch(tmp_path).file() as file:
        file.write(bytes(100 * KIB))
    assert list(tmp_path.iterdir()) == []
    assert _open_in(tmp_path) == []


@pytest.mark.parametrize("size", [100 * KIB, 3000], ids=["large pieces", "small pieces"])
def test_where_the_disk_has_no_room_it_is_unavailable_and_ends_in_peace(tmp_path: Path, size: int) -> None:
    def fill() -> None:
        with Scratch(tmp_path).file() as file:
            for _ in range(100):
                file.write(bytes(size))

    with no_file_over(80 * KIB), pytest.raises(Unavailable, match="disk"):
        fill()


def _open_in(directory: Path) -> list[Path]:
    """The files of a directory that this process has open, though they have no name."""
    return [one for one in Path("/proc/self/fd").iterdir() if _leads_to(one, directory)]


def _leads_to(descriptor: Path, directory: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith(str(directory))
    except FileNotFoundError:  # the one that lists them
        return False
