"""What the text of a lifecycle policy may say, and ECR's words for what it may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.lifecycle import FAILURE, policy, rule
from wharfinger.domain import lifecycle
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.lifecycle import Policy

NO_SCHEMA = "instance failed to match exactly one schema (matched 0 out of 2)"
UNTAGGED: dict[str, Any] = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}
EXPIRE = {"type": "expire"}


def refusal(text: str) -> str:
    """Why a text is refused, without what is the same in all."""
    with pytest.raises(InvalidParameter) as caught:
        lifecycle.read(text)
    assert caught.value.path == "LifecyclePolicyText"
    assert caught.value.constraint.startswith(FAILURE)
    return caught.value.constraint.removeprefix(FAILURE)


def with_rule(**members: Any) -> str:
    """A policy of one rule with some members others than are right; those that are `...` are left out."""
    whole = {"rulePriority": 1, "selection": UNTAGGED, "action": EXPIRE, **members}
    return json.dumps({"rules": [{name: value for name, value in whole.items() if value is not ...}]})


def with_selection(**members: Any) -> str:
    whole = {**UNTAGGED, **members}
    return with_rule(selection={name: value for name, value in whole.items() if value is not ...})


# --- what is shown again -------------------------------------------------------------------------------------


def test_a_policy_is_shown_without_blanks_and_with_rules_and_members_in_order() -> None:
    text = """{"rules": [
        {"action": {"type": "expire"}, "selection": {"countNumber": 14, "countType": "sinceImagePushed",
         "countUnit": "days", "tagStatus": "untagged", "storageClass": "standard"}, "rulePriority": 20},
        {"selection": {"countNumber": 3, "tagPrefixList": ["b", "a"], "tagStatus": "tagged",
         "countType": "imageCountMoreThan"}, "action": {"type": "expire"}, "description": "é", "rulePriority": 3}
    ]}"""
    assert lifecycle.read(text).text == (
        '{"rules":[{"rulePriority":3,"description":"é","selection":{"tagStatus":"tagged","tagPrefixList":["b","a"],'
        '"countType":"imageCountMoreThan","countNumber":3},"action":{"type":"expire"}},'
        '{"rulePriority":20,"selection":{"tagStatus":"untagged","storageClass":"standard",'
        '"countType":"sinceImagePushed","countUnit":"days","countNumber":14},"action":{"type":"expire"}}]}'
    )


def test_what_is_shown_says_the_same() -> None:
    read = lifecycle.read(policy(rule(7, ["a*"], keep=1), rule(2, prefixes=["b"], days=3), rule(9, days=4)))
    assert lifecycle.read(read.text) == read


def test_a_rule_says_in_words_what_it_lets_go() -> None:
    rules = lifecycle.read(
        policy(
            rule(1, ["dev-*", "*-amd64"], keep=10),
            rule(2, prefixes=["pr-"], days=3),
            rule(3, "untagged", days=14),
            rule(5, prefixes=["x"], keep=1, description="old builds"),
            rule(40, keep=1),
        )
    ).rules
    assert list(map(str, rules)) == [
        "rule 1: images tagged dev-* and *-amd64 beyond the newest 10",
        "rule 2: images tagged pr-* pushed over 3 days ago",
        "rule 3: untagged images pushed over 14 days ago",
        "rule 5: old builds",
        "rule 40: images beyond the newest 1",
    ]


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "x", "[]", '"rules"', "null", '{"rules": [}', "[" * 5000, '{"rules": "\\ud800"}'])
def test_what_is_no_object_is_no_policy(text: str) -> None:
    assert refusal(text) == "Could not map policyString into LifecyclePolicy."


@pytest.mark.parametrize("text", ["{}", '{"Rules": []}', '{"rules": {}}', '{"rules": null}'])
def test_a_policy_needs_rules(text: str) -> None:
    assert refusal(text) == 'object has missing required properties (["rules"])'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (with_rule(action=..., selection=...), '["action","selection"]'),
        (with_rule(rulePriority=...), '["rulePriority"]'),
        (with_selection(tagStatus=..., countType=..., countNumber=...), '["countNumber","countType","tagStatus"]'),
        (with_rule(action={}), '["type"]'),
    ],
    ids=["rule", "priority", "selection", "action"],
)
def test_missing_members_are_named(text: str, names: str) -> None:
    assert refusal(text) == f"object has missing required properties ({names})"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (json.dumps({"rules": [json.loads(with_rule())["rules"][0]], "more": 1}), '["more"]'),
        (with_rule(x=1, a=2), '["a","x"]'),
        (with_selection(tagprefixlist=[]), '["tagprefixlist"]'),
        (with_rule(action={**EXPIRE, "when": "now"}), '["when"]'),
    ],
    ids=["policy", "rule", "selection", "action"],
)
def test_members_that_nobody_knows_are_refused(text: str, names: str) -> None:
    assert refusal(text) == f"object instance has properties which are not allowed by the schema: ({names})"


@pytest.mark.parametrize(
    ("text", "found", "wanted"),
    [
        ('{"rules": ["rule"]}', "string", "object"),
        ('{"rules": [null]}', "null", "object"),
        (with_rule(description=None), "null", "string"),
        (with_rule(description=1), "integer", "string"),
        (with_rule(selection=[]), "array", "object"),
        (with_rule(action=True), "boolean", "object"),
        (with_rule(rulePriority="1"), "string", "integer"),
        (with_rule(rulePriority=1.5), "number", "integer"),
        (with_rule(rulePriority=True), "boolean", "integer"),
        (with_selection(countNumber=None), "null", "integer"),
        (with_selection(tagStatus="tagged", tagPrefixList="v"), "string", "array"),
        (with_selection(tagStatus="tagged", tagPatternList=[{}]), "object", "string"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(text: str, found: str, wanted: str) -> None:
    expected = f'instance type ({found}) does not match any allowed primitive type (allowed: ["{wanted}"])'
    assert refusal(text) == expected


@pytest.mark.parametrize(
    ("text", "found", "possible"),
    [
        (with_rule(action={"type": "keep"}), "keep", '"expire", "transition"'),
        (with_selection(tagStatus="unknown"), "unknown", '"any", "tagged", "untagged"'),
        (with_selection(tagStatus="UNTAGGED"), "UNTAGGED", '"any", "tagged", "untagged"'),
        (with_selection(tagStatus=None), "null", '"any", "tagged", "untagged"'),
        (with_selection(countType="sinceImagePushed", countUnit="hours"), "hours", '"days"'),
        (with_selection(storageClass="cold"), "cold", '"archive", "standard"'),
    ],
)
def test_a_value_that_is_none_of_those_possible_is_refused(text: str, found: str, possible: str) -> None:
    assert refusal(text) == f"instance value ({found}) not found in enum :(possible values: [{possible}])"


@pytest.mark.parametrize(
    "text",
    [
        with_selection(countType="imagesOlderThan"),
        with_selection(countType=None),
        with_selection(countUnit="days"),
        with_selection(countType="sinceImagePushed"),
        with_rule(action={**EXPIRE, "targetStorageClass": None}),
        with_rule(action={**EXPIRE, "targetStorageClass": "archive"}),
        with_rule(action={"type": "transition"}),
        with_rule(action={"type": "transition", "targetStorageClass": "cold"}),
    ],
)
def test_members_that_do_not_go_together_are_refused(text: str) -> None:
    assert refusal(text) == NO_SCHEMA


@pytest.mark.parametrize("text", [with_rule(rulePriority=0), with_selection(countNumber=0)])
def test_numbers_begin_with_1(text: str) -> None:
    assert refusal(text) == "numeric instance is lower than the required minimum (minimum: 1, found: 0)"


@pytest.mark.parametrize("text", [with_rule(rulePriority=2**31), with_selection(countNumber=10**30)])
def test_numbers_have_an_end(text: str) -> None:
    assert refusal(text).startswith("numeric instance is greater than the required maximum (maximum: 2147483647, ")


def test_the_largest_numbers_are_possible() -> None:
    [read] = lifecycle.read(policy(rule(2**31 - 1, keep=2**31 - 1))).rules
    assert (read.priority, read.number) == (2**31 - 1, 2**31 - 1)


def test_a_policy_has_50_rules_at_most_and_at_least_one() -> None:
    rules = [rule(number, [f"v{number}"], keep=1) for number in range(1, 52)]
    assert len(lifecycle.read(policy(*rules[:50])).rules) == 50
    assert refusal(policy(*rules)) == "array is too long: must have at most 50 elements but instance has 51 elements"
    assert refusal(policy()) == "array is too short: must have at least 1 elements but instance has 0 elements"


@pytest.mark.parametrize("members", [{}, {"tagPrefixList": []}, {"tagPatternList": []}])
def test_tagged_images_are_selected_by_a_list(members: dict[str, Any]) -> None:
    text = with_selection(tagStatus="tagged", **members)
    assert refusal(text) == "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED."


@pytest.mark.parametrize("name", ["tagPrefixList", "tagPatternList"])
@pytest.mark.parametrize("status", ["untagged", "any"])
def test_other_images_are_not_selected_by_a_list(status: str, name: str) -> None:
    text = with_selection(tagStatus=status, **{name: []})
    assert refusal(text) == f"{name} can only be specified when tagStatus=TAGGED."


def test_a_rule_has_prefixes_or_patterns() -> None:
    text = with_selection(tagStatus="tagged", tagPrefixList=["a"], tagPatternList=["b"])
    assert refusal(text) == "Only one of tagPrefixList and tagPatternList can be specified."


@pytest.mark.parametrize("name", ["tagPrefixList", "tagPatternList"])
def test_an_empty_entry_is_refused_because_as_a_prefix_it_means_every_tag(name: str) -> None:
    text = with_selection(tagStatus="tagged", **{name: ["v", ""]})
    assert refusal(text) == f"A {name} cannot have an empty entry."


def test_a_pattern_has_four_wildcards_at_most() -> None:
    assert lifecycle.read(with_selection(tagStatus="tagged", tagPatternList=["a*b*c*d*"]))
    text = with_selection(tagStatus="tagged", tagPatternList=["a*b*c*d*e*"])
    assert refusal(text) == "A tag pattern can have at most 4 wildcards: a*b*c*d*e*"


def test_a_priority_is_that_of_one_rule() -> None:
    text = policy(rule(3, "untagged", keep=1), rule(3, keep=1))
    assert refusal(text) == "Each rule must have a rulePriority of its own: 3 is used twice."


def test_one_rule_selects_untagged_images() -> None:
    text = policy(rule(1, "untagged", keep=1), rule(2, "untagged", days=1))
    assert refusal(text) == "Only one rule can select Untagged images per storage class."


@pytest.mark.parametrize("other", [rule(2, "untagged", keep=1), rule(2, keep=5)], ids=["untagged", "any"])
def test_the_rule_for_any_image_comes_last(other: dict[str, Any]) -> None:
    text = policy(rule(1, keep=1), other)
    assert refusal(text) == "Rule for tagStatus=ANY must have the lowest priority per storage class"


def test_two_rules_do_not_have_the_same_list_whatever_its_order() -> None:
    text = policy(rule(1, ["a", "b"], keep=1), rule(2, ["b", "a"], keep=2))
    assert refusal(text) == "Each tagPatternList must be unique per storage class."
    assert lifecycle.read(policy(rule(1, ["a"], keep=1), rule(2, prefixes=["a"], keep=2)))


@pytest.mark.parametrize(
    "text",
    [
        with_rule(action={"type": "transition", "targetStorageClass": "archive"}),
        with_selection(storageClass="archive"),
        with_selection(countType="sinceImagePulled", countUnit="days"),
        with_selection(countType="sinceImageTransitioned", countUnit="days", countNumber=90, storageClass="archive"),
    ],
    ids=["transition", "storage-class", "since-pulled", "since-transitioned"],
)
def test_what_needs_an_archive_is_refused_in_words_that_say_so(text: str) -> None:
    assert refusal(text).startswith("This registry does not archive images yet: ")


# --- whatever comes ------------------------------------------------------------------------------------------

ANYTHING: list[Any] = [None, True, 0, 7, -1, 1.5, 10**30, "", "x", "any", "é\0😀", [], [[]], ["v*"], {}, {"a": 1}]
VALID = [
    rule(1, ["a*", "*b"], keep=1, description="ours"),
    rule(2, prefixes=["b"], days=1),
    rule(3, "untagged", keep=1),
    rule(4, days=1),
]


def spoiled(value: Any) -> Iterator[Any]:
    """A value with something else at one place of it: itself, or a member or item at any depth; or one too many."""
    yield from ANYTHING
    if isinstance(value, dict):
        yield {**value, "unknown": 1}
        for name in value:
            yield {other: item for other, item in value.items() if other != name}
            yield from ({**value, name: item} for item in spoiled(value[name]))
    if isinstance(value, list):
        yield [*value, *value]
        for place in range(len(value)):
            yield from ([*value[:place], item, *value[place + 1 :]] for item in spoiled(value[place]))


def test_whatever_is_wrong_at_one_place_is_refused_or_read_to_the_end() -> None:
    texts = [json.dumps(one) for one in spoiled({"rules": VALID})]
    read = [found for found in map(read_or_refused, texts) if found is not None]
    assert 0 < len(read) < len(texts) / 4
    assert [lifecycle.read(found.text) for found in read] == read


def read_or_refused(text: str) -> Policy | None:
    try:
        return lifecycle.read(text)
    except InvalidParameter:
        return None
