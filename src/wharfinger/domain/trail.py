"""What the trail says of a request: who as CloudTrail names principals, what without secrets, and never too much."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

import msgspec

from wharfinger.contract.service import Shape

LONGEST: Final = 64 * 1024  # bytes of a record with the end of its line
NOTHING_LEFT: Final = {"omitted": True}
_READING: Final = ("Get", "List", "Describe", "BatchGet", "BatchCheck", "Validate")
_ARN: Final = re.compile(r"arn:[a-z-]+:(?:iam|sts)::(?P<account>[0-9]{12}):(?P<kind>[a-z-]+)(?:/(?P<name>.+))?")
_TYPES: Final = {
    "root": "Root",
    "user": "IAMUser",
    "role": "Role",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
}
# as ids of access keys are made; a secret that was taken for one has other letters, too
_KEY: Final = re.compile(r"[A-Z0-9]{12,32}")
_ADDRESS: Final = re.compile(r"""(https?://)(?:[^\s"'<>\\/?#]*@)?([^\s"'<>\\/?#]*)[^\s"'<>\\]*""", re.IGNORECASE)


class Room(NamedTuple):
    """How much is told of what has no end of its own."""

    letters: int  # of a text
    items: int  # of a list or a map


# the first that the record fits with
ROOMS: Final = (Room(16 * 1024, 100), Room(1024, 20), Room(128, 5))


def is_reading(operation: str) -> bool:
    """Whether an operation changes nothing, by its name as in CloudTrail."""
    return operation.startswith(_READING)


def identity(principal: str | None, key: str | None) -> Mapping[str, Any]:
    """`userIdentity`: of an ARN, of nobody by name (empty), of somebody whose login was not believed (None)."""
    shown_key = key if key is not None and _KEY.fullmatch(key) else None
    if principal is None:
        return {"type": "Unknown", **_keyed(shown_key)}
    if not principal:
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    return _known(principal, shown_key)


def _keyed(key: str | None) -> dict[str, str]:
    return {"accessKeyId": key} if key is not None else {}


@functools.lru_cache(maxsize=1024)  # of nothing that is long: strangers may send keys of any length
def _known(principal: str, key: str | None) -> Mapping[str, Any]:
    shown_key = _keyed(key)
    match = _ARN.fullmatch(principal)
    if match is None:
        return {"type": "Unknown", "arn": principal, **shown_key}
    kind, account, name = match["kind"], match["account"], match["name"] or ""
    owner = {"principalId": account} if kind == "root" else {}  # of others there is no id beside the name
    found = {"type": _TYPES.get(kind, kind.capitalize()), **owner, "arn": principal, "accountId": account, **shown_key}
    if kind == "root":
        return found
    if kind == "assumed-role":
        return {**found, "sessionContext": {"sessionIssuer": _issuer(principal, account, name.partition("/")[0])}}
    return {**found, "userName": name.rpartition("/")[2]}


def _issuer(principal: str, account: str, role: str) -> dict[str, str]:
    partition = principal.split(":")[1]
    return {
        "type": "Role",
        "arn": f"arn:{partition}:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role,
    }


def told(value: Any, room: Room) -> Any:
    """A request or an answer as the trail has it: what is sensitive left out, what is long cut and noted as cut."""
    if isinstance(value, str):  # most of what there is
        return cut(_ADDRESS.sub(_host_only, value) if "://" in value else value, room.letters)
    if isinstance(value, Shape):
        return dict(_members(value, room))
    if isinstance(value, dict):
        found = {cut(str(name), room.letters): told(item, room) for name, item in islice(value.items(), room.items)}
        return found if len(value) <= room.items else {**found, "…": f"{len(value)} members"}
    if isinstance(value, list | tuple):
        items = [told(item, room) for item in value[: room.items]]
        return items if len(value) <= room.items else [*items, f"… ({len(value)} items)"]
    return value


def _members(value: Shape, room: Room) -> Iterator[tuple[str, Any]]:
    for field, name in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
        member = getattr(value, field)
        if member is not None and field not in value.SENSITIVE and not isinstance(member, bytes):
            yield name, told(member, room)


def _host_only(match: re.Match[str]) -> str:
    """What stands before and after the host of an address gives rights at many a service."""
    host = match[1] + match[2]
    return host if match[0] == host else f"{host}/…"


def cut(text: str, letters: int) -> str:
    """A text of at most so many letters, and a note if there were more."""
    return text if len(text) <= letters else f"{text[:letters]}… ({len(text)} letters)"


def line(record: dict[str, Any], parameters: Any, elements: Any) -> bytes:
    """A record as a line of a file, with as much of the request and the answer as there is room for."""
    for room in ROOMS:
        record["requestParameters"], record["responseElements"] = told(parameters, room), told(elements, room)
        found = msgspec.json.encode(record)
        if len(found) < LONGEST:
            return found + b"\n"
    record["requestParameters"] = record["responseElements"] = NOTHING_LEFT
    return msgspec.json.encode(record) + b"\n"
