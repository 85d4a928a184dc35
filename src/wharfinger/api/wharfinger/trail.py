"""Operations on the trail."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, milliseconds, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.services import trail
from wharfinger.services.records import Filter


async def list_trail_records(
    call: Call, request: contract.ListTrailRecordsRequest
) -> contract.ListTrailRecordsResponse:
    """ListTrailRecords."""
    wanted = Filter(
        since=milliseconds(request.since, "since") if request.since is not None else None,
        until=milliseconds(request.until, "until") if request.until is not None else None,
        operation=request.event_name,
        principal=request.principal,
        error=request.error_code,
        denied=bool(request.denied),
        repository=request.repository_name,
    )
    account = call.registry.account
    page = await trail.page(call.state, call.caller, account, wanted, request.next_token, request.max_results)
    records = [
        contract.TrailRecord(event_id=item.id, event_time=seconds(item.at), record=item.document) for item in page.items
    ]
    return contract.ListTrailRecordsResponse(records=records, next_token=page.next_token)


HANDLERS: Final[dict[str, Handler]] = {"ListTrailRecords": list_trail_records}
