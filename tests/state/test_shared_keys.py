"""Nodes that share a database have one data key in it, and each a copy of the master key that opens it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from support.nodes import MASTER, Nodes
from wharfinger.server import data, doctor
from wharfinger.state.db import data_key
from wharfinger.state.db.schema import migrate
from wharfinger.state.db.sqlite import Sqlite
from wharfinger.state.keyfiles import RotationRefused
from wharfinger.state.secrets import SecretsUnreadable
from wharfinger.state.sharedkeys import SharedKeys

NEW = b"n" * 32


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nodes:
    return Nodes(tmp_path / "nodes", monkeypatch)


async def key(nodes: Nodes, name: str, master: bytes | None = MASTER) -> bytes:
    """Something that is derived from the data key, as a node starts."""
    async with nodes.node(name, master=master) as state:
        return state.secrets.key("a")


async def keys(nodes: Nodes, name: str, master: bytes | None = MASTER) -> SharedKeys:
    """Of a node; its database has to be closed."""
    settings = nodes.settings(name, master=master)
    return data.shared_keys(settings, data.open_database(settings))


# --- made once -----------------------------------------------------------------------------------------------


async def test_every_node_opens_the_data_key_that_the_first_one_made(nodes: Nodes) -> None:
    assert await key(nodes, "one") == await key(nodes, "two") == await key(nodes, "one")


async def test_nodes_that_start_at_once_on_an_empty_database_agree(nodes: Nodes) -> None:
    made = [await keys(nodes, str(number)) for number in range(6)]
    try:
        await migrate(made[0].db)
        await asyncio.gather(*(each.make() for each in made))
        assert len({(await each.read()).key("a") for each in made}) == 1
        assert await made[0].masters() == 1
    finally:
        for each in made:
            await each.db.close()


async def test_a_node_that_saw_no_data_key_leaves_the_one_that_was_made_meanwhile(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, early = await keys(nodes, "late"), await keys(nodes, "early")
    await migrate(late.db)
    read, made = late.db.read, list[bytes]()

    async def slowly(*args: Any) -> Any:
        found = await read(*args)
        await early.make()
        made.append((await early.read()).key("a"))
        return found

    with monkeypatch.context() as patch:
        patch.setattr(late.db, "read", slowly)
        await late.make()
    assert [(await each.read()).key("a") for each in (late, early)] == made * 2
    await late.db.close()
    await early.db.close()


async def test_what_one_node_signed_is_believed_by_another(nodes: Nodes) -> None:
    async with nodes.node("one") as one, nodes.node("two") as two:
        sealed = one.secrets.encrypt("a secret", "somebody")
        assert two.secrets.decrypt(sealed, "somebody") == "a secret"


async def test_the_data_key_lies_open_neither_in_the_database_nor_in_a_file(nodes: Nodes, tmp_path: Path) -> None:
    async with nodes.node("one") as one:
        root = one.secrets._root
    files = [path for path in (tmp_path / "nodes").rglob("*") if path.is_file()]
    assert [path for path in files if root in path.read_bytes()] == []
    assert not (nodes.directory("one") / "secrets.key").exists()


async def test_the_first_node_makes_a_master_key_where_it_is_its_own_to_make(nodes: Nodes) -> None:
    first = await key(nodes, "one", master=None)
    made = (nodes.directory("one") / "master.key").read_bytes()
    assert await key(nodes, "two", master=made) == first


# --- what is explained ---------------------------------------------------------------------------------------


async def test_a_node_without_the_master_key_is_told_where_to_get_it_and_makes_none(nodes: Nodes) -> None:
    await key(nodes, "one")
    with pytest.raises(SecretsUnreadable, match=r"no master key at .*two/master\.key: put a copy of the file there"):
        await key(nodes, "two", master=None)
    assert not (nodes.directory("two") / "master.key").exists()


async def test_a_node_with_another_master_key_is_told_so_and_changes_nothing(nodes: Nodes) -> None:
    before = await key(nodes, "one")
    with pytest.raises(SecretsUnreadable, match="does not open the data key in the database: put a copy"):
        await key(nodes, "two", master=NEW)
    assert await key(nodes, "two") == before


async def test_the_doctor_names_a_master_key_that_is_another(nodes: Nodes) -> None:
    await key(nodes, "one")
    found = await asyncio.to_thread(lambda: list(doctor.examine(nodes.settings("two", master=NEW))))
    [problem] = [finding.problem for finding in found if finding.subject == "master key"]
    assert problem is not None
    assert "put a copy of the file there that the other nodes have" in problem


# --- rotation ------------------------------------------------------------------------------------------------


async def test_nodes_take_the_new_master_key_one_after_the_other(nodes: Nodes, tmp_path: Path) -> None:
    before = await key(nodes, "one")
    rotated = await keys(nodes, "one")
    await rotated.rotate(tmp_path / "new")
    await rotated.db.close()
    new = (tmp_path / "new").read_bytes()
    assert [await key(nodes, "one", new), await key(nodes, "two"), await key(nodes, "one", new)] == [before] * 3


async def test_when_the_rotation_is_finished_the_old_master_key_opens_nothing(nodes: Nodes, tmp_path: Path) -> None:
    before = await key(nodes, "one")
    (tmp_path / "new").write_bytes(NEW)
    old = await keys(nodes, "one")
    await old.rotate(tmp_path / "new")
    await old.db.close()
    new = await keys(nodes, "one", NEW)
    assert (await new.masters(), await new.finish(), await new.masters()) == (2, 1, 1)
    await new.db.close()
    with pytest.raises(SecretsUnreadable):
        await key(nodes, "two")
    assert await key(nodes, "two", NEW) == before


async def test_an_old_master_key_finishes_nothing(nodes: Nodes, tmp_path: Path) -> None:
    await key(nodes, "one")
    (tmp_path / "new").write_bytes(NEW)
    old = await keys(nodes, "one")
    await old.rotate(tmp_path / "new")
    assert (await old.finish(), await old.masters()) == (0, 2)
    await old.db.close()


async def test_the_same_rotation_again_changes_no_key(nodes: Nodes, tmp_path: Path) -> None:
    before = await key(nodes, "one")
    (tmp_path / "new").write_bytes(NEW)
    old = await keys(nodes, "one")
    for _ in range(2):
        await old.rotate(tmp_path / "new")
    assert await old.masters() == 2
    await old.db.close()
    assert await key(nodes, "one", NEW) == before


async def test_the_master_key_in_use_is_nothing_to_rotate_to(nodes: Nodes) -> None:
    await key(nodes, "one")
    old = await keys(nodes, "one")
    with pytest.raises(RotationRefused, match="holds the master key that is in use"):
        await old.rotate(old.master)
    await old.db.close()


async def test_a_wrap_with_another_bit_opens_nothing(nodes: Nodes) -> None:
    async with nodes.node("one") as one:
        [wrap] = await one.db.read(data_key.wraps)
        await one.db.write(data_key.put, [wrap[:-1] + bytes([wrap[-1] ^ 1])])
    with pytest.raises(SecretsUnreadable, match="does not open the data key"):
        await key(nodes, "one")


def test_one_machine_keeps_its_data_key_in_a_file() -> None:
    assert Sqlite.is_shared is False
