"""Jobs: done by one worker at a time, again after a failure, and by another one after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.failpoints import Killed
from support.poll import until_async
from support.state import Clock, opened, prepared
from wharfinger.domain.faults import Unavailable
from wharfinger.services import jobs as service
from wharfinger.services.jobs import Errand, Kind, run_one
from wharfinger.state import State
from wharfinger.state.clock import MINUTE, SECOND
from wharfinger.state.db import jobs
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


async def take(state: State, token: str = "token", lease: int = MINUTE, kind: str = "scan") -> Job | None:
    now = state.clock()
    return await state.db.write(jobs.take, token, now, {kind: now + lease})


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


async def test_a_job_of_a_kind_that_its_worker_does_not_know_is_left_to_others(state: State, clock: Clock) -> None:
    """Of an older version, or a newer one."""
    await state.db.write(jobs.schedule, "other", "a", clock() - 1)
    await state.db.write(jobs.schedule, "scan", "a", clock())
    assert await take(state) == Job("scan", "a", attempts=1, lease="token")
    assert await take(state) is None
    assert await state.db.read(jobs.next_due, ["scan"]) == clock() + MINUTE


async def test_a_job_is_held_for_as_long_as_its_kind_takes(state: State, clock: Clock) -> None:
    for kind in ("long", "short"):
        await state.db.write(jobs.schedule, kind, "", clock())
    for _ in range(2):
        await state.db.write(jobs.take, "token", clock(), {"long": clock() + 9, "short": clock() + 5})
    assert [row[2] - clock() for row in await state.db.read(rows)] == [9, 5]


async def test_a_job_that_begins_anew_is_taken_from_its_worker(state: State, clock: Clock) -> None:
    await state.db.write(jobs.begin, "scan", "a", clock())
    late = await take(state, "late")
    assert late is not None
    await state.db.write(jobs.begin, "scan", "a", clock())
    assert await take(state, "new") == Job("scan", "a", attempts=1, lease="new")
    await state.db.write(jobs.end, late)
    assert len(await state.db.read(rows)) == 1


async def test_a_job_that_is_done_for_good_is_gone(state: State, clock: Clock) -> None:
    await state.db.write(jobs.begin, "scan", "a", clock())
    job = await take(state)
    assert job is not None
    await state.db.write(jobs.end, job)
    assert await state.db.read(rows) == []


async def test_a_job_that_is_not_needed_is_forgotten(state: State, clock: Clock) -> None:
    for key in ("a", "b"):
        await state.db.write(jobs.begin, "scan", key, clock())
    await state.db.write(jobs.forget, "scan", "a")
    assert [row[1] for row in await state.db.read(rows)] == ["b"]


@pytest.mark.parametrize(
    ("run_at", "lease_until", "due"), [(5, 0, 5), (5, 9, 9), (0, 0, 0)], ids=["waiting", "taken", "at once"]
)
async def test_the_next_job_is_due_when_it_may_be_taken(state: State, run_at: int, lease_until: int, due: int) -> None:
    await state.db.write(jobs.schedule, "scan", "a", run_at)
    await state.db.write(jobs.schedule, "scan", "later", 100)
    if lease_until:
        await state.db.write(jobs.take, "token", run_at, {"scan": lease_until})
    assert await state.db.read(jobs.next_due, ["scan"]) == due


async def test_nothing_is_due_where_there_is_no_job(state: State) -> None:
    assert await state.db.read(jobs.next_due, ["scan"]) is None


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


async def test_collection_comes_every_ten_seconds(tmp_path: Path, clock: Clock) -> None:
    async with prepared(tmp_path / "fresh", clock) as fresh:
        assert ("collect", "") in [row[:2] for row in await fresh.db.read(rows)]
    kind = service.KINDS["collect"]
    assert isinstance(kind, Kind)
    assert kind.every == 10 * SECOND


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
        due = await state.db.read(jobs.next_due, service.KINDS)
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


@dataclass
class Errands:
    """Errands that are done in a number of pieces, and what was done for whom."""

    left: dict[str, int]
    done: list[str] = field(default_factory=list)

    async def piece(self, state: State, key: str) -> bool:
        self.done.append(key)
        self.left[key] -= 1
        return self.left[key] > 0


async def test_an_errand_is_done_piece_by_piece_and_lets_others_have_their_turn(
    state: State, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    errands = Errands({"a": 3, "b": 2})
    monkeypatch.setattr(service, "KINDS", {"errand": Errand(errands.piece)})
    await service.schedule(state)
    assert await run_one(state) is False
    for key in errands.left:
        await state.db.write(jobs.begin, "errand", key, clock())
        clock.move(1)
    while await run_one(state):
        clock.move(1)
    assert errands.done == ["a", "b", "a", "b", "a"]
    assert await state.db.read(rows) == []


async def test_two_workers_run_a_schedule_once(state: State, clock: Clock, tmp_path: Path, counted: Counted) -> None:
    other = await opened(tmp_path / "data", clock)
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

    monkeypatch.setattr(service, "KINDS", {"counted": Kind(die, every=MINUTE, lease=SECOND)})
    await service.schedule(state)
    with pytest.raises(Killed):
        await run_one(state)
    assert await run_one(state) is False
    clock.move(SECOND)
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


# --- held while it is done -----------------------------------------------------------------------------------


@dataclass
class Long:
    """A kind of job that is done when it is told so."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    is_stopped: bool = False

    async def run(self, state: State) -> None:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.is_stopped = True
            raise


@pytest.fixture
async def long(state: State, monkeypatch: pytest.MonkeyPatch) -> Long:
    """The one kind of job that there is; its worker says each 10 ms that it is at it."""
    made = Long()
    monkeypatch.setattr(service, "KINDS", {"long": Kind(made.run, every=MINUTE, lease=30)})
    await service.schedule(state)
    return made


async def test_a_job_that_takes_longer_than_its_lease_is_kept(state: State, clock: Clock, long: Long) -> None:
    running = asyncio.create_task(run_one(state))
    await long.begun.wait()
    for _ in range(3):
        clock.move(20)
        async with asyncio.timeout(30):
            while await state.db.read(jobs.next_due, service.KINDS) != clock() + 30:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)
        assert await run_one(state) is False
    long.may_end.set()
    assert await running is True
    assert [row[2:] for row in await state.db.read(rows)] == [(clock() + MINUTE, 0, None)]


async def test_a_worker_that_lost_its_job_stops_and_says_nothing_of_it(state: State, clock: Clock, long: Long) -> None:
    running = asyncio.create_task(run_one(state))
    await long.begun.wait()
    await state.db.write(jobs.begin, "long", "", clock() + 5)
    assert await running is True
    assert long.is_stopped
    assert [row[2:] for row in await state.db.read(rows)] == [(clock() + 5, 0, None)]


async def test_a_worker_that_ends_stops_its_job_and_another_does_it_later(
    state: State, clock: Clock, long: Long
) -> None:
    running = asyncio.create_task(run_one(state))
    await long.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert long.is_stopped
    clock.move(MINUTE)
    long.may_end.set()
    assert await run_one(state) is True


async def test_a_worker_whose_clock_is_ahead_takes_a_job_and_the_first_one_can_undo_nothing_of_it(
    state: State, clock: Clock, tmp_path: Path, long: Long
) -> None:
    ahead = Clock(clock() + 5 * MINUTE)
    other = await opened(tmp_path / "data", ahead)
    first = asyncio.create_task(run_one(state))
    await long.begun.wait()
    long.begun.clear()
    second = asyncio.create_task(run_one(other))
    await long.begun.wait()
    assert await first is True
    long.may_end.set()
    assert await second is True
    assert [row[2:] for row in await state.db.read(rows)] == [(ahead() + MINUTE, 0, None)]
    await other.db.close()


async def test_a_job_of_a_worker_that_stops_is_free_at_once(
    state: State, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang(state: State) -> None:
        begun.set()
        await never.wait()

    monkeypatch.setattr(service, "KINDS", {"long": Kind(hang, every=MINUTE, lease=MINUTE)})
    await service.schedule(state)
    running = asyncio.ensure_future(service.run_forever(state))
    await begun.wait()
    assert await take(state, kind="long") is None
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await state.db.read(rows) == [("long", "", clock(), 0, None)]
    assert await take(state, "next", kind="long") is not None


async def test_a_worker_stops_while_the_database_is_away(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang(state: State) -> None:
        begun.set()
        await never.wait()

    monkeypatch.setattr(service, "KINDS", {"long": Kind(hang, every=MINUTE)})
    await service.schedule(state)
    running = asyncio.ensure_future(service.run_forever(state))
    await begun.wait()
    await state.db.write(rename_jobs, "jobs", "away")
    running.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_job_that_was_done_is_not_given_back(state: State, clock: Clock) -> None:
    await state.db.write(jobs.schedule, "scan", "a", clock())
    job = await take(state, "token")
    assert job is not None
    await state.db.write(jobs.finish, job, clock() + MINUTE)
    await state.db.write(jobs.give_back, job, clock())
    assert await state.db.read(rows) == [("scan", "a", clock() + MINUTE, 0, None)]


async def test_jobs_are_counted_by_how_they_end(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(state: State) -> None:
        raise RuntimeError

    async def work(state: State) -> None: ...

    monkeypatch.setattr(service, "KINDS", {"bad": Kind(fail, every=MINUTE), "good": Kind(work, every=MINUTE)})
    await service.schedule(state)
    while await run_one(state):
        pass
    assert (state.counts.jobs_done, state.counts.jobs_failed) == ({"good": 1}, {"bad": 1})
