"""Access keys: made, told without their secrets, disabled, rotated, removed; and whose they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.disk import without_syncs
from support.ecr_errors import invalid
from support.poll import until_quiet
from support.registry import Registry, error_of, stranger
from support.server import REGION
from support.strict import ACCOUNT, Key, Strict, new_strict
from wharfinger.domain import principals as limits
from wharfinger.domain.names import Registry as Name
from wharfinger.domain.sessions import Session
from wharfinger.services import access, keys, login
from wharfinger.state.clock import HOUR
from wharfinger.state.db import keys as rows
from wharfinger.state.ids import new_session_key_id


@pytest.fixture
async def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Strict]:
    """Two workers that check signatures."""
    without_syncs(monkeypatch)
    async with new_strict(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def user(wharfinger: Any) -> str:
    """A user: its name."""
    wharfinger.create_user(userName="ci")
    return "ci"


# --- made and told -------------------------------------------------------------------------------------------


def test_a_key_is_answered_with_its_secret_once(wharfinger: Any, user: str) -> None:
    made = wharfinger.create_access_key(userName=user)
    key, secret = made["accessKey"], made["secretAccessKey"]
    assert (key["userName"], key["status"], "lastUsedAt" in key) == ("ci", "ACTIVE", False)
    assert len(secret) == 40
    told = [
        wharfinger.list_access_keys(userName=user),
        wharfinger.describe_user(userName=user),
        wharfinger.update_access_key(accessKeyId=key["accessKeyId"], status="INACTIVE"),
        wharfinger.delete_access_key(accessKeyId=key["accessKeyId"]),
    ]
    assert secret not in str(told)


async def test_no_repr_shows_a_secret(strict: Strict) -> None:
    state = strict.one.state
    entered = await login.credentials(state, strict.root.id, None)
    caller = await access.enter(state, entered.login, Name(ACCOUNT, REGION), {}, None)
    made = await keys.create(state, caller, None)
    stored = await state.db.read(rows.find, made.owned.key.id)
    for secret in (made.secret, entered.secret, repr(stored and stored.secret)):
        assert secret not in f"{made!r} {entered!r} {stored!r}"


def test_keys_are_listed_the_oldest_first(wharfinger: Any, user: str) -> None:
    made = [wharfinger.create_access_key(userName=user)["accessKey"] for _ in range(3)]
    assert wharfinger.list_access_keys(userName=user)["accessKeys"] == sorted(
        made, key=lambda key: (key["createdAt"], key["accessKeyId"])
    )


def test_a_user_has_no_more_keys_than_the_limit(wharfinger: Any, user: str) -> None:
    for _ in range(limits.ACCESS_KEYS):
        key = wharfinger.create_access_key(userName=user)["accessKey"]
    with pytest.raises(wharfinger.exceptions.LimitExceededException):
        wharfinger.create_access_key(userName=user)
    wharfinger.delete_access_key(accessKeyId=key["accessKeyId"])
    wharfinger.create_access_key(userName=user)


def test_a_key_without_a_user_is_the_roots(wharfinger: Any, registry: Registry, account: str) -> None:
    made = wharfinger.create_access_key()
    assert "userName" not in made["accessKey"]
    assert wharfinger.list_access_keys()["accessKeys"] == [made["accessKey"]]
    owner = registry.server.ecr(made["accessKey"]["accessKeyId"], made["secretAccessKey"])
    assert owner.describe_registry()["registryId"] == account


async def test_the_last_use_of_a_key_is_told_to_the_hour(strict: Strict) -> None:
    key = await strict.user("ci", "AdministratorAccess")
    first = strict.clock()
    await strict.one.done(key, "DescribeRepositories")
    strict.clock.move(HOUR - 1)
    await strict.one.done(key, "DescribeRepositories")
    assert await last_use(strict, key) == first / 1000
    strict.clock.move(1)
    await strict.two.done(key, "DescribeRepositories")
    assert await last_use(strict, key) == (first + HOUR) / 1000


async def last_use(strict: Strict, key: Key) -> float | None:
    await until_quiet()
    [found] = (await strict.one.done(strict.root, "ListAccessKeys", userName="ci"))["accessKeys"]
    assert found["accessKeyId"] == key.id
    used: float | None = found.get("lastUsedAt")
    return used


# --- disabled, rotated, removed ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["INACTIVE", "ACTIVE"])
def test_the_state_of_a_key_is_told(wharfinger: Any, user: str, status: str) -> None:
    key = wharfinger.create_access_key(userName=user)["accessKey"]
    for _ in range(2):
        updated = wharfinger.update_access_key(accessKeyId=key["accessKeyId"], status=status)["accessKey"]
    assert updated == {**key, "status": status}
    assert wharfinger.list_access_keys(userName=user)["accessKeys"] == [updated]


async def test_a_key_is_rotated_with_both_good_in_between(strict: Strict) -> None:
    old = await strict.user("ci", "AdministratorAccess")
    new = await strict.key("ci")
    for key in (old, new):
        await strict.one.done(key, "DescribeRepositories")
    await strict.one.done(new, "UpdateAccessKey", accessKeyId=old.id, status="INACTIVE")
    await strict.one.done(new, "DeleteAccessKey", accessKeyId=old.id)
    assert (await strict.one.call(old, "DescribeRepositories")).code == "UnrecognizedClientException"
    await strict.one.done(new, "DescribeRepositories")


async def test_a_key_that_leaked_can_end_itself(strict: Strict) -> None:
    key = await strict.user("ci", "AdministratorAccess")
    await strict.one.done(key, "DeleteAccessKey", accessKeyId=key.id)
    assert (await strict.one.call(key, "DescribeRepositories")).code == "UnrecognizedClientException"


@pytest.mark.parametrize(("operation", "more"), [("UpdateAccessKey", {"status": "INACTIVE"}), ("DeleteAccessKey", {})])
async def test_who_has_the_data_directory_is_never_locked_out(
    strict: Strict, operation: str, more: dict[str, str]
) -> None:
    await strict.one.done(strict.root, operation, accessKeyId=strict.root.id, **more)
    again = await login.first_key(strict.two.state)
    assert again.key != strict.root.id
    await strict.one.done(Key(again.key, again.secret), "DescribeRepositories")


@pytest.mark.parametrize("operation", ["delete_access_key", "update_access_key"])
def test_a_key_that_is_not_there_is_told(wharfinger: Any, operation: str) -> None:
    more = {"status": "ACTIVE"} if operation == "update_access_key" else {}
    with pytest.raises(wharfinger.exceptions.AccessKeyNotFoundException):
        getattr(wharfinger, operation)(accessKeyId="WHRF" + "A" * 16, **more)


@pytest.mark.parametrize("operation", ["delete_access_key", "update_access_key"])
@pytest.mark.parametrize("owner", [{}, {"userName": "ci"}], ids=["root", "user"])
def test_a_key_of_another_account_is_not_there(
    wharfinger: Any, registry: Registry, operation: str, owner: dict[str, str]
) -> None:
    foreign = registry.server.wharfinger(stranger(registry).account)
    foreign.create_user(userName="ci")
    key = foreign.create_access_key(**owner)["accessKey"]
    more = {"status": "INACTIVE"} if operation == "update_access_key" else {}
    with pytest.raises(wharfinger.exceptions.AccessKeyNotFoundException):
        getattr(wharfinger, operation)(accessKeyId=key["accessKeyId"], **more)
    assert foreign.list_access_keys(**owner)["accessKeys"] == [key]


# --- whose they are ------------------------------------------------------------------------------------------


async def test_a_user_who_names_nobody_means_itself(strict: Strict) -> None:
    key = await strict.user("ci", "AdministratorAccess")
    made = await strict.one.done(key, "CreateAccessKey")
    listed = (await strict.one.done(key, "ListAccessKeys"))["accessKeys"]
    assert made["accessKey"]["userName"] == "ci"
    assert {found["accessKeyId"] for found in listed} == {key.id, made["accessKey"]["accessKeyId"]}


@pytest.mark.parametrize(("operation", "more"), [("UpdateAccessKey", {"status": "INACTIVE"}), ("DeleteAccessKey", {})])
async def test_the_keys_of_the_root_are_for_the_root_alone(
    strict: Strict, operation: str, more: dict[str, str]
) -> None:
    mighty = await strict.user("mighty", "AdministratorAccess")
    answer = await strict.one.call(mighty, operation, accessKeyId=strict.root.id, **more)
    assert answer.code == "AccessKeyNotFoundException"
    await strict.one.done(strict.root, "DescribeRepositories")


@pytest.mark.parametrize("source", ["root", "user"])
@pytest.mark.parametrize("operation", ["CreateAccessKey", "ListAccessKeys"])
async def test_a_session_has_no_keys_of_its_own(strict: Strict, source: str, operation: str) -> None:
    """What ends must not become what lasts, without anybody being named."""
    key = strict.root if source == "root" else await strict.user("ci", "AdministratorAccess")
    answer = await strict.one.call(session(strict, key), operation)
    assert answer.error == invalid("userName", "Member must be given: a session has no access keys of its own")


async def test_a_session_of_the_root_does_not_reach_the_roots_keys(strict: Strict) -> None:
    answer = await strict.one.call(session(strict, strict.root), "DeleteAccessKey", accessKeyId=strict.root.id)
    assert answer.code == "AccessKeyNotFoundException"


async def test_who_may_do_nothing_has_no_keys_made(strict: Strict) -> None:
    key = await strict.user("ci", "AmazonEC2ContainerRegistryFullAccess")
    for arguments in ({}, {"userName": "ci"}):
        answer = await strict.one.call(key, "CreateAccessKey", **arguments)
        assert answer.code == "AccessDeniedException"
        assert "wharfinger:CreateAccessKey on resource: *" in answer.message


def test_who_signs_with_a_key_of_a_user_is_that_user_on_an_open_server_too(
    wharfinger: Any, registry: Registry, user: str
) -> None:
    made = wharfinger.create_access_key(userName=user)
    ecr = registry.server.ecr(made["accessKey"]["accessKeyId"], made["secretAccessKey"])
    with pytest.raises(ClientError) as caught:
        ecr.describe_repositories()
    assert error_of(caught)[0] == "AccessDeniedException"


def session(strict: Strict, key: Key) -> Key:
    """A session of a key's owner."""
    now = strict.clock()
    begun = Session(new_session_key_id(), ACCOUNT, now + HOUR, now, source=key.id)
    credentials = login.issue_session(strict.one.state, begun)
    return Key(credentials.key, credentials.secret, credentials.token)
