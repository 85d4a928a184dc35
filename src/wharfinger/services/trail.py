"""The trail: a record of each request that somebody may have to account for, in the form of AWS CloudTrail."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from wharfinger.domain import trail
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.clock import DAY, MINUTE, SECOND
from wharfinger.state.ids import new_uuid
from wharfinger.state.trail import Line, TrailFiles, name

log = logging.getLogger(__name__)
_VERSION: Final = "1.11"  # of CloudTrail's form
_BEGIN: Final = b'{"eventVersion":'
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


class Filter(NamedTuple):
    """Which records are wanted. Times are milliseconds; None is any."""

    since: int | None = None
    until: int | None = None
    operation: str | None = None
    principal: str | None = None
    error: str | None = None
    denied: bool = False
    repository: str | None = None


class Record(NamedTuple):
    """A record as it is shown."""

    id: str
    at: int
    document: str  # JSON


class _Place(NamedTuple):
    """In the trail."""

    file: str
    offset: int


class _Resource(msgspec.Struct):
    arn: str = msgspec.field(name="ARN")


class _Head(msgspec.Struct, rename="camel"):
    """What records are looked for by."""

    event_id: str = msgspec.field(name="eventID")
    event_time: str
    event_name: str
    user_identity: dict[str, Any]
    recipient_account_id: str
    error_code: str | None = None
    resources: list[_Resource] | None = None
    additional_event_data: dict[str, Any] | None = None


_head: Final = msgspec.json.Decoder(_Head)


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
    if token is None:
        last = name(state.clock())
        start, end = _Place(name(wanted.since or 0), 0), _Place(last, state.trail.size(last))
    else:
        position = pages.position(token)
        start, end = _Place(*position[:2]), _Place(*position[2:])
    reader = _Reader(account, wanted)
    found, after = await asyncio.to_thread(_read, state.trail, reader, start, end, limit or DEFAULT)
    return Page(found, pages.token((*after, *end)) if after is not None else None)


async def expire(state: State) -> None:
    """Delete the files that are over their term, and the oldest while all together are too large."""
    await asyncio.to_thread(_expire, state, state.clock())


def _expire(state: State, now: int) -> None:
    files = state.trail
    sizes = {file: files.size(file) for file in files.names() if file < name(now)}
    room = state.rules.trail_bytes - files.size(name(now))
    for file in reversed(sizes):
        room -= sizes[file]
        if room < 0 or file < name(now - state.rules.trail_days * DAY):
            files.delete(file)


def _line(state: State, what: Happening, now: int) -> bytes:
    registry = what.registry
    error = {"errorCode": what.error[0], "errorMessage": trail.cut(what.error[1], _TEXT)} if what.error else {}
    more = {**what.more, **({"recordsMissing": state.trail.lost} if state.trail.lost else {})}
    record = {
        "eventVersion": _VERSION,
        "userIdentity": trail.identity(what.principal, what.key),
        "eventTime": _time(now),
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
        "eventID": new_uuid(),
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
    files: TrailFiles, reader: _Reader, start: _Place, end: _Place, limit: int
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


class _Reader:
    """Who reads, and what is looked for."""

    def __init__(self, account: str, wanted: Filter) -> None:
        self._account = account
        self._wanted = wanted
        self._since = _time(wanted.since or 0)
        self._until = _time(wanted.until) if wanted.until is not None else "~"
        self.last = name(wanted.until) if wanted.until is not None else "~"

    def shown(self, line: Line) -> list[Record]:
        """The record in a line, if it is one and wanted."""
        content = line.content
        if self._account.encode() not in content:
            return []
        try:
            head = _head.decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # the disk took a part of a record, and then all of this one
            content = content[content.rfind(_BEGIN) :]
            try:
                head = _head.decode(content)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return []
        if not self._is_wanted(head):
            return []
        at = round(datetime.fromisoformat(head.event_time).timestamp()) * SECOND
        return [Record(head.event_id, at, self._document(head, content))]

    def _is_wanted(self, head: _Head) -> bool:
        wanted = self._wanted
        return (
            self._account in {head.recipient_account_id, head.user_identity.get("accountId")}
            and self._since <= head.event_time < self._until
            and wanted.operation in {None, head.event_name}
            and wanted.principal in {None, head.user_identity.get("arn")}
            and wanted.error in {None, head.error_code}
            and (not wanted.denied or bool((head.additional_event_data or {}).get("denied")))
            and (wanted.repository is None or self._has(head, wanted.repository))
        )

    @staticmethod
    def _has(head: _Head, repository: str) -> bool:
        return any(resource.arn.endswith(f":repository/{repository}") for resource in head.resources or ())

    def _document(self, head: _Head, content: bytes) -> str:
        """Why another account refused is for that account; the caller was told what it may know."""
        if head.recipient_account_id != self._account and "decision" in (head.additional_event_data or {}):
            record = msgspec.json.decode(content)
            del record["additionalEventData"]["decision"]
            content = msgspec.json.encode(record)
        return content.decode().rstrip("\n")


def _time(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
