"""Plans: deleting more than a hundred images, and only after looking.

A plan is made (`services/planning.py`), read, executed, and may be undone. Executing and undoing are jobs, done in
transactions of some hundred images each, which note how far they are: a crash in the middle costs nothing.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from wharfinger.domain import plans as rules
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import (
    DeletionNotFound,
    PlanNotFound,
    PlanStateUnfit,
    RepositoryNotFound,
    TooManyPlans,
    TooManyPlansAtOnce,
)
from wharfinger.domain.filters import Filters, Sieve
from wharfinger.domain.images import ImageId, StoredImage
from wharfinger.domain.names import Registry
from wharfinger.domain.removal import Reading
from wharfinger.services import bin as bin_
from wharfinger.services import remove
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.services.planning import DRAFT_TERM, JOB, Making
from wharfinger.state import State
from wharfinger.state.db import images, jobs, plans, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.plans import Done, Plan, PlanImage
from wharfinger.state.db.repositories import Repository

MOST: Final = 100  # of a registry
MOST_AT_ONCE: Final = 4  # of a registry, that are being made
STEP: Final = 100  # images in a transaction, unless more of them go together
_FORGET_STEP: Final = 1000
_STEPS: Final = 20  # in a piece of a job
_EXECUTION: Final = "ExecutePlan"
_UNDOING: Final = "UndoPlan"
_DELETION: Final = "DeletePlan"
_ALLOWED: Final = {
    _EXECUTION: {"READY", "UNDONE"},
    _UNDOING: {"EXECUTED"},
    _DELETION: {"READY", "EXECUTED", "UNDONE"},
}


# --- making and looking --------------------------------------------------------------------------------------


async def create(state: State, registry: Registry, filters: Filters, description: str | None, principal: str) -> Plan:
    """Decide what filters delete, and store it. Raises InvalidParameter, TooManyPlans, TooManyPlansAtOnce."""
    sieve = Sieve(filters)
    draft = Plan(0, registry, state.clock(), principal, description, filters, "CREATING")
    id_ = await state.db.write(_begin, draft)
    image_count, freed_bytes = await Making(state, registry, id_, sieve).run()

    async def finish(tx: Tx) -> Plan:
        if (await _get(tx, id_)).status != "CREATING":
            raise PlanNotFound(id_)
        await plans.made(tx, id_, image_count, freed_bytes)
        await jobs.forget(tx, JOB, str(id_))
        return await _get(tx, id_)

    return await state.db.write(finish)


async def find(state: State, registry: Registry, id_: int) -> Plan:
    """One plan. Raises PlanNotFound."""
    return await state.db.read(_find, registry, id_)


async def page(state: State, caller: Caller, registry: Registry, token: str | None, limit: int | None) -> Page[Plan]:
    """Plans, newest first."""
    pages = Pages(state, caller, "plans", *registry)
    before = pages.position(token)[0] if token else plans.LAST
    most = limit or DEFAULT
    found = await state.db.read(plans.page, registry, before, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda plan: (plan.id,))


async def images_page(
    state: State,
    caller: Caller,
    registry: Registry,
    id_: int,
    token: str | None,
    limit: int | None,
    *,
    goes: bool | None = None,
) -> Page[PlanImage]:
    """The images that a plan looked at: by repository, indexes before their children. Raises PlanNotFound."""
    pages = Pages(state, caller, "plan images", *registry, str(id_), str(goes))
    after = pages.position(token)[0] if token else 0
    most = limit or DEFAULT

    async def work(tx: Tx) -> list[PlanImage]:
        await _find(tx, registry, id_)
        return await plans.images_page(tx, id_, after, most + 1, goes=goes)

    found = await state.db.read(work)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda image: (image.number,))


# --- what is done in the background --------------------------------------------------------------------------


async def repositories_of(state: State, registry: Registry, id_: int) -> list[str]:
    """Those that lose an image by a plan, in no order. Raises PlanNotFound."""

    async def work(tx: Tx) -> list[str]:
        await _find(tx, registry, id_)
        return await plans.repositories(tx, id_)

    return await state.db.read(work)


async def execute(state: State, registry: Registry, id_: int, reason: str | None, principal: str) -> Plan:
    """Begin to delete what a plan says. Raises PlanNotFound, PlanStateUnfit."""
    now = state.clock()

    async def work(tx: Tx) -> Plan:
        await _find_fit(tx, registry, id_, _EXECUTION)
        await plans.begin_executing(tx, id_, principal, reason, now)
        await jobs.begin(tx, JOB, str(id_), now)
        return await _get(tx, id_)

    return await state.db.write(work)


async def undo(state: State, registry: Registry, id_: int, principal: str) -> Plan:
    """Begin to bring back what a plan deleted. Raises PlanNotFound, PlanStateUnfit."""
    now = state.clock()

    async def work(tx: Tx) -> Plan:
        await _find_fit(tx, registry, id_, _UNDOING)
        await plans.begin_undoing(tx, id_, principal)
        await jobs.begin(tx, JOB, str(id_), now)
        return await _get(tx, id_)

    return await state.db.write(work)


async def delete(state: State, registry: Registry, id_: int) -> Plan:
    """Forget a plan; what it deleted stays deleted. Raises PlanNotFound, PlanStateUnfit."""
    now = state.clock()

    async def work(tx: Tx) -> Plan:
        found = await _find_fit(tx, registry, id_, _DELETION)
        await plans.set_status(tx, id_, "DELETING")
        await jobs.begin(tx, JOB, str(id_), now)
        return found

    return await state.db.write(work)


async def go_on(state: State, key: str) -> bool:
    """A piece of the job of a plan: whether there is more to do."""
    for _ in range(_STEPS):
        if not await state.db.write(_step, state, int(key), state.clock()):
            return False
    return True


async def _step(tx: Tx, state: State, id_: int, now: int) -> bool:
    plan = await plans.get(tx, id_)
    if plan is None:
        return False
    match plan.status:
        case "EXECUTING":
            return await _execute_some(tx, state, plan, now)
        case "UNDOING":
            return await _undo_some(tx, state, plan, now)
        case "DELETING":
            return await plans.forget(tx, id_, _FORGET_STEP)
        case "CREATING":  # by a worker that was not heard of again
            await plans.set_status(tx, id_, "DELETING")
            return True
        case _:
            return False


# --- executing -----------------------------------------------------------------------------------------------


async def _execute_some(tx: Tx, state: State, plan: Plan, now: int) -> bool:
    rows = await _next(tx, plan)
    if not rows:
        await plans.set_status(tx, plan.id, "EXECUTED")
        return False
    found = await repositories.find(tx, plan.registry, rows[0].repository)
    if found is None:
        skipped = dict.fromkeys((row.number for row in rows), rules.NO_REPOSITORY)
    else:
        skipped = await _carry_out(tx, state, plan, found, rows, now)
    done = [
        Done(row.number, "SKIPPED", skipped[row.number]) if row.number in skipped else Done(row.number, "DELETED")
        for row in rows
    ]
    await plans.note(tx, plan.id, done, rows[-1].number, deleted=len(rows) - len(skipped), skipped=len(skipped))
    return True


async def _next(tx: Tx, plan: Plan) -> list[PlanImage]:
    """The next images of one repository that are to go, without a part of what goes together."""
    rows = await plans.images_page(tx, plan.id, plan.position, STEP + 1, goes=True)
    if len(rows) > STEP:
        cut = rows[-1].bundle
        if rows[0].bundle == cut:
            return await plans.bundle(tx, plan.id, cut)
        rows = [row for row in rows if row.bundle != cut]
    return [row for row in rows if row.repository == rows[0].repository]


async def _carry_out(
    tx: Tx, state: State, plan: Plan, repository: Repository, rows: Sequence[PlanImage], now: int
) -> dict[int, str]:
    """Delete those of some images that are as they were planned: by numbers, why others are not deleted."""
    asked = [ImageId(digest=row.digest) for row in rows]
    stored = {image.digest: image for image in await images.select(tx, repository.id, asked)}
    skipped = {row.number: rules.GONE for row in rows if row.digest not in stored}
    left = [row for row in rows if row.number not in skipped]
    changed = {row.digest: change for row in left if (change := _change(row, stored[row.digest]))}
    while True:
        left = _without(left, changed, skipped)
        asked = [ImageId(digest=row.digest) for row in left]
        decided = await remove.decide(tx, repository, asked, Reading(), now)
        if not decided.failures:
            break
        changed = {failure.id.digest: rules.refused(failure) for failure in decided.failures if failure.id.digest}
    cause = Cause(plan.executed_by or plan.created_by, _EXECUTION, plan.reason or plan.description, plan.id)
    await remove.carry_out(tx, state, repository, decided, cause, now)
    return skipped


def _change(planned: PlanImage, found: StoredImage) -> str | None:
    """How an image is other than it was planned."""
    return rules.PUSHED_AGAIN if found.key != planned.image else rules.retagged(planned.tags, found)


def _without(rows: Sequence[PlanImage], refused: dict[str, str], skipped: dict[int, str]) -> list[PlanImage]:
    """What is left of some images without those that are refused and what goes with them, which is noted."""
    broken = {row.bundle: row.digest for row in reversed(rows) if row.digest in refused}
    for row in rows:
        if row.bundle in broken:
            skipped[row.number] = refused.get(row.digest) or rules.together(broken[row.bundle])
    return [row for row in rows if row.bundle not in broken]


# --- undoing -------------------------------------------------------------------------------------------------


async def _undo_some(tx: Tx, state: State, plan: Plan, now: int) -> bool:
    rows = await plans.deleted_before(tx, plan.id, plan.position, STEP)
    if not rows:
        await plans.set_status(tx, plan.id, "UNDONE")
        return False
    keys = [row.image for row in rows]
    cause = Cause(plan.undone_by or plan.created_by, _UNDOING, plan=plan.id)
    incomplete: set[str | None] = set()
    for deletion in await plans.deletions_of(tx, plan.id, keys):
        try:
            restored = await bin_.bring_back(tx, state, plan.registry, deletion, cause, now)
        except (DeletionNotFound, RepositoryNotFound):
            continue  # its term is over, or there is nowhere to bring it back to
        incomplete.update(failure.id.digest for failure in restored.failures if failure.code == "ChildMissing")
    done: list[Done] = []
    for name in dict.fromkeys(row.repository for row in rows):
        done += await _came_back(tx, plan, name, [row for row in rows if row.repository == name], incomplete)
    back = sum(item.outcome == "RESTORED" for item in done)
    await plans.note(tx, plan.id, done, rows[-1].number, deleted=-back, skipped=0)
    return True


async def _came_back(
    tx: Tx, plan: Plan, name: str, rows: Sequence[PlanImage], incomplete: Container[str | None]
) -> list[Done]:
    """What became of the images of one repository; `incomplete` are digests of indexes that lack a child."""
    found = await repositories.find(tx, plan.registry, name)
    if found is None:
        return [Done(row.number, "DELETED", rules.NO_REPOSITORY) for row in rows]
    asked = [ImageId(digest=row.digest) for row in rows]
    stored = {image.digest: image for image in await images.select(tx, found.id, asked)}
    done: list[Done] = []
    for row in rows:
        image = stored.get(row.digest)
        if image is not None:
            done.append(Done(row.number, "RESTORED", rules.came_back(row.tags, image, is_same=image.key == row.image)))
        else:
            done.append(Done(row.number, "DELETED", rules.CHILD_GONE if row.digest in incomplete else rules.NOT_IN_BIN))
    return done


# --- one plan ------------------------------------------------------------------------------------------------


async def _begin(tx: Tx, draft: Plan) -> int:
    count, being_made = await plans.counts(tx, draft.registry)
    if being_made >= MOST_AT_ONCE:
        raise TooManyPlansAtOnce(MOST_AT_ONCE)
    if count + being_made >= MOST:
        raise TooManyPlans(MOST)
    id_ = await plans.add(tx, draft)
    await jobs.begin(tx, JOB, str(id_), draft.created_at + DRAFT_TERM)
    return id_


async def _get(tx: Tx, id_: int) -> Plan:
    found = await plans.get(tx, id_)
    if found is None:
        raise PlanNotFound(id_)
    return found


async def _find(tx: Tx, registry: Registry, id_: int) -> Plan:
    found = await plans.find(tx, registry, id_)
    if found is None:
        raise PlanNotFound(id_)
    return found


async def _find_fit(tx: Tx, registry: Registry, id_: int, operation: str) -> Plan:
    """A plan of which an operation may be asked now. Raises PlanNotFound, PlanStateUnfit."""
    found = await _find(tx, registry, id_)
    if found.status not in _ALLOWED[operation]:
        raise PlanStateUnfit(id_, operation, found.status)
    return found
