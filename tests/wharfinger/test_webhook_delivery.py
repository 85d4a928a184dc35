"""Deliveries that are not taken are tried again, in order, by one worker at a time, and hold up nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.content import image
from support.doors import Doors, new_doors
from support.poll import until, until_async
from support.receiver import Receiver
from support.registry import Registry
from support.server import Server
from support.state import REGISTRY, Clock, opened
from wharfinger.services import outgoing, webhooks
from wharfinger.state import State
from wharfinger.state.clock import DAY, HOUR, SECOND
from wharfinger.state.db import events
from wharfinger.state.db import webhooks as rows

ACCOUNT = "123456789012"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """Of a registry whose web hooks may go to the receiver."""
    async with new_doors(tmp_path / "data", clock, webhook_private=True) as opened_:
        yield opened_


@pytest.fixture
async def second(doors: Doors, tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    """Another worker on the same data."""
    state = await opened(tmp_path / "data", clock, webhook_private=True)
    yield state
    await state.db.close()


async def put(doors: Doors, receiver: Receiver, name: str = "hook", **more: str) -> None:
    answer = await doors.wharfinger("PutWebhook", name=name, **{"url": receiver.url, **more})
    assert answer.status == 200, answer


async def hook(doors: Doors) -> Any:
    [found] = (await doors.wharfinger("ListWebhooks")).json["webhooks"]
    return found


async def fail_once(doors: Doors, receiver: Receiver, answer: int | bytes = 500) -> Any:
    """One event whose first delivery is not taken: what is said of the webhook."""
    await put(doors, receiver)
    receiver.answers = [answer]
    await doors.push("app", image(), "a")
    assert await webhooks.deliver_due(doors.state)
    return await hook(doors)


# --- again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_takes_a_delivery(doors: Doors, receiver: Receiver, status: int) -> None:
    found = await fail_once(doors, receiver, status)
    assert (found["waitingEvents"], found["failedAttempts"]) == (0, 0)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 401, 404, 410, 429, 500, 503])
async def test_no_other_answer_takes_it(doors: Doors, receiver: Receiver, status: int) -> None:
    found = await fail_once(doors, receiver, status)
    assert (found["waitingEvents"], found["failedAttempts"]) == (1, 1)
    assert found["lastFailure"] == f"The receiver answered {status}"


async def test_it_is_tried_again_when_its_time_has_come_and_not_before(
    doors: Doors, receiver: Receiver, clock: Clock
) -> None:
    found = await fail_once(doors, receiver)
    assert found["nextAttemptAt"] == (clock.now + 2 * SECOND) / 1000
    clock.move(2 * SECOND - 1)
    assert not await webhooks.deliver_due(doors.state)
    clock.move(1)
    assert await webhooks.deliver_due(doors.state)
    assert receiver.tags == ["a"]
    assert not {"lastFailure", "nextAttemptAt"} & (await hook(doors)).keys()


async def test_pauses_grow_to_an_hour(doors: Doors, receiver: Receiver, clock: Clock) -> None:
    await fail_once(doors, receiver)
    pauses = []
    for _ in range(14):
        pauses.append(round((await hook(doors))["nextAttemptAt"] * 1000) - clock.now)
        clock.move(pauses[-1])
        receiver.answers = [500]
        assert await webhooks.deliver_due(doors.state)
    assert pauses == [2 * SECOND << number for number in range(11)] + [HOUR] * 3
    assert (await hook(doors))["failedAttempts"] == 15


async def test_events_wait_behind_one_that_is_not_taken(doors: Doors, receiver: Receiver, clock: Clock) -> None:
    await fail_once(doors, receiver)
    await doors.push("app", image(), "b", "c")
    assert not await webhooks.deliver_due(doors.state)
    clock.move(2 * SECOND)
    assert await webhooks.deliver_due(doors.state)
    assert receiver.tags == ["a", "b", "c"]


async def test_a_webhook_that_is_put_again_is_tried_at_once(doors: Doors, receiver: Receiver) -> None:
    await fail_once(doors, receiver)
    await put(doors, receiver)
    found = await hook(doors)
    assert found["failedAttempts"] == 0
    assert "lastFailure" not in found
    assert await webhooks.deliver_due(doors.state)
    assert receiver.tags == ["a"]


async def test_events_that_were_forgotten_meanwhile_are_passed_over(
    doors: Doors, receiver: Receiver, clock: Clock
) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "old")
    clock.move(91 * DAY)
    await doors.state.db.write(events.forget, clock() - 90 * DAY, 1000)
    await doors.push("app", image(), "new")
    assert await webhooks.deliver_due(doors.state)
    assert receiver.tags == ["new"]


# --- one at a time -------------------------------------------------------------------------------------------


async def test_one_worker_at_a_time_delivers(doors: Doors, second: State, receiver: Receiver, clock: Clock) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    receiver.opened.clear()
    first = asyncio.create_task(webhooks.deliver_due(doors.state))
    await until_async(lambda: receiver.asked == 1)
    await doors.push("app", image(), "b")
    assert not await webhooks.deliver_due(second)
    receiver.opened.set()
    assert await first
    assert await webhooks.deliver_due(second)
    assert receiver.tags == ["a", "b"]


async def test_where_a_worker_died_another_goes_on_when_its_lease_ends(
    doors: Doors, second: State, receiver: Receiver, clock: Clock
) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    [taken] = await doors.state.db.write(rows.take, clock(), clock() + webhooks.LEASE, 10)
    clock.move(webhooks.LEASE - 1)
    assert not await webhooks.deliver_due(second)
    clock.move(1)
    assert await webhooks.deliver_due(second)
    assert receiver.tags == ["a"]
    # and should it have been asleep only, its word does not count any more
    await doors.state.db.write(rows.settle, taken, taken._replace(delivered_up_to=0, attempts=7, due_at=clock()))
    assert ((await hook(doors))["failedAttempts"], await webhooks.deliver_due(second)) == (0, False)


async def test_a_lease_outlasts_the_longest_delivery() -> None:
    assert 2 * outgoing.SECONDS * SECOND < webhooks.LEASE


async def test_what_a_worker_was_at_when_it_stopped_is_due_at_once(
    doors: Doors, second: State, receiver: Receiver
) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    receiver.opened.clear()
    worker = asyncio.create_task(webhooks.run_forever(doors.state))
    await until_async(lambda: receiver.asked == 1)
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    receiver.opened.set()
    assert await webhooks.deliver_due(second)
    assert (await hook(doors))["waitingEvents"] == 0


async def test_a_delivery_that_was_replaced_meanwhile_moves_nothing(
    doors: Doors, receiver: Receiver, clock: Clock
) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    receiver.opened.clear()
    first = asyncio.create_task(webhooks.deliver_due(doors.state))
    await until_async(lambda: receiver.asked == 1)
    with Receiver() as other:
        await put(doors, other)
        receiver.opened.set()
        await first
        assert await webhooks.deliver_due(doors.state)
        assert other.tags == ["a"]


async def test_a_slow_receiver_holds_up_nobody_else(doors: Doors, receiver: Receiver) -> None:
    with Receiver() as slow:
        slow.opened.clear()
        await put(doors, slow, name="slow")
        await put(doors, receiver, name="quick")
        worker = asyncio.create_task(webhooks.run_forever(doors.state))
        tags = ["a", "b", "c"]
        for count, tag in enumerate(tags, 1):
            await doors.push("app", image(), tag)
            await until_async(lambda count=count: len(receiver.tags) == count)  # type: ignore[misc]
        assert (receiver.tags, slow.asked, slow.taken) == (tags, 1, [])
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def test_more_webhooks_than_are_delivered_to_at_once_all_get_their_turn(
    doors: Doors, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_AT_ONCE", 2)
    for number in range(5):
        await put(doors, receiver, name=f"hook-{number}")
    await doors.push("app", image(), "a")
    while await webhooks.deliver_due(doors.state):
        pass
    assert len(receiver.taken) == 5


# --- on a server ---------------------------------------------------------------------------------------------


def registry_on(server: Server) -> tuple[Registry, Any]:
    registry = Registry(server, ACCOUNT)
    if not registry.ecr.describe_repositories()["repositories"]:
        registry.create("app")
    return registry, server.wharfinger(ACCOUNT)


def test_a_server_delivers_in_order_with_any_number_of_workers(directory: Path, receiver: Receiver) -> None:
    with Server(directory, open=True, webhook_private=True, workers=2) as server:
        registry, wharfinger = registry_on(server)
        wharfinger.put_webhook(name="hook", url=receiver.url)
        one = image()
        registry.push_blobs("app", one)
        tags = [f"v{number}" for number in range(150)]
        for tag in tags:
            registry.put_image("app", one, tag)
        until(lambda: len(receiver.tags) >= len(tags), "all events are delivered")
        assert receiver.tags == tags


def test_a_server_goes_on_after_a_failure_and_after_being_killed(directory: Path) -> None:
    with Receiver() as gone:
        port = gone.port
    server = Server(directory, open=True, webhook_private=True)
    with server:
        registry, wharfinger = registry_on(server)
        wharfinger.put_webhook(name="hook", url=f"http://127.0.0.1:{port}/hook", secret="0123456789abcdef")
        registry.oci.push("app", image(), "a")
        until(lambda: wharfinger.list_webhooks()["webhooks"][0]["failedAttempts"] > 0, "nobody listens")
        [told] = wharfinger.list_webhooks()["webhooks"]
        assert told["lastFailure"] == "The receiver cannot be reached: Connection refused"
        registry.oci.push("app", image(), "b")
        server.kill()
    with Receiver(port) as receiver, server:
        registry, _ = registry_on(server)
        registry.oci.push("app", image(), "c")
        until(lambda: len(receiver.tags) >= 3, "all events are delivered")
        assert receiver.tags == ["a", "b", "c"]


def test_a_server_tries_again_after_500(directory: Path, receiver: Receiver) -> None:
    receiver.answers = [500]
    with Server(directory, open=True, webhook_private=True) as server:
        registry, wharfinger = registry_on(server)
        wharfinger.put_webhook(name="hook", url=receiver.url)
        registry.oci.push("app", image(), "a")
        until(lambda: receiver.tags == ["a"], "the second attempt")
        assert [one.status for one in receiver.deliveries] == [500, 204]


async def test_the_cursor_is_that_of_one_registry(doors: Doors, receiver: Receiver, clock: Clock) -> None:
    await put(doors, receiver)
    found = await doors.state.db.read(rows.find, REGISTRY, "hook")
    assert found is not None
    assert found.delivered_up_to == await doors.state.db.read(events.last)
