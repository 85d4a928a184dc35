"""Regular expressions over tags that nobody can make slow.

Python's own matcher tries again and again what it has tried before, and holds up the whole process meanwhile. This one
remembers where it has been, so a tag costs at most its length times that of the expression. It reads what is common of
Python's syntax, and finds what Python finds; what needs more than that is refused: references back, looking around,
flags, possessive repetition.
"""

from __future__ import annotations

import functools
import re
import string
from typing import Final, NamedTuple

_ALPHABET: Final = string.ascii_letters + string.digits + "-_."  # what tags are made of
_LONGEST: Final = 500  # instructions, once repetition is written out
_DEEPEST: Final = 20  # groups in groups
_CLASSES: Final = frozenset("dDwWsS")
_ANCHORS: Final = {"^": "start", "$": "end", r"\A": "start", r"\Z": "end"}
_COUNT: Final = re.compile(r"\{(\d*)(,?)(\d*)\}")
_SIMPLE: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_OPENING: Final = re.compile(r"\((?:\?(?:(?P<plain>:)|P<\w+>))?")
_SET: Final = re.compile(r"\[\^?\]?(?:[^\]\\\[]|\\.)*\]")
_DOUBLED: Final = re.compile(r"--|&&|~~|\|\|")


class Instruction(NamedTuple):
    """One step of a program. Where it goes on is said as a distance, so that programs can be put together."""

    # any: a character of `characters`; start, end: the tag begins or ends here; open, close: the first group does;
    # go: nothing but going on; found: the end of the program
    kind: str
    characters: frozenset[str] = frozenset()
    first: int = 1
    second: int | None = None  # to be tried if the first way leads nowhere


Program = list[Instruction]


class Found(NamedTuple):
    """An expression occurs in a tag; what its first group captured, None if that took no part."""

    group: str | None


class Expression:
    """A compiled expression. Raises ValueError with what is wrong with it."""

    def __init__(self, text: str) -> None:
        reader = _Reader(text)
        self._program = [*reader.alternatives(), Instruction("found")]
        if not reader.is_at_end:
            raise ValueError("unbalanced parenthesis")
        self.has_group = reader.groups > 0
        _check_by_python(text)

    def search(self, tag: str) -> Found | None:
        """Whether it occurs in a tag: the leftmost place, and of several ways there the first."""
        visited: set[tuple[int, int]] = set()
        for start in range(len(tag) + 1):
            found = self._match(tag, start, visited)
            if found is not None:
                return found
        return None

    def _match(self, tag: str, start: int, visited: set[tuple[int, int]]) -> Found | None:
        program, size = self._program, len(tag)
        waiting = [(0, start, 0, -1)]
        while waiting:
            step, at, opened, closed = waiting.pop()
            # whether it leads on from here does not depend on the way here: where it once failed it fails again
            while (step, at) not in visited:
                visited.add((step, at))
                kind, characters, first, second = program[step]
                if kind == "any":
                    if at == size or tag[at] not in characters:
                        break
                    at += 1
                elif kind == "open":
                    opened, closed = at, -1
                elif kind == "close":
                    closed = at
                elif kind == "found":
                    return Found(tag[opened:closed] if closed >= 0 else None)
                elif (kind == "start" and at > 0) or (kind == "end" and at < size):
                    break
                elif second is not None:
                    waiting.append((step + second, at, opened, closed))
                step += first
        return None


class _Reader:
    """Reads the text of an expression from left to right and writes its program."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self.groups = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def alternatives(self) -> Program:
        """What is between two parentheses, or all."""
        branches = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            branches.append(self._sequence())
        program = branches.pop()
        for branch in reversed(branches):
            way_round = Instruction("go", first=len(program) + 1)
            program = [Instruction("go", second=len(branch) + 2), *branch, way_round, *program]
            _check_length(len(program))
        return program

    def _sequence(self) -> Program:
        program: Program = []
        while not self.is_at_end and self._next() not in {"|", ")"}:
            program += self._repeated(self._atom())
            _check_length(len(program))
        return program

    def _atom(self) -> Program:
        if self._next() == "(":
            return self._group()
        text = self._atom_text()
        if text in _ANCHORS:
            return [Instruction(_ANCHORS[text])]
        return [Instruction("any", _characters(text))]

    def _atom_text(self) -> str:
        text = self._next()
        if text == "[":
            match = _SET.match(self._text, self._at)
            if match is None or _DOUBLED.search(match[0]):
                raise ValueError("a set of characters that is not closed, or holds what is not supported here")
            text = match[0]
        elif text == "\\":
            text = self._text[self._at : self._at + 2]
            if text[1:].isalnum() and text[1:] not in _CLASSES and text not in _ANCHORS:
                raise ValueError(f"{text} is not supported here")
        self._at += len(text)
        return text

    def _group(self) -> Program:
        match = _OPENING.match(self._text, self._at)
        assert match is not None  # noqa: S101 - there is a parenthesis
        self._at = match.end()
        if self._next() == "?":
            raise ValueError("flags and looking around are not supported here")
        is_first = match["plain"] is None and self.groups == 0
        self.groups += match["plain"] is None
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("an expression of this size is not supported here")
        program = self.alternatives()
        if self._next() != ")":
            raise ValueError("missing ), unterminated subpattern")
        self._at += 1
        self._depth -= 1
        return [Instruction("open"), *program, Instruction("close")] if is_first else program

    def _repeated(self, program: Program) -> Program:
        low, high = self._count()
        if (low, high) == (1, 1):
            return program
        is_lazy = self._next() == "?"
        self._at += is_lazy
        if self._next() == "+":
            raise ValueError("possessive repetition is not supported here")
        _check_length((len(program) + 1) * max(low, high or 0))
        result = program * low
        if high is None:
            return [*result, _choice(2 + len(program), is_lazy), *program, Instruction("go", first=-len(program) - 1)]
        for _ in range(high - low):
            result = [*result, _choice(1 + len(program), is_lazy), *program]
        return result

    def _count(self) -> tuple[int, int | None]:
        """How often the last atom may occur, at least and at most."""
        simple = _SIMPLE.get(self._next())
        if simple is not None:
            self._at += 1
            return simple
        match = _COUNT.match(self._text, self._at)
        if match is None or match[0] == "{}":
            return 1, 1
        self._at = match.end()
        low, comma, high = match.groups()
        if len(low) > 4 or len(high) > 4:
            raise ValueError("an expression of this size is not supported here")
        least = int(low or 0)
        return least, (int(high) if high else None) if comma else least

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]


def _choice(distance: int, is_lazy: bool) -> Instruction:
    """Into a repetition, or past it."""
    return Instruction("go", first=distance, second=1) if is_lazy else Instruction("go", second=distance)


def _check_length(count: int) -> None:
    if count > _LONGEST:
        raise ValueError("an expression of this size is not supported here")


@functools.lru_cache(maxsize=256)
def _characters(text: str) -> frozenset[str]:
    """The characters of tags that an atom matches, as Python reads it."""
    if len(text) == 1 and text != ".":
        return frozenset(text)
    try:
        compiled = re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(error.msg) from error
    return frozenset(filter(compiled.fullmatch, _ALPHABET))


def _check_by_python(text: str) -> None:
    """What was read is also an expression for Python."""
    try:
        re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(error.msg) from error
    except (RecursionError, OverflowError) as error:
        raise ValueError("an expression of this size is not supported here") from error
