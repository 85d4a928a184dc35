"""One time for all nodes: each asks the database again and again what time it is."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from wharfinger.domain.faults import Unavailable
from wharfinger.state import State
from wharfinger.state.clock import MINUTE, SECOND, SharedClock

log = logging.getLogger(__name__)
PAUSE: Final = 30 * SECOND
_MOST: Final = 5 * SECOND  # that a machine may be off before somebody is told


async def run_forever(state: State) -> None:
    """Follow the time of the database until cancelled, if nodes share it."""
    while isinstance(state.clock, SharedClock):
        try:
            ahead = await state.clock.follow(state.db.time)
            if abs(ahead) > _MOST and state.remembered.is_news("the clock", state.clock(), 60 * MINUTE):
                log.warning("the clock of this machine is %d ms off that of the database: set it", -ahead)
        except Unavailable:
            pass  # it stays as it is
        await asyncio.sleep(PAUSE / SECOND)
