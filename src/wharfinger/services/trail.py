"""The trail: a record of each request that somebody may have to account for, in the form of AWS CloudTrail."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from wharfinger.domain import trail
from wharfinger.domain.names import Registry
from wharfinger.services import shared_trail
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.services.records import Filter, Reader, Record, time_of
from wharfinger.state import State
from wharfinger.state.clock import DAY, MINUTE
from wharfinger.state.ids import new_public_uuid
from wharfinger.state.trail import TrailFiles, name

log = logging.getLogger(__name__)
_VERSION: Final = "1.11"  # of CloudTrail's form
_OURS: Final = "wharfinger"
_PIECE: Final = 1024 * 1024
_WORK: Final = 4 * 1024 * 1024  # bytes that one page may read
_OPENING: Final = 4096  # bytes that opening a file counts as
_TEXT: Final = 1024  # letters of what a client chose


class Happening(NamedTuple):
    """A request with its result. There is no `principal` where no login was believed."""

    service: str  # ecr, sts or wharfinger
    operation: str
    is_reading: bool
    principal: str | None  # ARN, empty for anybody
    key: str | None
    registry: Registry | None
    repository: str | None
    client: str
    agent: str
    request_id: str
    parameters: Any
    elements: Any
    error: tuple[str, str] | None
    more: Mapping[str, Any]  # additionalEventData


class _Place(NamedTuple):
    """In the trail."""

    file: str
    offset: int


def record(state: State, what: Happening) -> None:
    """Write it down. What the disk refuses is counted and logged: the request was answered by what it did already."""
    now = state.clock()
    try:
        state.trail.append(now, _line(state, what, now), stranger=not what.principal)
    except OSError as error:
        if now - state.trail.complained_at >= MINUTE:
            state.trail.complained_at = now
            reason = errno.errorcode.get(error.errno or 0, "error")
            log.error("the trail cannot be written: disk: %s; records missing: %d", reason, state.trail.lost)  # noqa: TRY400 - the reason is known


async def page(
    state: State, caller: Caller, account: str, wanted: Filter, token: str | None, limit: int | None
) -> Page[Record]:
    """Records that are of an account, oldest first: of its principals and of its registries.

    A page may be short, even empty, with a token all the same, because each reads a bounded number of bytes. The list
    ends where the trail ended at the first page: else reading, which leaves records itself, would never come to an end.
    """
    pages = Pages(state, caller, "trail", account, *(str(part) for part in wanted))
    position = pages.position(token) if token is not None else None
    reader, most = Reader(account, wanted), limit or DEFAULT
    read = shared_trail.page if state.db.is_shared else _page
    found, after = await read(state, reader, position, most)
    return Page(found, pages.token(after) if after is not None else None)


async def _page(
    state: State, reader: Reader, position: list[Any] | None, limit: int
) -> tuple[list[Record], tuple[str | int, ...] | None]:
    if position is None:
        last = name(state.clock())
        start, end = _Place(reader.first, 0), _Place(last, state.trail.size(last))
    else:
        start, end = _Place(*position[:2]), _Place(*position[2:])
    found, after = await asyncio.to_thread(_read, state.trail, reader, start, end, limit)
    return found, (*after, *end) if after is not None else None


async def expire(state: State) -> None:
    """Delete the files that are over their term, and the oldest while all together are too large."""
    rules = state.rules
    await asyncio.to_thread(state.trail.expire, state.clock(), rules.trail_days * DAY, rules.trail_bytes)
    if state.db.is_shared:
        await shared_trail.expire(state)


def _line(state: State, what: Happening, now: int) -> bytes:
    registry = what.registry
    error = {"errorCode": what.error[0], "errorMessage": trail.cut(what.error[1], _TEXT)} if what.error else {}
    more = {**what.more, **({"recordsMissing": state.trail.lost} if state.trail.lost else {})}
    record = {
        "eventVersion": _VERSION,
        "userIdentity": trail.identity(what.principal, what.key),
        "eventTime": time_of(now),
        "eventSource": what.service if what.service == _OURS else f"{what.service}.amazonaws.com",
        "eventName": what.operation,
        "awsRegion": registry.region if registry else "",
        "sourceIPAddress": what.client,
        "userAgent": trail.cut(what.agent, _TEXT),
        **error,
        "requestParameters": None,
        "responseElements": None,
        **({"additionalEventData": more} if more else {}),
        "requestID": what.request_id,
        "eventID": new_public_uuid(),
        "readOnly": what.is_reading,
        **(_resources(registry, what.repository) if registry and what.repository else {}),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": registry.account if registry else state.rules.default_account,
        "eventCategory": "Management",
    }
    return trail.line(record, what.parameters, what.elements)


def _resources(registry: Registry, repository: str) -> dict[str, Any]:
    resource = {
        "ARN": registry.arn(repository),
        "accountId": registry.account,
        "type": "AWS::ECR::Repository",
    }
    return {"resources": [resource]}


def _read(
    files: TrailFiles, reader: Reader, start: _Place, end: _Place, limit: int
) -> tuple[list[Record], _Place | None]:
    """Records, and where to go on if there may be more."""
    found: list[Record] = []
    work = _WORK
    for file in files.names():
        if file < start.file or file > min(reader.last, end.file):
            continue
        at = start.offset if file == start.file else 0
        work -= _OPENING
        while lines := files.read(file, at, min(_PIECE, end.offset - at) if file == end.file else _PIECE):
            for line in lines:
                work -= line.end - at
                at = line.end
                found += reader.shown(line)
                if len(found) == limit or work <= 0:
                    return found, _Place(file, at)
    return found, None
