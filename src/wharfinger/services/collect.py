"""Giving back what nobody needs: uploads that were left, and bytes that nothing refers to."""

from __future__ import annotations

from typing import Final

from wharfinger.services.uploads import IDLE_TERM
from wharfinger.state import State
from wharfinger.state.clock import DAY
from wharfinger.state.db import blobs, events, uploads
from wharfinger.state.db.database import Tx

EVENTS_TERM: Final = 30 * DAY
_STEP: Final = 100


async def sweep(state: State) -> None:
    """One round: end idle uploads, drop old events, unlink what was noted. Bears repetition and interruption."""
    now = state.clock()

    async def note(tx: Tx) -> None:
        await uploads.end_older_than(tx, now - IDLE_TERM)
        await events.forget_older_than(tx, now - EVENTS_TERM)

    await state.db.write(note)
    while noted := await state.db.read(blobs.noted_unlinks, _STEP):
        for storage_id in noted:
            await state.blobs.unlink(storage_id)
        await state.db.write(blobs.forget_unlinks, noted)
