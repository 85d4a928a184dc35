"""Holds as they are put, listed and taken away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import UNKNOWN
from support.doors import Doors
from support.ecr_errors import invalid
from support.moments import Period
from support.registry import Registry, abroad, error_of, stranger
from support.state import CALLER, REGISTRY, Clock, prepared
from wharfinger.domain import holds as rules
from wharfinger.domain.faults import HoldNotFound, TooManyHolds, TooManyPatternHolds
from wharfinger.domain.holds import Hold
from wharfinger.services import collect, holds
from wharfinger.state import State
from wharfinger.state.db import holds as rows

FAR = datetime(2200, 1, 1, 12, 30, 15, 123000, tzinfo=UTC)


def put(wharfinger: Any, repository: str, image: str, reason: str = "in production", **more: Any) -> Any:
    return wharfinger.put_hold(repositoryName=repository, image=image, reason=reason, **more)["hold"]


def listed(wharfinger: Any, **more: Any) -> list[Any]:
    """Every hold, three at a time."""
    found: list[Any] = []
    while True:
        page = wharfinger.list_holds(maxResults=3, **more)
        found += page["holds"]
        if "nextToken" not in page:
            return found
        more["nextToken"] = page["nextToken"]


def test_a_hold_is_answered_as_it_was_put(wharfinger: Any, account: str) -> None:
    call = Period()
    held = put(wharfinger, "team/app", "v1", "in production", expiresAt=FAR)
    assert held.pop("createdAt") in call
    assert int(held.pop("holdId")) > 0
    assert held == {
        "repositoryName": "team/app",
        "image": "v1",
        "reason": "in production",
        "createdBy": f"arn:aws:iam::{account}:root",
        "expiresAt": FAR,
    }


@pytest.mark.parametrize("image", [UNKNOWN, "v1", "v1.*", "*"])
@pytest.mark.parametrize("repository", ["not-there", "team/*", "*"])
def test_what_is_not_there_yet_can_be_held(wharfinger: Any, repository: str, image: str) -> None:
    held = put(wharfinger, repository, image)
    assert listed(wharfinger) == [held]


def test_a_hold_without_a_term_has_none(wharfinger: Any) -> None:
    assert "expiresAt" not in put(wharfinger, "app", "v1")


def test_a_hold_on_the_same_takes_the_place_of_the_first(wharfinger: Any) -> None:
    first = put(wharfinger, "app", "v1", "once", expiresAt=FAR)
    second = put(wharfinger, "app", "v1", "twice")
    assert second["holdId"] == first["holdId"]
    assert (second["reason"], second.get("expiresAt")) == ("twice", None)
    assert listed(wharfinger) == [second]


def test_the_same_hold_put_again_is_one_hold(wharfinger: Any) -> None:
    first, second = (put(wharfinger, "app*", "v*", "same", expiresAt=FAR) for _ in range(2))
    assert first["holdId"] == second["holdId"]
    assert len(listed(wharfinger)) == 1


@pytest.mark.parametrize(
    ("repository", "image", "error"),
    [
        (
            "team//app",
            "v1",
            invalid("repositoryName", "Member must be the name of a repository, or a pattern of names with *"),
        ),
        ("app", "sha256:12", invalid("image", "Member must be a digest, a tag, or a pattern of tags with *")),
        ("app", "a/b", invalid("image", "Member must be a digest, a tag, or a pattern of tags with *")),
        ("app", "sha256:*", invalid("image", "Member must be a digest, a tag, or a pattern of tags with *")),
    ],
)
def test_what_could_never_hold_anything_is_refused(
    wharfinger: Any, repository: str, image: str, error: tuple[str, str]
) -> None:
    with pytest.raises(ClientError) as caught:
        put(wharfinger, repository, image)
    assert error_of(caught) == error


def test_a_term_that_is_over_is_refused(wharfinger: Any) -> None:
    with pytest.raises(ClientError) as caught:
        put(wharfinger, "app", "v1", expiresAt=datetime(2020, 1, 1, tzinfo=UTC))
    assert error_of(caught) == invalid("expiresAt", "Member must be a time in the future")


async def test_a_term_after_all_times_is_refused(doors: Doors) -> None:
    answer = await doors.wharfinger("PutHold", repositoryName="app", image="v1", reason="for ever", expiresAt=10**15)
    assert answer.error == invalid("expiresAt", "Member must be a time between 1970 and 9999")


# --- listing -------------------------------------------------------------------------------------------------


def test_holds_are_listed_by_repository_and_image_and_those_with_patterns_last(wharfinger: Any) -> None:
    exact = [("app", "v10"), ("app", "v2"), ("base", UNKNOWN), ("base", "v1"), ("web", "v1")]
    with_pattern = [("*", "v1"), ("app", "*"), ("base", "v*")]
    for repository, image in reversed([*exact[::2], *with_pattern, *exact[1::2]]):
        put(wharfinger, repository, image)
    found = listed(wharfinger)
    assert [(item["repositoryName"], item["image"]) for item in found] == exact + with_pattern


def test_of_a_repository_those_are_listed_that_apply_to_it(wharfinger: Any) -> None:
    asked = [("team/b", "v1"), ("team/*", "v2"), ("team/a", "v3"), ("*", "v4"), ("team/a", "v*"), ("other*", "v5")]
    for repository, image in [*asked, ("team/a", "v6"), ("team/a", "v7"), ("team/a", UNKNOWN), ("te*", "v8")]:
        put(wharfinger, repository, image)
    found = [item["image"] for item in listed(wharfinger, repositoryName="team/a")]
    assert found == [UNKNOWN, "v3", "v6", "v7", "v4", "v8", "v2", "v*"]


def test_a_token_leads_on_in_the_list_that_it_is_of_only(wharfinger: Any) -> None:
    for image in ("v1", "v2"):
        put(wharfinger, "app", image)
    token = wharfinger.list_holds(maxResults=1)["nextToken"]
    with pytest.raises(ClientError) as caught:
        wharfinger.list_holds(repositoryName="app", nextToken=token)
    assert error_of(caught) == invalid("nextToken", "Invalid token")


def test_holds_of_other_registries_are_not_seen(wharfinger: Any, registry: Registry) -> None:
    put(wharfinger, "app", "v1")
    for other in (stranger(registry), abroad(registry)):
        assert listed(registry.server.wharfinger(other.account, region=other.region)) == []


# --- taking away ---------------------------------------------------------------------------------------------


def test_a_hold_that_is_taken_away_is_shown_once_more(wharfinger: Any) -> None:
    held, other = put(wharfinger, "app", "v1", expiresAt=FAR), put(wharfinger, "app", "v2")
    assert wharfinger.delete_hold(holdId=held["holdId"])["hold"] == held
    assert listed(wharfinger) == [other]


@pytest.mark.parametrize("number", ["0", "999999999", "9" * 19])
def test_a_hold_that_is_not_there_cannot_be_taken_away(wharfinger: Any, number: str) -> None:
    with pytest.raises(wharfinger.exceptions.HoldNotFoundException):
        wharfinger.delete_hold(holdId=number)


def test_a_hold_of_another_registry_cannot_be_taken_away(wharfinger: Any, registry: Registry) -> None:
    held = put(wharfinger, "app", "v1")
    foreign = registry.server.wharfinger(stranger(registry).account)
    with pytest.raises(foreign.exceptions.HoldNotFoundException):
        foreign.delete_hold(holdId=held["holdId"])
    assert listed(wharfinger) == [held]


# --- how many, and for how long --------------------------------------------------------------------------------


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    """A registry without a server."""
    async with prepared(tmp_path / "data", clock) as opened:
        yield opened


async def put_many(state: State, count: int, image: str = "v1", feed: str | None = None) -> None:
    """At once, each in a repository of its own."""
    many = [Hold(0, REGISTRY, f"app{number}", image, "many", feed, 0, "arn", None) for number in range(count)]
    await state.db.write(rows.add_all, many)


async def put_one(state: State, repository: str, image: str = "v1", expires_at: int | None = None) -> Hold:
    return await holds.put(state, CALLER, REGISTRY, repository, image, "one", expires_at)


async def list_all(state: State) -> list[Hold]:
    return list((await holds.page(state, CALLER, REGISTRY, None, None, 1000)).items)


async def test_a_registry_has_no_more_holds_than_the_limit(state: State) -> None:
    await put_many(state, rules.OWN_HOLDS - 1)
    await put_one(state, "last")
    with pytest.raises(TooManyHolds):
        await put_one(state, "more")


async def test_at_the_limit_a_hold_can_be_renewed(state: State) -> None:
    await put_many(state, rules.OWN_HOLDS)
    assert (await put_one(state, "app7")).reason == "one"


async def test_a_registry_has_no_more_patterns_than_the_limit(state: State) -> None:
    await put_many(state, rules.PATTERN_HOLDS - 1, "v*")
    await put_one(state, "*")
    with pytest.raises(TooManyPatternHolds):
        await put_one(state, "app", "*")
    await put_one(state, "app", "v1")


async def test_the_holds_of_feeds_do_not_count(state: State) -> None:
    await put_many(state, rules.OWN_HOLDS, feed="prod")
    await put_one(state, "one")


async def test_a_hold_that_is_over_is_seen_no_more(state: State, clock: Clock) -> None:
    exact = await put_one(state, "app", "v1", expires_at=clock() + 1000)
    pattern = await put_one(state, "app", "v*", expires_at=clock() + 1000)
    clock.move(999)
    assert await list_all(state) == [exact, pattern]
    clock.move(1)
    assert await list_all(state) == []


async def test_a_hold_that_is_over_is_forgotten(state: State, clock: Clock) -> None:
    await put_one(state, "app", "v1", expires_at=clock() + 1000)
    await put_one(state, "app", "v2")
    clock.move(1000)
    await collect.run(state)
    assert await state.db.read(rows.counts, REGISTRY) == (1, 0)


async def test_a_hold_that_is_over_cannot_be_taken_away(state: State, clock: Clock) -> None:
    over = await put_one(state, "app", "v1", expires_at=clock() + 1000)
    clock.move(1000)
    with pytest.raises(HoldNotFound):
        await holds.delete(state, CALLER, REGISTRY, over.id)


async def test_a_hold_that_is_over_can_be_put_again(state: State, clock: Clock) -> None:
    await put_one(state, "app", "v1", expires_at=clock() + 1000)
    clock.move(1000)
    again = await put_one(state, "app", "v1", expires_at=clock() + 1000)
    assert await list_all(state) == [again]
