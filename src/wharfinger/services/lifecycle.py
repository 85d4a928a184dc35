"""Lifecycle policies: storing them, and letting images expire by them.

A policy is evaluated soon after it is put and then once a day, by a job of its repository. What is to go is deleted in
transactions of some hundred images, by the rules of every other way to delete. Each transaction looks again whether the
policy still says so: who pushes, deletes or puts another policy meanwhile never loses an image by an old look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from wharfinger.domain import expiry
from wharfinger.domain import lifecycle as rules
from wharfinger.domain.causes import Cause
from wharfinger.domain.expiry import Evaluation, Seen
from wharfinger.domain.faults import LifecyclePolicyNotFound
from wharfinger.domain.images import ImageId
from wharfinger.domain.lifecycle import Policy
from wharfinger.domain.names import Registry
from wharfinger.domain.removal import Reading
from wharfinger.services import access, remove
from wharfinger.state import State
from wharfinger.state.clock import DAY
from wharfinger.state.db import events, jobs, lifecycle, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.lifecycle import LifecyclePolicy, Tagged
from wharfinger.state.db.repositories import Repository

JOB: Final = "lifecycle"
OPERATION: Final = "LifecyclePolicy"
STEP: Final = 100  # images in a transaction
STEPS: Final = 50  # transactions in a piece of the job
_LINES: Final = 1000  # of images and their tags, read at a time


# --- use cases -----------------------------------------------------------------------------------------------


async def put(state: State, registry: Registry, repository: str, text: str, principal: str) -> str:
    """Store a policy, and evaluate it soon: its text as it is shown. Raises InvalidParameter, RepositoryNotFound."""
    policy = rules.read(text)

    async def work(tx: Tx) -> str:
        found = await access.repository(tx, registry, repository)
        await lifecycle.put(tx, found.id, LifecyclePolicy(policy.text, principal))
        await jobs.begin(tx, JOB, str(found.id), state.clock())
        return policy.text

    return await state.db.write(work)


async def find(state: State, registry: Registry, repository: str) -> LifecyclePolicy:
    """The policy of a repository. Raises RepositoryNotFound, LifecyclePolicyNotFound."""

    async def work(tx: Tx) -> LifecyclePolicy:
        return await policy_of(tx, await access.repository(tx, registry, repository))

    return await state.db.read(work)


async def delete(state: State, registry: Registry, repository: str) -> LifecyclePolicy:
    """Forget the policy of a repository. Raises RepositoryNotFound, LifecyclePolicyNotFound."""

    async def work(tx: Tx) -> LifecyclePolicy:
        found = await access.repository(tx, registry, repository)
        policy = await policy_of(tx, found)
        await lifecycle.delete(tx, found.id)
        await jobs.forget(tx, JOB, str(found.id))
        return policy

    return await state.db.write(work)


async def put_back(tx: Tx, repository: Repository, policy: LifecyclePolicy, now: int) -> None:
    """Give a repository that came back from the bin its policy. What came back with it is safe for a day."""
    await lifecycle.put(tx, repository.id, policy)
    await jobs.begin(tx, JOB, str(repository.id), now + DAY)


async def policy_of(tx: Tx, repository: Repository) -> LifecyclePolicy:
    """The policy of a repository that is there. Raises LifecyclePolicyNotFound."""
    found = await lifecycle.find(tx, repository.id)
    if found is None:
        raise LifecyclePolicyNotFound(repository.registry, repository.name)
    return found


# --- evaluating ----------------------------------------------------------------------------------------------


async def evaluate(state: State, repository: int, policy: Policy, now: int) -> Evaluation:
    """What a policy says of a repository, which is read in pieces: of each image its time and what rules see it."""
    seen: list[Seen] = []
    waiting: list[Tagged] = []
    async for page in _pages(state, repository):
        waiting += page
        # the tags of the last image may go on in the next page
        whole = [row for row in waiting if row.image != page[-1].image]
        waiting = waiting[len(whole) :]
        # in threads, because rules and images may be many and others want to be served
        seen += await asyncio.to_thread(_seen, policy, whole)
    seen += _seen(policy, waiting)
    return await asyncio.to_thread(expiry.evaluate, policy.rules, seen, now)


async def _pages(state: State, repository: int) -> AsyncIterator[list[Tagged]]:
    after = (0, "")
    while page := await state.db.read(lifecycle.tagged, repository, after, _LINES):
        yield page
        after = (page[-1].image, page[-1].tag or "")


def _seen(policy: Policy, rows: Iterable[Tagged]) -> list[Seen]:
    """Images that at least one rule sees."""
    found: list[Seen] = []
    for image, lines in groupby(rows, key=lambda row: (row.image, row.pushed_at, row.is_part)):
        key, pushed_at, is_part = image
        tags = [row.tag for row in lines if row.tag is not None]
        by = expiry.seen_by(policy.rules, tags, is_part=bool(is_part))
        if by:
            found.append(Seen(key, pushed_at, by))
    return found


# --- letting expire ------------------------------------------------------------------------------------------


class _Run(NamedTuple):
    """A look at a repository, and what is to be done by it."""

    state: State
    repository: int
    stored: LifecyclePolicy
    policy: Policy
    evaluation: Evaluation
    now: int


class _Batch(NamedTuple):
    """Some images that one rule lets go."""

    rule: int  # its place in the policy
    images: Sequence[int]


class _Done(NamedTuple):
    """What became of a batch."""

    looked_at: int  # the last event
    has_deleted: bool  # else all of its images are held, or others by now


async def go_on(state: State, key: str) -> bool:
    """A piece of the job of a repository: whether there is more to do. If not, it begins again in a day."""
    repository = int(key)
    stored = await state.db.read(lifecycle.find, repository)
    if stored is None:
        return False
    now = state.clock()
    policy = rules.read(stored.text)
    looked_at = await state.db.read(events.last)
    run = _Run(state, repository, stored, policy, await evaluate(state, repository, policy, now), now)
    left = STEPS
    for batch in _batches(run.evaluation):
        if left == 0:
            return True
        done = await state.db.write(_expire, run, batch, looked_at)
        if done is None:
            return True
        looked_at = done.looked_at
        left -= done.has_deleted
    return await state.db.write(_end, run)


def _batches(evaluation: Evaluation) -> Iterator[_Batch]:
    """By rules, for the deletions name them; of each the oldest images first."""
    by_rule: dict[int, list[int]] = {}
    for found in evaluation.expiries:
        by_rule.setdefault(found.rule, []).append(found.key)
    for rule, images in sorted(by_rule.items()):
        for at in range(0, len(images), STEP):
            yield _Batch(rule, images[at : at + STEP])


async def _expire(tx: Tx, run: _Run, batch: _Batch, looked_at: int) -> _Done | None:
    """Delete what is still to go; None if all has to be looked at again. `looked_at` is an event that was seen."""
    repository = await repositories.get(tx, run.repository)
    if repository is None or await lifecycle.find(tx, run.repository) != run.stored:
        return None
    has_changed = await events.page(tx, repository.registry, repository.name, 0, looked_at, 1)
    if has_changed and not await _are_counted(tx, run, batch.rule):
        return None
    asked = [ImageId(digest=digest) for digest in await _left_to(tx, run, batch)]
    decided = await remove.decide(tx, repository, asked, Reading(), run.now)
    cause = Cause(run.stored.put_by, OPERATION, str(run.policy.rules[batch.rule]))
    deletion = await remove.carry_out(tx, run.state, repository, decided, cause, run.now)
    return _Done(await events.last(tx), deletion is not None)


async def _are_counted(tx: Tx, run: _Run, rule: int) -> bool:
    """Whether a rule still counts all the images for whose sake older ones go."""
    newest = run.evaluation.newest.get(rule, ())
    for at in range(0, len(newest), _LINES):
        some = newest[at : at + _LINES]
        seen = _seen(run.policy, await lifecycle.tagged_of(tx, run.repository, some))
        if sum(rule in image.rules for image in seen) < len(some):
            return False
    return True


async def _left_to(tx: Tx, run: _Run, batch: _Batch) -> list[str]:
    """The digests of those images that are there and still left to the rule."""
    rows = await lifecycle.tagged_of(tx, run.repository, batch.images)
    digests = {row.image: row.digest for row in rows}
    return [digests[image.key] for image in _seen(run.policy, rows) if image.rules[0] == batch.rule]


async def _end(tx: Tx, run: _Run) -> bool:
    """All is done; the job of another policy that was put meanwhile is left as it is."""
    if await lifecycle.evaluated(tx, run.repository, run.stored.text, run.now):
        await jobs.begin(tx, JOB, str(run.repository), run.now + DAY)
    return False
