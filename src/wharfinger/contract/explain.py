"""The slow path: say in the service's words what is wrong with a request that its decoder refused.

The decoder of an operation accepts in microseconds and refuses without wording. Only then is the body read
again as plain data and walked beside the very types that the decoder was made from, so both always agree.
Wording: docs/reference/errors.md; the order in which an enumeration is listed is that of a Java hash set.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from wharfinger.contract.overlay import WITHOUT_MEMBER


class Violation(NamedTuple):
    """A value that breaks a constraint of the model: `path` as in `tags.2.member.key`."""

    path: str
    constraint: str


class Mismatch(NamedTuple):
    """Something that is not JSON, or a JSON value of the wrong type."""

    message: str


# a duplicate member, of which JSON leaves open which one counts
UNEXPLAINED: Final = Mismatch("The request body could not be read")


def explain(body: bytes, request: type[msgspec.Struct]) -> Violation | Mismatch:
    """Why `body` is no `request`: the first fault in the order of the model's members."""
    try:
        data = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Mismatch(f"The request body is not valid JSON: {error}")
    if data is None:
        return Mismatch("The request body is null and not a Structure")
    for found in _walk(data, inspect.type_info(request), ""):
        return found
    return UNEXPLAINED


def _walk(value: Any, kind: inspect.Type, path: str) -> Iterator[Violation | Mismatch]:
    if isinstance(kind, inspect.UnionType):
        if value is None:
            return
        kind = kind.types[0]
    if value is None:
        yield _violation(path, "Member must not be null")
        return
    expected, described = _EXPECTED[type(kind)]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        yield _mismatch(value, described)
        return
    yield from _CHECKS[type(kind)](value, kind, path)


def _struct(value: dict[str, Any], kind: inspect.StructType, path: str) -> Iterator[Violation | Mismatch]:
    for field in kind.fields:
        name = field.encode_name[0].lower() + field.encode_name[1:]
        inner = f"{path}.{name}" if path else name
        if field.encode_name in value or field.required:
            yield from _walk(value.get(field.encode_name), field.type, inner)


def _list(value: list[Any], kind: inspect.ListType, path: str) -> Iterator[Violation | Mismatch]:
    yield from _length(value, kind, path)
    for number, item in enumerate(value, 1):
        yield from _walk(item, kind.item_type, f"{path}.{number}.member")


def _dict(value: dict[str, Any], kind: inspect.DictType, path: str) -> Iterator[Violation | Mismatch]:
    for key, item in value.items():
        yield from _walk(key, kind.key_type, f"{path}.{key}.key")
        yield from _walk(item, kind.value_type, f"{path}.{key}.value")


def _string(value: str, kind: inspect.StrType, path: str) -> Iterator[Violation]:
    yield from _length(value, kind, path)
    if kind.pattern is not None and not re.search(kind.pattern, value):
        shown = kind.pattern.removeprefix("^(?:").removesuffix(r")\Z").replace(r"\/", "/")
        yield _violation(path, f"Member must satisfy regular expression '{shown}'")


def _blob(value: str, kind: inspect.BytesType, path: str) -> Iterator[Violation | Mismatch]:
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        yield Mismatch(f"The value of '{path}' is not base64")
        return
    yield from _length(decoded, kind, path)


def _number(value: float, kind: inspect.IntType | inspect.FloatType, path: str) -> Iterator[Violation]:
    if kind.le is not None and value > kind.le:
        yield _violation(path, f"Member must have value less than or equal to {kind.le}")
    if kind.ge is not None and value < kind.ge:
        yield _violation(path, f"Member must have value greater than or equal to {kind.ge}")


def _enumeration(value: str, kind: inspect.LiteralType, path: str) -> Iterator[Violation]:
    if value not in kind.values:
        listed = ", ".join(java_set_order([str(item) for item in kind.values]))
        yield _violation(path, f"Member must satisfy enum value set: [{listed}]")


def _anything(value: Any, kind: inspect.Type, path: str) -> Iterator[Violation]:  # noqa: ARG001
    return iter(())


def _length(
    value: Collection[Any], kind: inspect.StrType | inspect.ListType | inspect.BytesType, path: str
) -> Iterator[Violation]:
    if kind.max_length is not None and len(value) > kind.max_length:
        yield _violation(path, f"Member must have length less than or equal to {kind.max_length}")
    if kind.min_length is not None and len(value) < kind.min_length:
        yield _violation(path, f"Member must have length greater than or equal to {kind.min_length}")


def _violation(path: str, constraint: str) -> Violation:
    if path in WITHOUT_MEMBER:
        constraint = constraint.removeprefix("Member ")
    return Violation(path, constraint)


def _mismatch(value: Any, described: str) -> Mismatch:
    if isinstance(value, dict):
        return Mismatch("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return Mismatch("Start of list found where not expected.")
    if isinstance(value, bool):
        shown = f"{value}_VALUE".upper()
    elif isinstance(value, str):
        shown = "STRING_VALUE"
    else:
        shown = "DECIMAL_VALUE" if isinstance(value, float) else "NUMBER_VALUE"
    return Mismatch(f"{shown} can not be converted to {described}")


def java_set_order(values: list[str]) -> list[str]:
    """The order in which a Java HashSet made from `values` lists them."""
    buckets = 16
    while buckets * 0.75 < len(values):
        buckets *= 2
    return sorted(values, key=lambda value: _java_hash(value) & (buckets - 1))


def _java_hash(text: str) -> int:
    code = 0
    for character in text:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    return code ^ (code >> 16)


_EXPECTED: dict[type[inspect.Type], tuple[Any, str]] = {
    inspect.StructType: (dict, "a Structure"),
    inspect.ListType: (list, "a List"),
    inspect.DictType: (dict, "a Map"),
    inspect.StrType: (str, "a String"),
    inspect.BytesType: (str, "a Blob"),
    inspect.LiteralType: (str, "a String"),
    inspect.IntType: (int, "an Integer"),
    inspect.FloatType: ((int, float), "a Double"),
    inspect.BoolType: (bool, "a Boolean"),
}
_CHECKS: dict[type[inspect.Type], Any] = {
    inspect.StructType: _struct,
    inspect.ListType: _list,
    inspect.DictType: _dict,
    inspect.StrType: _string,
    inspect.BytesType: _blob,
    inspect.LiteralType: _enumeration,
    inspect.IntType: _number,
    inspect.FloatType: _number,
    inspect.BoolType: _anything,
}
