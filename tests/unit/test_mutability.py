"""Which tags a repository protects."""

from __future__ import annotations

import pytest

from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.mutability import Mutability, Setting, mutability


@pytest.mark.parametrize(
    ("setting", "exclusions", "tag", "protected"),
    [
        ("MUTABLE", (), "latest", False),
        ("IMMUTABLE", (), "latest", True),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("dev-*",), "v1", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "v1", True),
        ("MUTABLE_WITH_EXCLUSION", ("v*",), "dev-1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ("a*", "b*"), "b1", False),
        ("MUTABLE_WITH_EXCLUSION", ("a*", "b*"), "b1", True),
    ],
)
def test_a_tag_is_protected_by_the_setting_and_its_filters(
    setting: Setting, exclusions: tuple[str, ...], tag: str, protected: bool
) -> None:
    assert mutability(setting, exclusions).protects(tag) is protected


def test_without_a_setting_every_tag_may_be_moved() -> None:
    assert not Mutability().protects("latest")


@pytest.mark.parametrize(
    ("setting", "exclusions"),
    [
        ("MUTABLE", ("v*",)),
        ("IMMUTABLE", ("v*",)),
        ("MUTABLE_WITH_EXCLUSION", ()),
        ("IMMUTABLE_WITH_EXCLUSION", ()),
    ],
)
def test_filters_belong_to_the_settings_with_exclusion_and_only_to_them(
    setting: Setting, exclusions: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        mutability(setting, exclusions)
    assert caught.value.path == "imageTagMutabilityExclusionFilters"
    assert caught.value.constraint == (
        f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {setting}"
    )
