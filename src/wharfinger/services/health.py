"""Whether this process can do its work."""

from __future__ import annotations

from wharfinger.domain.faults import Unavailable
from wharfinger.state import State
from wharfinger.state.db import schema


async def missing(state: State) -> str | None:
    """What is missing, as the end of a sentence; None if nothing is."""
    try:
        return await state.db.read(schema.unfit)
    except Unavailable as fault:
        return f"the database cannot be read ({fault.reason})"
