"""The records of the trail, as its list gives them."""

from __future__ import annotations

import json
from typing import Any

from support.doors import Doors

FIRST = "2027-01-15T08.jsonl"  # the file of the time at which a test's clock stands


async def listed(doors: Doors, **arguments: Any) -> list[Any]:
    """The records of one page, but for those of reading the trail."""
    answer = await doors.served("ListTrailRecords", **arguments)
    found = [json.loads(item["record"]) for item in answer.get("records", ())]
    return [record for record in found if record["eventName"] != "ListTrailRecords"]


async def names(doors: Doors, **arguments: Any) -> list[str]:
    """Of their operations."""
    return [record["eventName"] for record in await listed(doors, **arguments)]


async def last(doors: Doors, **arguments: Any) -> Any:
    """The newest of them."""
    return (await listed(doors, **arguments))[-1]
