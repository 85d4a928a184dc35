"""What is printed: tables for people, JSON documents for machines."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import click

from wharfinger.cli.client import Document, printable

_ROWS: Final = 1000  # that are aligned with each other
_NOTHING: Final = "-"


class Column(NamedTuple):
    """A column of a table: its heading, and the text for an item, nothing where there is none."""

    heading: str
    text: Callable[[Document], str | None]
    right: bool = False


def words(heading: str, member: str) -> Column:
    """A member as it is."""
    return Column(heading, lambda item: item.get(member))


def names(heading: str, member: str) -> Column:
    """A list of names."""
    return Column(heading, lambda item: ",".join(item.get(member) or ()))


def moment(heading: str, member: str) -> Column:
    """A time."""
    return Column(heading, lambda item: when(item.get(member)))


def number(heading: str, member: str) -> Column:
    """A count."""
    return Column(heading, lambda item: str(item[member]) if member in item else None, right=True)


def amount(heading: str, member: str) -> Column:
    """A number of bytes."""
    return Column(heading, lambda item: size(item.get(member)), right=True)


DECLARED: Final = Column("DECLARED", lambda item: "yes" if item.get("isDeclared") else "no")
TAGS: Final = Column("TAGS", lambda item: ",".join(f"{tag['key']}={tag['value']}" for tag in item.get("tags") or ()))


def when(seconds: float | None) -> str | None:
    """A time in the zone of whoever reads it, in ISO form."""
    return None if seconds is None else datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")


def size(count: int | None) -> str | None:
    """Bytes in a unit that keeps the number short."""
    if count is None or count < 1024:
        return None if count is None else f"{count} B"
    shown = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        shown /= 1024
        if shown < 1024:
            return f"{shown:.1f} {unit}"
    return f"{shown / 1024:.1f} TiB"


def listing(items: Iterable[Document], columns: Sequence[Column], *, as_json: bool) -> None:
    """A list as a table, or as one JSON document on each line; printed while it comes in."""
    if as_json:
        for item in items:
            document(item)
        return
    widths = [0] * len(columns)
    for rows in _chunks(itertools.chain([[column.heading for column in columns]], _rows(items, columns))):
        widths = [max(width, *(len(row[at]) for row in rows)) for at, width in enumerate(widths)]
        for row in rows:
            click.echo(_aligned(row, columns, widths))


def details(item: Document, columns: Sequence[Column], *, as_json: bool) -> None:
    """One item, a line for each column that it has something for; or as a JSON document."""
    if as_json:
        document(item)
        return
    width = max(len(column.heading) for column in columns)
    for column in columns:
        text = column.text(item)
        if text:
            click.echo(f"{column.heading:<{width}}  {printable(text)}")


def document(item: Document) -> None:
    """A JSON document on a line of its own."""
    click.echo(json.dumps(item))


def text(content: str) -> None:
    """What others wrote on several lines, without what would move the cursor."""
    for line in content.splitlines():
        click.echo(printable(line))


def _rows(items: Iterable[Document], columns: Sequence[Column]) -> Iterator[list[str]]:
    for item in items:
        yield [printable(column.text(item) or _NOTHING) for column in columns]


def _chunks(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while chunk := list(itertools.islice(rows, _ROWS)):
        yield chunk


def _aligned(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    cells = [
        f"{text:>{width}}" if column.right else f"{text:<{width}}"
        for text, column, width in zip(row, columns, widths, strict=True)
    ]
    return "  ".join(cells).rstrip()
