"""Nodes with access files that differ: the one that came last holds, and no two of them fight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from support.disk import without_syncs
from support.nodes import Nodes
from support.state import Clock
from wharfinger.server import data
from wharfinger.services import declared
from wharfinger.services.declared import Follower
from wharfinger.state import State
from wharfinger.state.db import principals, rights

ACCOUNT = "000000000000"
ALICE, BOB = "[users.alice]\n", "[users.bob]\n"


class Cluster:
    """Some nodes, each with an access file of its own."""

    def __init__(self, root: Path, nodes: Nodes, stack: AsyncExitStack) -> None:
        self._root = root
        self._nodes = nodes
        self._stack = stack

    def write(self, name: str, text: str) -> None:
        (self._root / f"{name}.toml").write_text(text)

    async def start(self, name: str, text: str) -> State:
        """Start a node with a file, without following it."""
        self.write(name, text)
        access_file = str(self._root / f"{name}.toml")
        return await self._stack.enter_async_context(self._nodes.node(name, Clock(), access_file=access_file))

    async def new_worker(self, name: str) -> State:
        """One that takes another's place while its server runs on."""
        settings = self._nodes.settings(name, access_file=str(self._root / f"{name}.toml"))
        state = await data.open_state(settings, Clock())
        self._stack.push_async_callback(state.db.close)
        return state


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Cluster]:
    without_syncs(monkeypatch)
    async with AsyncExitStack() as stack:
        yield Cluster(tmp_path, Nodes(tmp_path / "nodes", monkeypatch), stack)


async def users(state: State) -> list[str]:
    found = [await state.db.read(principals.find, ACCOUNT, "user", name) for name in ("alice", "bob")]
    return [row.name for row in found if row is not None]


async def test_the_file_of_the_node_that_started_last_holds(cluster: Cluster) -> None:
    one = await cluster.start("one", ALICE)
    await cluster.start("two", BOB)
    assert await users(one) == ["bob"]


async def test_nodes_with_different_files_do_not_fight(cluster: Cluster) -> None:
    one, two = await cluster.start("one", ALICE), await cluster.start("two", BOB)
    followers = [Follower(one), Follower(two)]
    before = await one.db.read(rights.version)
    for _ in range(3):
        for follower in followers:
            await follower.look()
    assert (await users(one), await one.db.read(rights.version)) == (["bob"], before)


async def test_a_new_worker_puts_back_no_older_file(cluster: Cluster) -> None:
    await cluster.start("one", ALICE)
    two = await cluster.start("two", BOB)
    await Follower(await cluster.new_worker("one")).look()
    assert await users(two) == ["bob"]


async def test_a_file_that_changes_while_a_server_runs_holds(cluster: Cluster) -> None:
    one, two = await cluster.start("one", ALICE), await cluster.start("two", BOB)
    follower = Follower(one)
    await follower.look()
    cluster.write("one", ALICE + "tags = { team = 'a' }\n")
    await follower.look()
    assert await users(two) == ["alice"]


async def test_the_doctor_names_a_node_whose_file_is_not_the_one_that_holds(cluster: Cluster) -> None:
    one, two = await cluster.start("one", ALICE), await cluster.start("two", BOB)
    told = await declared.out_of_step(one)
    assert told is not None
    assert "give all nodes the same file" in told
    assert await declared.out_of_step(two) is None


async def test_the_same_file_on_all_nodes_is_dealt_with_once(cluster: Cluster) -> None:
    one = await cluster.start("one", ALICE)
    before = await one.db.read(rights.version)
    two = await cluster.start("two", ALICE)
    await Follower(two).look()
    assert await one.db.read(rights.version) == before
