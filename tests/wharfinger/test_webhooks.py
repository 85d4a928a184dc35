"""Web hooks: putting, listing and deleting them, and what a delivery looks like."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import image
from support.doors import Doors, new_doors
from support.receiver import Receiver
from support.registry import Registry, error_of, stranger
from support.state import Clock
from wharfinger.contract.wharfinger import PutWebhookRequest
from wharfinger.services import webhooks

APP = {"repositoryName": "app"}
NOW = 1_800_000_000  # seconds, of the clock of `doors`
SECRET = "correct horse battery"
DOCUMENTATION = Path(__file__).parents[2] / "docs/reference/events.md"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """Of a registry whose web hooks may go to the receiver."""
    async with new_doors(tmp_path / "data", clock, webhook_private=True) as opened:
        yield opened


async def served(doors: Doors, operation: str, **arguments: Any) -> Any:
    answer = await doors.wharfinger(operation, **arguments)
    assert answer.status == 200, (operation, answer)
    return answer.json


async def put(doors: Doors, receiver: Receiver, name: str = "hook", **more: str) -> Any:
    return (await served(doors, "PutWebhook", name=name, **{"url": receiver.url, **more}))["webhook"]


async def listed(doors: Doors) -> list[Any]:
    found: list[Any] = (await served(doors, "ListWebhooks"))["webhooks"]
    return found


async def deliver(doors: Doors) -> None:
    """All that is due."""
    while await webhooks.deliver_due(doors.state):
        pass


# --- what a delivery is --------------------------------------------------------------------------------------


async def test_a_delivery_is_a_list_of_events_as_listevents_gives_them(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a", "b")
    await deliver(doors)
    [delivery] = receiver.deliveries
    assert delivery.path == "/hook"
    listed_ = [json.loads(item["event"]) for item in (await served(doors, "ListEvents"))["events"]]
    assert delivery.events == listed_
    assert len(listed_) == 2


async def test_one_event_is_a_list_too(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    await deliver(doors)
    assert [len(one.events) for one in receiver.deliveries] == [1]


async def test_a_delivery_says_what_it_is(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver, name="ci.main")
    await doors.push("app", image(), "a")
    await deliver(doors)
    headers = receiver.deliveries[0].headers
    assert headers["content-type"] == "application/json"
    assert headers["x-wharfinger-webhook"] == "ci.main"
    assert headers["x-wharfinger-timestamp"] == str(NOW)
    assert headers["user-agent"].startswith("wharfinger/")
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "x-wharfinger-signature" not in headers


async def test_with_a_secret_time_and_body_are_signed(doors: Doors, receiver: Receiver) -> None:
    assert (await put(doors, receiver, secret=SECRET))["isSigned"] is True
    await doors.push("app", image(), "a")
    await deliver(doors)
    [delivery] = receiver.deliveries
    signed = delivery.headers["x-wharfinger-timestamp"].encode() + b"." + delivery.body
    expected = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert delivery.headers["x-wharfinger-signature"] == expected


async def test_the_check_of_the_documentation_believes_a_delivery_and_no_other(
    doors: Doors, receiver: Receiver, clock: Clock
) -> None:
    clock.now = time.time_ns() // 1_000_000
    [source] = re.findall(r"```python\n(.*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    known: dict[str, Any] = {}
    exec(source, known)
    await put(doors, receiver, secret=SECRET)
    await doors.push("app", image(), "a")
    await deliver(doors)
    [(_, headers, body, _)] = receiver.deliveries
    later = {**headers, "x-wharfinger-timestamp": str(int(headers["x-wharfinger-timestamp"]) + 1)}
    checks = [(SECRET, headers, body), ("x" * 16, headers, body), (SECRET, later, body), (SECRET, headers, body + b" ")]
    assert [known["is_genuine"](*each) for each in checks] == [True, False, False, False]


async def test_a_delivery_has_a_hundred_events_at_most(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    tags = [f"v{number}" for number in range(201)]
    await doors.push("app", image(), *tags)
    await deliver(doors)
    assert [len(one.events) for one in receiver.deliveries] == [100, 100, 1]
    assert receiver.tags == tags


# --- which events --------------------------------------------------------------------------------------------


async def test_pushes_deletions_restorations_and_expiries_are_delivered_in_order(
    doors: Doors, receiver: Receiver
) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageTag": "a"}])
    await served(doors, "RestoreImages", **APP, imageIds=[{"imageTag": "a"}])
    await deliver(doors)
    assert [event["detail"]["action-type"] for event in receiver.taken] == ["PUSH", "DELETE", "RESTORE"]


async def test_an_event_is_delivered_once_if_it_is_taken(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    for tag in ("a", "b", "c"):
        await doors.push("app", image(), tag)
        await deliver(doors)
    assert receiver.tags == ["a", "b", "c"]


async def test_events_of_before_are_not_delivered(doors: Doors, receiver: Receiver) -> None:
    await doors.push("app", image(), "before")
    await put(doors, receiver)
    await doors.push("app", image(), "after")
    await deliver(doors)
    assert receiver.tags == ["after"]


async def test_only_repositories_that_the_pattern_covers_are_told_of(doors: Doors, receiver: Receiver) -> None:
    assert (await put(doors, receiver, repositories="team/*"))["repositories"] == "team/*"
    for name in ("team/a", "other", "team/b"):
        await doors.served("CreateRepository", repositoryName=name)
        await doors.push(name, image(), "v1")
    await deliver(doors)
    assert [event["detail"]["repository-name"] for event in receiver.taken] == ["team/a", "team/b"]
    assert receiver.asked == 1


async def test_events_that_are_not_wanted_are_passed_over_without_a_request(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver, repositories="other")
    await doors.push("app", image(), *[f"v{number}" for number in range(webhooks._SCANNED // 4)])
    await deliver(doors)
    assert receiver.asked == 0
    assert not await webhooks.deliver_due(doors.state)


async def test_without_a_pattern_all_repositories_are_told_of(doors: Doors, receiver: Receiver) -> None:
    assert (await put(doors, receiver))["repositories"] == "*"


async def test_each_webhook_gets_every_event(doors: Doors, receiver: Receiver) -> None:
    for name in ("one", "two"):
        await put(doors, receiver, name=name)
    await doors.push("app", image(), "a")
    await deliver(doors)
    assert sorted(one.headers["x-wharfinger-webhook"] for one in receiver.deliveries) == ["one", "two"]


async def test_events_of_another_registry_are_not_delivered(doors: Doors, receiver: Receiver) -> None:
    other = Doors(doors.state, "210987654321")
    await other.served("CreateRepository", repositoryName="app")
    await put(doors, receiver)
    await other.push("app", image(), "a")
    await deliver(doors)
    assert receiver.asked == 0


# --- putting, listing and deleting ---------------------------------------------------------------------------


async def test_webhooks_are_listed_by_name_with_their_state(doors: Doors, receiver: Receiver, clock: Clock) -> None:
    await put(doors, receiver, name="b", secret=SECRET)
    await put(doors, receiver, name="a", repositories="other")
    await doors.push("app", image(), "v1", "v2")
    common = {"url": receiver.url, "createdAt": clock.now / 1000, "failedAttempts": 0}
    assert await listed(doors) == [
        {"name": "a", "repositories": "other", "isSigned": False, "waitingEvents": 0, **common},
        {"name": "b", "repositories": "*", "isSigned": True, "waitingEvents": 2, **common},
    ]


async def test_delivered_events_do_not_wait_any_more(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "v1", "v2")
    await deliver(doors)
    assert [one["waitingEvents"] for one in await listed(doors)] == [0]


async def test_a_webhook_that_is_put_again_keeps_the_events_that_wait(
    doors: Doors, receiver: Receiver, clock: Clock
) -> None:
    first = await put(doors, receiver, secret=SECRET)
    await doors.push("app", image(), "a")
    clock.move(5000)
    with Receiver() as other:
        again = await put(doors, other)
        assert again == {**first, "url": other.url, "isSigned": False, "waitingEvents": 1}
        await deliver(doors)
        assert other.tags == ["a"]
        assert "x-wharfinger-signature" not in other.deliveries[0].headers
    assert receiver.asked == 0


async def test_a_webhook_that_is_deleted_gets_nothing_any_more(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    assert (await served(doors, "DeleteWebhook", name="hook"))["webhook"]["name"] == "hook"
    await deliver(doors)
    assert await listed(doors) == []
    assert receiver.asked == 0


async def test_a_webhook_that_was_deleted_begins_anew(doors: Doors, receiver: Receiver) -> None:
    await put(doors, receiver)
    await doors.push("app", image(), "a")
    await served(doors, "DeleteWebhook", name="hook")
    await put(doors, receiver)
    await doors.push("app", image(), "b")
    await deliver(doors)
    assert receiver.tags == ["b"]


async def test_a_registry_has_twenty_webhooks_at_most(doors: Doors, receiver: Receiver) -> None:
    for number in range(20):
        await put(doors, receiver, name=f"hook-{number}")
    answer = await doors.wharfinger("PutWebhook", name="another", url=receiver.url)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")
    assert "20 web hooks" in answer.json["message"]
    await put(doors, receiver, name="hook-7")
    assert len(await listed(doors)) == 20


async def test_a_webhook_that_is_not_there_cannot_be_deleted(doors: Doors) -> None:
    answer = await doors.wharfinger("DeleteWebhook", name="hook")
    assert (answer.code, answer.json["message"]) == (
        "WebhookNotFoundException",
        "There is no web hook 'hook' in the registry",
    )


async def test_webhooks_come_in_pages(doors: Doors, receiver: Receiver) -> None:
    for name in ("a", "b", "c"):
        await put(doors, receiver, name=name)
    first = await served(doors, "ListWebhooks", maxResults=2)
    second = await served(doors, "ListWebhooks", maxResults=2, nextToken=first["nextToken"])
    assert [one["name"] for page in (first, second) for one in page["webhooks"]] == ["a", "b", "c"]
    assert "nextToken" not in second


def test_the_webhooks_of_another_registry_are_out_of_reach(registry: Registry, wharfinger: Any) -> None:
    other = stranger(registry)
    theirs = registry.server.wharfinger(other.account)
    theirs.put_webhook(name="hook", url="http://192.88.99.1/")
    assert wharfinger.list_webhooks()["webhooks"] == []
    with pytest.raises(ClientError) as caught:
        wharfinger.delete_webhook(name="hook")
    assert error_of(caught)[0] == "WebhookNotFoundException"
    for call in (wharfinger.list_webhooks, lambda **more: wharfinger.delete_webhook(name="hook", **more)):
        with pytest.raises(ClientError) as caught:
            call(registryId=other.account)
        assert error_of(caught)[0] == "AccessDeniedException"
    assert [one["name"] for one in theirs.list_webhooks()["webhooks"]] == ["hook"]


# --- the secret ----------------------------------------------------------------------------------------------


async def test_the_secret_is_in_no_answer_log_or_file(
    doors: Doors, receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    receiver.answers = [500]
    shown = [await put(doors, receiver, secret=SECRET), await listed(doors)]
    await doors.push("app", image(), "a")
    await deliver(doors)
    shown += [await listed(doors), await served(doors, "DeleteWebhook", name="hook"), caplog.text]
    assert "attempt 1: Answered 500" in caplog.text
    assert SECRET not in str(shown)
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_the_secret_is_not_in_the_text_of_a_request() -> None:
    assert SECRET not in repr(PutWebhookRequest(name="hook", url="http://a.example", secret=SECRET))


async def test_a_secret_that_is_too_short_is_not_echoed(doors: Doors, receiver: Receiver) -> None:
    answer = await doors.wharfinger("PutWebhook", name="hook", url=receiver.url, secret="short-secret")
    assert answer.code == "InvalidParameterException"
    assert "short-secret" not in answer.body.decode()
