"""Requests of the query protocol: a form with names like `Tags.member.1.Key`, read as the model has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from wharfinger.contract.explain import Violation, explain
from wharfinger.contract.service import Shape
from wharfinger.domain.faults import InvalidParameter, Malformed

_MOST_FIELDS: Final = 500
_INTEGER: Final = re.compile("-?[0-9]{1,9}")


def fields(body: bytes) -> dict[str, str]:
    """The names and values of a form. Raises Malformed."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise Malformed("The body is no form of ASCII with at most 500 fields in UTF-8") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("A field is there twice")
    return found


def read(form: Mapping[str, str], request: type[Shape]) -> Any:
    """The form as a request. Raises InvalidParameter, Malformed."""
    data = _value(form, "", inspect.type_info(request)) or {}
    try:
        return msgspec.convert(data, request)
    except msgspec.ValidationError:
        found = explain(msgspec.json.encode(data), request)
    if isinstance(found, Violation):
        raise InvalidParameter(found.path, found.constraint)
    raise Malformed(found.message)


def _value(form: Mapping[str, str], name: str, kind: inspect.Type) -> Any:
    """What a form says under a name; None where it says nothing."""
    if isinstance(kind, inspect.UnionType):
        kind = kind.types[0]
    if isinstance(kind, inspect.StructType):
        return _members(form, name, kind) or None
    if isinstance(kind, inspect.ListType):
        return _items(form, name, kind) or None
    text = form.get(name)
    if text is not None and isinstance(kind, inspect.IntType) and _INTEGER.fullmatch(text):
        return int(text)
    return text


def _members(form: Mapping[str, str], name: str, kind: inspect.StructType) -> dict[str, Any]:
    prefix = f"{name}." if name else ""
    found = {field.encode_name: _value(form, prefix + field.encode_name, field.type) for field in kind.fields}
    return {member: value for member, value in found.items() if value is not None}


def _items(form: Mapping[str, str], name: str, kind: inspect.ListType) -> list[Any]:
    found: list[Any] = []
    while (item := _value(form, f"{name}.member.{len(found) + 1}", kind.item_type)) is not None:
        found.append(item)
    return found
