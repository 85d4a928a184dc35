"""A worker that dies while it executes or undoes a plan: another one goes on, and nothing is done twice or never."""

from __future__ import annotations

from typing import Any

import pytest

from support.content import image, index, series
from support.doors import Doors
from support.failpoints import Failpoints, Killed
from support.plans import done, made, outcomes, run_jobs, tags_in
from support.state import Clock
from wharfinger.services import jobs, plans
from wharfinger.services.jobs import Errand
from wharfinger.services.planning import JOB
from wharfinger.state import State
from wharfinger.state.db import jobs as rows

STEPS = range(1, 12)


@pytest.fixture
async def plan(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> Any:
    """To delete ten images, some of which belong together, four in a transaction."""
    monkeypatch.setattr(plans, "STEP", 4)
    images = series(6)
    for digest, content in images[0].blobs.items():
        await doors.push_blob("app", content, digest)
    for number, one in enumerate(images):
        await doors.put_manifest("app", f"v{number}", one)
    for name in ("x", "y"):
        await doors.push("app", index(image()), name)
    await doors.state.db.write(_forget_jobs)
    return await made(doors)


async def _forget_jobs(tx: Any) -> None:
    """The collector's too: its steps are not those that are counted here."""
    await tx.run("DELETE FROM jobs")


async def killed_at(state: State, step: int, *, after: bool) -> None:
    """Do what is due, and die at a step of it, if it has so many."""
    dying = Failpoints(state, step, after=after).state
    try:
        await run_jobs(dying)
    except Killed:
        return


def lease() -> int:
    kind = jobs.KINDS[JOB]
    assert isinstance(kind, Errand)
    return kind.lease


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_an_execution_is_gone_on_with(doors: Doors, plan: Any, clock: Clock, step: int, after: bool) -> None:
    await doors.served("ExecutePlan", planId=plan["planId"])
    await killed_at(doors.state, step, after=after)
    clock.move(lease())
    await run_jobs(doors.state)
    found = (await doors.served("DescribePlan", planId=plan["planId"]))["plan"]
    assert (found["status"], found["deletedCount"], found["skippedCount"]) == ("EXECUTED", 10, 0)
    assert set((await outcomes(doors, plan)).values()) == {("DELETED", None)}
    assert await tags_in(doors) == {}
    assert sum(one["imageCount"] for one in (await doors.served("ListDeletions"))["deletions"]) == 10


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_an_undoing_is_gone_on_with(doors: Doors, plan: Any, clock: Clock, step: int, after: bool) -> None:
    before = await tags_in(doors)
    await done(doors, "ExecutePlan", plan)
    await doors.served("UndoPlan", planId=plan["planId"])
    await killed_at(doors.state, step, after=after)
    clock.move(lease())
    await run_jobs(doors.state)
    found = (await doors.served("DescribePlan", planId=plan["planId"]))["plan"]
    assert (found["status"], found["deletedCount"]) == ("UNDONE", 0)
    assert set((await outcomes(doors, plan)).values()) == {("RESTORED", None)}
    assert await tags_in(doors) == before


async def test_two_workers_that_both_think_they_have_the_job_do_it_once(doors: Doors, plan: Any) -> None:
    await doors.served("ExecutePlan", planId=plan["planId"])
    for _ in range(3):
        for _ in range(2):
            await doors.state.db.write(plans._step, doors.state, int(plan["planId"]), doors.state.clock())
    await run_jobs(doors.state)
    found = (await doors.served("DescribePlan", planId=plan["planId"]))["plan"]
    assert (found["status"], found["deletedCount"]) == ("EXECUTED", 10)
    assert sum(one["imageCount"] for one in (await doors.served("ListDeletions"))["deletions"]) == 10


async def test_a_plan_is_worked_on_in_pieces_so_that_other_jobs_get_their_turn(
    doors: Doors, plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "_STEPS", 1)
    await doors.served("ExecutePlan", planId=plan["planId"])
    await jobs.run_one(doors.state)
    found = (await doors.served("DescribePlan", planId=plan["planId"]))["plan"]
    assert (found["status"], found["deletedCount"]) == ("EXECUTING", 4)
    assert await jobs.run_one(doors.state)


async def test_an_undoing_begins_anew_where_the_worker_of_the_execution_has_not_yet_put_its_job_away(
    doors: Doors, plan: Any, clock: Clock
) -> None:
    before = await tags_in(doors)
    await doors.served("ExecutePlan", planId=plan["planId"])
    late = await doors.state.db.write(rows.take, "late", clock(), {JOB: clock() + lease()})
    assert late is not None
    assert not await plans.go_on(doors.state, plan["planId"])
    await doors.served("UndoPlan", planId=plan["planId"])
    await doors.state.db.write(rows.end, late)
    await run_jobs(doors.state)
    assert (await doors.served("DescribePlan", planId=plan["planId"]))["plan"]["status"] == "UNDONE"
    assert await tags_in(doors) == before
