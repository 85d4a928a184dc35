"""What a plan looks for: filters over the images of a repository, and in words why an image is in or out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from wharfinger.domain import patterns
from wharfinger.domain.expressions import Expression
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.labels import Labels

TagStatus = Literal["TAGGED", "UNTAGGED", "ORPHANED", "ANY"]
BY_PATTERN: Final = "pattern"
_NO_GROUP: Final = ""
_BEYOND: Final = 253402300800000


@dataclass(frozen=True, slots=True)
class Filters:
    """As a plan was asked for; what is absent lets all through. Times are milliseconds since 1970."""

    repositories: tuple[str, ...] = ()  # names or patterns
    tag_status: TagStatus | None = None
    include_tags: tuple[str, ...] = ()  # patterns, or expressions between slashes
    exclude_tags: tuple[str, ...] = ()
    pushed_before: int | None = None
    not_pulled_since: int | None = None
    keep_newest: int | None = None
    group_by: str | None = None
    larger_than: int | None = None  # bytes
    labels: Mapping[str, str] = field(default_factory=dict)
    artifact_types: tuple[str, ...] = ()


class Candidate(NamedTuple):
    """An image of a repository as a plan looks at it."""

    key: int
    digest: str
    is_index: bool
    artifact_type: str | None
    size: int
    subject: str | None
    pushed_at: int
    pulled_at: int | None
    tags: tuple[str, ...]
    children: tuple[str, ...] = ()  # digests that an index lists
    hold: str | None = None  # what keeps it, in words


class TagPattern:
    """A pattern of tags, or an expression between slashes, which is looked for anywhere in a tag."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self._expression = _expression(text[1:-1], path) if _is_expression(text) else None

    def matches(self, tag: str) -> bool:
        """Whether it means this tag."""
        if self._expression is not None:
            return self._expression.search(tag) is not None
        return patterns.matches(self.text, tag)


class Sieve:
    """Filters made ready for use. Raises InvalidParameter."""

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        self._include = _patterns(filters.include_tags, "includeTags")
        self._exclude = _patterns(filters.exclude_tags, "excludeTags")
        self._groups = self._grouping(filters)
        self._steps: tuple[Callable[[Candidate], str | None], ...] = (
            self._excluded,
            self._of_other_status,
            self._not_included,
            self._pushed_late,
            self._too_small,
            self._of_other_type,
        )

    def covers(self, repository: str) -> bool:
        """Whether images of this repository are looked at."""
        names = self.filters.repositories
        return not names or any(patterns.matches(pattern, repository) for pattern in names)

    def refusal(self, image: Candidate, used_at: int) -> str | None:
        """Why the image is out, by what is known of it and when it, or what it lists, was last used; None: it is in."""
        for step in self._steps:
            reason = step(image)
            if reason is not None:
                return reason
        since = self.filters.not_pulled_since
        if since is not None and used_at >= since:
            what = "It, or an image that it lists," if image.is_index else "It"
            return f"{what} was pulled or pushed at {moment(used_at)}, and must not have been since {moment(since)}."
        return None

    def refusal_by_labels(self, found: Sequence[Labels | None]) -> str | None:
        """Why an image is out by the labels of its configuration, or of those of the images that it lists.

        At least one has to have any, and all that have any have to have these.
        """
        if any(labels is None for labels in found):
            return "Its configuration cannot be read, so its labels are not known."
        labelled = [labels for labels in found if labels]
        for name, value in self.filters.labels.items():
            if not labelled or any(labels.get(name) != value for labels in labelled):
                return f"It does not have the label {name}={value}."
        return None

    def groups(self, image: Candidate) -> tuple[str, ...]:
        """The groups in each of which the newest stay, in words; the empty one is that of the whole repository."""
        return self._groups(image)

    def why(self, image: Candidate) -> str:
        """Why the image is in."""
        filters = self.filters
        clauses = [self._why_by_tags(image)]
        if filters.pushed_before is not None:
            clauses.append(f"it was pushed at {moment(image.pushed_at)}")
        if filters.not_pulled_since is not None:
            clauses.append(
                "it was never pulled" if image.pulled_at is None else f"it was last pulled at {moment(image.pulled_at)}"
            )
        if filters.larger_than is not None:
            clauses.append(f"it has {image.size} bytes")
        if filters.artifact_types:
            clauses.append(f"its type is {image.artifact_type}")
        if filters.labels:
            clauses.append(
                "it has the labels " + ", ".join(f"{name}={value}" for name, value in filters.labels.items())
            )
        if filters.keep_newest:
            clauses.append(f"it is not among the newest {filters.keep_newest}")
        return _sentence(clause for clause in clauses if clause)

    def _why_by_tags(self, image: Candidate) -> str:
        for pattern in self._include:
            for tag in image.tags:
                if pattern.matches(tag):
                    return f"its tag {tag} matches {pattern.text}"
        if self.filters.tag_status == "ORPHANED":
            return "it has no tag, and no index and no subject that it belongs to"
        return f"it is tagged {image.tags[0]}" if image.tags else "it has no tag"

    def _excluded(self, image: Candidate) -> str | None:
        for pattern in self._exclude:
            for tag in image.tags:
                if pattern.matches(tag):
                    return f"Its tag {tag} matches {pattern.text}, which is excluded."
        return None

    def _of_other_status(self, image: Candidate) -> str | None:
        wanted = self.filters.tag_status or "ANY"
        if wanted == "TAGGED" and not image.tags:
            return "It has no tag."
        if wanted in {"UNTAGGED", "ORPHANED"} and image.tags:
            return f"It is tagged {image.tags[0]}."
        if wanted == "ORPHANED" and image.is_index:
            return "It is an index, and no orphan of one."
        return None

    def _not_included(self, image: Candidate) -> str | None:
        if not self._include or any(pattern.matches(tag) for pattern in self._include for tag in image.tags):
            return None
        return "None of its tags is included." if image.tags else "It has no tag that could be included."

    def _pushed_late(self, image: Candidate) -> str | None:
        before = self.filters.pushed_before
        if before is None or image.pushed_at < before:
            return None
        return f"It was pushed at {moment(image.pushed_at)}, and has to be from before {moment(before)}."

    def _too_small(self, image: Candidate) -> str | None:
        bound = self.filters.larger_than
        if bound is None or image.size > bound:
            return None
        return f"It has {image.size} bytes, and has to have more than {bound}."

    def _of_other_type(self, image: Candidate) -> str | None:
        types = self.filters.artifact_types
        if not types or image.artifact_type in types:
            return None
        return f"Its type is {image.artifact_type}." if image.artifact_type else "It has no artifact type."

    def _grouping(self, filters: Filters) -> Callable[[Candidate], tuple[str, ...]]:
        text = filters.group_by
        if text is None:
            return lambda _: (_NO_GROUP,)
        if not filters.keep_newest:
            raise InvalidParameter("filters.groupBy", "Member must be null when keepNewest is not given")
        if text == BY_PATTERN:
            if not self._include:
                raise InvalidParameter("filters.groupBy", "Member can be 'pattern' only when includeTags are given")
            return self._patterns_of
        if not _is_expression(text):
            raise InvalidParameter(
                "filters.groupBy", "Member must be 'pattern' or a regular expression between slashes"
            )
        expression = _expression(text[1:-1], "filters.groupBy")
        if not expression.has_group:
            raise InvalidParameter("filters.groupBy", "Member must have a group that captures a part of a tag")
        return lambda image: _captured(expression, image)

    def _patterns_of(self, image: Candidate) -> tuple[str, ...]:
        return tuple(
            f"of the pattern {pattern.text}" for pattern in self._include if any(map(pattern.matches, image.tags))
        )


def moment(milliseconds: int) -> str:
    """A time in words."""
    if milliseconds >= _BEYOND:
        return "the end of time"
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _captured(expression: Expression, image: Candidate) -> tuple[str, ...]:
    """What the first group captures in each tag. Images without any are a group of their own."""
    found = [match.group for match in map(expression.search, image.tags) if match is not None]
    named = {f"of the group {value}": None for value in found if value is not None}
    return tuple(named) or ("of those in no group",)


def _patterns(texts: Sequence[str], name: str) -> list[TagPattern]:
    return [TagPattern(text, f"filters.{name}.{number}.member") for number, text in enumerate(texts, 1)]


def _is_expression(text: str) -> bool:
    return len(text) > 1 and text.startswith("/") and text.endswith("/")


def _expression(text: str, path: str) -> Expression:
    try:
        return Expression(text)
    except ValueError as error:
        raise InvalidParameter(path, f"Member must be a regular expression: {error}") from error


def _sentence(clauses: Iterable[str]) -> str:
    *first, last = clauses
    text = f"{', '.join(first)} and {last}" if first else last
    return f"{text[0].upper()}{text[1:]}."
