"""Filters of plans: what each lets through, and in which words it says so."""

from __future__ import annotations

from typing import Any, Final

import pytest

from support.plans import NOW, going, image, reasons
from wharfinger.domain import labels as label_rules
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.filters import Candidate, Filters, Sieve
from wharfinger.state.clock import DAY

TYPE: Final = "application/vnd.example.sbom"


def repository() -> list[Candidate]:
    """One image of each kind; none belongs to another."""
    return [
        image("release", "v1.0", "latest"),
        image("dev", "dev-1"),
        image("dev and stable", "dev-2", "stable"),
        image("old", "old", age=400),
        image("young", "young", age=1),
        image("used", "used", pulled=1),
        image("unused", "unused", pulled=90),
        image("large", "large", size=5000),
        image("typed", "typed", artifact_type=TYPE),
        image("bare"),
        image("empty index", lists=[]),
    ]


ALL: Final = {
    "release",
    "dev",
    "dev and stable",
    "old",
    "young",
    "used",
    "unused",
    "large",
    "typed",
    "bare",
    "empty index",
}
UNTAGGED: Final = {"bare", "empty index"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({}, ALL, id="nothing"),
        pytest.param({"tag_status": "ANY"}, ALL, id="any"),
        pytest.param({"tag_status": "TAGGED"}, ALL - UNTAGGED, id="tagged"),
        pytest.param({"tag_status": "UNTAGGED"}, UNTAGGED, id="untagged"),
        pytest.param({"tag_status": "ORPHANED"}, {"bare"}, id="orphaned"),
        pytest.param({"include_tags": ("dev-*",)}, {"dev", "dev and stable"}, id="glob"),
        pytest.param({"include_tags": ("dev-1",)}, {"dev"}, id="name"),
        pytest.param({"include_tags": ("ev-1",)}, set(), id="a glob is for the whole tag"),
        pytest.param({"include_tags": ("/ev-1/",)}, {"dev"}, id="an expression is found anywhere"),
        pytest.param({"include_tags": ("/^v[0-9.]+$/", "old")}, {"release", "old"}, id="any of several"),
        pytest.param({"exclude_tags": ("*",)}, UNTAGGED, id="excluded"),
        pytest.param({"include_tags": ("dev-*",), "exclude_tags": ("stable",)}, {"dev"}, id="excluding wins"),
        pytest.param({"exclude_tags": ("/./",), "tag_status": "TAGGED"}, set(), id="excluded by an expression"),
        pytest.param({"pushed_before": NOW - 300 * DAY}, {"old"}, id="pushed before"),
        pytest.param({"pushed_before": NOW - 400 * DAY}, set(), id="pushed then is not before"),
        pytest.param({"not_pulled_since": NOW - 2 * DAY}, ALL - {"young", "used"}, id="not pulled since"),
        pytest.param({"not_pulled_since": NOW - 90 * DAY}, ALL - {"young", "used", "unused"}, id="pulled just then"),
        pytest.param({"larger_than": 1000}, {"large"}, id="larger"),
        pytest.param({"larger_than": 5000}, set(), id="as large is not larger"),
        pytest.param({"artifact_types": (TYPE, "other")}, {"typed"}, id="type"),
        pytest.param(
            {"tag_status": "TAGGED", "include_tags": ("*d",), "larger_than": 999},
            {"old", "used", "unused", "typed"},
            id="all together",
        ),
    ],
)
def test_an_image_goes_if_every_filter_lets_it(filters: dict[str, Any], expected: set[str]) -> None:
    assert going(repository(), **filters) == expected


@pytest.mark.parametrize(
    ("name", "filters", "reason"),
    [
        ("release", {}, "It is tagged v1.0."),
        ("bare", {}, "It has no tag."),
        ("bare", {"tag_status": "ORPHANED"}, "It has no tag, and no index and no subject that it belongs to."),
        ("dev", {"include_tags": ("dev-*",)}, "Its tag dev-1 matches dev-*."),
        (
            "old",
            {"pushed_before": NOW, "keep_newest": 1},
            "It is tagged old, it was pushed at 2025-12-11T08:00:00Z and it is not among the newest 1.",
        ),
        (
            "unused",
            {"not_pulled_since": NOW - DAY},
            "It is tagged unused and it was last pulled at 2026-10-17T08:00:00Z.",
        ),
        ("old", {"not_pulled_since": NOW - DAY}, "It is tagged old and it was never pulled."),
        ("large", {"larger_than": 7}, "It is tagged large and it has 5000 bytes."),
        ("typed", {"artifact_types": (TYPE,)}, f"It is tagged typed and its type is {TYPE}."),
    ],
)
def test_what_goes_says_which_filters_it_was_chosen_by(name: str, filters: dict[str, Any], reason: str) -> None:
    assert reasons(repository(), **filters)[name] == reason


@pytest.mark.parametrize(
    ("name", "filters", "reason"),
    [
        ("bare", {"tag_status": "TAGGED"}, "It has no tag."),
        ("release", {"tag_status": "UNTAGGED"}, "It is tagged v1.0."),
        ("empty index", {"tag_status": "ORPHANED"}, "It is an index, and no orphan of one."),
        ("old", {"include_tags": ("dev-*",)}, "None of its tags is included."),
        ("bare", {"include_tags": ("dev-*",)}, "It has no tag that could be included."),
        ("dev and stable", {"exclude_tags": ("/^sta/",)}, "Its tag stable matches /^sta/, which is excluded."),
        (
            "young",
            {"pushed_before": NOW - 30 * DAY},
            "It was pushed at 2027-01-14T08:00:00Z, and has to be from before 2026-12-16T08:00:00Z.",
        ),
        (
            "used",
            {"not_pulled_since": NOW - 30 * DAY},
            "It was pulled or pushed at 2027-01-14T08:00:00Z, and must not have been since 2026-12-16T08:00:00Z.",
        ),
        ("dev", {"larger_than": 1000}, "It has 1000 bytes, and has to have more than 1000."),
        ("typed", {"artifact_types": ("other",)}, f"Its type is {TYPE}."),
        ("dev", {"artifact_types": ("other",)}, "It has no artifact type."),
        ("young", {"keep_newest": 3}, "It is number 1 of the newest 3."),
    ],
)
def test_what_stays_says_which_filter_kept_it(name: str, filters: dict[str, Any], reason: str) -> None:
    assert reasons(repository(), **filters)[name] == reason


# --- the newest ----------------------------------------------------------------------------------------------


def builds() -> list[Candidate]:
    return [
        image("a1", "a-1", age=9),
        image("a2", "a-2", age=8),
        image("a3", "a-3", age=7),
        image("b1", "b-1", age=6),
        image("b2", "b-2", age=5),
        image("other", "other", age=99),
        image("bare", age=98),
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param({"keep_newest": 0}, {"a1", "a2", "a3", "b1", "b2", "other", "bare"}, id="none"),
        pytest.param({"keep_newest": 2}, {"a1", "a2", "a3", "other", "bare"}, id="overall"),
        pytest.param({"keep_newest": 99}, set(), id="more than there are"),
        pytest.param({"keep_newest": 1, "include_tags": ("a-*",)}, {"a1", "a2"}, id="of those that others select"),
        pytest.param(
            {"keep_newest": 1, "include_tags": ("a-*", "b-*"), "group_by": "pattern"},
            {"a1", "a2", "b1"},
            id="per pattern",
        ),
        pytest.param(
            {"keep_newest": 1, "group_by": "/^([ab])-/"}, {"a1", "a2", "b1", "other"}, id="per captured group"
        ),
        pytest.param({"keep_newest": 2, "group_by": "/-(.)$/"}, set(), id="what captures nothing is a group"),
    ],
)
def test_the_newest_stay(filters: dict[str, Any], expected: set[str]) -> None:
    assert going(builds(), **filters) == expected


def test_the_newest_of_a_group_says_of_which() -> None:
    found = reasons(builds(), keep_newest=1, group_by="/^([ab])-/")
    assert found["a3"] == "It is number 1 of the newest 1 of the group a."
    assert found["bare"] == "It is number 1 of the newest 1 of those in no group."


def test_an_image_in_several_groups_stays_if_it_is_among_the_newest_of_one() -> None:
    images = [image("both", "a-1", "b-1", age=9), image("a", "a-2", age=1)]
    assert going(images, keep_newest=1, group_by="/^([ab])-/") == set()


def test_of_two_that_were_pushed_at_once_the_later_one_is_newer() -> None:
    assert going([image("first", "a"), image("second", "b")], keep_newest=1) == {"first"}


def test_what_is_held_counts_among_the_newest() -> None:
    images = [image("old", "a", age=9), image("held", "b", age=1, hold="hold 1 on b: live")]
    assert going(images, keep_newest=1) == {"old"}


# --- labels --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "goes"),
    [
        pytest.param({"env": "dev"}, True, id="has it"),
        pytest.param({"env": None}, False, id="has another value, or others only"),
        pytest.param({}, False, id="has none"),
        pytest.param(None, False, id="unreadable"),
    ],
)
def test_an_image_goes_if_its_configuration_has_the_label(found: label_rules.Labels | None, goes: bool) -> None:
    assert going([image("one", "a")], {"one": found}, labels={"env": "dev"}) == ({"one"} if goes else set())


def test_an_index_has_the_labels_of_those_of_its_images_that_have_any() -> None:
    images = [
        image("amd64"),
        image("arm64"),
        image("attestation"),
        image("index", "v1", lists=["amd64", "arm64", "attestation"]),
    ]
    dev, other = {"env": "dev"}, {"env": None}
    assert going(images, {"amd64": dev, "arm64": dev}, labels={"env": "dev"}) == {
        "amd64",
        "arm64",
        "attestation",
        "index",
    }
    assert going(images, {"amd64": dev, "arm64": other}, labels={"env": "dev"}) == set()


def test_why_labels_keep_an_image() -> None:
    images = [image("other", "a"), image("unreadable", "b")]
    assert reasons(images, {"other": {"env": None}, "unreadable": None}, labels={"env": "dev"}) == {
        "other": "It does not have the label env=dev.",
        "unreadable": "Its configuration cannot be read, so its labels are not known.",
    }


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        (b'{"config": {"Labels": {"env": "dev", "x": "y"}}}', {"env": "dev"}),
        (b'{"config": {"Labels": {"env": "prod"}}}', {"env": None}),
        (b'{"config": {"Labels": {"x": "y"}}}', {"env": None}),
        (b'{"config": {"Labels": {"env": 7}}}', {"env": None}),
        (b'{"config": {"Labels": {}}}', {}),
        (b'{"config": {"Labels": null}}', {}),
        (b'{"config": {}}', {}),
        (b"{}", {}),
        (b'{"config": "text"}', {}),
        (b'{"name": "chart", "version": "1"}', {}),
        (b"\xff not json", {}),
        (b"", {}),
        (b"[" * 100_000, {}),
    ],
)
def test_labels_are_read_from_whatever_is_a_configuration(configuration: bytes, expected: label_rules.Labels) -> None:
    assert label_rules.read(configuration, {"env": "dev"}) == expected


# --- what cannot be asked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "path"),
    [
        ({"include_tags": ("ok", "/(/")}, "filters.includeTags.2.member"),
        ({"exclude_tags": ("/[/",)}, "filters.excludeTags.1.member"),
        ({"group_by": "/(.)/"}, "filters.groupBy"),
        ({"group_by": "pattern", "keep_newest": 1}, "filters.groupBy"),
        ({"group_by": "name", "keep_newest": 1}, "filters.groupBy"),
        ({"group_by": "/a/", "keep_newest": 1}, "filters.groupBy"),
        ({"group_by": "/(?:a)/", "keep_newest": 1}, "filters.groupBy"),
        ({"group_by": "/(/", "keep_newest": 1}, "filters.groupBy"),
    ],
)
def test_filters_that_make_no_sense_are_refused(filters: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        Sieve(Filters(**filters))
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("patterns", "covered"),
    [((), True), (("team/app",), True), (("team/*",), True), (("other", "*app"), True), (("team",), False)],
)
def test_a_plan_covers_the_repositories_that_are_named(patterns: tuple[str, ...], covered: bool) -> None:
    assert Sieve(Filters(repositories=patterns)).covers("team/app") == covered
