"""Jobs: done by one worker at a time, again after a failure, and by another one after a crash."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.content import image, sha256
from support.disk import without_syncs
from support.doors import Body, Doors
from support.failpoints import Failpoints, Killed
from support.poll import until_async
from support.state import Clock, create_repository, empty, opened, prepared
from wharfinger.domain.faults import Unavailable
from wharfinger.services import collect
from wharfinger.services import jobs as service
from wharfinger.services.jobs import LEASE, Kind, run_one
from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state import State
from wharfinger.state.clock import MINUTE, SECOND
from wharfinger.state.db import blobs, jobs
from wharfinger.state.db.database import Row, Tx
from wharfinger.state.db.jobs import Job


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def state(tmp_path: Path, clock: Clock) -> AsyncIterator[State]:
    """With no job but those that a test makes."""
    async with prepared(tmp_path / "data", clock) as opened_:
        await opened_.db.write(forget_jobs)
        yield opened_


async def forget_jobs(tx: Tx) -> None:
    await tx.run("DELETE FROM jobs")


async def rows(tx: Tx) -> list[Row]:
    return await tx.all("SELECT kind, key, run_at, attempts, lease FROM jobs ORDER BY kind, key")


async def take(state: State, token: str = "token", lease: int = LEASE) -> Job | None:
    now = state.clock()
    return await state.db.write(jobs.take, token, now, now + lease)


# --- rows ----------------------------------------------------------------------------------------------------


async def test_a_job_that_is_due_is_taken(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    assert await take(state) == Job("scan", "a", attempts=1, lease="token")


async def test_a_job_that_is_not_due_is_not_taken(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock() + 1)
    assert await take(state) is None


async def test_the_job_that_has_been_due_longest_is_taken_first(state: State, clock: Clock) -> None:
    for key, run_at in (("b", clock() - 1), ("c", clock() - 2), ("a", clock())):
        await state.db.write(jobs.schedule, "scan", key, run_at)
    taken = [await take(state) for _ in range(3)]
    assert [job.key for job in taken if job] == ["c", "b", "a"]


async def test_a_job_is_taken_by_one_worker(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    assert await take(state, "one") is not None
    assert await take(state, "two") is None


async def test_a_job_whose_lease_ended_is_taken_by_another_worker(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    await take(state, "one", lease=10)
    clock.move(10)
    assert await take(state, "two") == Job("scan", "a", attempts=2, lease="two")


async def test_a_worker_that_lost_its_lease_cannot_finish(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    late = await take(state, "late", lease=10)
    assert late is not None
    clock.move(10)
    await take(state, "new")
    before = await state.db.read(rows)
    await state.db.write(jobs.finish, late, clock() + 1)
    await state.db.write(jobs.fail, late, clock() + 1)
    assert await state.db.read(rows) == before


async def test_a_worker_that_finished_cannot_finish_again(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    job = await take(state)
    assert job is not None
    await state.db.write(jobs.finish, job, clock() + 1)
    before = await state.db.read(rows)
    await state.db.write(jobs.finish, job, clock() + 2)
    assert await state.db.read(rows) == before


async def test_scheduling_again_leaves_a_job_its_time(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock() + 5)
    before = await state.db.read(rows)
    await state.db.write(jobs.schedule, "scan", "a", clock() + 9)
    assert await state.db.read(rows) == before


async def test_scheduling_again_does_not_take_a_job_from_its_worker(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    await take(state)
    before = await state.db.read(rows)
    await state.db.write(jobs.schedule, "scan", "a", clock())
    assert await state.db.read(rows) == before


@pytest.mark.parametrize(
    ("run_at", "lease_until", "due"), [(5, 0, 5), (5, 9, 9), (0, 0, 0)], ids=["waiting", "taken", "at once"]
)
async def test_the_next_job_is_due_when_it_may_be_taken(state: State, run_at: int, lease_until: int, due: int) -> None:
    await state.db.write(jobs.schedule, "scan", "a", run_at)
    await state.db.write(jobs.schedule, "scan", "later", 100)
    if lease_until:
        await state.db.write(jobs.take, "token", run_at, lease_until)
    assert await state.db.read(jobs.next_due) == due


async def test_nothing_is_due_where_there_is_no_job(state: State) -> None:
    assert await state.db.read(jobs.next_due) is None


# --- running -------------------------------------------------------------------------------------------------


@dataclass
class Counted:
    """A kind of job that counts its runs, and fails as long as it is told to."""

    runs: int = 0
    failing: bool = False

    async def run(self, state: State) -> None:
        self.runs += 1
        if self.failing:
            raise Unavailable("for the test")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """The one kind of job that there is."""
    made = Counted()
    monkeypatch.setattr(service, "KINDS", {"counted": Kind(made.run, every=MINUTE)})
    return made


async def test_every_kind_gets_its_row_once(state: State, counted: Counted) -> None:
    await service.schedule(state)
    await service.schedule(state)
    assert [row[:2] for row in await state.db.read(rows)] == [("counted", "")]


async def test_a_job_that_is_done_comes_again_after_its_time(state: State, clock: Clock, counted: Counted) -> None:
    await service.schedule(state)
    assert await run_one(state) is True
    assert await run_one(state) is False
    clock.move(MINUTE)
    assert await run_one(state) is True
    assert counted.runs == 2


async def test_a_job_that_fails_is_tried_again_later_each_time(state: State, clock: Clock, counted: Counted) -> None:
    counted.failing = True
    await service.schedule(state)
    waits = []
    for _ in range(6):
        assert await run_one(state) is True
        due = await state.db.read(jobs.next_due)
        assert due is not None
        waits.append((due - clock()) // SECOND)
        clock.now = due
    assert waits == [5, 30, 120, 600, 600, 600]


async def test_a_job_that_succeeds_has_its_failures_forgiven(state: State, clock: Clock, counted: Counted) -> None:
    counted.failing = True
    await service.schedule(state)
    await run_one(state)
    clock.move(MINUTE)
    counted.failing = False
    await run_one(state)
    assert [row[3] for row in await state.db.read(rows)] == [0]


async def test_two_workers_run_a_schedule_once(state: State, clock: Clock, tmp_path: Path, counted: Counted) -> None:
    other = opened(tmp_path / "data", clock)
    await service.schedule(state)
    await service.schedule(other)
    for _ in range(10):
        await asyncio.gather(*(run_one(worker) for worker in (state, other, state, other)))
        clock.move(MINUTE)
    await other.db.close()
    assert counted.runs == 10


async def test_a_job_whose_worker_was_killed_is_run_by_another(
    state: State, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []

    async def die(state: State) -> None:
        runs.append("run")
        if len(runs) == 1:
            raise Killed

    monkeypatch.setattr(service, "KINDS", {"counted": Kind(die, every=MINUTE)})
    await service.schedule(state)
    with pytest.raises(Killed):
        await run_one(state)
    assert await run_one(state) is False
    clock.move(LEASE)
    assert await run_one(state) is True


async def test_jobs_go_on_when_the_database_comes_back(
    state: State, counted: Counted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "LONGEST_PAUSE", 0)
    await service.schedule(state)
    await state.db.write(rename_jobs, "jobs", "away")
    running = asyncio.ensure_future(service.run_forever(state))
    await until_async(lambda: "jobs cannot be read" in caplog.text)
    await state.db.write(rename_jobs, "away", "jobs")
    await until_async(lambda: counted.runs > 0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def rename_jobs(tx: Tx, before: str, after: str) -> None:
    await tx.run(f"ALTER TABLE {before} RENAME TO {after}")


# --- the sweep -----------------------------------------------------------------------------------------------


async def litter(state: State, clock: Clock) -> str:
    """Something of all that a sweep removes, and one blob that stays: its digest."""
    doors = Doors(state)
    await create_repository(state)
    for _ in range(3):
        await doors.oci("PATCH", await doors.begin("app"), b"left behind")
    one = image()
    await doors.push("app", one, "old")
    clock.move(max(IDLE_TERM, collect.EVENTS_TERM) + 1)
    kept = b"kept"
    for _ in range(3):
        await doors.push_blob("app", kept, sha256(kept))  # two of the three are dropped again
    return sha256(kept)


def files(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()}


async def known(tx: Tx) -> set[str]:
    return {row[0] for row in await tx.all("SELECT storage_id FROM blobs")}


async def count(tx: Tx, table: str) -> int:
    row = await tx.one(f"SELECT count(*) FROM {table}")
    return int(row[0]) if row else 0


async def test_a_sweep_ends_uploads_that_nobody_touched_for_a_day(state: State, clock: Clock) -> None:
    await create_repository(state)
    doors = Doors(state)
    idle = await doors.begin("app")
    clock.move(IDLE_TERM // 2)
    busy = await doors.begin("app")
    clock.move(IDLE_TERM // 2 + 1)
    await collect.sweep(state)
    assert [(await doors.oci("GET", path)).status for path in (idle, busy)] == [404, 204]


async def test_a_chunk_keeps_an_upload_from_being_swept(state: State, clock: Clock) -> None:
    await create_repository(state)
    doors = Doors(state)
    upload = await doors.begin("app")
    clock.move(IDLE_TERM)
    await doors.oci("PATCH", upload, b"more")
    clock.move(IDLE_TERM)
    await collect.sweep(state)
    assert (await doors.oci("GET", upload)).status == 204


async def test_an_upload_that_is_still_receiving_is_not_swept(state: State, clock: Clock) -> None:
    await create_repository(state)
    doors = Doors(state)
    upload = await doors.begin("app")

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"piece"
            clock.move(IDLE_TERM // 2 + 1)
            await collect.sweep(state)
        yield b"end"

    assert (await doors.oci("PATCH", upload, Body(slowly()))).status == 202
    digest = sha256(b"piece" * 4 + b"end")
    assert (await doors.oci("PUT", f"{upload}?digest={digest}")).status == 201


async def test_an_upload_whose_sender_fell_silent_is_swept(state: State, clock: Clock) -> None:
    await create_repository(state)
    doors = Doors(state)
    upload = await doors.begin("app")

    async def once() -> AsyncIterator[bytes]:
        yield b"piece"
        clock.move(IDLE_TERM + 1)
        await collect.sweep(state)

    assert (await doors.oci("PATCH", upload, Body(once()))).status == 404


async def test_after_a_sweep_the_files_are_those_of_the_blobs(state: State, clock: Clock, tmp_path: Path) -> None:
    await litter(state, clock)
    await collect.sweep(state)
    assert files(tmp_path) == await state.db.read(known)


async def test_a_sweep_drops_old_events_only(state: State, clock: Clock) -> None:
    await litter(state, clock)
    await Doors(state).push("app", image())
    assert await state.db.read(count, "events") == 2
    await collect.sweep(state)
    assert await state.db.read(count, "events") == 1


async def test_a_sweep_unlinks_more_than_it_takes_at_once(state: State, tmp_path: Path) -> None:
    ids = [f"{number:032x}" for number in range(2 * collect._STEP + 1)]
    for storage_id in ids:
        await state.blobs.create(storage_id)
    await state.db.write(blobs.note_unlinks, ids)
    await collect.sweep(state)
    assert (files(tmp_path), await state.db.read(count, "unlinks")) == (set(), 0)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_sweep_bears_being_killed_at_any_step(
    state: State, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    without_syncs(monkeypatch)
    for step in itertools.count(1):
        await empty(state, tmp_path / "data")
        kept = await litter(state, clock)
        try:
            await collect.sweep(Failpoints(state, step, after=after).state)
        except Killed:
            await collect.sweep(state)
        else:
            assert step > 5, "a sweep has steps to be killed at"
            return
        assert files(tmp_path) == await state.db.read(known), f"killed at step {step}"
        assert (await Doors(state).oci("GET", f"app/blobs/{kept}")).status == 200, f"killed at step {step}"
