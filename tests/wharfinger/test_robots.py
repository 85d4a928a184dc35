"""Robots: made, told without their tokens, rotated, removed, each in its registry."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.doors import Doors
from support.ecr_errors import invalid
from support.moments import Period
from support.oci import Oci
from support.poll import until_quiet
from support.registry import Registry, abroad, error_of, stranger
from support.state import CALLER, REGISTRY, Clock
from support.strict import basic
from wharfinger.domain import robots as rules
from wharfinger.services import robots
from wharfinger.state.clock import HOUR
from wharfinger.state.db import robots as rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.robots import Robot

FAR = datetime(2200, 1, 1, 12, 30, 15, 123000, tzinfo=UTC)


def create(wharfinger: Any, name: str = "bot", **more: Any) -> Any:
    return wharfinger.create_robot(**{"robotName": name, "actions": ["pull"], "repositories": ["app"], **more})


# --- made and told -------------------------------------------------------------------------------------------


def test_a_robot_is_answered_as_it_was_made(wharfinger: Any, account: str) -> None:
    call = Period()
    actions, repositories = ["pull", "ecr:PutImage"], ["team/*", "base"]
    made = create(wharfinger, actions=actions, repositories=repositories, expiresAt=FAR)["robot"]
    assert made.pop("createdAt") in call
    assert made == {
        "robotName": "bot",
        "arn": f"arn:aws:iam::{account}:robot/bot",
        "actions": actions,
        "repositories": repositories,
        "createdBy": f"arn:aws:iam::{account}:root",
        "expiresAt": FAR,
    }


def test_a_robot_without_a_term_has_none(wharfinger: Any) -> None:
    assert "expiresAt" not in create(wharfinger)["robot"]


def test_a_token_is_answered_once(wharfinger: Any) -> None:
    first = create(wharfinger)["token"]
    second = wharfinger.rotate_robot(robotName="bot")["token"]
    assert first != second
    told = [wharfinger.list_robots(), wharfinger.delete_robot(robotName="bot")]
    assert not any(token in str(told) for token in (first, second))


def test_a_token_is_told_from_other_secrets_by_its_beginning(wharfinger: Any) -> None:
    """So that scanners of source code find one that was leaked."""
    token = create(wharfinger)["token"]
    assert (token[:5], len(token)) == ("whrt_", 48)


async def test_what_is_kept_of_a_token_gives_nobody_the_token(doors: Doors) -> None:
    made = await robots.create(
        *(doors.state, CALLER, REGISTRY, "bot"), actions=["pull"], repositories=["*"], expires_at=None
    )
    kept = await doors.state.db.read(rows.find, REGISTRY, "bot")
    assert kept is not None
    assert made.token.encode() not in kept.token_hash
    assert made.token not in f"{made!r} {kept!r}"


def test_robots_are_listed_by_name(wharfinger: Any) -> None:
    for name in ("c", "a", "d", "b"):
        create(wharfinger, name)
    pages = wharfinger.get_paginator("list_robots").paginate(PaginationConfig={"PageSize": 3})
    assert [robot["robotName"] for page in pages for robot in page["robots"]] == ["a", "b", "c", "d"]


def test_robots_of_other_registries_are_neither_seen_nor_changed(wharfinger: Any, registry: Registry) -> None:
    for other in (stranger(registry), abroad(registry)):
        foreign = registry.server.wharfinger(other.account, region=other.region)
        create(foreign)
    assert wharfinger.list_robots()["robots"] == []
    for operation in ("rotate_robot", "delete_robot"):
        with pytest.raises(wharfinger.exceptions.PrincipalNotFoundException):
            getattr(wharfinger, operation)(robotName="bot")


async def test_the_last_use_of_a_robot_is_told_to_the_hour(doors: Doors, clock: Clock) -> None:
    made = await doors.served("CreateRobot", robotName="bot", actions=["pull"], repositories=["app"])
    headers = basic("bot", made["token"])
    first = clock()
    for move in (0, HOUR - 1):
        clock.move(move)
        assert (await doors.oci("GET", "app/tags/list", headers=headers)).status == 200
    await until_quiet()
    [found] = (await doors.served("ListRobots"))["robots"]
    assert found["lastUsedAt"] == first / 1000


# --- what is refused -----------------------------------------------------------------------------------------


def test_a_name_is_that_of_one_robot(wharfinger: Any) -> None:
    create(wharfinger)
    with pytest.raises(wharfinger.exceptions.PrincipalAlreadyExistsException) as caught:
        create(wharfinger)
    assert error_of(caught)[1] == "There is a robot 'bot' already"


@pytest.mark.parametrize("action", ["read", "ecr:*", "ecr:BatchGetImages", "ecr:CreateRepository", "s3:GetObject", "*"])
def test_an_action_that_no_container_client_asks_for_is_refused(wharfinger: Any, action: str) -> None:
    with pytest.raises(ClientError) as caught:
        create(wharfinger, actions=["pull", action])
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert message.startswith("Invalid parameter at 'actions.2.member'")


@pytest.mark.parametrize("pattern", ["App", "a b", "${aws:username}", "a?"])
async def test_a_pattern_that_is_none_is_refused(doors: Doors, pattern: str) -> None:
    answer = await doors.wharfinger("CreateRobot", robotName="bot", actions=["pull"], repositories=["app", pattern])
    assert answer.code == "InvalidParameterException"
    assert "'repositories.2.member'" in answer.message


@pytest.mark.parametrize("missing", ["actions", "repositories"])
async def test_a_robot_is_for_something_somewhere(doors: Doors, missing: str) -> None:
    arguments = {"robotName": "bot", "actions": ["pull"], "repositories": ["app"], missing: []}
    assert (await doors.wharfinger("CreateRobot", **arguments)).code == "InvalidParameterException"


@pytest.mark.parametrize("change", ["create", "rotate"])
def test_a_term_that_is_over_is_refused(wharfinger: Any, change: str) -> None:
    create(wharfinger, "other")
    operation = {"create": partial(create, wharfinger), "rotate": partial(wharfinger.rotate_robot, robotName="other")}
    with pytest.raises(ClientError) as caught:
        operation[change](expiresAt=datetime(2020, 1, 1, tzinfo=UTC))
    assert error_of(caught) == invalid("expiresAt", "Member must be a time in the future")


async def test_a_registry_has_no_more_robots_than_the_limit(doors: Doors) -> None:
    async def work(tx: Tx) -> None:
        for number in range(rules.ROBOTS - 1):
            row = Robot(f"{number}", REGISTRY, f"many{number}", ["pull"], ["*"], b"%d" % number, 0, "arn", None)
            await rows.put(tx, row)

    await doors.state.db.write(work)
    more = {"actions": ["pull"], "repositories": ["*"]}
    await doors.served("CreateRobot", robotName="last", **more)
    assert (await doors.wharfinger("CreateRobot", robotName="more", **more)).code == "LimitExceededException"


# --- rotated and removed -------------------------------------------------------------------------------------


def test_rotating_changes_nothing_but_the_token(wharfinger: Any, registry: Registry) -> None:
    registry.create("app")
    made = create(wharfinger, expiresAt=FAR)
    rotated = wharfinger.rotate_robot(robotName="bot")
    assert rotated["robot"] == made["robot"]
    statuses = [Oci(registry.server.endpoint, found["token"], "bot").get("/v2/").status for found in (made, rotated)]
    assert statuses == [401, 200]


def test_rotating_can_give_another_term(wharfinger: Any) -> None:
    create(wharfinger)
    assert wharfinger.rotate_robot(robotName="bot", expiresAt=FAR)["robot"]["expiresAt"] == FAR


async def test_a_robot_whose_term_is_over_is_rotated_with_a_new_one(doors: Doors, clock: Clock) -> None:
    more = {"actions": ["pull"], "repositories": ["app"], "expiresAt": (clock() + HOUR) / 1000}
    await doors.served("CreateRobot", robotName="bot", **more)
    clock.move(HOUR)
    assert (await doors.wharfinger("RotateRobot", robotName="bot")).error == invalid(
        "expiresAt", "Member must be a time in the future"
    )
    await doors.served("RotateRobot", robotName="bot", expiresAt=(clock() + HOUR) / 1000)


def test_a_robot_that_is_removed_is_shown_once_more(wharfinger: Any) -> None:
    made = create(wharfinger)["robot"]
    assert wharfinger.delete_robot(robotName="bot")["robot"] == made
    assert wharfinger.list_robots()["robots"] == []


@pytest.mark.parametrize("operation", ["delete_robot", "rotate_robot"])
def test_a_robot_that_is_not_there_is_told(wharfinger: Any, operation: str) -> None:
    with pytest.raises(wharfinger.exceptions.PrincipalNotFoundException) as caught:
        getattr(wharfinger, operation)(robotName="bot")
    assert error_of(caught)[1] == "There is no robot 'bot'"
