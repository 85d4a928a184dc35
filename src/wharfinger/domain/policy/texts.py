"""The values of a policy: literal text, wildcards and variables, and whether what a request has fits them.

`*` is any run of characters, `?` is one. Matching takes the first place for each part and never tries another, so no
pattern is slow. What a variable stands for is literal: a `*` in it is a star.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

_LONGEST_KEPT: Final = 512  # characters of values for variables
Keys = Mapping[str, tuple[str, ...]]  # what is known of a request, by condition keys in lower case

_VARIABLE: Final = re.compile(r"\$\{(?:([*?$])|([^,{}'* ?]+)(?:, '([^']*)')?)\}")
_ARN_HEAD: Final = re.compile(r"arn:[a-z*?-]+:[a-z0-9*?-]+:[a-z0-9*?-]*:(?:\d{12}|aws|[\d*?]*[*?][\d*?]*)?", re.ASCII)
_SHOWN: Final = 80  # characters of a policy that a reason repeats


class Wild(enum.Enum):
    """A wildcard."""

    RUN = "*"
    ONE = "?"


class Variable(NamedTuple):
    """`${key, 'default'}`: the only value of a condition key."""

    key: str
    default: str | None


Piece = str | Wild | Variable


def quoted(text: str) -> str:
    """As a reason repeats it."""
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}…'"


def pieces(text: str, *, has_wildcards: bool, has_variables: bool) -> list[Piece]:
    """What `text` is made of. Raises ValueError with what is wrong with it."""
    found: list[Piece] = []
    at = 0
    while at < len(text):
        piece, size = _piece(text, at, has_wildcards, has_variables)
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
        at += size
    return found


def _piece(text: str, at: int, has_wildcards: bool, has_variables: bool) -> tuple[Piece, int]:
    """What stands at a place, and how many characters it takes."""
    if has_variables and text.startswith("${", at):
        match = _VARIABLE.match(text, at)
        if match is None:
            raise ValueError(f"{quoted(text[at:])} does not begin with a variable like ${{key}} or ${{key, 'default'}}")
        literal, key, default = match.groups()
        return literal or Variable(key.lower(), default), len(match[0])
    if has_wildcards and text[at] in "*?":
        return Wild(text[at]), 1
    return text[at], 1


def variables(found: Iterable[Piece]) -> list[str]:
    """The condition keys that pieces take values from."""
    return [piece.key for piece in found if isinstance(piece, Variable)]


class Values:
    """The values that one element of a policy, or one condition, lists."""

    __slots__ = ("_exact", "_fold", "_open", "_search")

    def __init__(self, values: Sequence[list[Piece]], *, arns: bool = False, ignore_case: bool = False) -> None:
        self._fold = ignore_case
        literal = ["".join(map(str, value)) for value in values if _is_literal(value)]
        self._exact = frozenset(text.casefold() if ignore_case else text for text in literal)
        self._open = tuple(_Open(value, arns, ignore_case) for value in values if variables(value))
        patterns = [_source(_parts(value, arns)) for value in values if not _is_literal(value) and not variables(value)]
        self._search = _compiled("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None

    def fits(self, text: str, keys: Keys) -> bool | None:
        """Whether `text` fits one of them; None if it fits none and a variable of one has no value."""
        if self._fold:
            text = text.casefold()
        if text in self._exact or (self._search is not None and self._search(text)):
            return True
        if not self._open:
            return False
        answers = [value.fits(text, keys) for value in self._open]
        return True if True in answers else None if None in answers else False


class _Open:
    """A value that a request has to complete."""

    __slots__ = ("_arns", "_fold", "_is_plain", "_parts", "_variables")

    def __init__(self, value: list[Piece], arns: bool, ignore_case: bool) -> None:
        self._parts = _parts(value, arns)
        self._variables = [piece for piece in value if isinstance(piece, Variable)]
        self._arns = arns
        self._fold = ignore_case
        self._is_plain = not arns and not any(isinstance(piece, Wild) for piece in value)

    def fits(self, text: str, keys: Keys) -> bool | None:
        if self._arns and not is_arn(text):
            return False  # whatever the variables stand for
        values = tuple([_value(variable, keys) for variable in self._variables])
        if None in values:
            return None
        if self._is_plain:
            whole = "".join(map(str, self._filled(values)[0]))
            return text == (whole.casefold() if self._fold else whole)
        # what a request brings can be as long as it likes, so only short values are kept
        complete = _completed if sum(map(len, filter(None, values))) <= _LONGEST_KEPT else _completed.__wrapped__
        return complete(self, values)(text) is not None

    def pattern(self, values: Sequence[str | None]) -> str:
        """The regular expression that values for its variables make of it."""
        return _source(self._filled(values))

    def _filled(self, values: Sequence[str | None]) -> list[list[Piece]]:
        left = iter(values)
        return [[str(next(left)) if isinstance(piece, Variable) else piece for piece in part] for part in self._parts]


@functools.lru_cache(maxsize=1024)
def _completed(value: _Open, values: tuple[str | None, ...]) -> Callable[[str], re.Match[str] | None]:
    return _compiled(value.pattern(values))


def _value(variable: Variable, keys: Keys) -> str | None:
    values = keys.get(variable.key, ())
    return values[0] if len(values) == 1 else variable.default


def _is_literal(value: list[Piece]) -> bool:
    return all(isinstance(piece, str) for piece in value)


# --- ARNs -----------------------------------------------------------------------------------------------------


def arn(text: str, *, has_variables: bool) -> list[Piece]:
    """The pieces of a pattern of ARNs. Raises ValueError if it is none."""
    found = pieces(text, has_wildcards=True, has_variables=has_variables)
    parts = _segments(found)
    if parts[-1][-1:] == [Wild.RUN]:
        found += [":", Wild.RUN] * (6 - len(parts))
        parts = _segments(found)
    head = ":".join("".join(_shown(piece) for piece in part) for part in parts[:5])
    if len(parts) < 6 or not parts[5] or not _ARN_HEAD.fullmatch(head):
        raise ValueError(f"{quoted(text)} is not an ARN like arn:aws:ecr:eu-west-1:123456789012:repository/name")
    return found


def has_early_variable(found: list[Piece]) -> bool:
    """Whether a variable stands before the fifth colon of an ARN."""
    return any(variables(part) for part in _segments(found)[:5])


def is_arn(text: str) -> bool:
    """Whether a value of a request is one."""
    return text.startswith("arn:") and text.count(":") >= 5


def _shown(piece: Piece) -> str:
    return piece if isinstance(piece, str) else "*"


def _segments(found: list[Piece]) -> list[list[Piece]]:
    """The six parts of an ARN, or how many there are; colons after the fifth are part of the last."""
    parts: list[list[Piece]] = [[]]
    for piece in found:
        texts = piece.split(":", 6 - len(parts)) if isinstance(piece, str) else [piece]
        parts[-1] += texts[:1]
        parts += [[text] if text else [] for text in texts[1:]]
    return parts


# --- patterns -------------------------------------------------------------------------------------------------


def _parts(value: list[Piece], arns: bool) -> list[list[Piece]]:
    """The parts that a star does not leave. A star alone is everything."""
    return _segments(value) if arns and value != [Wild.RUN] else [value]


def _source(parts: list[list[Piece]]) -> str:
    """A regular expression for parts without variables."""
    *head, last = parts
    return ":".join([*(_expression(part, "[^:]") for part in head), _expression(last, ".")])


def _expression(value: list[Piece], character: str) -> str:
    parts = [""]
    for piece in value:
        if piece is Wild.RUN:
            parts.append("")
        else:
            parts[-1] += character if piece is Wild.ONE else _literal(str(piece), character)
    first, *middle = parts
    if not middle:
        return first
    last = middle.pop()
    # atomic: the first place found for a part leaves most room for the rest, so no other is tried
    return first + "".join(f"(?>{character}*?{part})" for part in middle if part) + f"{character}*{last}"


def _literal(text: str, character: str) -> str:
    """What a variable stands for is no more than one part of an ARN."""
    return re.escape(text) if character == "." or ":" not in text else "(?!)"


def _compiled(source: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(source, re.DOTALL).fullmatch
