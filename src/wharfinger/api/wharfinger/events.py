"""Operations on events."""

from __future__ import annotations

from typing import Final

import msgspec

from wharfinger.api.aws.call import Call, Handler, milliseconds, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.services import events
from wharfinger.state.db.events import Event


async def list_events(call: Call, request: contract.ListEventsRequest) -> contract.ListEventsResponse:
    """ListEvents."""
    page = await events.page(
        call.state,
        call.caller,
        call.registry,
        request.repository_name,
        milliseconds(request.since, "since") if request.since is not None else 0,
        request.next_token,
        request.max_results,
    )
    return contract.ListEventsResponse(events=[_event(call, event) for event in page.items], next_token=page.next_token)


HANDLERS: Final[dict[str, Handler]] = {"ListEvents": list_events}


def _event(call: Call, event: Event) -> contract.Event:
    return contract.Event(
        event_id=str(event.id),
        at=seconds(event.at),
        by=event.principal,
        operation=event.operation,
        deletion_id=str(event.deletion) if event.deletion is not None else None,
        event=msgspec.json.encode(events.bridged(call.state, event)).decode(),
    )
