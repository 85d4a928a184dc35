"""Users and roles: made, listed, shown, changed, removed, each in its account."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.doors import Doors
from support.ecr_errors import invalid
from support.moments import Period
from support.registry import Registry, error_of, stranger
from support.state import ACCOUNT, CALLER, Clock, prepared
from wharfinger.domain import principals as limits
from wharfinger.domain.faults import TooManyOf
from wharfinger.services import principals
from wharfinger.state import State
from wharfinger.state.db import principals as rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import Kind, PrincipalRow

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}},
    }
)
OTHER_TRUST = TRUST.replace("111122223333", "444455556666")
TAGS = [{"key": "team", "value": "a"}, {"key": "Stage", "value": ""}]


def pages(wharfinger: Any, operation: str, key: str) -> list[Any]:
    """Every item of a list, three at a time."""
    found = wharfinger.get_paginator(operation).paginate(PaginationConfig={"PageSize": 3})
    return [item for page in found for item in page[key]]


def create_role(wharfinger: Any, name: str = "deploy", **more: Any) -> Any:
    return wharfinger.create_role(roleName=name, trustPolicy=TRUST, **more)["role"]


# --- users ---------------------------------------------------------------------------------------------------


def test_a_user_is_answered_as_it_was_made(wharfinger: Any, account: str) -> None:
    call = Period()
    made = wharfinger.create_user(userName="ci@example.com", tags=TAGS)["user"]
    assert made.pop("createdAt") in call
    assert made.pop("userId").startswith("WHRU")
    assert made == {
        "userName": "ci@example.com",
        "arn": f"arn:aws:iam::{account}:user/ci@example.com",
        "tags": TAGS,
        "isDeclared": False,
    }


def test_users_are_listed_by_name(wharfinger: Any) -> None:
    names = ["A", "a", "b.c", "d", "z", "z-1", "z1"]
    for name in reversed(names):
        wharfinger.create_user(userName=name)
    assert [user["userName"] for user in pages(wharfinger, "list_users", "users")] == sorted(names)


def test_a_new_user_has_nothing(wharfinger: Any) -> None:
    made = wharfinger.create_user(userName="ci")["user"]
    found = wharfinger.describe_user(userName="ci")
    assert (found["user"], found["policyNames"], found["accessKeys"]) == (made, [], [])


def test_a_user_is_shown_with_policies_and_keys_but_no_secret(wharfinger: Any) -> None:
    wharfinger.create_user(userName="ci")
    made = wharfinger.create_access_key(userName="ci")
    for name in ("AmazonEC2ContainerRegistryReadOnly", "AdministratorAccess"):
        wharfinger.attach_policy(policyName=name, userName="ci")
    found = wharfinger.describe_user(userName="ci")
    assert found["policyNames"] == ["AdministratorAccess", "AmazonEC2ContainerRegistryReadOnly"]
    assert found["accessKeys"] == [made["accessKey"]]
    assert made["secretAccessKey"] not in str(found)


def test_a_name_is_that_of_one_user(wharfinger: Any) -> None:
    wharfinger.create_user(userName="ci")
    with pytest.raises(wharfinger.exceptions.PrincipalAlreadyExistsException) as caught:
        wharfinger.create_user(userName="ci")
    assert error_of(caught)[1] == "There is a user 'ci' already"


def test_a_user_and_a_role_may_have_the_same_name(wharfinger: Any) -> None:
    wharfinger.create_user(userName="same")
    create_role(wharfinger, "same")
    wharfinger.delete_user(userName="same")
    assert wharfinger.describe_role(roleName="same")["role"]["roleName"] == "same"


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "é", "x" * 65, "a\n"])
async def test_what_can_be_no_name_is_refused(doors: Doors, name: str) -> None:
    answer = await doors.wharfinger("CreateUser", userName=name)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "'userName'" in answer.message


@pytest.mark.parametrize(
    "tags",
    [
        pytest.param([("team", "a"), ("team", "b")], id="twice"),
        pytest.param([("team", "a"), ("Team", "b")], id="twice in another case"),
    ],
)
def test_a_key_of_a_tag_stands_once(wharfinger: Any, tags: list[tuple[str, str]]) -> None:
    with pytest.raises(ClientError) as caught:
        wharfinger.create_user(userName="ci", tags=[{"key": key, "value": value} for key, value in tags])
    assert error_of(caught) == invalid("tags", "Member must not have the same key twice, in whichever case")


@pytest.mark.parametrize("key", ["aws:team", "a*", "{x}"])
def test_a_tag_is_one_that_a_repository_could_have(wharfinger: Any, key: str) -> None:
    with pytest.raises(wharfinger.exceptions.InvalidTagParameterException):
        wharfinger.create_user(userName="ci", tags=[{"key": key, "value": "a"}])


def test_a_user_that_is_removed_is_shown_once_more(wharfinger: Any) -> None:
    made = wharfinger.create_user(userName="ci", tags=TAGS)["user"]
    assert wharfinger.delete_user(userName="ci")["user"] == made
    assert wharfinger.list_users()["users"] == []


def test_a_user_that_is_made_again_has_another_id_and_nothing_of_the_old(wharfinger: Any) -> None:
    first = wharfinger.create_user(userName="ci")["user"]
    wharfinger.create_access_key(userName="ci")
    wharfinger.attach_policy(policyName="AdministratorAccess", userName="ci")
    wharfinger.delete_user(userName="ci")
    second = wharfinger.create_user(userName="ci")["user"]
    found = wharfinger.describe_user(userName="ci")
    assert second["userId"] != first["userId"]
    assert (found["policyNames"], found["accessKeys"]) == ([], [])


@pytest.mark.parametrize("operation", ["describe_user", "delete_user", "create_access_key", "list_access_keys"])
def test_a_user_that_is_not_there_is_told(wharfinger: Any, operation: str) -> None:
    with pytest.raises(wharfinger.exceptions.PrincipalNotFoundException) as caught:
        getattr(wharfinger, operation)(userName="ci")
    assert error_of(caught)[1] == "There is no user 'ci'"


def test_users_of_another_account_are_neither_seen_nor_changed(wharfinger: Any, registry: Registry) -> None:
    foreign = registry.server.wharfinger(stranger(registry).account)
    foreign.create_user(userName="ci")
    assert wharfinger.list_users()["users"] == []
    for operation in ("describe_user", "delete_user", "create_access_key", "list_access_keys"):
        with pytest.raises(wharfinger.exceptions.PrincipalNotFoundException):
            getattr(wharfinger, operation)(userName="ci")
    assert [user["userName"] for user in foreign.list_users()["users"]] == ["ci"]


# --- roles ---------------------------------------------------------------------------------------------------


def test_a_role_is_answered_as_it_was_made(wharfinger: Any, account: str) -> None:
    made = create_role(wharfinger, tags=TAGS, sessionSeconds=7200)
    assert made.pop("roleId").startswith("WHRR")
    assert made.pop("createdAt")
    assert made == {
        "roleName": "deploy",
        "arn": f"arn:aws:iam::{account}:role/deploy",
        "trustPolicy": TRUST,
        "sessionSeconds": 7200,
        "tags": TAGS,
        "isDeclared": False,
    }


def test_a_session_of_a_role_lasts_an_hour_unless_more_is_said(wharfinger: Any) -> None:
    assert create_role(wharfinger)["sessionSeconds"] == 3600


@pytest.mark.parametrize("seconds", [3599, 43201])
async def test_a_session_lasts_between_one_hour_and_twelve(doors: Doors, seconds: int) -> None:
    answer = await doors.wharfinger("CreateRole", roleName="deploy", trustPolicy=TRUST, sessionSeconds=seconds)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "'sessionSeconds'" in answer.message


def test_roles_are_listed_by_name_without_their_trust(wharfinger: Any) -> None:
    for name in ("c", "a", "d", "b"):
        create_role(wharfinger, name)
    found = pages(wharfinger, "list_roles", "roles")
    assert [role["roleName"] for role in found] == ["a", "b", "c", "d"]
    assert not any("trustPolicy" in role for role in found)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"sessionSeconds": 3600}, {"sessionSeconds": 3600}),
        ({"tags": [{"key": "x", "value": "y"}]}, {"tags": [{"key": "x", "value": "y"}]}),
        ({"tags": []}, {"tags": []}),
        ({"trustPolicy": OTHER_TRUST}, {"trustPolicy": OTHER_TRUST}),
        ({}, {}),
    ],
)
def test_what_is_not_given_stays_as_it_was(wharfinger: Any, change: Any, expected: Any) -> None:
    made = create_role(wharfinger, tags=TAGS, sessionSeconds=7200)
    updated = wharfinger.update_role(roleName="deploy", **change)["role"]
    assert updated == {**made, **expected}
    assert wharfinger.describe_role(roleName="deploy")["role"] == updated


@pytest.mark.parametrize(
    "trust",
    [
        pytest.param("{", id="no JSON"),
        pytest.param(TRUST.replace("sts:AssumeRole", "ecr:PutImage"), id="action of another service"),
        pytest.param(TRUST.replace("Principal", "NotPrincipal"), id="all but one"),
        pytest.param(TRUST.replace("Principal", "Resource"), id="policy of an identity"),
    ],
)
@pytest.mark.parametrize("operation", ["create_role", "update_role"])
def test_a_trust_policy_that_is_not_understood_is_refused(wharfinger: Any, trust: str, operation: str) -> None:
    if operation == "update_role":
        create_role(wharfinger)
    with pytest.raises(ClientError) as caught:
        getattr(wharfinger, operation)(roleName="deploy", trustPolicy=trust)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert "policy" in message


def test_a_role_that_is_made_again_has_another_id_and_nothing_of_the_old(wharfinger: Any) -> None:
    first = create_role(wharfinger)
    wharfinger.attach_policy(policyName="AdministratorAccess", roleName="deploy")
    assert wharfinger.delete_role(roleName="deploy")["role"] == first
    second = create_role(wharfinger)
    assert second["roleId"] != first["roleId"]
    assert wharfinger.describe_role(roleName="deploy")["policyNames"] == []


@pytest.mark.parametrize("operation", ["describe_role", "delete_role", "update_role"])
def test_a_role_that_is_not_there_is_told(wharfinger: Any, operation: str) -> None:
    with pytest.raises(wharfinger.exceptions.PrincipalNotFoundException) as caught:
        getattr(wharfinger, operation)(roleName="deploy")
    assert error_of(caught)[1] == "There is no role 'deploy'"


# --- what stands in the access file --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "operation"),
    [("user", "DeleteUser"), ("role", "DeleteRole"), ("role", "UpdateRole")],
)
async def test_what_the_access_file_declares_is_changed_there_only(doors: Doors, kind: Kind, operation: str) -> None:
    row = PrincipalRow("id", ACCOUNT, kind, "ci", 0, trust=TRUST if kind == "role" else None, is_declared=True)
    await doors.state.db.write(rows.put, row)
    answer = await doors.wharfinger(operation, **{f"{kind}Name": "ci"})
    assert answer.error == ("DeclaredException", f"The {kind} 'ci' stands in the access file: change it there")
    assert await doors.state.db.read(rows.get, "id") == row


# --- how many ------------------------------------------------------------------------------------------------


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    """A registry without a server."""
    async with prepared(tmp_path / "data", clock) as opened:
        yield opened


async def put_many(state: State, kind: Kind, count: int) -> None:
    async def work(tx: Tx) -> None:
        for number in range(count):
            await rows.put(tx, PrincipalRow(f"{kind}{number}", ACCOUNT, kind, f"many{number}", 0))

    await state.db.write(work)


async def test_an_account_has_no_more_users_than_the_limit(state: State) -> None:
    await put_many(state, "user", limits.USERS - 1)
    await principals.create_user(state, CALLER, "last", ())
    with pytest.raises(TooManyOf):
        await principals.create_user(state, CALLER, "more", ())


async def test_an_account_has_no_more_roles_than_the_limit(state: State) -> None:
    await put_many(state, "role", limits.ROLES - 1)
    await principals.create_role(state, CALLER, "last", TRUST, None, ())
    with pytest.raises(TooManyOf):
        await principals.create_role(state, CALLER, "more", TRUST, None, ())
