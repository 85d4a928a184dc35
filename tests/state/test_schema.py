"""The tables: made once, by whoever comes first, and asked in ways that need no reading of whole tables."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import multiprocessing
import pkgutil
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import ModuleType

import apsw
import msgspec
import pytest

from support.disk import without_syncs
from support.other_processes import migrate_at_once
from support.state import REGISTRY, Clock, prepared, settings_of
from support.statements import Statement, place_of
from support.use_cases import use_everything
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import Unavailable
from wharfinger.domain.mutability import Mutability
from wharfinger.server import data
from wharfinger.state import db as floor
from wharfinger.state.db import declared, deletions, repositories, schema, sqlite
from wharfinger.state.db.database import Tx, Value
from wharfinger.state.db.deletions import Deletion
from wharfinger.state.db.repositories import Packed, Repository
from wharfinger.state.db.schema import VERSION, SchemaTooNew, for_sqlite, migrate
from wharfinger.state.db.sqlite import FILE, Sqlite
from wharfinger.state.db.tables import MIGRATIONS, Migration
from wharfinger.state.keyfiles import KeyFiles

pytestmark = pytest.mark.about_sqlite

TABLES = {
    "access_files",
    "access_keys",
    "attachments",
    "blobs",
    "copied_bytes",
    "copies",
    "data_key",
    "deletions",
    "events",
    "feeds",
    "holds",
    "identity_providers",
    "image_references",
    "images",
    "jobs",
    "lifecycle_policies",
    "lifecycle_preview_images",
    "lifecycle_previews",
    "plan_images",
    "plans",
    "policies",
    "principals",
    "registry_policies",
    "registry_settings",
    "repositories",
    "repository_blobs",
    "rights_version",
    "robots",
    "schema_version",
    "tags",
    "trail_pieces",
    "trail_positions",
    "unlinks",
    "uploads",
    "webhooks",
}
MORE = "CREATE TABLE more (id BIGINT\n); INSERT INTO nowhere VALUES (1)"
NUMBERED = {"blobs", "deletions", "events", "holds", "images", "plans", "repositories", "trail_pieces"}
# one of the tables, of the rights; one for each node, master key, provider, kind, errand waited for, hour of a node
FEW_ROWS = (
    "schema_version",
    "rights_version",
    "access_files",
    "data_key",
    "identity_providers",
    "jobs",
    "trail_positions",
)
# the version is no part of the migrations that it counts
MADE_BY_MIGRATIONS = sorted(TABLES - {"schema_version"})
# of the module schema, only the version is asked for while a server runs
MODULES = [
    importlib.import_module(f"{floor.__name__}.{module.name}")
    for module in pkgutil.iter_modules(floor.__path__)
    if module.name not in {"copies", "rows"}  # a copy is to read all of it
    and module.name not in {"database", "postgres", "schema", "sqlite", "tables"}
]


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Sqlite]:
    database = Sqlite(tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def file(db: Sqlite, tmp_path: Path) -> apsw.Connection:
    """The migrated database as SQLite itself sees it."""
    await migrate(db)
    return apsw.Connection(str(tmp_path / FILE))


def everything_in(directory: Path) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(directory / FILE))
    schema_rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
    return [*schema_rows, *connection.execute("SELECT version FROM schema_version")]


# --- migrating -----------------------------------------------------------------------------------------------


def test_migrating_an_empty_database_gives_exactly_the_tables(file: apsw.Connection) -> None:
    names = file.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {name for (name,) in names} == TABLES


def test_a_migrated_database_has_the_version_of_the_program(file: apsw.Connection) -> None:
    assert file.execute("SELECT version FROM schema_version").fetchall() == [(VERSION,)]


async def test_migrating_twice_changes_nothing(db: Sqlite, tmp_path: Path) -> None:
    await migrate(db)
    before = everything_in(tmp_path)
    await migrate(db)
    assert everything_in(tmp_path) == before


async def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    await Sqlite(tmp_path).close()
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    processes = [spawn.Process(target=migrate_at_once, args=(tmp_path, barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert everything_in(tmp_path)[-1] == (VERSION,)


async def test_a_migration_that_fails_leaves_the_version_before_it(
    db: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(db)
    before = everything_in(tmp_path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, Migration(MORE, VERSION + 1)))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    with pytest.raises(Unavailable, match="nowhere"):
        await migrate(db)
    assert everything_in(tmp_path) == before


async def test_data_of_a_newer_version_is_refused(db: Sqlite, tmp_path: Path) -> None:
    await migrate(db)
    KeyFiles(tmp_path, tmp_path / "master.key").make()
    apsw.Connection(str(tmp_path / FILE)).execute("UPDATE schema_version SET version = 99, oldest = 99")
    with pytest.raises(SchemaTooNew, match=f"version 99, this program knows {VERSION}"):
        await migrate(db)


async def test_data_of_a_newer_version_is_left_as_it_is(db: Sqlite, tmp_path: Path) -> None:
    await migrate(db)
    KeyFiles(tmp_path, tmp_path / "master.key").make()
    apsw.Connection(str(tmp_path / FILE)).execute("UPDATE schema_version SET version = 99, oldest = 99")
    before = everything_in(tmp_path)
    with pytest.raises(SchemaTooNew):
        await data.prepare(settings_of(tmp_path))
    assert everything_in(tmp_path) == before


async def test_an_access_file_that_was_dealt_with_before_there_were_nodes_is_not_news(
    db: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSION", 3)
        await migrate(db)

    async def deal(tx: Tx) -> None:
        await tx.run("UPDATE access_file SET digest = 'a', problem = 'b'")

    await db.write(deal)
    await migrate(db)
    assert await db.read(declared.note, "") == declared.Note("a", "b")
    assert await db.write(declared.put_note, "", declared.Note("a", "b")) is False


async def test_repositories_that_are_in_the_bin_since_before_there_were_lifecycle_policies_come_back(
    db: Sqlite, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Packed(Repository(7, REGISTRY, "app", 1, Mutability(), False, "AES256", None, {"team": "a"}))
    before = msgspec.json.encode(whole.repository).decode()

    async def delete(tx: Tx) -> int:
        cause = Cause("arn:aws:iam::123456789012:root", "DeleteRepository")
        gone = Deletion(0, REGISTRY, "app", 1, 2, cause, before, ())
        return await deletions.add(tx, gone, links_due_at=None, referrers_due_at=None)

    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSION", 1)
        await migrate(db)
    number = await db.write(delete)
    await migrate(db)
    found = await db.read(deletions.find, REGISTRY, number, 1)
    assert found is not None
    assert found.settings is not None
    assert repositories.unpacked(found.settings) == whole


# --- what the tables are -------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", MADE_BY_MIGRATIONS)
def test_every_table_holds_its_columns_to_their_types(file: apsw.Connection, table: str) -> None:
    assert file.execute("SELECT strict FROM pragma_table_list(?)", (table,)).get == 1


@pytest.mark.parametrize("table", MADE_BY_MIGRATIONS)
def test_a_table_marked_as_clustered_is_one_in_sqlite(file: apsw.Connection, table: str) -> None:
    after = "".join(step.ddl for step in MIGRATIONS).partition(f"CREATE TABLE {table} (")[2].partition("\n);")[2]
    is_clustered = file.execute("SELECT wr FROM pragma_table_list(?)", (table,)).get == 1
    assert is_clustered == after.startswith(" -- clustered")


@pytest.mark.parametrize("word", ["BIGINT", "BYTEA", "IDENTITY", "GENERATED"])
def test_no_word_of_postgresql_is_left_in_the_translated_tables(word: str) -> None:
    assert word not in "".join(for_sqlite(step.ddl) for step in MIGRATIONS)


def test_numbers_of_rows_that_went_are_not_given_again(file: apsw.Connection) -> None:
    """A page token is the number of a row: with a number used twice, a list would go on at the wrong place."""
    numbered = file.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%INTEGER PRIMARY KEY%'")
    counted = file.execute("SELECT name FROM sqlite_schema WHERE sql LIKE '%INTEGER PRIMARY KEY AUTOINCREMENT%'")
    found = numbered.fetchall()
    assert found == counted.fetchall()
    assert {name for (name,) in found} == NUMBERED


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_foreign_key_has_an_index(file: apsw.Connection, table: str) -> None:
    keys_of_table = {row[3] for row in file.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,))}
    indexes = [row[1] for row in file.execute("SELECT * FROM pragma_index_list(?)", (table,))]
    first_columns = {file.execute("SELECT name FROM pragma_index_info(?) LIMIT 1", (name,)).get for name in indexes}
    assert keys_of_table <= first_columns


# --- how they are asked --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[Statement, list[str]]:
    """How SQLite goes about every statement that the product runs."""
    directory = tmp_path_factory.mktemp("everything") / "data"

    async def use() -> dict[Statement, Mapping[str, Value]]:
        clock = Clock()
        async with prepared(directory, clock) as state:
            return await use_everything(state, clock)

    with pytest.MonkeyPatch.context() as patch:
        without_syncs(patch)
        seen = asyncio.run(use())
    connection = apsw.Connection(str(directory / FILE))

    def explain(statement: Statement) -> list[str]:
        sql = f"EXPLAIN QUERY PLAN {sqlite._translate(statement.sql)}"
        return [row[3] for row in connection.execute(sql, sqlite._bound(seen[statement]))]

    return {statement: explain(statement) for statement in seen}


def test_every_statement_of_the_product_is_looked_at(plans: dict[Statement, list[str]]) -> None:
    missing = {place for module in MODULES for place in functions_with_sql(module)} - {seen.place for seen in plans}
    assert missing == set()


def test_no_statement_reads_a_whole_table(plans: dict[Statement, list[str]]) -> None:
    assert {seen.place: plan for seen, plan in plans.items() if reads_a_whole_table(seen.sql, plan)} == {}


def test_no_page_is_sorted_before_it_is_cut(plans: dict[Statement, list[str]]) -> None:
    sorted_first = {
        seen.place: plan
        for seen, plan in plans.items()
        if " LIMIT " in seen.sql
        and "USE TEMP B-TREE FOR ORDER BY" in plan
        and not reads_a_whole_table(seen.sql, plan)
        and not set(FEW_ROWS) & set(seen.sql.split())
    }
    # what names the images of one deletion is few, and to have it in order otherwise is to read the whole repository
    assert sorted_first.keys() == {"deletions.orphaned_referrers"}


def reads_a_whole_table(sql: str, plan: list[str]) -> bool:
    scanned = {step.split()[1] for step in plan if step.startswith("SCAN ") and "VIRTUAL TABLE" not in step}
    inner = {step.split()[1] for step in plan if step.startswith(("CO-ROUTINE ", "MATERIALIZE "))}
    takes_the_first = " LIMIT " in sql and " WHERE " not in sql and "USE TEMP B-TREE FOR ORDER BY" not in plan
    return not takes_the_first and bool(scanned - inner - set(FEW_ROWS))


def functions_with_sql(module: ModuleType) -> set[str]:
    runs_a_statement = re.compile(r"\btx\.(all|one|run|many)\(")
    return {
        place_of(module.__name__, name)
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction)
        if function.__module__ == module.__name__ and runs_a_statement.search(inspect.getsource(function))
    }
