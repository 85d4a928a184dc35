"""Reading policies: what is not understood is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from wharfinger.domain.faults import PolicyInvalid
from wharfinger.domain.policy import keys, texts
from wharfinger.domain.policy.actions import Actions, Kind
from wharfinger.domain.policy.conditions import Condition
from wharfinger.domain.policy.documents import Document, Effect, Statement
from wharfinger.domain.policy.principals import Principals
from wharfinger.domain.policy.texts import Values, quoted

_WITH_VARIABLES: Final = "2012-10-17"
_VERSIONS: Final = ("2008-10-17", _WITH_VARIABLES)
_DOCUMENT: Final = frozenset({"Version", "Id", "Statement"})
_ALWAYS: Final = frozenset({"Sid", "Effect", "Action", "NotAction", "Condition"})
_RESOURCES: Final = frozenset({"Resource", "NotResource"})
_PRINCIPALS: Final = frozenset({"Principal", "NotPrincipal"})
_ELEMENTS: Final[Mapping[Kind, frozenset[str]]] = {
    "identity": _ALWAYS | _RESOURCES,
    "session": _ALWAYS | _RESOURCES,
    "repository": _ALWAYS | _PRINCIPALS,
    "registry": _ALWAYS | _PRINCIPALS | _RESOURCES,
    "trust": _ALWAYS | {"Principal"},
}
# characters; those of repositories and registries are ECR's, IAM counts without blanks
_LIMITS: Final[Mapping[Kind, int]] = {
    "identity": 20480,
    "session": 20480,
    "repository": 10240,
    "registry": 10240,
    "trust": 20480,
}
_DEEPEST: Final = 8  # one more than the values of a condition are


def read(text: str, kind: Kind) -> Document:
    """A policy of a kind from its JSON. Raises PolicyInvalid."""
    if len(text) > _LIMITS[kind]:
        _refuse("", f"the policy is longer than {_LIMITS[kind]} characters")
    body = _object(parsed(text), "", _DOCUMENT)
    version = body.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        _refuse("Version", f"it is one of {' and '.join(_VERSIONS)}")
    if not isinstance(body.get("Id", ""), str):
        _refuse("Id", "it is a string")
    statements = body.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not listed:
        _refuse("Statement", "there is none")
    reader = _Reader(kind, has_variables=version == _WITH_VARIABLES)
    return Document(kind, [reader.statement(one, number) for number, one in enumerate(listed)])


def restore(text: str, kind: Kind) -> Document:
    """A policy that was accepted once. What is not understood any more denies everything to everyone."""
    try:
        return read(text, kind)
    except PolicyInvalid:
        everyone, everything = Principals("*"), Actions(["*"], kind)
        return Document(kind, [Statement(0, "NotUnderstood", "Deny", everyone, everything)])


def parsed(text: str) -> Any:
    """What JSON says, if it says it once. Raises PolicyInvalid."""
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_constant, parse_float=_number)
        text.encode()
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise PolicyInvalid(f"the policy is not JSON: {error.msg} in line {error.lineno}") from None
    except UnicodeError:
        raise PolicyInvalid("the policy has half a character: write whole ones") from None
    except (ValueError, RecursionError) as error:
        raise PolicyInvalid(str(error) if isinstance(error, _Refusal) else "the policy is not JSON") from None
    _check_depth(value, _DEEPEST)
    return value


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        _refuse("", "the policy is nested too deep")
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(one, left - 1)


class _Refusal(ValueError):
    """Of what Python would accept as JSON."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refusal(f"the member {quoted(twice)} is there twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise _Refusal(f"{name} is not JSON")


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Refusal(f"the number {quoted(text)} is too large")
    return value


def _refuse(where: str, what: str) -> NoReturn:
    raise PolicyInvalid(f"{where}: {what}" if where else what)


def _object(value: Any, where: str, members: frozenset[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(where, "it is an object" if where else "the policy is an object")
    for name in value:
        if name not in members:
            _refuse(where, f"there is no element {quoted(name)} in such a policy")
    return value


def _strings(value: Any, where: str) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    if not listed or not all(isinstance(one, str) for one in listed):
        _refuse(where, "it is a string or a list of strings that is not empty")
    return listed


class _Reader:
    """Reads the statements of one policy."""

    def __init__(self, kind: Kind, *, has_variables: bool) -> None:
        self._kind = kind
        self._has_variables = has_variables

    def statement(self, value: Any, number: int) -> Statement:
        where = f"Statement[{number}]"
        body = _object(value, where, _ELEMENTS[self._kind])
        effect = _effect(body.get("Effect"), f"{where}.Effect")
        sid = body.get("Sid")
        if not isinstance(sid, str | None) or ("Sid" in body and sid is None):
            _refuse(f"{where}.Sid", "it is a string")
        principals = self._principals(body, where, effect) if "Principal" in _ELEMENTS[self._kind] else None
        name = _either(body, where, "Action", "NotAction")
        try:
            actions = Actions(_strings(body[name], f"{where}.{name}"), self._kind, inverted=name == "NotAction")
        except ValueError as error:
            _refuse(f"{where}.{name}", str(error))
        return Statement(
            number=number,
            sid=sid,
            effect=effect,
            principals=principals,
            actions=actions,
            resources=self._resources(body, where, actions) if "Resource" in _ELEMENTS[self._kind] else None,
            excepts_resources="NotResource" in body,
            conditions=tuple(self._conditions(body.get("Condition", {}), f"{where}.Condition", actions)),
        )

    def _principals(self, body: dict[str, Any], where: str, effect: Effect) -> Principals:
        name = _either(body, where, "Principal", "NotPrincipal")
        value, where = body[name], f"{where}.{name}"
        if name == "NotPrincipal" and effect == "Allow":
            _refuse(where, "it goes with Deny only: with Allow it would let in all others")
        if isinstance(value, dict) and value:
            value = {type_: _strings(listed, f"{where}.{type_}") for type_, listed in value.items()}
        elif value != "*":
            _refuse(where, 'it is \'*\' or an object like {"AWS": "123456789012"}')
        try:
            return Principals(value, of_trust=self._kind == "trust", inverted=name == "NotPrincipal")
        except ValueError as error:
            _refuse(where, str(error))

    def _resources(self, body: dict[str, Any], where: str, actions: Actions) -> Values:
        name = _either(body, where, "Resource", "NotResource")
        where = f"{where}.{name}"
        found = []
        for value in _strings(body[name], where):
            try:
                found.append(self._resource(value, actions))
            except ValueError as error:
                _refuse(where, str(error))
        return Values(found, arns=True)

    def _resource(self, value: str, actions: Actions) -> list[texts.Piece]:
        if value == "*":
            return [texts.Wild.RUN]
        found = texts.arn(value, has_variables=self._has_variables)
        if texts.has_early_variable(found):
            raise ValueError(f"a variable can only stand behind the fifth colon of {quoted(value)}")
        self._check_variables(found, actions)
        return found

    def _check_variables(self, found: list[texts.Piece], actions: Actions) -> None:
        for key in texts.variables(found):
            if keys.has_several(self._key(key, actions)):
                raise ValueError(f"{quoted(key)} can have several values, so it is not a variable")

    def _key(self, key: str, actions: Actions) -> str:
        return keys.read(key, of_trust=self._kind == "trust", of_others=actions.of_others)

    def _conditions(self, value: Any, where: str, actions: Actions) -> list[Condition]:
        if not isinstance(value, dict):
            _refuse(where, "it is an object")
        found: list[Condition] = []
        for operator, wanted in value.items():
            if not isinstance(wanted, dict) or not wanted:
                _refuse(f"{where}.{operator[:80]}", 'it is an object like {"aws:username": "ann"}')
            named = [self._condition(operator, key, listed, where, actions) for key, listed in wanted.items()]
            if len({condition.key for condition in named}) < len(named):
                _refuse(f"{where}.{operator}", "a key is there twice, once in other letters")
            found += named
        return found

    def _condition(self, operator: str, key: str, value: Any, where: str, actions: Actions) -> Condition:
        values = [_scalar(one, where) for one in (value if isinstance(value, list) else [value])]
        if not values:
            _refuse(where, f"{quoted(key)} has no value")
        try:
            name = self._key(key, actions)
            for one in values:
                found = texts.pieces(one, has_wildcards=False, has_variables=self._has_variables)
                self._check_variables(found, actions)
            condition = Condition(operator, name, values, has_variables=self._has_variables)
        except ValueError as error:
            _refuse(where, str(error))
        if keys.has_several(name) and condition.is_for_one_value:
            _refuse(
                where, f"{quoted(key)} can have several values: write ForAnyValue:{operator} or ForAllValues:{operator}"
            )
        return condition


def _effect(value: Any, where: str) -> Effect:
    if value == "Allow":
        return "Allow"
    if value == "Deny":
        return "Deny"
    return _refuse(where, "it is Allow or Deny")


def _either(body: dict[str, Any], where: str, name: str, other: str) -> str:
    if (name in body) is (other in body):
        _refuse(where, f"it has either {name} or {other}")
    return name if name in body else other


def _scalar(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    return _refuse(where, "values are strings, numbers, true or false, or a list of these")
