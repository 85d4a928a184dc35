"""How one value of a request is compared with those of a condition, by the type that the operator gives them."""

from __future__ import annotations

import base64
import ipaddress
import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
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


class Reader(Protocol):
    """Makes a comparison of the values of a condition. Raises ValueError if they are not of its type."""

    def __call__(self, values: Sequence[str], *, has_variables: bool) -> Comparison: ...


def _texts(
    values: Sequence[str], *, has_variables: bool, has_wildcards: bool = False, ignore_case: bool = False
) -> Comparison:
    found = [texts.pieces(one, has_wildcards=has_wildcards, has_variables=has_variables) for one in values]
    wanted = Values(found, ignore_case=ignore_case)
    return lambda actual, keys: wanted.fits(actual, keys) is True


def _arns(values: Sequence[str], *, has_variables: bool) -> Comparison:
    wanted = Values([texts.arn(value, has_variables=has_variables) for value in values], arns=True)
    return lambda actual, keys: wanted.fits(actual, keys) is True if texts.is_arn(actual) else None


def _parsed(
    values: Sequence[str],
    *,
    has_variables: bool,  # noqa: ARG001 - what is parsed has none
    parse: Callable[[str], Any],
    compare: Callable[[Any, Any], bool] = operator.eq,
) -> Comparison:
    wanted = [parse(value) for value in values]

    def fits(actual: str, keys: Keys) -> bool | None:  # noqa: ARG001
        try:
            given = parse(actual)
        except ValueError:
            return None
        return any(compare(given, one) for one in wanted)

    return fits


def _wrong(text: str, what: str) -> ValueError:
    return ValueError(f"{quoted(text)} is {what}")


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise _wrong(text, "not a number")
    return Decimal(text)


def _date(text: str) -> Decimal:
    """Seconds since 1970."""
    if _EPOCH.fullmatch(text):
        return Decimal(text)
    what = "not a date like 2026-01-31T00:00:00Z"
    if not _DATE.fullmatch(text):
        raise _wrong(text, what)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise _wrong(text, what) from None
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.fromtimestamp(0, UTC)
    return Decimal(since // timedelta(microseconds=1)) / 1_000_000


def _truth(text: str) -> str:
    if text.lower() not in {"true", "false"}:
        raise _wrong(text, "neither true nor false")
    return text.lower()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _wrong(text, "not base64") from None


class _Range(NamedTuple):
    """Addresses from the first to the last, as numbers."""

    version: int
    first: int
    last: int


@lru_cache(maxsize=4096)
def _range(text: str) -> _Range:
    """An address is a range of one. A client of IPv4 that a socket of IPv6 shows is one of IPv4."""
    what = "not an address or a range like 192.0.2.0/24"
    if not _PREFIX.fullmatch(text):
        raise _wrong(text, what)
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise _wrong(text, what) from None
    first, last = network.network_address, network.broadcast_address
    if first == last and first.version == 6 and first.ipv4_mapped is not None:
        first = last = first.ipv4_mapped
    return _Range(first.version, int(first), int(last))


def _contains(given: _Range, wanted: _Range) -> bool:
    return given.version == wanted.version and wanted.first <= given.first and given.last <= wanted.last


# an operator: how values are read, and whether it asks for what does not fit
OPERATORS: Final[dict[str, tuple[Reader, bool]]] = {
    "StringEquals": (_texts, False),
    "StringNotEquals": (_texts, True),
    "StringEqualsIgnoreCase": (partial(_texts, ignore_case=True), False),
    "StringNotEqualsIgnoreCase": (partial(_texts, ignore_case=True), True),
    "StringLike": (partial(_texts, has_wildcards=True), False),
    "StringNotLike": (partial(_texts, has_wildcards=True), True),
    "ArnEquals": (_arns, False),
    "ArnNotEquals": (_arns, True),
    "ArnLike": (_arns, False),
    "ArnNotLike": (_arns, True),
    "Bool": (partial(_parsed, parse=_truth), False),
    "BinaryEquals": (partial(_parsed, parse=_bytes), False),
    "IpAddress": (partial(_parsed, parse=_range, compare=_contains), False),
    "NotIpAddress": (partial(_parsed, parse=_range, compare=_contains), True),
}
for _type, _parse in (("Numeric", _number), ("Date", _date)):
    OPERATORS[f"{_type}Equals"] = (partial(_parsed, parse=_parse), False)
    OPERATORS[f"{_type}NotEquals"] = (partial(_parsed, parse=_parse), True)
    OPERATORS[f"{_type}LessThan"] = (partial(_parsed, parse=_parse, compare=operator.lt), False)
    OPERATORS[f"{_type}LessThanEquals"] = (partial(_parsed, parse=_parse, compare=operator.le), False)
    OPERATORS[f"{_type}GreaterThan"] = (partial(_parsed, parse=_parse, compare=operator.gt), False)
    OPERATORS[f"{_type}GreaterThanEquals"] = (partial(_parsed, parse=_parse, compare=operator.ge), False)
