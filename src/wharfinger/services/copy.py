"""Copying a whole installation into another place while it serves, so that both are equal at the end.

First the bytes, in rounds, since more come meanwhile; then, from one snapshot, what is left of the bytes and all rows.
The rows are compared before they are committed, so what can be seen at the destination is never half of something.
What a copy begins with and what it leaves out: docs/operations/move.md. Why so: docs/decisions/0017-copy.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, TypeAlias

from wharfinger.domain.faults import Unavailable
from wharfinger.services import copied_rows, copied_trail, scrub
from wharfinger.services.copied_blobs import BlobCopy, Counts, Progress
from wharfinger.services.copied_rows import Contents
from wharfinger.services.scrub import Hit, Rot
from wharfinger.state import State
from wharfinger.state.clock import Clock
from wharfinger.state.db import copies
from wharfinger.state.db.database import Database, Tx

_FEW: Final = 50  # blobs that are missing, when it is time for the rows
_SNAPSHOTS: Final = 5
_STEP: Final = 100


class CopyUnfinished(Exception):
    """A server was to start on a copy that has nothing to serve yet."""


class Outcome(NamedTuple):
    """How the two compare."""

    blobs: Counts
    source: Contents
    copy: Contents

    @property
    def differences(self) -> Sequence[str]:
        """Tables that are not the same."""
        return self.source.differences(self.copy)

    @property
    def is_done(self) -> bool:
        """Whether the copy has taken the place of what was there: it has all that can be copied."""
        return not self.differences and not self.blobs.missing

    @property
    def is_equal(self) -> bool:
        """Whether the copy has all that the source has."""
        return self.is_done and not self.blobs.damaged


Told: TypeAlias = Progress | Rot | Hit


class _NotEqual(Exception):
    """The rows are not to be committed."""


async def run(source: State, to: State, tell: Callable[[Told], None], *, deep: bool = False) -> Outcome:
    """Copy `source` into `to`, which nobody else uses; with `deep`, read all bytes there again.

    May be interrupted and run again. Raises Unavailable, TooMuchDamage.
    """

    async def told(found: Progress | Rot) -> None:
        tell(found)
        if isinstance(found, Rot):
            async for hit in scrub.hits(source, found):
                tell(hit)

    blobs = BlobCopy(source, to, told, deep=deep)
    await blobs.look_at_all()
    await _catch_up(blobs)
    await copied_trail.run(source, to)
    for _ in range(_SNAPSHOTS):
        async with source.db.snapshot() as snapshot:
            if await blobs.complete(snapshot):
                outcome = await _rows(snapshot, to.db, blobs)
                break
    else:
        raise Unavailable("the source removes blobs faster than they can be copied")
    if outcome.is_done:
        await _clean(to)
    return outcome


async def _catch_up(blobs: BlobCopy) -> None:
    """Copy what came meanwhile, until it is little, or does not get less: more may come than can be copied."""
    before, missing = 0, await blobs.go_on()
    while missing > _FEW and (not before or missing < before):
        before, missing = missing, await blobs.go_on()


async def _rows(snapshot: Tx, to: Database, blobs: BlobCopy) -> Outcome:
    outcome = Outcome(await blobs.count(snapshot), await copied_rows.contents(snapshot), Contents({}, {}))
    with suppress(_NotEqual):
        async with to.rewrite() as tx:
            await copied_rows.replace(snapshot, tx)
            await copies.finish(tx)
            outcome = outcome._replace(copy=await copied_rows.contents(tx))
            _check(outcome)
    return outcome


def _check(outcome: Outcome) -> None:
    if not outcome.is_done:
        raise _NotEqual


async def _clean(to: State) -> None:
    """Bytes that the copy does not need any more go."""
    while unneeded := await to.db.read(copies.unneeded, _STEP):
        await asyncio.gather(*map(to.blobs.unlink, unneeded))
        await to.db.write(copies.forget, unneeded)


async def end(db: Database, clock: Clock) -> None:
    """A server starts on it: from now on it is an installation of its own. Raises CopyUnfinished."""
    if await db.read(copies.find) is not None and not await db.write(copies.end, clock()):
        raise CopyUnfinished
