"""What a list of ids removes: a case for each row of the table of deletions, in the notation of `support.removal`."""

from __future__ import annotations

import itertools

import pytest

from support.removal import HELD, TAG_ONLY, UNTAG, WHOLE_IMAGE, Outcome, Tags, as_id, decided, digest_of, remove
from wharfinger.domain.images import Failure, FailureCode, ImageId
from wharfinger.domain.removal import Reading, Removal

# --- one id --------------------------------------------------------------------------------------------------


def test_one_of_several_tags_goes_and_the_image_stays() -> None:
    assert remove({"app": ["a", "b"]}, "a") == Outcome(["@app:a"], [], {"app": ["b"]})


def test_with_its_last_tag_the_image_goes() -> None:
    assert remove({"app": ["a"], "other": ["o"]}, "a") == Outcome(["@app:a"], [], {"other": ["o"]})


def test_by_digest_the_image_goes_with_all_its_tags_and_an_entry_for_each() -> None:
    assert remove({"app": ["a", "b", "c"]}, "@app") == Outcome(["@app:a", "@app:b", "@app:c"], [], {})


def test_an_untagged_image_goes_with_an_entry_without_a_tag() -> None:
    assert remove({"app": []}, "@app") == Outcome(["@app"], [], {})


def test_by_digest_and_tag_only_that_tag_goes() -> None:
    assert remove({"app": ["a", "b"]}, "@app:a") == Outcome(["@app:a"], [], {"app": ["b"]})


def test_by_digest_and_last_tag_the_image_goes() -> None:
    assert remove({"app": ["a"]}, "@app:a") == Outcome(["@app:a"], [], {})


def test_by_digest_and_tag_the_whole_image_goes_where_it_is_read_so() -> None:
    assert remove({"app": ["a", "b"]}, "@app:a", reading=WHOLE_IMAGE) == Outcome(["@app:a", "@app:b"], [], {})


def test_by_tag_alone_only_that_tag_goes_in_either_reading() -> None:
    assert remove({"app": ["a", "b"]}, "a", reading=WHOLE_IMAGE) == Outcome(["@app:a"], [], {"app": ["b"]})


@pytest.mark.parametrize("reading", [TAG_ONLY, WHOLE_IMAGE, UNTAG], ids=["tag", "image", "untag"])
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(as_id("nope"), "ImageNotFound", id="unknown tag"),
        pytest.param(as_id("@nope"), "ImageNotFound", id="unknown digest"),
        pytest.param(as_id("@app:nope"), "ImageNotFound", id="known digest, unknown tag"),
        pytest.param(as_id("@nope:nope"), "ImageNotFound", id="both unknown"),
        pytest.param(as_id("@other:a"), "ImageTagDoesNotMatchDigest", id="tag of another digest"),
        pytest.param(as_id("@nope:a"), "ImageTagDoesNotMatchDigest", id="tag of an unknown digest"),
        pytest.param(ImageId(), "MissingDigestAndTag", id="neither"),
        pytest.param(ImageId("sha256:invalid-digest"), "InvalidImageDigest", id="malformed digest"),
        pytest.param(ImageId("sha256:zz", "a"), "InvalidImageDigest", id="malformed digest, known tag"),
        pytest.param(ImageId(tag="a/b"), "InvalidImageTag", id="malformed tag"),
        pytest.param(ImageId(digest_of("app"), "a/b"), "InvalidImageTag", id="known digest, malformed tag"),
    ],
)
def test_an_id_that_means_no_image_removes_nothing_and_is_echoed(
    asked: ImageId, code: FailureCode, reading: Reading
) -> None:
    found = decided({"app": ["a"], "other": []}, {}, [asked], reading)
    assert found == Removal([], [Failure(asked, code)], [], [])


# --- several ids ---------------------------------------------------------------------------------------------


def test_good_ids_are_served_beside_bad_ones_each_in_the_order_of_asking() -> None:
    assert remove({"app": ["a", "b"], "web": ["w"]}, "nope", "w", "@gone", "b") == Outcome(
        ["@web:w", "@app:b"], [("ImageNotFound", "nope"), ("ImageNotFound", "@gone")], {"app": ["a"]}
    )


def test_the_same_unknown_id_twice_fails_twice() -> None:
    assert remove({}, "nope", "nope").failures == [("ImageNotFound", "nope")] * 2


@pytest.mark.parametrize("asked", [("a", "a"), ("@app:a", "@app:a"), ("a", "@app:a"), ("@app:a", "a")])
def test_the_same_tag_twice_is_answered_once(asked: tuple[str, ...]) -> None:
    assert remove({"app": ["a", "b"]}, *asked) == Outcome(["@app:a"], [], {"app": ["b"]})


@pytest.mark.parametrize("tags", [["a"], ["a", "b"], []], ids=["one tag", "two tags", "untagged"])
def test_the_same_image_twice_is_answered_once(tags: list[str]) -> None:
    assert remove({"app": tags}, "@app", "@app") == remove({"app": tags}, "@app")


@pytest.mark.parametrize("asked", list(itertools.permutations(["a", "b", "c"])))
def test_all_tags_one_by_one_take_the_image_with_them(asked: tuple[str, ...]) -> None:
    assert remove({"app": ["a", "b", "c"]}, *asked) == Outcome([f"@app:{tag}" for tag in asked], [], {})


def test_every_line_of_a_list_of_images_can_be_sent_back_to_delete_it() -> None:
    listed = ["@app:a", "@app:b", "@web"]
    assert remove({"app": ["a", "b"], "web": []}, *listed) == Outcome(listed, [], {})


@pytest.mark.parametrize(
    ("asked", "entries"),
    [
        (["@app", "a"], ["@app:a", "@app:b"]),
        (["b", "@app"], ["@app:b", "@app:a"]),
        (["@app", "@app:b"], ["@app:a", "@app:b"]),
        (["@app:b", "@app"], ["@app:b", "@app:a"]),
        (["a", "@app:b"], ["@app:a", "@app:b"]),
    ],
)
def test_an_image_may_be_meant_by_several_ids_at_once(asked: list[str], entries: list[str]) -> None:
    assert remove({"app": ["a", "b"]}, *asked) == Outcome(entries, [], {})


def test_a_tag_named_beside_its_digest_is_no_failure() -> None:
    assert remove({"app": ["only"]}, "@app", "only") == Outcome(["@app:only"], [], {})


def test_a_wrong_pair_beside_a_right_digest_fails_alone() -> None:
    assert remove({"app": ["a"], "web": ["w"]}, "@app", "@app:w") == Outcome(
        ["@app:a"], [("ImageTagDoesNotMatchDigest", "@app:w")], {"web": ["w"]}
    )


def test_nothing_asked_is_nothing_removed() -> None:
    assert remove({"app": ["a"]}) == Outcome([], [], {"app": ["a"]})


# --- indexes and their children ------------------------------------------------------------------------------


MULTI = {"index": ["latest"], "amd64": ["x"], "arm64": []}
LISTS = {"index": ["amd64", "arm64"]}


@pytest.mark.parametrize("asked", ["@amd64", "x", "@amd64:x", "@arm64"])
@pytest.mark.parametrize("reading", [TAG_ONLY, WHOLE_IMAGE], ids=["tag", "image"])
def test_an_image_that_an_index_lists_stays_with_its_last_tag(asked: str, reading: Reading) -> None:
    assert remove(MULTI, asked, children=LISTS, reading=reading) == Outcome([], [(HELD, asked, "index")], MULTI)


@pytest.mark.parametrize("asked", ["x", "@amd64:x"])
def test_its_last_tag_may_go_where_it_is_read_so_and_the_image_stays_untagged(asked: str) -> None:
    left = {**MULTI, "amd64": []}
    assert remove(MULTI, asked, children=LISTS, reading=UNTAG) == Outcome(["@amd64:x"], [], left)


def test_by_digest_it_stays_in_that_reading_too() -> None:
    assert remove(MULTI, "@amd64", children=LISTS, reading=UNTAG) == Outcome([], [(HELD, "@amd64", "index")], MULTI)


def test_another_than_its_last_tag_goes() -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    assert remove(tags, "x", children=LISTS) == Outcome(["@amd64:x"], [], {**MULTI, "amd64": ["y"]})


@pytest.mark.parametrize(("first", "second"), [("x", "y"), ("y", "x")])
def test_of_all_its_tags_the_last_one_asked_for_stays(first: str, second: str) -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    assert remove(tags, first, second, children=LISTS) == Outcome(
        [f"@amd64:{first}"], [(HELD, second, "index")], {**MULTI, "amd64": [second]}
    )


def test_all_its_tags_go_where_it_is_read_so() -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    outcome = remove(tags, "x", "y", children=LISTS, reading=UNTAG)
    assert outcome == Outcome(["@amd64:x", "@amd64:y"], [], {**MULTI, "amd64": []})


def test_a_tag_of_it_goes_beside_its_digest_that_is_refused() -> None:
    tags = {**MULTI, "amd64": ["x", "y"]}
    assert remove(tags, "@amd64", "x", children=LISTS) == Outcome(
        ["@amd64:x"], [(HELD, "@amd64", "index")], {**MULTI, "amd64": ["y"]}
    )


def test_the_same_held_image_twice_fails_twice() -> None:
    assert remove(MULTI, "@arm64", "@arm64", children=LISTS).failures == [(HELD, "@arm64", "index")] * 2


@pytest.mark.parametrize("asked", ["@index", "latest", "@index:latest"])
def test_an_index_goes_and_its_children_stay(asked: str) -> None:
    left = {"amd64": ["x"], "arm64": []}
    assert remove(MULTI, asked, children=LISTS) == Outcome(["@index:latest"], [], left)


@pytest.mark.parametrize("asked", list(itertools.permutations(["@index", "@amd64", "@arm64"])))
def test_an_index_and_its_children_go_in_one_call_in_any_order(asked: tuple[str, ...]) -> None:
    entries = {"@index": "@index:latest", "@amd64": "@amd64:x", "@arm64": "@arm64"}
    assert remove(MULTI, *asked, children=LISTS) == Outcome([entries[item] for item in asked], [], {})


def test_one_child_goes_with_its_index_and_the_other_stays() -> None:
    assert remove(MULTI, "@amd64", "latest", children=LISTS) == Outcome(
        ["@amd64:x", "@index:latest"], [], {"arm64": []}
    )


def test_a_child_stays_when_its_index_only_loses_a_tag() -> None:
    tags = {**MULTI, "index": ["latest", "v1"]}
    assert remove(tags, "latest", "@arm64", children=LISTS) == Outcome(
        ["@index:latest"], [(HELD, "@arm64", "index")], {**tags, "index": ["v1"]}
    )


def test_a_child_goes_when_its_index_loses_all_tags_one_by_one() -> None:
    tags = {**MULTI, "index": ["latest", "v1"]}
    assert remove(tags, "@arm64", "v1", "latest", children=LISTS).left == {"amd64": ["x"]}


def test_all_indexes_that_hold_an_image_are_named() -> None:
    tags: Tags = {"one": [], "two": [], "child": []}
    outcome = remove(tags, "@child", children={"one": ["child"], "two": ["child"]})
    assert outcome.failures == [(HELD, "@child", "one", "two")]


def test_of_two_indexes_only_the_one_that_stays_is_named() -> None:
    tags: Tags = {"one": [], "two": [], "child": []}
    outcome = remove(tags, "@child", "@one", children={"one": ["child"], "two": ["child"]})
    assert outcome == Outcome(["@one"], [(HELD, "@child", "two")], {"two": [], "child": []})


def test_an_artifact_in_an_index_of_the_old_tag_scheme_is_held_by_it_and_the_subject_is_not() -> None:
    tags: Tags = {"app": ["a"], "signature": [], "scheme": ["sha256-00"]}
    outcome = remove(tags, "@signature", "@app", children={"scheme": ["signature"]})
    assert outcome == Outcome(["@app:a"], [(HELD, "@signature", "scheme")], {"signature": [], "scheme": ["sha256-00"]})


NESTED = {"top": ["t"], "middle": [], "low": [], "leaf": []}
CHAIN = {"top": ["middle"], "middle": ["low"], "low": ["leaf"]}


@pytest.mark.parametrize("asked", list(itertools.permutations(["@top", "@middle", "@low", "@leaf"])))
def test_indexes_three_deep_go_in_one_call_in_any_order(asked: tuple[str, ...]) -> None:
    outcome = remove(NESTED, *asked, children=CHAIN)
    assert (outcome.failures, outcome.left) == ([], {})


@pytest.mark.parametrize("asked", list(itertools.permutations(["@middle", "@low", "@leaf"])))
def test_without_the_outermost_index_nothing_below_it_goes(asked: tuple[str, ...]) -> None:
    holders = {"@middle": "top", "@low": "middle", "@leaf": "low"}
    assert remove(NESTED, *asked, children=CHAIN) == Outcome(
        [], [(HELD, item, holders[item]) for item in asked], NESTED
    )


@pytest.mark.parametrize("asked", list(itertools.permutations(["@top", "@middle", "@leaf"])))
def test_a_gap_in_the_chain_keeps_what_is_below_it(asked: tuple[str, ...]) -> None:
    outcome = remove(NESTED, *asked, children=CHAIN)
    assert (outcome.failures, outcome.left) == ([(HELD, "@leaf", "low")], {"low": [], "leaf": []})
