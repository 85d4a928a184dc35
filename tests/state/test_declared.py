"""The database follows the access file: all of a change or nothing, and never what did not come from the file."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.disk import without_syncs
from support.state import Clock, opened, prepared
from wharfinger.domain.access_file import AccessFileInvalid
from wharfinger.domain.faults import Declared
from wharfinger.domain.names import Registry
from wharfinger.services import declared
from wharfinger.services import keys as key_service
from wharfinger.services.access import Caller
from wharfinger.services.declared import Follower
from wharfinger.state import State
from wharfinger.state.db import keys, principals, rights
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import PolicyRow, PrincipalRow

ACCOUNT = "000000000000"
ALL = json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
KEY = "KEY0000000000000"
SECRET = "s3cret-of-20-letters-or-more"
ALICE = "[users.alice]\npolicies = ['all']\n"
POLICY = f"[policies]\nall = '{ALL}'\n"


class Place:
    """A directory with an access file, and a State that follows it as one worker does."""

    def __init__(self, path: Path, state: State) -> None:
        self.path = path
        self.state = state
        self.follower = Follower(state)

    async def look(self, text: str | None = None) -> None:
        """Change the file, and look at it."""
        if text is not None:
            self.path.write_text(text)
        await self.follower.look()

    async def user(self, name: str) -> PrincipalRow | None:
        return await self.state.db.read(principals.find, ACCOUNT, "user", name)

    async def id(self, name: str) -> str:
        found = await self.user(name)
        assert found is not None
        return found.id

    async def policies(self, name: str) -> list[str]:
        return await self.state.db.read(principals.attached, await self.id(name))

    async def version(self) -> int:
        return await self.state.db.read(rights.version)

    async def add_by_hand(self, name: str, *policies: str) -> str:
        """A user that does not come from the file: its id."""

        async def work(tx: Tx) -> None:
            await principals.put(tx, PrincipalRow(f"by hand {name}", ACCOUNT, "user", name, 1))
            for policy in policies:
                await principals.attach(tx, f"by hand {name}", policy)

        await self.state.db.write(work)
        return f"by hand {name}"


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    without_syncs(monkeypatch)
    path = tmp_path / "access.toml"
    path.write_text("")
    async with prepared(tmp_path / "data", Clock(), access_file=str(path)) as state:
        yield Place(path, state)


# --- making the difference -----------------------------------------------------------------------------------


async def test_what_is_declared_is_there(place: Place) -> None:
    await place.look(ALICE + POLICY)
    alice = await place.user("alice")
    assert alice is not None
    assert alice.is_declared
    assert await place.policies("alice") == ["all"]
    assert await place.state.db.read(principals.documents, ACCOUNT, ["all"]) == {"all": ALL}


async def test_a_user_that_changes_keeps_its_id_and_its_other_keys(place: Place) -> None:
    await place.look(ALICE + POLICY)
    alice = await place.id("alice")
    await place.state.db.write(keys.add, keys.AccessKey("BY HAND", ACCOUNT, "arn", b"", 1, alice))
    await place.look("[users.alice]\npolicies = ['AdministratorAccess']\ntags = { a = 'b' }")
    assert await place.id("alice") == alice
    assert await place.policies("alice") == ["AdministratorAccess"]
    assert await place.state.db.read(keys.find, "BY HAND") is not None


async def test_who_is_gone_from_the_file_is_gone_with_all_keys(place: Place) -> None:
    await place.look(ALICE + POLICY)
    await place.state.db.write(keys.add, keys.AccessKey("BY HAND", ACCOUNT, "arn", b"", 1, await place.id("alice")))
    await place.look("")
    assert await place.user("alice") is None
    assert await place.state.db.read(keys.find, "BY HAND") is None
    assert await place.state.db.read(principals.find_policy, ACCOUNT, "all") is None


async def test_a_user_that_comes_back_is_another(place: Place) -> None:
    await place.look(ALICE + POLICY)
    before = await place.id("alice")
    await place.look("")
    await place.look(ALICE + POLICY)
    assert await place.id("alice") != before


async def test_the_same_contents_write_nothing(place: Place) -> None:
    await place.look(ALICE + POLICY)
    version = await place.version()
    await place.look("# a comment\n" + ALICE + POLICY)
    assert await place.version() == version


async def test_a_file_that_stays_costs_the_database_nothing(place: Place) -> None:
    await place.look(ALICE + POLICY)
    before = place.state.db.transactions
    await place.look()
    assert place.state.db.transactions == before


async def test_other_rights_may_change_meanwhile(place: Place) -> None:
    await place.look(ALICE + POLICY)
    await place.add_by_hand("bob")
    version = await place.version()
    await place.look()
    assert await place.version() == version
    assert await place.user("bob") is not None


async def test_a_key_is_known_with_its_secret_and_moves_with_the_file(place: Place) -> None:
    secret = place.path.with_name("secret")
    secret.write_text(SECRET)
    secret.chmod(0o600)
    written = f"keys = [{{ id = '{KEY}', secret_file = 'secret' }}]"
    await place.look(f"[users.alice]\n{written}\n[users.bob]")
    key = await place.state.db.read(keys.find, KEY)
    assert key is not None
    assert (key.user, place.state.secrets.decrypt(key.secret, KEY)) == (await place.id("alice"), SECRET)
    await place.look(f"[users.alice]\n[users.bob]\n{written}")
    key = await place.state.db.read(keys.find, KEY)
    assert key is not None
    assert key.user == await place.id("bob")
    await place.look("[users.bob]")
    assert await place.state.db.read(keys.find, KEY) is None
    assert await place.user("bob") is not None


async def test_a_secret_that_changes_is_a_change(place: Place) -> None:
    secret = place.path.with_name("secret")
    secret.write_text(SECRET)
    secret.chmod(0o600)
    await place.look(f"[users.alice]\nkeys = [{{ id = '{KEY}', secret_file = 'secret' }}]")
    secret.write_text(SECRET[::-1])
    await place.look()
    key = await place.state.db.read(keys.find, KEY)
    assert key is not None
    assert place.state.secrets.decrypt(key.secret, KEY) == SECRET[::-1]


async def test_a_provider_comes_changes_and_goes(place: Place) -> None:
    async def audiences(tx: Tx) -> list[str]:
        return [row[0] for row in await tx.all("SELECT audiences FROM identity_providers")]

    for text, expected in (
        ('[identity_providers."https://x.example"]\naudiences = ["a"]', ['["a"]']),
        ('[identity_providers."https://x.example"]\naudiences = ["a", "b"]', ['["a","b"]']),
        ("", []),
    ):
        await place.look(text)
        assert await place.state.db.read(audiences) == expected


# --- what is refused -----------------------------------------------------------------------------------------


async def test_a_bad_file_leaves_the_last_good_state_and_is_told_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    await place.look(ALICE + POLICY)
    version = await place.version()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await place.look("[users.alice]\npolicies = ['none']\n[users.bob]")
        await Follower(place.state).look()  # another worker
    assert await place.version() == version
    assert await place.user("bob") is None
    [told] = caplog.messages
    assert told.endswith("users.alice: there is no policy 'none', neither in the file for this account nor built in")


async def test_what_was_good_again_is_taken_again(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    for text in ("users = [", ALICE + POLICY, "users = ["):
        await place.look(text)
    assert await place.user("alice") is not None
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2


async def test_a_file_that_is_taken_away_leaves_the_last_good_state(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    await place.look(ALICE + POLICY)
    place.path.unlink()
    await place.look()
    assert await place.user("alice") is not None
    assert "cannot be read: No such file or directory" in caplog.text


@pytest.mark.parametrize("name", ["user", "policy", "key", "provider"])
async def test_nothing_that_did_not_come_from_the_file_is_taken_over(
    place: Place, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    secret = place.path.with_name("secret")
    secret.write_text(SECRET)
    secret.chmod(0o600)

    async def work(tx: Tx) -> None:
        await principals.put(tx, PrincipalRow("by hand", ACCOUNT, "user", "alice", 1))
        await principals.put_policy(tx, PolicyRow(ACCOUNT, "all", ALL, is_declared=False, changed_at=1))
        await keys.add(tx, keys.AccessKey(KEY, ACCOUNT, "arn", b"", 1, "by hand"))
        await tx.run("INSERT INTO identity_providers VALUES (:account, :issuer, '[]', NULL, 0, 1)", **provider)

    provider = {"account": ACCOUNT, "issuer": "https://x.example"}
    await place.state.db.write(work)
    text = {
        "user": "[users.alice]",
        "policy": POLICY,
        "key": f"[users.bob]\nkeys = [{{ id = '{KEY}', secret_file = 'secret' }}]",
        "provider": '[identity_providers."https://x.example"]\naudiences = ["a"]',
    }[name]
    version = await place.version()
    await place.look("[users.carol]\n" + text)
    assert await place.version() == version
    assert await place.user("carol") is None  # all of a change or nothing
    assert "that did not come from the file" in caplog.text


async def test_a_name_that_becomes_free_is_taken_without_a_change_of_the_file(place: Place) -> None:
    by_hand = await place.add_by_hand("alice")
    await place.look(ALICE + POLICY)
    assert await place.id("alice") == by_hand
    await place.state.db.write(principals.delete, by_hand)
    await place.look()
    assert await place.policies("alice") == ["all"]


async def test_a_policy_that_others_have_does_not_go(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    await place.look(POLICY)
    await place.add_by_hand("bob", "all")
    await place.look("")
    assert await place.policies("bob") == ["all"]
    assert "the policy all cannot go, it is attached to user bob: detach it first" in caplog.text


async def test_a_role_of_the_same_name_is_somebody_else(place: Place) -> None:
    await place.add_by_hand("deploy")
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}
    await place.look(f"[roles.deploy]\ntrust = '{json.dumps(trust)}'")
    role = await place.state.db.read(principals.find, ACCOUNT, "role", "deploy")
    assert role is not None
    assert role.is_declared


# --- beside the commands -------------------------------------------------------------------------------------


async def test_a_key_of_the_file_can_be_disabled_by_command_but_not_deleted(place: Place) -> None:
    """Disabling is for an emergency: the file does not undo it."""
    secret = place.path.with_name("secret")
    secret.write_text(SECRET)
    secret.chmod(0o600)
    text = f"[users.alice]\nkeys = [{{ id = '{KEY}', secret_file = 'secret' }}]\n"
    await place.look(text)
    root = Caller(f"arn:aws:iam::{ACCOUNT}:root", Registry(ACCOUNT, "us-east-1"))
    with pytest.raises(Declared):
        await key_service.delete(place.state, root, KEY)
    await key_service.set_status(place.state, root, KEY, is_active=False)
    await place.look(text + "[users.bob]\n")
    await declared.load(place.state)
    key = await place.state.db.read(keys.find, KEY)
    assert key is not None
    assert key.disabled_at is not None


# --- at the start and for the doctor -------------------------------------------------------------------------


async def test_a_server_does_not_start_with_a_bad_file(place: Place) -> None:
    place.path.write_text("[users.alice]\npolicies = ['none']")
    with pytest.raises(AccessFileInvalid, match=r"users\.alice: there is no policy 'none'"):
        await declared.load(place.state)


async def test_a_start_makes_up_for_what_has_changed_meanwhile(place: Place) -> None:
    place.path.write_text("[users.alice]")
    await declared.load(place.state)
    assert await place.user("alice") is not None


async def test_the_doctor_is_told_what_differs(place: Place) -> None:
    assert await declared.out_of_step(place.state) is None
    place.path.write_text(POLICY)
    assert await declared.out_of_step(place.state) == (
        "The database does not know yet that policy all is new: start the server, or wait a second."
    )
    place.path.write_text("users = [")
    assert "It cannot be used: it is no TOML" in str(await declared.out_of_step(place.state))


async def test_the_doctor_is_told_what_stands_in_the_way(place: Place) -> None:
    await place.add_by_hand("alice")
    await place.look("[users.alice]")
    told = await declared.out_of_step(place.state)
    assert told is not None
    assert "user alice is new: there is a user alice that did not come from the file" in told


async def test_what_came_from_a_file_stays_without_it_and_is_told(place: Place, tmp_path: Path) -> None:
    await place.look("[users.alice]")
    without = await opened(tmp_path / "data")
    try:
        await declared.load(without)
        told = await declared.out_of_step(without)
    finally:
        await without.db.close()
    assert await place.user("alice") is not None
    assert told is not None
    assert told.startswith("User alice came from a file, and none is named")
