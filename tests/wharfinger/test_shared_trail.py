"""The trail of nodes that share a database: on each of them the records of all, each once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.doors import Doors
from support.failpoints import Failpoints, Killed
from support.nodes import Nodes
from support.state import Clock
from support.trail import FIRST, listed
from wharfinger.domain.faults import Unavailable
from wharfinger.server.app import build
from wharfinger.services import shared_trail, trail
from wharfinger.services.shared_trail import hand_over
from wharfinger.state import State
from wharfinger.state.clock import DAY, HOUR
from wharfinger.state.db import trail as rows
from wharfinger.state.db.database import Tx

APP = {"repositoryName": "app"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nodes:
    return Nodes(tmp_path / "nodes", monkeypatch)


@pytest.fixture
async def one(nodes: Nodes, clock: Clock) -> AsyncIterator[Doors]:
    async with nodes.node("one", clock) as state:
        yield Doors(state)


@pytest.fixture
async def two(one: Doors, nodes: Nodes, clock: Clock) -> AsyncIterator[Doors]:
    async with nodes.node("two", clock) as state:
        yield Doors(state)


async def act(doors: Doors, name: str) -> None:
    """Something that leaves a record with a name."""
    assert (await doors.ecr("DeleteRepository", repositoryName=name)).status == 400


async def acted(doors: Doors, **arguments: Any) -> list[str]:
    """The names in the records."""
    return [record["requestParameters"]["repositoryName"] for record in await listed(doors, **arguments)]


async def pieces(state: State) -> list[str]:
    """What was handed over."""

    async def work(tx: Tx) -> list[str]:
        return [row[0] for row in await tx.all("SELECT lines FROM trail_pieces ORDER BY id")]

    return await state.db.read(work)


async def test_what_one_node_has_handed_over_is_read_on_another(one: Doors, two: Doors) -> None:
    await act(one, "repo-a")
    await hand_over(one.state)
    assert await acted(two) == ["repo-a"]


async def test_what_a_node_wrote_itself_it_shows_at_once(one: Doors) -> None:
    await act(one, "repo-a")
    assert await acted(one) == ["repo-a"]


async def test_each_record_is_read_once_however_often_it_was_handed_over(one: Doors, two: Doors) -> None:
    for name in ("repo-a", "repo-b", "repo-c"):
        await act(one, name)
        await asyncio.gather(*(hand_over(one.state) for _ in range(4)))
    await act(two, "repo-d")
    assert sorted(await acted(two)) == ["repo-a", "repo-b", "repo-c", "repo-d"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_step_of_handing_over_no_record_is_lost_or_doubled(one: Doors, after: bool) -> None:
    for step in range(1, 10):
        await act(one, f"step-{step}")
        points = Failpoints(one.state, step, after=after)
        points.state = replace(points.state, trail=one.state.trail)
        try:
            await hand_over(points.state)
        except Killed:
            continue
        break
    assert await acted(one) == [f"step-{number}" for number in range(1, step + 1)]
    assert step > 1


async def test_while_the_database_is_away_records_wait_on_the_disk(
    one: Doors, two: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        async def away(*_: object) -> bool:
            raise Unavailable("for the test")

        patch.setattr(rows, "add", away)
        await act(one, "repo-a")
        with pytest.raises(Unavailable):
            await hand_over(one.state)
    await hand_over(one.state)
    assert await acted(two) == ["repo-a"]


async def test_however_little_is_handed_over_at_a_time_no_record_is_cut(
    one: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await act(one, f"repo-{number}")
    monkeypatch.setattr(shared_trail, "_PIECE", one.state.trail.size(FIRST) // 2)
    assert await acted(one) == [f"repo-{number}" for number in range(5)]
    assert len(await pieces(one.state)) > 2


async def test_bytes_that_are_no_text_hold_up_nothing(one: Doors, nodes: Nodes) -> None:
    await act(one, "repo-a")
    with (nodes.directory("one") / "trail" / FIRST).open("ab") as file:
        file.write(b"\xff\x00" * 20 + b"\n")
    await act(one, "repo-b")
    assert await acted(one) == ["repo-a", "repo-b"]
    assert "\0" not in "".join(await pieces(one.state))


async def test_pages_have_all_records_of_both_and_end_where_the_trail_ended(
    one: Doors, two: Doors, clock: Clock
) -> None:
    for number in range(6):
        clock.move(HOUR if number == 3 else 0)
        doors = (one, two)[number % 2]
        await act(doors, f"r{number}")
        await hand_over(doors.state)
    found, token = [], None
    for _ in range(30):
        page = await two.served("ListTrailRecords", maxResults=1, **({"nextToken": token} if token else {}))
        found += [json.loads(item["record"])["requestParameters"]["repositoryName"] for item in page.get("records", ())]
        token = page.get("nextToken")
        if token is None:
            break
        await hand_over(two.state)  # a record of reading that page
    assert (found, token) == ([f"r{number}" for number in range(6)], None)


async def test_a_page_reads_so_much_and_no_more(one: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("repo-a", "repo-b", "repo-c"):
        await act(one, name)
        await hand_over(one.state)
    monkeypatch.setattr(shared_trail, "_WORK", 1000)
    page = await one.served("ListTrailRecords", eventName="PutImage")
    assert (page.get("records", []), bool(page["nextToken"])) == ([], True)


async def test_records_are_looked_for_by_their_time(one: Doors, two: Doors, clock: Clock) -> None:
    begin = clock() // 1000
    for name in ("repo-a", "repo-b", "repo-c"):
        await act(one, name)
        await hand_over(one.state)
        clock.move(HOUR)
    assert await acted(two, since=begin + 3600, until=begin + 3601) == ["repo-b"]


async def test_a_node_keeps_no_file_that_was_handed_over_and_is_over(one: Doors, clock: Clock) -> None:
    await act(one, "repo-a")
    clock.move(HOUR)
    await hand_over(one.state)
    assert one.state.trail.names() == [FIRST]
    clock.move(HOUR)
    await hand_over(one.state)
    assert one.state.trail.names() == []
    assert await acted(one) == ["repo-a"]


async def test_records_go_when_their_term_is_over(one: Doors, two: Doors, clock: Clock) -> None:
    await act(one, "repo-a")
    await hand_over(one.state)
    clock.move(one.state.rules.trail_days * DAY)
    await act(one, "repo-b")
    await hand_over(one.state)
    clock.move(2 * HOUR)
    await trail.expire(two.state)
    assert await acted(two) == ["repo-b"]
    assert list(await two.state.db.read(rows.sizes)) == ["2027-04-15T08.jsonl"]


async def test_the_oldest_records_go_when_there_are_too_many(one: Doors, two: Doors, clock: Clock) -> None:
    for name in ("repo-a", "repo-b"):
        await act(one, name)
        await hand_over(one.state)
        clock.move(3 * HOUR)
    most = one.state.rules._replace(trail_bytes=1500)
    await hand_over(one.state)
    await trail.expire(replace(two.state, rules=most))
    assert await acted(two) == ["repo-b"]


async def test_a_worker_that_ends_hands_over_what_is_left(one: Doors, two: Doors) -> None:
    await act(one, "repo-a")
    await shared_trail.hand_over_the_rest(one.state)
    assert await acted(two) == ["repo-a"]


async def test_one_machine_hands_nothing_over(one: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(one.state.db), "is_shared", False)
    await act(one, "repo-a")
    await asyncio.wait_for(shared_trail.run_forever(one.state), 5)
    assert (await acted(one), await pieces(one.state)) == (["repo-a"], [])


async def test_the_name_of_a_node_stays(nodes: Nodes) -> None:
    async with nodes.node("one") as state:
        before = state.node
    async with nodes.node("one") as state, nodes.node("two") as other:
        assert (state.node, len({state.node, other.node})) == (before, 2)


async def test_a_server_hands_over_by_itself(nodes: Nodes, two: Doors) -> None:
    application = build(nodes.settings("one"))
    state = await application.start()
    await act(Doors(state), "repo-a")

    async with asyncio.timeout(30):
        while not await pieces(two.state):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    await act(Doors(state), "repo-b")
    await application.stop()
    assert await acted(two) == ["repo-a", "repo-b"]
