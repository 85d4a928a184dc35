"""Records of the trail as they are looked for: which are wanted, and what of them is shown to whom."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from wharfinger.state.clock import SECOND
from wharfinger.state.trail import Line, name

BEGIN: Final = b'{"eventVersion":'


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


class Reader:
    """Who reads, and what is looked for."""

    def __init__(self, account: str, wanted: Filter) -> None:
        self._account = account
        self._wanted = wanted
        self._since = time_of(wanted.since or 0)
        self._until = time_of(wanted.until) if wanted.until is not None else "~"
        self.first = name(wanted.since or 0)
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
            content = content[content.rfind(BEGIN) :]
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


def time_of(at: int) -> str:
    """As records have it."""
    return _time(at // SECOND)


@functools.lru_cache(maxsize=16)  # many records are of the same second
def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()[:19] + "Z"
