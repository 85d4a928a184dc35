"""How one value of a request is compared with those of a condition, by the type that the operator gives them."""

from __future__ import annotations

import base64
import binascii
import functools
import ipaddress
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from wharfinger.domain.policy import texts
from wharfinger.domain.policy.texts import Keys, Values, quoted

_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?", re.ASCII)
_EPOCH: Final = re.compile(r"\d{1,12}", re.ASCII)
_DATE: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII | re.IGNORECASE
)
_PREFIX: Final = re.compile(r"[\da-f.:]+(?:/\d{1,3})?", re.ASCII | re.IGNORECASE)


class Comparison(Protocol):
    """Whether a value of a request fits one of a condition's; None if it is not of the type that can be compared.

    A value of a condition whose variable has no value is equal to nothing, as AWS has it.
    """

    def __call__(self, actual: str, keys: Keys, /) -> bool | None: ...


Reader = Callable[[Sequence[str], bool], Comparison]  # of a condition's values; whether they may hold variables


def _texts(*, has_wildcards: bool, ignore_case: bool = False) -> Reader:
    def read(values: Sequence[str], has_variables: bool) -> Comparison:
        found = [texts.pieces(one, has_wildcards=has_wildcards, has_variables=has_variables) for one in values]
        wanted = Values(found, ignore_case=ignore_case)
        return lambda actual, keys: wanted.fits(actual, keys) is True

    return read


def _arns(values: Sequence[str], has_variables: bool) -> Comparison:
    wanted = Values([texts.arn(value, has_variables=has_variables) for value in values], arns=True)
    return lambda actual, keys: wanted.fits(actual, keys) is True if texts.is_arn(actual) else None


def _parsed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool] = operator.eq) -> Reader:
    """Values of which `parse` makes what can be compared; it raises ValueError."""

    def read(values: Sequence[str], has_variables: bool) -> Comparison:  # noqa: ARG001 - such values have none
        wanted = [parse(value) for value in values]

        def fits(actual: str, keys: Keys) -> bool | None:  # noqa: ARG001
            try:
                given = parse(actual)
            except ValueError:
                return None
            return any(compare(given, one) for one in wanted)

        return fits

    return read


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{quoted(text)} is not a number")
    return Decimal(text)


def _date(text: str) -> Decimal:
    """Seconds since 1970."""
    if _EPOCH.fullmatch(text):
        return Decimal(text)
    try:
        moment = datetime.fromisoformat(text.upper() if _DATE.fullmatch(text) else "")
    except ValueError:
        raise ValueError(f"{quoted(text)} is not a date like 2026-01-31T00:00:00Z") from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return Decimal(since.days * 86400 + since.seconds) + Decimal(since.microseconds) / 1_000_000


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"{quoted(text)} is neither true nor false")
    return text.lower() == "true"


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{quoted(text)} is not base64") from None


class _Range(NamedTuple):
    """Addresses from the first to the last, as numbers."""

    version: int
    first: int
    last: int


@functools.lru_cache(maxsize=4096)
def _range(text: str) -> _Range:
    """An address is a range of one. A client of IPv4 that a socket of IPv6 shows is one of IPv4."""
    try:
        network = ipaddress.ip_network(text if _PREFIX.fullmatch(text) else "", strict=False)
    except ValueError:
        raise ValueError(f"{quoted(text)} is not an address or a range like 192.0.2.0/24") from None
    first, last = network.network_address, network.broadcast_address
    if first == last and first.version == 6 and first.ipv4_mapped is not None:
        first = last = first.ipv4_mapped
    return _Range(first.version, int(first), int(last))


def _contains(given: _Range, wanted: _Range) -> bool:
    return given.version == wanted.version and wanted.first <= given.first and given.last <= wanted.last


# an operator: how values are read, and whether it asks for what does not fit
OPERATORS: Final[dict[str, tuple[Reader, bool]]] = {
    "StringEquals": (_texts(has_wildcards=False), False),
    "StringNotEquals": (_texts(has_wildcards=False), True),
    "StringEqualsIgnoreCase": (_texts(has_wildcards=False, ignore_case=True), False),
    "StringNotEqualsIgnoreCase": (_texts(has_wildcards=False, ignore_case=True), True),
    "StringLike": (_texts(has_wildcards=True), False),
    "StringNotLike": (_texts(has_wildcards=True), True),
    "ArnEquals": (_arns, False),
    "ArnNotEquals": (_arns, True),
    "ArnLike": (_arns, False),
    "ArnNotLike": (_arns, True),
    "Bool": (_parsed(_truth), False),
    "BinaryEquals": (_parsed(_bytes), False),
    "IpAddress": (_parsed(_range, _contains), False),
    "NotIpAddress": (_parsed(_range, _contains), True),
}
for _type, _parse in (("Numeric", _number), ("Date", _date)):
    OPERATORS[f"{_type}Equals"] = (_parsed(_parse), False)
    OPERATORS[f"{_type}NotEquals"] = (_parsed(_parse), True)
    OPERATORS[f"{_type}LessThan"] = (_parsed(_parse, operator.lt), False)
    OPERATORS[f"{_type}LessThanEquals"] = (_parsed(_parse, operator.le), False)
    OPERATORS[f"{_type}GreaterThan"] = (_parsed(_parse, operator.gt), False)
    OPERATORS[f"{_type}GreaterThanEquals"] = (_parsed(_parse, operator.ge), False)
