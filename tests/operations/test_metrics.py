"""What `/metrics` tells: exact, of all that happened, in a number of series that no client can raise."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from urllib3 import HTTPHeaderDict

from support.answer import Answer
from support.content import image, sha256
from support.doors import Doors, new_doors
from support.scraped import Scraped
from support.state import Clock, settings_of
from support.stores import empty_store
from wharfinger.server.families import CLASSES, FAMILIES, KIND_LABELS, OPERATIONS, REQUESTS
from wharfinger.server.metrics import Metrics
from wharfinger.server.shares import Block
from wharfinger.services.health import Overview
from wharfinger.state.clock import DAY, MINUTE
from wharfinger.state.db import jobs
from wharfinger.state.db.database import Tx

APP = {"repositoryName": "app"}
CONTENT = b"x" * 1000


async def scraped(doors: Doors) -> Scraped:
    return Scraped(await doors.request("GET", "/metrics"))


# --- form ----------------------------------------------------------------------------------------------------


async def test_every_metric_is_told_as_it_is_described(doors: Doors) -> None:
    found = {family.name: family for family in (await scraped(doors)).families}
    described = {family.name.removesuffix("_total"): family for family in FAMILIES}
    assert found.keys() == described.keys() - {"wharfinger_certificate_expiry_seconds"}  # without TLS
    assert all(found[name].type == described[name].kind for name in found)


async def test_labels_are_those_that_are_described(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    described = {family.name.removesuffix("_total"): family for family in FAMILIES}
    for family in (await scraped(doors)).families:
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name != "le"}
            assert tuple(labels) == described[family.name].labels
            if family.name != "wharfinger_build_info":
                assert tuple(labels.values()) in described[family.name].values


async def test_a_metric_is_told_in_one_place(doors: Doors) -> None:
    names = [family.name for family in (await scraped(doors)).families]
    assert len(names) == len(set(names))


def test_no_family_has_a_label_value_that_a_client_chooses() -> None:
    assert {labels[:2] for labels in REQUESTS.values} == OPERATIONS
    assert {labels[2] for labels in REQUESTS.values} == set(CLASSES)


# --- requests ------------------------------------------------------------------------------------------------


async def test_requests_are_counted_by_door_operation_and_status(doors: Doors) -> None:
    for _ in range(3):
        await doors.ecr("DescribeRepositories")
    await doors.ecr("DescribeImages", repositoryName="none")
    await doors.oci("HEAD", "app/manifests/none")
    await doors.request("PUT", "/nothing")
    found = await scraped(doors)
    assert found.requests("ecr", "DescribeRepositories", "2xx") == 3
    assert found.requests("ecr", "DescribeImages", "4xx") == 1
    assert found.requests("oci", "HEAD manifest", "4xx") == 1
    assert found.requests("pages", "other", "4xx") == 1


async def test_a_request_is_in_one_bucket_and_all_above_it(doors: Doors) -> None:
    await doors.ecr("DescribeRepositories")
    name = "wharfinger_request_seconds_bucket"
    of_one = {
        float(dict(labels)["le"]): value
        for (series, labels), value in (await scraped(doors)).samples.items()
        if series == name and ("operation", "DescribeRepositories") in labels
    }
    counts = [count for _, count in sorted(of_one.items())]
    assert counts == sorted(counts)
    assert set(counts) <= {0, 1}
    assert of_one[float("inf")] == 1


async def test_bytes_are_counted_by_door(doors: Doors) -> None:
    before = await scraped(doors)
    await doors.push_blob("app", CONTENT, sha256(CONTENT))
    sent = await doors.oci("GET", f"app/blobs/{sha256(CONTENT)}")
    await doors.oci("HEAD", f"app/blobs/{sha256(CONTENT)}")
    await doors.oci("HEAD", "app/tags/list")  # has no body either
    after = await scraped(doors)
    assert len(sent.content) == 1000
    for name in ("wharfinger_received_bytes_total", "wharfinger_sent_bytes_total"):
        assert after.value(name, door="oci") - before.value(name, door="oci") == 1000


async def test_a_scrape_sees_itself_in_flight_and_nobody_else(doors: Doors) -> None:
    await doors.ecr("DescribeRepositories")
    assert (await scraped(doors)).value("wharfinger_requests_in_flight") == 1


async def test_refusals_are_counted_by_reason(tmp_path: Path) -> None:
    async with new_doors(tmp_path / "data", Clock(), rate_limit=1) as doors:
        await doors.request("GET", "/v2/")
        await doors.request("GET", "/v2/", headers={"authorization": "Basic eHg6eHg="})
        await doors.ecr("DescribeRepositories", registryId="999999999999")
        found = await scraped(doors)
    counts = {
        reason: found.value("wharfinger_refused_total", reason=reason)
        for reason in ("challenged", "login", "throttled", "denied")
    }
    assert counts == {"challenged": 1, "login": 1, "throttled": 1, "denied": 0}


async def test_a_store_that_fails_is_counted(doors: Doors, tmp_path: Path) -> None:
    await doors.push_blob("app", CONTENT, sha256(CONTENT))
    empty_store(tmp_path / "data")
    assert (await doors.oci("GET", f"app/blobs/{sha256(CONTENT)}")).status == 503
    found = await scraped(doors)
    assert found.value("wharfinger_unavailable_total", part="store") == 1
    assert found.value("wharfinger_unavailable_total", part="database") == 0


async def test_a_worker_adds_to_what_the_one_before_it_counted_beside_requests(doors: Doors, tmp_path: Path) -> None:
    block = Block()
    told, connections = b"", 0
    for _ in range(2):
        metrics = Metrics(block.path)
        metrics.publish(doors.state)
        connections = doors.state.db.figures().connections
        told = await metrics.text(doors.state, Overview(doors.state), settings_of(tmp_path / "data"))
        metrics.close()
    found = Scraped(Answer(200, HTTPHeaderDict(), told))
    assert found.value("wharfinger_database_transactions_total") == 2 * doors.state.db.transactions
    assert found.value("wharfinger_database_connections") == connections


async def test_10_000_different_requests_make_no_series(doors: Doors) -> None:
    def tried(number: int) -> tuple[str, str]:
        method = ("GET", "PUT", f"M{number}", "DELETE")[number % 4]
        target = (f"/v2/r{number}/manifests/t{number}", f"/{number}", f"/v2/{number}", f"/?Action=A{number}")
        return method, target[number // 4 % 4]

    numbers = itertools.count()
    for _ in range(500):
        await doors.request(*tried(next(numbers)))
    before = (await scraped(doors)).samples.keys()
    before = (await scraped(doors)).samples.keys()
    for _ in range(9_500):
        await doors.request(*tried(next(numbers)))
    assert (await scraped(doors)).samples.keys() == before


# --- what waits ----------------------------------------------------------------------------------------------


async def test_uploads_under_way_are_told_with_the_age_of_the_oldest(doors: Doors) -> None:
    await doors.begin("app")
    doors.state.clock.move(MINUTE)  # type: ignore[attr-defined]  # a test's clock
    await doors.begin("app")
    found = await scraped(doors)
    assert found.value("wharfinger_uploads") == 2
    assert found.value("wharfinger_uploads_oldest_seconds") == 60


async def test_the_bin_is_told_with_what_is_overdue(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    await doors.served("BatchDeleteImage", **APP, imageIds=[{"imageDigest": one.digest}])
    doors.state.clock.move(7 * DAY + MINUTE)  # type: ignore[attr-defined]
    found = await scraped(doors)
    assert found.value("wharfinger_bin_deletions") == 1
    assert found.value("wharfinger_bin_images") == 1
    assert found.value("wharfinger_bin_bytes") == sum(map(len, one.blobs.values()))
    assert found.value("wharfinger_bin_overdue_seconds") == 60


async def test_jobs_are_told_by_kind_with_the_age_of_the_oldest(doors: Doors) -> None:
    now = doors.state.clock()

    async def only(tx: Tx) -> None:
        await tx.run("DELETE FROM jobs")
        await jobs.schedule(tx, "plan", "1", now - MINUTE)
        await jobs.schedule(tx, "plan", "2", now)
        await jobs.schedule(tx, "trail", "", now + 1)

    await doors.state.db.write(only)
    taken = await doors.state.db.write(jobs.take, "token", now, {"plan": now + MINUTE})
    assert taken is not None
    await doors.state.db.write(jobs.fail, taken, now - 1)
    found = await scraped(doors)
    assert found.value("wharfinger_jobs_due", kind="plan") == 2
    assert found.value("wharfinger_jobs_oldest_seconds", kind="plan") == 0.001
    assert found.value("wharfinger_jobs_retried", kind="plan") == 1
    assert found.value("wharfinger_jobs_due", kind="trail") == 0


def test_every_kind_of_job_has_its_series() -> None:
    assert ("collect",) in KIND_LABELS


async def test_a_scrape_says_when_the_database_does_not_answer(doors: Doors) -> None:
    async def break_it(tx: Tx) -> None:
        await tx.run("ALTER TABLE jobs RENAME TO away")

    await doors.state.db.write(break_it)
    found = await scraped(doors)
    assert found.value("wharfinger_database_up") == 0
    assert not [name for name, _ in found.samples if name.startswith("wharfinger_bin")]
    assert found.value("wharfinger_database_failures_total") == 0
    assert (await scraped(doors)).value("wharfinger_database_failures_total") == 1


# --- who may read them ---------------------------------------------------------------------------------------

ELSEWHERE = {"metrics_from": "10.0.0.0/8"}


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({}, {}, 200),
        (ELSEWHERE, {}, 403),
        ({"metrics_from": ""}, {}, 403),
        ({}, {"x-forwarded-for": "192.0.2.1"}, 403),
        ({}, {"forwarded": "for=192.0.2.1"}, 403),
        (ELSEWHERE, {"x-forwarded-for": "10.0.0.1"}, 403),
        ({**ELSEWHERE, "trusted_proxies": "127.0.0.1"}, {"x-forwarded-for": "10.0.0.1"}, 200),
        ({"trusted_proxies": "127.0.0.1"}, {"x-forwarded-for": "10.0.0.1"}, 403),
    ],
)
async def test_metrics_are_for_those_whom_the_setting_names(
    tmp_path: Path, settings: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    async with new_doors(tmp_path / "data", **settings) as doors:
        answer = await doors.request("GET", "/metrics", headers=headers)
    assert answer.status == status
    assert (b"wharfinger_" in answer.body) is (status == 200)
