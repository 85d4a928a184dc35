"""The trail as it is read: whose records, which of them, page by page; what is missing; how long it is kept."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.disk import no_file_over
from support.doors import Doors
from support.state import ACCOUNT, Clock, opened
from support.trail import FIRST, last, listed, names
from wharfinger.services import jobs, trail
from wharfinger.state.clock import DAY, HOUR, MINUTE, SECOND

APP = {"repositoryName": "app"}
OTHER = "999999999999"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def of(doors: Doors, account: str) -> Doors:
    """The same server for another account."""
    return Doors(doors.state, account)


# --- what is read --------------------------------------------------------------------------------------------


async def test_each_account_reads_its_own(doors: Doors) -> None:
    other = of(doors, OTHER)
    await other.served("CreateRepository", repositoryName="theirs")
    assert await names(doors) == await names(other) == ["CreateRepository"]
    assert (await last(other))["requestParameters"] == {"repositoryName": "theirs"}


async def test_the_trail_of_another_account_is_not_shown(doors: Doors) -> None:
    assert (await doors.wharfinger("ListTrailRecords", registryId=OTHER)).code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"eventName": "ListImages"}, ["ListImages"]),
        ({"errorCode": "RepositoryNotFoundException"}, ["DeleteRepository"]),
        ({"repositoryName": "none"}, ["DeleteRepository"]),
        ({"repositoryName": "pp"}, []),
        ({"principal": ROOT}, ["CreateRepository", "ListImages", "DeleteRepository"]),
        ({"principal": f"{ROOT}x"}, []),
        ({"denied": True}, []),
        ({"denied": False, "repositoryName": "app"}, ["CreateRepository", "ListImages"]),
    ],
    ids=str,
)
async def test_records_are_looked_for(doors: Doors, wanted: Any, found: list[str]) -> None:
    await doors.served("ListImages", **APP)
    await doors.ecr("DeleteRepository", repositoryName="none")
    assert await names(doors, **wanted) == found


async def test_records_are_listed_from_one_second_up_to_another(doors: Doors, clock: Clock) -> None:
    begin = clock() // SECOND
    for later in (0, 1, HOUR // SECOND, 30 * HOUR // SECOND):
        clock.now = (begin + later) * SECOND
        await doors.ecr("DeleteRepository", repositoryName=f"after-{later}")
    asked: list[dict[str, float]] = [
        {},
        {"since": begin + 1},
        {"since": begin + 1.9},
        {"until": begin + 1},
        {"since": begin + 2, "until": begin + 3600.5},
    ]
    asked.append({"since": begin + 2, "until": begin + 3601})
    found = [
        [record["requestParameters"]["repositoryName"] for record in await listed(doors, **times)] for times in asked
    ]
    late = ["after-3600", "after-108000"]
    assert found == [
        ["app", "after-0", "after-1", *late],
        ["after-1", *late],
        ["after-1", *late],
        ["app", "after-0"],
        [],
        late[:1],
    ]


async def test_pages_come_to_an_end_though_reading_leaves_records(doors: Doors, clock: Clock) -> None:
    for number in range(4):
        clock.move(HOUR if number == 2 else 0)
        await doors.ecr("DeleteRepository", repositoryName=f"no-{number}")
    found, token = [], None
    for _ in range(20):
        page = await doors.served("ListTrailRecords", maxResults=1, **({"nextToken": token} if token else {}))
        found += [json.loads(item["record"])["requestParameters"]["repositoryName"] for item in page.get("records", ())]
        token = page.get("nextToken")
        if token is None:
            break
    assert token is None
    assert found == ["app", "no-0", "no-1", "no-2", "no-3"]


async def test_a_token_is_good_for_its_own_list_only(doors: Doors) -> None:
    token = (await doors.served("ListTrailRecords", maxResults=1))["nextToken"]
    for other in ({"denied": True}, {"eventName": "PutImage"}, {"nextToken": "x" + token}):
        answer = await doors.wharfinger("ListTrailRecords", **{"nextToken": token, **other})
        assert answer.code == "InvalidParameterException"


@pytest.mark.about_sqlite  # with others the records are rows: test_shared_trail.py
async def test_a_page_reads_so_much_and_no_more(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(20):
        await doors.ecr("DeleteRepository", repositoryName="none")
    monkeypatch.setattr(trail, "_WORK", 6000)
    page = await doors.served("ListTrailRecords", eventName="PutImage")
    assert page.get("records", []) == []
    assert page["nextToken"]


@pytest.mark.about_sqlite
async def test_a_list_goes_on_where_a_file_was_deleted(doors: Doors, clock: Clock) -> None:
    await doors.ecr("DeleteRepository", repositoryName="none")
    clock.move(HOUR)
    await doors.ecr("DeleteRepository", repositoryName="none")
    token = (await doors.served("ListTrailRecords", maxResults=1))["nextToken"]
    doors.state.trail.delete(FIRST)
    assert await names(doors, nextToken=token) == ["DeleteRepository"]


@pytest.mark.parametrize(
    "junk", [b"\n", b"{}\n", b'{"eventVersion":"1.11"}\n', b"\xff\x00" * 50 + b"\n", b'{"eventVersion":"1']
)
async def test_what_is_no_record_hides_none(doors: Doors, tmp_path: Path, junk: bytes) -> None:
    with (tmp_path / "data/trail" / FIRST).open("ab") as file:
        file.write(junk)
    await doors.ecr("DeleteRepository", repositoryName="none")
    assert await names(doors) == ["CreateRepository", "DeleteRepository"]


async def test_all_workers_write_one_trail(doors: Doors, tmp_path: Path, clock: Clock) -> None:
    second = await opened(tmp_path / "data", clock)
    await Doors(second).ecr("ListImages", **APP)
    second.trail.close()
    await second.db.close()
    assert await names(doors) == ["CreateRepository", "ListImages"]


# --- a disk that refuses -------------------------------------------------------------------------------------


async def fail(doors: Doors, times: int) -> None:
    size = doors.state.trail.size(FIRST)
    with no_file_over(size + 100):
        for _ in range(times):
            assert (await doors.ecr("DeleteRepository", repositoryName="none")).status == 400


async def test_a_request_is_answered_though_its_record_cannot_be_written(doors: Doors) -> None:
    await fail(doors, 3)
    await doors.served("ListImages", **APP)
    record = await last(doors)
    assert (record["eventName"], record["additionalEventData"]) == ("ListImages", {"recordsMissing": 3})


async def test_the_log_is_told_once_a_minute(doors: Doors, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    await fail(doors, 3)
    clock.move(MINUTE)
    await fail(doors, 3)
    told = [record for record in caplog.records if "trail" in record.getMessage()]
    assert [record.levelno for record in told] == [logging.ERROR] * 2


async def test_a_record_that_cannot_be_made_costs_nobody_the_answer(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(trail, "record", None)
    await doors.served("ListImages", **APP)
    assert "is not in the trail" in caplog.text


# --- how long ------------------------------------------------------------------------------------------------


@pytest.fixture
async def hours(doors: Doors, clock: Clock) -> Doors:
    """A trail of three hours, each file as large as the others."""
    doors.state.trail.delete(FIRST)
    for number in range(3):
        clock.move(HOUR if number else 0)
        await doors.ecr("DeleteRepository", repositoryName="none")
    return doors


async def test_records_go_when_their_term_is_over(hours: Doors, clock: Clock) -> None:
    clock.move(hours.state.rules.trail_days * DAY - HOUR)
    await trail.expire(hours.state)
    assert hours.state.trail.names() == ["2027-01-15T09.jsonl", "2027-01-15T10.jsonl"]


async def test_the_oldest_records_go_when_there_are_too_many(hours: Doors) -> None:
    rules = hours.state.rules._replace(trail_bytes=2 * hours.state.trail.size("2027-01-15T10.jsonl"))
    await trail.expire(replace(hours.state, rules=rules))
    assert hours.state.trail.names() == ["2027-01-15T09.jsonl", "2027-01-15T10.jsonl"]


async def test_the_hour_that_is_being_written_stays(hours: Doors) -> None:
    await trail.expire(replace(hours.state, rules=hours.state.rules._replace(trail_bytes=0)))
    assert hours.state.trail.names() == ["2027-01-15T10.jsonl"]


async def test_a_server_cleans_up_by_itself(hours: Doors, clock: Clock) -> None:
    clock.move(hours.state.rules.trail_days * DAY + DAY)
    while await jobs.run_one(hours.state):
        pass
    assert hours.state.trail.names() == []
