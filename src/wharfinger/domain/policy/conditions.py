"""Conditions: an operator, a condition key, and the values that the key may have.

An answer is yes, no, or None where it cannot be told. What cannot be told grants nothing and denies: the statement
decides that by its effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from wharfinger.domain.policy.comparisons import OPERATORS, Comparison
from wharfinger.domain.policy.texts import Keys, quoted

_BY_NAME: Final = {name.lower(): name for name in OPERATORS}
_QUANTIFIERS: Final[dict[str, Literal["all", "any"] | None]] = {
    "": None,
    "forallvalues:": "all",
    "foranyvalue:": "any",
}
_IF_EXISTS: Final = "ifexists"


class Condition:
    """One of a statement. Raises ValueError if it cannot be understood."""

    __slots__ = ("_compare", "_if_exists", "_is_negated", "_quantifier", "_wants_absent", "key", "operator")

    def __init__(self, operator: str, key: str, values: Sequence[str], *, has_variables: bool) -> None:
        self.operator = operator  # as it is written
        self.key = key  # in lower case
        self._wants_absent = _wanted_absences(values) if operator.lower() == "null" else None
        if self._wants_absent is not None:
            return
        prefix, colon, name = operator.lower().rpartition(":")
        self._if_exists = name.endswith(_IF_EXISTS)
        base = _BY_NAME.get(name.removesuffix(_IF_EXISTS))
        if base is None or prefix + colon not in _QUANTIFIERS:
            raise ValueError(f"there is no operator {quoted(operator)}")
        self._quantifier = _QUANTIFIERS[prefix + colon]
        read, self._is_negated = OPERATORS[base]
        self._compare: Comparison = read(values, has_variables=has_variables)

    @property
    def is_for_one_value(self) -> bool:
        """Whether it can only be told of a key with one value."""
        return self._wants_absent is None and self._quantifier is None

    def holds(self, keys: Keys) -> bool | None:
        """Whether it is met; None if that cannot be told."""
        values = keys.get(self.key)
        if self._wants_absent is not None:
            return (not values) in self._wants_absent
        if not values:
            return self._holds_without_key()
        if self._quantifier is None:
            # AWS requires ForAllValues or ForAnyValue where a key has several values, and meets nothing without
            return self._holds_for(values[0], keys) if len(values) == 1 else None
        answers = [self._holds_for(value, keys) for value in values]
        decisive = self._quantifier == "any"
        return decisive if decisive in answers else None if None in answers else not decisive

    def _holds_for(self, value: str, keys: Keys) -> bool | None:
        answer = self._compare(value, keys)
        return answer if answer is None else answer is not self._is_negated

    def _holds_without_key(self) -> bool | None:
        if self._quantifier == "all":
            return True
        if self._quantifier == "any":
            # AWS documents IfExists as met, and is seen not to meet it here
            return None if self._if_exists else False
        return self._if_exists or self._is_negated


def _wanted_absences(values: Sequence[str]) -> frozenset[bool]:
    lowered = [value.lower() for value in values]
    for value in lowered:
        if value not in {"true", "false"}:
            raise ValueError(f"{quoted(value)} is neither true nor false")
    return frozenset(value == "true" for value in lowered)
