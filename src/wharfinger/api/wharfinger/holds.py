"""Operations on holds, and on the feeds that hold what is in use."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, milliseconds, number, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.holds import Hold
from wharfinger.services import feeds, holds
from wharfinger.state.clock import SECOND
from wharfinger.state.db.feeds import Feed


async def put_hold(call: Call, request: contract.PutHoldRequest) -> contract.PutHoldResponse:
    """PutHold."""
    held = await holds.put(
        call.state,
        call.caller,
        call.registry,
        request.repository_name,
        request.image,
        request.reason,
        milliseconds(request.expires_at, "expiresAt") if request.expires_at is not None else None,
    )
    return contract.PutHoldResponse(hold=_hold(held))


async def list_holds(call: Call, request: contract.ListHoldsRequest) -> contract.ListHoldsResponse:
    """ListHolds."""
    page = await holds.page(
        call.state, call.caller, call.registry, request.repository_name, request.next_token, request.max_results
    )
    return contract.ListHoldsResponse(holds=[_hold(item) for item in page.items], next_token=page.next_token)


async def delete_hold(call: Call, request: contract.DeleteHoldRequest) -> contract.DeleteHoldResponse:
    """DeleteHold."""
    return contract.DeleteHoldResponse(
        hold=_hold(await holds.delete(call.state, call.caller, call.registry, number(request.hold_id)))
    )


async def put_image_feed(call: Call, request: contract.PutImageFeedRequest) -> contract.PutImageFeedResponse:
    """PutImageFeed."""
    reported = await feeds.report(
        call.state,
        call.caller,
        call.registry,
        request.feed_name,
        request.images,
        request.time_to_live_seconds * SECOND,
    )
    return contract.PutImageFeedResponse(feed=_feed(call, reported.feed), unknown_images=list(reported.unknown))


async def list_image_feeds(call: Call, request: contract.ListImageFeedsRequest) -> contract.ListImageFeedsResponse:
    """ListImageFeeds."""
    page = await feeds.page(call.state, call.caller, call.registry, request.next_token, request.max_results)
    return contract.ListImageFeedsResponse(feeds=[_feed(call, item) for item in page.items], next_token=page.next_token)


async def delete_image_feed(call: Call, request: contract.DeleteImageFeedRequest) -> contract.DeleteImageFeedResponse:
    """DeleteImageFeed."""
    return contract.DeleteImageFeedResponse(
        feed=_feed(call, await feeds.delete(call.state, call.registry, request.feed_name))
    )


HANDLERS: Final[dict[str, Handler]] = {
    "PutHold": put_hold,
    "ListHolds": list_holds,
    "DeleteHold": delete_hold,
    "PutImageFeed": put_image_feed,
    "ListImageFeeds": list_image_feeds,
    "DeleteImageFeed": delete_image_feed,
}


def _hold(found: Hold) -> contract.Hold:
    return contract.Hold(
        hold_id=str(found.id),
        repository_name=found.repository,
        image=found.image,
        reason=found.reason,
        feed_name=found.feed,
        created_at=seconds(found.created_at),
        created_by=found.created_by,
        expires_at=seconds(found.expires_at) if found.expires_at is not None else None,
    )


def _feed(call: Call, found: Feed) -> contract.ImageFeed:
    return contract.ImageFeed(
        feed_name=found.name,
        reported_at=seconds(found.reported_at),
        late_at=seconds(found.late_at),
        is_late=found.is_late(call.state.clock()),
        hold_count=found.hold_count,
    )
