"""What belongs together in a plan: an index with its children and referrers goes whole or not at all."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.plans import NOW, going, image, named, reasons, verdicts
from support.removal import name_of
from wharfinger.domain.filters import Candidate
from wharfinger.state.clock import DAY

HOLD = "hold 1 on x: in production"


def family(*index_tags: str, child_tags: tuple[str, ...] = (), hold: str | None = None) -> list[Candidate]:
    """An index of two images, one with a signature, and an SBOM of the index."""
    return [
        image("amd64", *child_tags, hold=hold),
        image("arm64"),
        image("index", *index_tags, lists=["amd64", "arm64"]),
        image("signature", subject="amd64"),
        image("sbom", subject="index"),
    ]


WHOLE = {"amd64", "arm64", "index", "signature", "sbom"}


# --- what follows --------------------------------------------------------------------------------------------


def test_an_index_goes_with_its_children_and_all_that_refers_to_them() -> None:
    assert going(family("v1"), include_tags=("v1",)) == WHOLE


def test_what_goes_along_says_with_what() -> None:
    found = reasons(family("v1"), include_tags=("v1",))
    assert found["amd64"] == found["arm64"] == "It goes with the index @index, which lists it."
    assert found["signature"] == "It goes with @amd64, to which it refers."
    assert found["sbom"] == "It goes with @index, to which it refers."


def test_children_and_referrers_of_an_index_that_stays_stay_though_they_have_no_tag() -> None:
    found = reasons(family("v1"), tag_status="UNTAGGED")
    assert going(family("v1"), tag_status="UNTAGGED") == set()
    assert found["index"] == "It is tagged v1."
    assert found["amd64"] == "It is listed by the index @index, which stays."
    assert found["signature"] == "It refers to @amd64, which stays."


def test_an_untagged_index_goes_as_a_whole() -> None:
    assert going(family(), tag_status="UNTAGGED") == WHOLE


def test_an_orphan_belongs_to_nothing() -> None:
    images = [*family("v1"), image("orphan"), image("signature of what is gone", subject="gone")]
    assert going(images, tag_status="ORPHANED") == {"orphan", "signature of what is gone"}


def test_what_belongs_to_others_is_not_asked_for_its_age_or_size() -> None:
    images = [image("child", age=1, size=1), image("index", "v1", lists=["child"], age=50, size=10)]
    assert going(images, pushed_before=images[0].pushed_at, larger_than=5) == {"child", "index"}


def test_what_belongs_to_others_does_not_count_among_the_newest() -> None:
    images = [image("old", "old", age=50), image("child", age=1), image("index", "v1", lists=["child"], age=1)]
    assert going(images, keep_newest=1) == {"old"}


def test_an_index_is_as_used_as_the_images_that_it_lists() -> None:
    images = [image("child", pulled=1), image("inner", lists=["child"]), image("index", "v1", lists=["inner"])]
    since = images[0].pulled_at
    assert going(images, not_pulled_since=since) == set()
    assert "or an image that it lists" in reasons(images, not_pulled_since=since)["index"]


# --- what stays ----------------------------------------------------------------------------------------------


def test_a_child_with_a_tag_of_its_own_stays_without_its_index() -> None:
    assert going(family("v1", child_tags=("amd",)), include_tags=("v1",)) == {"index", "arm64", "sbom"}


def test_a_child_that_is_chosen_itself_goes_with_its_index() -> None:
    assert going(family("v1", child_tags=("v1-amd",)), include_tags=("v1*",)) == WHOLE


def test_a_child_that_is_chosen_itself_stays_while_its_index_does() -> None:
    images = family("v1", child_tags=("amd",))
    assert going(images, include_tags=("amd",)) == set()
    assert reasons(images, include_tags=("amd",))["amd64"] == "It is listed by the index @index, which stays."


def test_a_child_that_another_index_lists_stays_with_that_one() -> None:
    images = [image("child"), image("going", "a", lists=["child"]), image("staying", "b", lists=["child"])]
    assert going(images, include_tags=("a",)) == {"going"}
    assert reasons(images, include_tags=("a",))["child"] == "It is listed by the index @staying, which stays."


def test_a_child_of_two_indexes_that_go_goes() -> None:
    images = [image("child"), image("one", "a", lists=["child"]), image("two", "b", lists=["child"])]
    assert going(images) == {"child", "one", "two"}


def test_a_referrer_with_a_tag_of_its_own_stays_without_its_subject() -> None:
    images = [image("subject", "v1"), image("signature", "v1.sig", subject="subject")]
    assert going(images, include_tags=("v1",)) == {"subject"}


def test_a_referrer_that_is_chosen_by_its_tag_goes_without_its_subject() -> None:
    images = [image("subject", "v1"), image("signature", "v1.sig", subject="subject")]
    assert going(images, include_tags=("*.sig",)) == {"signature"}


def test_a_referrer_that_an_index_lists_stays_with_its_subject() -> None:
    images = [
        image("subject", "v1"),
        image("signature", subject="subject"),
        image("signatures", "sha256-x", lists=["signature"]),
    ]
    assert going(images, include_tags=("sha256-*",)) == {"signatures"}


# --- holds ---------------------------------------------------------------------------------------------------


def test_what_is_held_stays_and_says_by_what() -> None:
    images = [image("held", "v1", hold=HOLD), image("other", "v2")]
    assert going(images) == {"other"}
    assert reasons(images)["held"] == f"It is held: {HOLD}."


def test_a_held_child_keeps_its_whole_index() -> None:
    images = family("v1", hold=HOLD)
    assert going(images) == set()
    assert reasons(images)["index"] == f"It stays whole, because @amd64 belongs to it and is held: {HOLD}."
    assert reasons(images)["arm64"] == "It is listed by the index @index, which stays."


def test_a_held_referrer_keeps_its_subject() -> None:
    images = [image("subject", "v1"), image("sbom", subject="subject", hold=HOLD)]
    assert going(images) == set()


def test_a_held_image_keeps_every_index_above_it() -> None:
    images = [
        image("child", "own", hold=HOLD),
        image("inner", "inner", lists=["child"]),
        image("outer", "outer", lists=["inner"]),
    ]
    assert going(images, include_tags=("outer",)) == set()


def test_the_index_of_a_held_child_says_so_only_if_it_would_have_gone() -> None:
    assert reasons(family("v1", hold=HOLD), include_tags=("v2",))["index"] == "None of its tags is included."


# --- order and bundles ---------------------------------------------------------------------------------------


def names(images: list[Candidate]) -> list[str]:
    return [name_of(one.image.digest) for one in verdicts(images)]


def bundles(images: list[Candidate], **filters: Any) -> list[set[str]]:
    found: dict[int, set[str]] = {}
    for one in verdicts(images, **filters):
        if one.goes:
            found.setdefault(one.bundle, set()).add(name_of(one.image.digest))
    return list(found.values())


def test_an_index_comes_before_its_children_and_a_subject_before_its_referrers() -> None:
    assert names([image("lone", "a"), *family("v1")]) == ["lone", "index", "amd64", "signature", "arm64", "sbom"]


def test_a_child_comes_after_every_index_that_lists_it() -> None:
    images = [image("child"), image("one", "a", lists=["child"]), image("two", "b", lists=["child"])]
    assert names(images) == ["one", "two", "child"]


def test_every_image_has_one_verdict() -> None:
    images = [
        *family("v1"),
        image("outer", "v2", lists=["index", "amd64", "lone", "not there"], subject="lone"),
        image("lone", "v3"),
        image("dangling", subject="not there"),
    ]
    assert sorted(names(images)) == sorted(name_of(one.digest) for one in images)


def test_what_belongs_together_is_one_bundle_and_what_does_not_is_none() -> None:
    assert bundles([*family("v1"), image("lone", "a")]) == [WHOLE, {"lone"}]


def test_a_child_of_two_indexes_goes_with_the_last_one() -> None:
    images = [image("child"), image("one", "a", lists=["child"]), image("two", "b", lists=["child"])]
    assert bundles(images) == [{"one"}, {"two", "child"}]


def test_a_tagged_child_that_is_chosen_itself_is_in_the_bundle_of_its_index() -> None:
    assert bundles(family("v1", child_tags=("v1-amd",)), include_tags=("v1*",)) == [WHOLE]


def test_a_referrer_that_leaves_its_subject_behind_is_a_bundle_of_its_own() -> None:
    images = [image("subject", "v1"), image("signature", "v1.sig", subject="subject")]
    assert bundles(images, include_tags=("*.sig",)) == [{"signature"}]


def test_a_bundle_is_one_piece_but_for_what_stays() -> None:
    images = [
        image("shared", "keep"),
        image("one", "a", lists=["shared", "x", "y"]),
        image("x"),
        image("y"),
        image("sbom of y", subject="y"),
        image("two", "b", lists=["shared"]),
    ]
    going_in_order = [one for one in verdicts(images, include_tags=("a", "b")) if one.goes]
    assert [one.bundle for one in going_in_order] == sorted(one.bundle for one in going_in_order)


def test_an_index_that_lists_its_own_subject_goes_with_it() -> None:
    images = [image("subject"), image("index", "v1", lists=["subject"], subject="subject")]
    assert going(images, include_tags=("v1",)) == {"subject", "index"}
    assert going(images, include_tags=("v2",)) == set()


def test_images_that_belong_to_each_other_are_left_alone() -> None:
    images = [
        image("child"),
        image("about the child", subject="child"),
        image("circle", lists=["child"], subject="about the child"),
    ]
    assert going(images) == set()
    assert set(reasons(images).values()) == {"It belongs to images that belong to it, and such a circle is left alone."}


def test_a_child_of_ten_thousand_indexes_is_decided_at_once() -> None:
    images = [image("child"), *(image(f"index {number}", "t", lists=["child"]) for number in range(10_000))]
    found = verdicts(images)
    assert len(found) == 10_001
    assert named(found[-1].reason) == "It goes with the index @index 9999, which lists it."


def test_indexes_may_be_nested_as_deep_as_they_like() -> None:
    images = [image("0"), *(image(str(number), lists=[str(number - 1)]) for number in range(1, 3000))]
    assert len(going(images)) == 3000


# --- whatever the images are ---------------------------------------------------------------------------------


@st.composite
def repositories(draw: st.DrawFn) -> list[Candidate]:
    """Images that list and refer to earlier ones, tagged and held as it comes."""
    images: list[Candidate] = []
    for number in range(draw(st.integers(1, 12))):
        earlier = [str(name) for name in range(number)]
        some = st.lists(st.sampled_from(earlier), max_size=3, unique=True) if earlier else st.just([])
        one = image(
            str(number),
            *draw(st.lists(st.sampled_from([f"a{number}", f"b{number}"]), unique=True)),
            lists=draw(st.none() | some),
            subject=draw(st.none() | st.sampled_from([*earlier, "not there"])),
            age=draw(st.integers(0, 5)),
            hold=HOLD if draw(st.integers(0, 9)) == 0 else None,
        )
        images.append(one)
    return draw(st.permutations(images))


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "tag_status": st.sampled_from(["TAGGED", "UNTAGGED", "ORPHANED"]),
        "include_tags": st.just(("a*",)),
        "exclude_tags": st.just(("/b/",)),
        "keep_newest": st.integers(1, 3),
        "pushed_before": st.just(NOW - 2 * DAY),
    },
)


@settings(max_examples=300)
@given(repositories(), FILTERS)
def test_no_plan_takes_apart_what_stays(images: list[Candidate], filters: dict[str, Any]) -> None:
    found = {one.image.digest: one for one in verdicts(images, **filters)}
    assert set(found) == {one.digest for one in images}
    for one in found.values():
        assert one.reason
        if one.goes:
            assert one.image.hold is None
            continue
        for child in one.image.children:
            assert child not in found or not found[child].goes
        for other in found.values():
            if other.image.subject == one.image.digest and not other.image.tags:
                circle = one.image.digest in other.image.children
                assert circle or not other.goes


@settings(max_examples=300)
@given(repositories(), FILTERS)
def test_in_order_each_bundle_can_be_deleted_when_those_before_it_are(
    images: list[Candidate], filters: dict[str, Any]
) -> None:
    ordered = [one for one in verdicts(images, **filters) if one.goes]
    assert [one.bundle for one in ordered] == sorted(one.bundle for one in ordered)
    last_place = {one.image.digest: one.bundle for one in ordered}
    for index in ordered:
        for child in index.image.children:
            if child in last_place:
                assert index.bundle <= last_place[child]
