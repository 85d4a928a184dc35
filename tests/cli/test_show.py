"""Tables that people can read and that nothing in them can disturb, documents that machines can."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from wharfinger.cli import show

COLUMNS = (show.words("NAME", "name"), show.amount("SIZE", "size"), show.names("TAGS", "tags"))


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2, "1.0 MiB"),
        (3 * 1024**3, "3.0 GiB"),
        (5 * 1024**4, "5.0 TiB"),
        (2000 * 1024**4, "2000.0 TiB"),
        (None, None),
    ],
)
def test_a_size_has_the_unit_that_keeps_it_short(count: int | None, shown: str | None) -> None:
    assert show.size(count) == shown


@pytest.mark.usefixtures("tokyo")
def test_a_time_is_in_the_zone_of_the_reader() -> None:
    assert show.when(0.5) == "1970-01-01T09:00:00+09:00"


def test_columns_are_aligned_and_numbers_stand_at_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    items: list[dict[str, Any]] = [
        {"name": "a", "size": 5, "tags": ["x", "y"]},
        {"name": "longer", "size": 2048},
    ]
    show.listing(items, COLUMNS, as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "NAME       SIZE  TAGS",
        "a           5 B  x,y",
        "longer  2.0 KiB  -",
    ]


def test_a_table_without_rows_has_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    show.listing([], COLUMNS, as_json=False)
    assert capsys.readouterr().out == "NAME  SIZE  TAGS\n"


def test_a_list_without_items_has_no_documents(capsys: pytest.CaptureFixture[str]) -> None:
    show.listing([], COLUMNS, as_json=True)
    assert capsys.readouterr().out == ""


def test_each_document_has_a_line_and_all_its_members(capsys: pytest.CaptureFixture[str]) -> None:
    items: list[dict[str, Any]] = [{"name": "a", "unknown": [1]}, {"name": "line\nbreak"}]
    show.listing(items, COLUMNS, as_json=True)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == items


def test_what_others_wrote_cannot_move_the_cursor_or_begin_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show.listing([{"name": "a\x1b[2Jb\nc\u202ed\x9be"}], COLUMNS[:1], as_json=False)
    assert capsys.readouterr().out.splitlines() == ["NAME", "a [2Jb c d e"]


def test_rows_are_printed_before_the_list_has_ended(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []

    def items() -> Iterator[dict[str, str]]:
        for number in range(2500):
            if number == 2000:
                printed.append(capsys.readouterr().out)
            yield {"name": str(number)}

    show.listing(items(), COLUMNS[:1], as_json=False)
    assert "\n998\n" in printed[0]


def test_details_leave_out_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    show.details({"name": "a", "tags": ["x"]}, COLUMNS, as_json=False)
    assert capsys.readouterr().out.splitlines() == ["NAME  a", "TAGS  x"]
