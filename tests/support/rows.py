"""The rows of a data directory, past the product: in the file of SQLite, or in the database that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw

from support import postgresql
from wharfinger.state.db.postgres import _bound, _translate

FILE = "wharfinger.db"


def run_sql(directory: Path, sql: str, **values: Any) -> list[Any]:
    """A statement, in the words of both; it may also leave rows that refer to nothing."""
    if postgresql.is_of(directory):
        text, names = _translate(sql)
        url = postgresql.database_of(directory)
        return postgresql.execute(url, text, *_bound(names, values), past_all_rules=True)
    with closing(apsw.Connection(str(directory / FILE))) as database:
        database.set_busy_timeout(5000)
        return database.execute(sql, values).fetchall()


def look(directory: Path, statements: Iterable[str], values: Mapping[str, Any]) -> list[list[Any]]:
    """The rows of several queries, all of one moment."""
    if postgresql.is_of(directory):
        translated = [(text, _bound(names, values)) for text, names in map(_translate, statements)]
        return postgresql.look(postgresql.database_of(directory), translated)
    with closing(apsw.Connection(str(directory / FILE), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        database.execute("BEGIN")
        return [database.execute(sql, dict(values)).fetchall() for sql in statements]
