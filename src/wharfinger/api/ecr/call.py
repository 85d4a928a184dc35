"""What a handler of an operation gets, and the small translations that several of them share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from wharfinger.api.addresses import Addresses
from wharfinger.contract import ecr
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.images import ImageId
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.state import State


class Call(NamedTuple):
    """One call: who makes it, and for which registry."""

    state: State
    addresses: Addresses
    caller: Caller
    registry: Registry
    action: str


Handler = Callable[[Call, Any], Awaitable[ecr.Shape]]


def image_ids(identifiers: Sequence[ecr.ImageIdentifier]) -> list[ImageId]:
    """The ids of a request."""
    return [ImageId(item.image_digest, item.image_tag) for item in identifiers]


def identifier(image: ImageId) -> ecr.ImageIdentifier:
    """An id in an answer."""
    return ecr.ImageIdentifier(image_digest=image.digest, image_tag=image.tag)


def refuse_paging(asked: str, *, next_token: str | None, limit: int | None) -> None:
    """A request for named things has no pages."""
    for name, value in (("nextToken", next_token), ("maxResults", limit)):
        if value is not None:
            raise InvalidParameter(name, f"Member must be null when {asked} is given")


def seconds(milliseconds: int) -> float:
    """A time as the protocol writes it."""
    return milliseconds / 1000
