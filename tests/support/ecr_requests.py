"""Requests made from the model's own types: a whole valid one of each, and each one spoiled at one place at a time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

# for each string of the model one of these fits its pattern and its length
_TEXTS: Final = (
    "app",
    "123456789012",
    "eu-central-1",
    "sha256:" + "0" * 64,
    "01234567-89ab-cdef-0123-456789abcdef",
    "arn:aws:iam::123456789012:role/reader",
    "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/releases",
    "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub",
    "x" * 100,
    "ecr:BatchGetImage",
    "https://issuer.example",
)
_LONGEST_TRIED: Final = 5 * 1024 * 1024
_OF_ANY_TYPE: Final[tuple[Any, ...]] = (
    None,
    True,
    7,
    -7,
    1.0,
    1.5,
    10**30,
    "",
    "text",
    "é\0😀",
    [],
    [None],
    [[]],
    {},
    {"a": None},
)
_BASE64: Final = ("QQ==", "QR==", "QQ", "QQ=", "QQ==QQ==", "Q Q=", "QQ==\n", "-_==", "====", "=", "QUJD", "é")


def example(kind: inspect.Type) -> Any:
    """A valid value with every member that the type knows, as JSON has it."""
    match kind:
        case inspect.UnionType():
            return example(kind.types[0])
        case inspect.StructType():
            return {field.encode_name: example(field.type) for field in kind.fields}
        case inspect.ListType():
            return [example(kind.item_type)] * max(1, kind.min_length or 0)
        case inspect.DictType():
            return {example(kind.key_type): example(kind.value_type)}
    return _single(kind)


def _single(kind: inspect.Type) -> Any:
    match kind:
        case inspect.LiteralType():
            return kind.values[0]
        case inspect.StrType():
            return next(text for text in _TEXTS if _fits(text, kind))
        case inspect.BytesType():
            return base64.b64encode(b"bytes").decode()
        case inspect.IntType():
            return kind.ge or 0
        case inspect.FloatType():
            return 1_800_000_001.5
        case inspect.BoolType():
            return True
    raise AssertionError(f"no request of the model had a {kind} when this was written")


def spoiled(kind: inspect.Type) -> Iterator[Any]:
    """The valid value with something at one place that may be wrong there; some of it is right."""
    if isinstance(kind, inspect.UnionType):
        kind = kind.types[0]
    yield from _OF_ANY_TYPE
    match kind:
        case inspect.StructType():
            yield from _spoiled_members(kind)
        case inspect.ListType():
            whole = example(kind.item_type)
            yield from ([whole] * length for length in _lengths(kind))
            yield from ([whole, item] for item in spoiled(kind.item_type))
        case inspect.LiteralType():
            yield from (*kind.values, str(kind.values[0]).lower(), f"{kind.values[0]} ")
        case inspect.StrType():
            whole = example(kind)
            yield from (character * length for length in _lengths(kind) for character in "aA😀")
            yield from (*_TEXTS, f"{whole}\n", f"\n{whole}", f"{whole}/", f"/{whole}", f"{whole}*", whole.upper())
        case inspect.BytesType():
            yield from _BASE64
            yield from (base64.b64encode(bytes(length)).decode() for length in (kind.max_length or 0, 0))
            yield base64.b64encode(bytes((kind.max_length or 0) + 1)).decode()
        case inspect.IntType():
            yield from (bound + step for bound in (kind.ge, kind.le) if bound is not None for step in (-1, 0, 1))


def bodies(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values that are often valid, and wrong in any number of places."""
    if isinstance(kind, inspect.UnionType):
        kind = kind.types[0]
    return st.one_of(*[_near(kind)] * 4, st.sampled_from(_OF_ANY_TYPE))


def _near(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            members = {field.encode_name: bodies(field.type) for field in kind.fields}
            required = {field.encode_name for field in kind.fields if field.required}
            always = {name: values for name, values in members.items() if name in required}
            others = {name: values for name, values in members.items() if name not in required}
            complete = st.fixed_dictionaries(always, optional={**others, "unknown": st.sampled_from(_OF_ANY_TYPE)})
            return complete | st.fixed_dictionaries({}, optional=members)
        case inspect.ListType():
            return st.lists(bodies(kind.item_type), max_size=6)
        case inspect.StrType():
            fitting = [text for text in _TEXTS if _fits(text, kind)]
            return st.sampled_from(fitting) | st.sampled_from(_TEXTS) | st.text(max_size=20)
        case inspect.LiteralType():
            return st.sampled_from([*kind.values, "OTHER"])
        case inspect.BytesType():
            return st.binary(max_size=20).map(lambda content: base64.b64encode(content).decode()) | st.text(max_size=8)
        case inspect.IntType():
            return st.integers(min_value=-1, max_value=1001)
    return st.booleans()


def _spoiled_members(kind: inspect.StructType) -> Iterator[Any]:
    whole = example(kind)
    yield whole | {"unknown": [{}]}
    for field in kind.fields:
        yield {name: value for name, value in whole.items() if name != field.encode_name}
        for value in spoiled(field.type):
            yield whole | {field.encode_name: value}


def _lengths(kind: inspect.ListType | inspect.StrType) -> Iterator[int]:
    for bound in (kind.min_length, kind.max_length):
        if bound is not None and bound <= _LONGEST_TRIED:
            yield from (length for length in (bound - 1, bound, bound + 1) if length >= 0)


def _fits(text: str, kind: inspect.StrType) -> bool:
    limits = msgspec.Meta(min_length=kind.min_length, max_length=kind.max_length, pattern=kind.pattern)
    try:
        msgspec.convert(text, Annotated[str, limits])
    except msgspec.ValidationError:
        return False
    return True
