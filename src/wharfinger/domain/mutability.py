"""Whether a tag may be moved: a repository's setting and its exclusion filters."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.patterns import matches

Setting = Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"]
_PATH: Final = "imageTagMutabilityExclusionFilters"
_MISSING: Final = "ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {}"


class Mutability(NamedTuple):
    """The setting, and the filters whose tags it treats the other way round."""

    setting: Setting = "MUTABLE"
    exclusions: tuple[str, ...] = ()

    def protects(self, tag: str) -> bool:
        """Whether `tag`, once taken, stays where it is."""
        excluded = any(matches(pattern, tag) for pattern in self.exclusions)
        return excluded != self.setting.startswith("IMMUTABLE")


def mutability(setting: Setting, exclusions: tuple[str, ...]) -> Mutability:
    """The setting with its filters, which belong to the `_WITH_EXCLUSION` settings and only to them."""
    if setting.endswith("_WITH_EXCLUSION") != bool(exclusions):
        raise InvalidParameter(_PATH, _MISSING.format(setting))
    return Mutability(setting, exclusions)
