"""Limits for each principal: nothing unless set, then ECR's refusal for what is more, and nobody else is slowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.content import layer, sha256
from support.doors import Body, Doors, new_doors
from support.people import People, call
from support.server import REGION
from support.state import Clock
from wharfinger.domain.faults import Throttled
from wharfinger.domain.names import Registry
from wharfinger.state.clock import SECOND
from wharfinger.state.limits import Limits

NOW = 1_800_000_000_000
SECOND_ACCOUNT = "210987654321"


def count(limits: Limits, principal: str, now: int, times: int = 1) -> int:
    """How many of some requests at one moment are let in."""
    let_in = 0
    for _ in range(times):
        try:
            limits.count(principal, now)
        except Throttled:
            continue
        let_in += 1
    return let_in


# --- requests in a second ------------------------------------------------------------------------------------


def test_without_a_limit_all_are_let_in() -> None:
    assert count(Limits(0, 0), "ann", NOW, 10_000) == 10_000


def test_so_many_are_let_in_at_once_and_then_as_time_goes_on() -> None:
    limits = Limits(4, 0)
    assert count(limits, "ann", NOW, 10) == 4
    assert count(limits, "ann", NOW + SECOND // 2, 10) == 2
    assert count(limits, "ann", NOW + 3 * SECOND // 2, 10) == 4


def test_a_quiet_time_is_not_saved_up() -> None:
    limits = Limits(4, 0)
    count(limits, "ann", NOW)
    assert count(limits, "ann", NOW + 3600 * SECOND, 10) == 4


def test_a_clock_that_goes_back_lets_nobody_in_twice() -> None:
    limits = Limits(4, 0)
    count(limits, "ann", NOW, 4)
    assert count(limits, "ann", NOW - 3600 * SECOND) == 0


def test_one_principal_takes_nothing_from_another() -> None:
    limits = Limits(1, 0)
    assert [count(limits, name, NOW, 5) for name in ("ann", "bob")] == [1, 1]


def test_what_is_counted_does_not_grow_with_the_number_of_principals() -> None:
    limits = Limits(1, 0)
    for number in range(20_000):
        limits.count(f"user/{number}", NOW)
    assert len(limits._left) <= 10_000


@pytest.fixture
async def limited(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    async with new_doors(tmp_path / "data", clock, rate_limit=2, parallel_uploads=1) as doors:
        yield doors


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_what_is_more_is_refused_at_both_doors_in_the_words_of_ecr(limited: Doors, clock: Clock) -> None:
    clock.move(SECOND)
    answers = [await limited.ecr("DescribeRepositories") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 400]
    assert (answers[2].code, answers[2].json["message"]) == ("ThrottlingException", "Rate exceeded")
    answer = await limited.oci("GET", "app/tags/list")
    assert (answer.status, answer.code, answer.message) == (429, "TOOMANYREQUESTS", "Rate exceeded")
    clock.move(SECOND)
    assert (await limited.oci("GET", "app/tags/list")).status == 200


async def test_a_client_that_is_slowed_slows_no_other(limited: Doors) -> None:
    for _ in range(3):
        await limited.ecr("DescribeRepositories")
    other = Doors(limited.state, SECOND_ACCOUNT)
    assert (await other.ecr("DescribeRepositories")).status == 200


async def test_who_is_refused_asks_no_more_often_than_others(limited: Doors, clock: Clock) -> None:
    nobody = await People(limited.state, Registry(limited.account, REGION)).user("nobody")
    clock.move(SECOND)
    target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"
    codes = [(await call(limited, limited.state, nobody, target, {})).code for _ in range(3)]
    assert codes == ["AccessDeniedException", "AccessDeniedException", "ThrottlingException"]


# --- uploads at the same time --------------------------------------------------------------------------------


async def test_a_login_sends_so_many_layers_at_a_time_and_the_next_when_one_has_come(
    limited: Doors, clock: Clock
) -> None:
    content = layer(1000)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield content[:500]
        begun.set()
        await go_on.wait()
        yield content[500:]

    path = f"app/blobs/uploads/?digest={sha256(content)}"
    first = asyncio.create_task(limited.oci("POST", path, Body(slowly())))
    await begun.wait()
    answer = await limited.oci("POST", path, content)
    assert (answer.status, answer.code) == (429, "TOOMANYREQUESTS")
    go_on.set()
    assert (await first).status == 201
    clock.move(SECOND)
    assert (await limited.oci("POST", path, content)).status == 201


async def test_an_upload_that_is_cut_off_counts_no_more(limited: Doors, clock: Clock) -> None:
    location = await limited.begin("app")
    await limited.oci("PATCH", location, Body([b"half"], then="hang up"))
    assert limited.state.limits._sending == {}
