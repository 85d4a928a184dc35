"""PostgreSQL: what meets is done one after the other, and who loses the connection is told no more than is known."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from support import postgresql
from support.postgresql import PostgresqlServer
from support.relay import Cut, Relay, relayed
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import Unavailable
from wharfinger.domain.images import ImageId
from wharfinger.domain.names import Registry
from wharfinger.state.db import events, postgres, rights, schema
from wharfinger.state.db.database import Tx, Value
from wharfinger.state.db.postgres import Postgres
from wharfinger.state.db.schema import VERSION, SchemaTooOld, make_or_check, migrate
from wharfinger.state.db.tables import MIGRATIONS, Migration

INSERT = "INSERT INTO notes (name) VALUES (:name)"
REGISTRY = Registry("123456789012", "eu-central-1")


async def make_table(tx: Tx) -> None:
    await tx.run("CREATE TABLE notes (name TEXT PRIMARY KEY)")


async def add(tx: Tx, name: str) -> None:
    await tx.run(INSERT, name=name)


async def names(tx: Tx) -> list[str]:
    return [row[0] for row in await tx.all("SELECT name FROM notes ORDER BY name")]


async def count(tx: Tx) -> int:
    row = await tx.one("SELECT count(*) FROM notes")
    assert row is not None
    return int(row[0])


@pytest.fixture
def url() -> str:
    """Of an empty database."""
    return postgresql.new_database()


@pytest.fixture
async def db(url: str) -> AsyncIterator[Postgres]:
    database = Postgres(url)
    await database.write(make_table)
    yield database
    await database.close()


@pytest.fixture
async def network(db: Postgres, url: str) -> AsyncIterator[Relay]:
    async with relayed(url) as relay:
        yield relay


@pytest.fixture
async def far(network: Relay) -> AsyncIterator[Postgres]:
    """The same database through a network that can be cut, with a connection that is open."""
    database = Postgres(network.url)
    await database.read(names)
    yield database
    await database.close()


# --- what meets ----------------------------------------------------------------------------------------------


async def test_two_that_each_rest_on_what_the_other_changes_are_done_one_after_the_other(db: Postgres) -> None:
    """Each adds a name only if there is none: both may not."""
    both_looked = asyncio.Barrier(2)
    runs = 0

    async def add_the_first(tx: Tx, name: str) -> bool:
        nonlocal runs
        runs += 1
        found = await count(tx)
        if runs <= 2:
            await both_looked.wait()
        if found == 0:
            await add(tx, name)
        return found == 0

    assert sorted(await asyncio.gather(db.write(add_the_first, "a"), db.write(add_the_first, "b"))) == [False, True]
    assert await db.read(count) == 1
    assert runs > 2


async def test_many_that_change_one_row_are_all_done(db: Postgres) -> None:
    async def make(tx: Tx) -> None:
        await tx.run("CREATE TABLE counter (value BIGINT NOT NULL)")
        await tx.run("INSERT INTO counter (value) VALUES (0)")

    async def increase(tx: Tx) -> None:
        row = await tx.one("SELECT value FROM counter")
        assert row is not None
        await tx.run("UPDATE counter SET value = :value", value=row[0] + 1)

    async def value(tx: Tx) -> Value:
        row = await tx.one("SELECT value FROM counter")
        return row[0] if row else None

    await db.write(make)
    await asyncio.gather(*(db.write(increase) for _ in range(30)))
    assert await db.read(value) == 30


async def test_what_is_always_in_the_way_ends_as_unavailable(db: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    async def meet(tx: Tx) -> None:
        await tx.one("SELECT 1")
        raise asyncpg.SerializationError("could not serialize access")

    monkeypatch.setattr(postgres, "_LONGEST_WAIT", 0.1)
    with pytest.raises(Unavailable, match="others kept writing the same"):
        await db.write(meet)


async def test_a_deadlock_is_none_in_the_end(db: Postgres) -> None:
    for name in "ab":
        await db.write(add, name)
    both_have_one = asyncio.Barrier(2)
    runs = 0

    async def rename(tx: Tx, first: str, second: str) -> None:
        nonlocal runs
        runs += 1
        await tx.run("UPDATE notes SET name = name WHERE name = :name", name=first)
        if runs <= 2:
            await both_have_one.wait()
        await tx.run("UPDATE notes SET name = name WHERE name = :name", name=second)

    await asyncio.gather(db.write(rename, "a", "b"), db.write(rename, "b", "a"))
    assert runs > 2


async def test_ids_of_events_follow_the_order_of_their_commits(url: str) -> None:
    """Who reads on from an id would miss those that come to be seen later and have smaller ones."""
    db = Postgres(url)
    await migrate(db)
    first_has_added, first_may_end = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def tell(tx: Tx, name: str, wait: asyncio.Event | None) -> None:
        cause = Cause("arn:aws:iam::123456789012:root", "PutImage")
        await events.add(tx, REGISTRY, name, "PUSH", [ImageId("sha256:1", None)], cause, 1)
        if wait is not None:
            first_has_added.set()
            await wait.wait()
        ended.append(name)

    first = asyncio.ensure_future(db.write(tell, "first", first_may_end))
    await first_has_added.wait()
    second = asyncio.ensure_future(db.write(tell, "second", None))
    await asyncio.wait([second], timeout=0.2)  # it would be over by then if it did not wait
    assert (second.done(), await db.read(events.last)) == (False, 0)
    first_may_end.set()
    await asyncio.gather(first, second)
    found = await db.read(events.page, REGISTRY, None, 0, 0, 10)
    assert [event.repository for event in found] == ["first", "second"] == ended
    await db.close()


# --- connections that are lost -------------------------------------------------------------------------------


@pytest.mark.parametrize(("cut", "is_done"), [("before it arrives", False), ("before the answer", True)])
async def test_a_commit_whose_outcome_is_unknown_is_said_to_be_so_and_not_tried_again(
    far: Postgres, db: Postgres, network: Relay, cut: Cut, is_done: bool
) -> None:
    runs: list[str] = []

    async def add_once(tx: Tx, name: str) -> None:
        runs.append(name)
        await add(tx, name)

    network.cut = cut
    with pytest.raises(Unavailable, match="the outcome of the commit is not known"):
        await far.write(add_once, "a")
    assert runs == ["a"]
    assert await db.read(names) == (["a"] if is_done else [])


async def test_what_lost_its_connection_before_the_commit_is_done_on_another(far: Postgres, network: Relay) -> None:
    runs = 0

    async def add_and_lose(tx: Tx, name: str) -> None:
        nonlocal runs
        runs += 1
        await add(tx, name)
        if runs == 1:
            network.end_all()
        await names(tx)

    await far.write(add_and_lose, "a")
    assert (runs, await far.read(names)) == (2, ["a"])


async def test_a_read_whose_connection_is_lost_is_done_on_another(far: Postgres, network: Relay) -> None:
    network.end_all()
    assert await far.read(names) == []
    network.end_all()
    assert await far.ask(names) == []


async def test_a_network_that_swallows_everything_keeps_nobody_for_ever(
    network: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_GRACE_SECONDS", 0.1)
    db = Postgres(network.url, patience=0.1)
    await db.ask(names)
    network.is_silent = True
    with pytest.raises(Unavailable, match="does not answer"):
        await asyncio.wait_for(db.ask(names), 10)
    network.is_silent = False
    assert await db.ask(names) == []
    await db.close()


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    """One that can be stopped."""
    own = PostgresqlServer()
    own.start()
    yield own
    own.remove()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
async def test_a_server_that_was_away_is_used_again_when_it_is_back(
    server: PostgresqlServer, how: signal.Signals
) -> None:
    db = Postgres(server.url("postgres"))
    await db.write(make_table)
    await asyncio.to_thread(server.stop, how)
    for asked in (db.read(names), db.ask(names), db.write(add, "a")):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await asked
    await asyncio.to_thread(server.start)
    await db.write(add, "b")
    assert await db.read(names) == ["b"]
    await db.close()


async def test_a_caller_that_goes_away_does_not_cut_off_its_write(db: Postgres, url: str) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def add_slowly(tx: Tx, name: str) -> None:
        await add(tx, name)
        begun.set()
        await end.wait()

    writing = asyncio.ensure_future(db.write(add_slowly, "a"))
    await begun.wait()
    writing.cancel()
    await asyncio.wait([writing])
    end.set()

    await db.close()  # which waits for it
    after = Postgres(url)
    assert await after.read(names) == ["a"]
    await after.close()


async def test_a_reader_that_goes_away_leaves_its_connection_usable(
    db: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(tx: Tx) -> None:
        await tx.one("SELECT pg_sleep(30)")

    for how in (db.read, db.ask):
        readers = [asyncio.ensure_future(how(sleep)) for _ in range(postgres._CONNECTIONS)]
        await asyncio.wait(readers, timeout=0.2)
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)
        assert await asyncio.wait_for(db.read(names), 10) == []


async def test_when_all_connections_are_in_use_the_next_one_gives_up_in_time(
    db: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_hold, end = asyncio.Barrier(postgres._CONNECTIONS + 1), asyncio.Event()

    async def hold(tx: Tx) -> None:
        await all_hold.wait()
        await end.wait()

    holders = [asyncio.ensure_future(db.read(hold)) for _ in range(postgres._CONNECTIONS)]
    await all_hold.wait()
    monkeypatch.setattr(postgres, "_CONNECT_SECONDS", 0.1)
    with pytest.raises(Unavailable, match="no connection to the database became free"):
        await db.read(names)
    end.set()
    await asyncio.gather(*holders)
    assert await db.read(names) == []


async def test_a_statement_that_takes_too_long_ends(url: str) -> None:
    async def sleep(tx: Tx) -> None:
        await tx.one("SELECT pg_sleep(30)")

    db = Postgres(url, patience=0.1)
    with pytest.raises(Unavailable, match="statement timeout"):
        await asyncio.wait_for(db.read(sleep), 10)
    await db.close()


async def test_of_several_servers_the_one_that_takes_writes_is_used(url: str) -> None:
    port = re.search(r":(\d+)/", url)
    assert port is not None
    db = Postgres(url.replace("127.0.0.1:", f"127.0.0.1:1,127.0.0.1:{port[1]}/", 1).replace(f"/{port[1]}/", "/"))
    await db.write(make_table)
    await db.close()


async def test_no_password_is_in_the_reason(url: str) -> None:
    db = Postgres(re.sub(r"//wharfinger@127.0.0.1:\d+", "//nobody:s3cr3t%40@127.0.0.1:1", url))
    with pytest.raises(Unavailable) as caught:
        await db.ask(names)
    assert "s3cr3t" not in f"{caught.value}{caught.value.__cause__}"


# --- what it costs -------------------------------------------------------------------------------------------


async def test_round_trips(far: Postgres, network: Relay) -> None:
    async def look_twice(tx: Tx) -> None:
        await names(tx)
        await names(tx)

    async def change_twice(tx: Tx) -> None:
        await add(tx, f"{len(costs)} a")
        await add(tx, f"{len(costs)} b")

    costs: list[int] = []
    for turn in range(2):  # in the first one the statements are prepared
        for asked in (far.ask(names), far.read(look_twice), far.write(change_twice)):
            before = network.round_trips
            await asked
            if turn:
                costs.append(network.round_trips - before)
    assert costs == [1, 4, 4]


async def test_what_asks_may_not_run_a_second_statement(db: Postgres) -> None:
    async def look_twice(tx: Tx) -> None:
        await names(tx)
        await names(tx)

    with pytest.raises(RuntimeError, match="second statement"):
        await db.ask(look_twice)


async def test_a_text_with_a_nul_is_found_nowhere_and_kept_without_it(db: Postgres) -> None:
    async def look(tx: Tx, name: str) -> list[object]:
        return [tuple(row) for row in await tx.all("SELECT name FROM notes WHERE name = :name", name=name)]

    await db.write(add, "a")
    assert await db.read(look, "a\0") == []
    await db.write(add, "b\0")
    assert await db.read(names) == ["a", "b\ufffd"]


# --- tables --------------------------------------------------------------------------------------------------


async def test_servers_that_start_at_once_make_the_tables_once(url: str) -> None:
    several = [Postgres(url) for _ in range(4)]
    await asyncio.gather(*(make_or_check(db) for db in several))
    assert await several[0].ask(schema.version) == VERSION
    for db in several:
        await db.close()


async def test_those_who_migrate_at_once_do_each_step_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    several = [Postgres(url) for _ in range(4)]
    monkeypatch.setattr(schema, "VERSION", 1)
    await migrate(several[0])
    monkeypatch.setattr(schema, "VERSION", VERSION)
    await asyncio.gather(*(migrate(db) for db in several))
    assert await several[0].ask(schema.version) == VERSION
    for db in several:
        await db.close()


async def test_a_server_does_not_change_tables_that_are_there(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Postgres(url)
    monkeypatch.setattr(schema, "VERSION", VERSION - 1)
    await make_or_check(db)
    monkeypatch.setattr(schema, "VERSION", VERSION)
    with pytest.raises(SchemaTooOld, match=f"version {VERSION - 1}, this program needs {VERSION}"):
        await make_or_check(db)
    assert await db.ask(schema.version) == VERSION - 1
    await db.close()


async def test_the_tables_are_brought_up_to_date_while_a_server_uses_them(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step waits for who reads, and a pull waits no longer than the step takes."""
    db, beside = Postgres(url), Postgres(url)
    await migrate(db)
    steps = (*MIGRATIONS, Migration("ALTER TABLE rights_version ADD COLUMN more BIGINT;", VERSION))
    with monkeypatch.context() as newer:
        newer.setattr(schema, "MIGRATIONS", steps)
        newer.setattr(schema, "VERSION", VERSION + 1)
        migrating = asyncio.ensure_future(migrate(beside))
        while not migrating.done():
            await db.write(rights.changed)
            await db.rights_version()
        await migrating
    assert await db.read(schema.unfit) is None  # the program of the version before works on them
    assert await db.ask(schema.version) == VERSION + 1
    await db.close()
    await beside.close()
