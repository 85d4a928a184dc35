"""Settings of repositories, in the form of the ECR API."""

from __future__ import annotations

from typing import Any, Final

FILTERS: Final = "imageTagMutabilityExclusionFilters"


def wildcards(*patterns: str) -> list[dict[str, str]]:
    """Filters that exclude tags from the mutability of their repository."""
    return [{"filterType": "WILDCARD", "filter": pattern} for pattern in patterns]


def with_exclusion(*patterns: str) -> dict[str, Any]:
    """Tags may move but for those that fit a pattern."""
    return {"imageTagMutability": "MUTABLE_WITH_EXCLUSION", FILTERS: wildcards(*patterns)}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Resource tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
