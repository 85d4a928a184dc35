"""Which actions and resources a statement means: wildcards, exceptions and variables."""

from __future__ import annotations

import json
import re
from fnmatch import translate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.policies import APP, OWN, allow, allows, ask, denies, document
from wharfinger.domain.policy import Policy, decide, read
from wharfinger.domain.policy.texts import Values, _completed, arn, pieces

REPOSITORIES = f"arn:aws:ecr:eu-west-1:{OWN}:repository"


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
    [
        ("*", "ecr:PutImage", True),
        ("ecr:*", "ecr:PutImage", True),
        ("ecr:*", "wharfinger:PutHold", False),
        ("ecr:PutImage", "ecr:PutImage", True),
        ("ecr:putimage", "ecr:PutImage", True),
        ("ECR:PUT*", "ecr:PutImage", True),
        ("ecr:PutImage", "ecr:PutImageTagMutability", False),
        ("ecr:PutImage*", "ecr:PutImageTagMutability", True),
        ("ecr:*Image", "ecr:PutImage", True),
        ("ecr:P?tImage", "ecr:PutImage", True),
        ("ecr:PutImage?agMutability", "ecr:PutImage", False),
        ("s3:*", "ecr:PutImage", False),
    ],
)
def test_an_action_may_have_wildcards_and_its_case_does_not_count(pattern: str, action: str, fits: bool) -> None:
    assert allows(allow(pattern), ask(action=action)) is fits
    assert allows({"Effect": "Allow", "NotAction": pattern, "Resource": "*"}, ask(action=action)) is not fits


def test_one_of_several_actions_is_enough_and_all_are_excepted() -> None:
    several = ["ecr:Get*", "ecr:PutImage", "ecr:Describe*"]
    assert allows(allow(several), ask(action="ecr:DescribeImages"))
    assert allows(allow(several), ask(action="ecr:PutImage"))
    assert not allows({"Effect": "Allow", "NotAction": several, "Resource": "*"}, ask(action="ecr:GetLifecyclePolicy"))


@pytest.mark.parametrize(
    ("pattern", "resource", "fits"),
    [
        ("*", APP, True),
        ("*", "*", True),
        (APP, APP, True),
        (APP, APP + "2", False),
        (APP, "*", False),
        (f"{REPOSITORIES}/*", "*", False),
        (f"{REPOSITORIES}/*", f"{REPOSITORIES}/*", True),
        (f"{REPOSITORIES}/team/*", f"{REPOSITORIES}/*", False),
        (f"{REPOSITORIES}/*", APP, True),
        (f"{REPOSITORIES}/team/*", APP, True),
        (f"{REPOSITORIES}/TEAM/*", APP, False),
        (f"{REPOSITORIES}/TEAM/app", APP, False),
        (f"{REPOSITORIES}/TEAM/app", f"{REPOSITORIES}/TEAM/app", True),
        (f"{REPOSITORIES}/*/app", APP, True),
        (f"{REPOSITORIES}/*/app", f"{REPOSITORIES}/a/b/c/app", True),
        (f"{REPOSITORIES}/*/app", f"{REPOSITORIES}/app", False),
        (f"{REPOSITORIES}/team/a??", APP, True),
        (f"{REPOSITORIES}/team/a?", APP, False),
        (f"{REPOSITORIES}/*a*a*", f"{REPOSITORIES}/a", False),
        (f"arn:aws:ecr:*:{OWN}:repository/team/app", APP, True),
        (f"arn:aws:ecr:eu-*-1:{OWN}:repository/team/app", APP, True),
        (f"arn:aws:ecr:us-*:{OWN}:repository/team/app", APP, False),
        ("arn:aws:ecr:eu-west-1:1*3:repository/team/app", APP, True),
        ("arn:*:ecr:*:*:*/app", APP, True),
        ("arn:aws:ec?:eu?west-1:????????????:repository/*", APP, True),
        ("arn:aws:ecr:*:*:*", APP, True),
        ("arn:aws:ecr:*", APP, True),
        ("arn:*", APP, True),
        ("arn:aws:ecr:eu-west-1:*", APP, True),
        ("arn:aws:ecr:us-east-1:*", APP, False),
        ("arn:aws:ecr:eu-*", APP, True),
        ("arn:aws:ecr:us-*", APP, False),
        ("arn:aws:s3:*", APP, False),
        ("arn:aws:ecr:*::team/*", "arn:aws:ecr:eu-west-1:111122223333::team/app", False),
        ("arn:aws:ecr:::*:b", "arn:aws:ecr:::a:a:b", True),
    ],
)
def test_a_star_crosses_no_colon_but_in_the_last_part_of_an_arn(pattern: str, resource: str, fits: bool) -> None:
    assert allows(allow(resource=pattern), ask(resource=resource)) is fits
    assert allows({"Effect": "Allow", "Action": "*", "NotResource": pattern}, ask(resource=resource)) is not fits


def test_a_question_mark_crosses_no_colon_either() -> None:
    pattern = Values([arn("arn:a?a:b:c:123456789012:x?y", has_variables=False)], arns=True)
    assert pattern.fits("arn:axa:b:c:123456789012:x:y", {})
    assert not pattern.fits("arn:a:a:b:c:123456789012:x:y", {})


def test_one_of_several_resources_is_enough_and_all_are_excepted() -> None:
    several = [f"{REPOSITORIES}/x/*", f"{REPOSITORIES}/team/*", f"{REPOSITORIES}/exact"]
    assert allows(allow(resource=several), ask())
    assert allows(allow(resource=several), ask(resource=several[2]))
    assert not allows(allow(resource=several), ask(resource=f"{REPOSITORIES}/y"))
    assert not allows({"Effect": "Allow", "Action": "*", "NotResource": several}, ask())


# --- variables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "team", "fits"),
    [
        ("${aws:PrincipalTag/Team}/*", "team", True),
        ("${aws:principaltag/TEAM}/app", "team", True),
        ("${aws:PrincipalTag/Team}/*", "other", False),
        ("${aws:PrincipalTag/Team}/*", "*", False),
        ("${aws:PrincipalTag/Team}/*", "t?am", False),
        ("${aws:PrincipalTag/Team}/*", "t.am", False),
        ("${aws:PrincipalTag/Team}*", "", True),
        ("*/${aws:PrincipalTag/Team}", "app", True),
        ("${aws:PrincipalTag/Team}/${aws:PrincipalTag/Team, 'x'}", "team", False),
        ("${aws:PrincipalTag/Team}", "team/app", True),
        ("${aws:PrincipalTag/Other, 'team'}/app", "x", True),
        ("${aws:PrincipalTag/Team, 'team'}/app", "x", False),
        ("${aws:PrincipalTag/Other, '*'}/app", "x", False),
        ("${aws:PrincipalTag/Other, ''}team/app", "x", True),
        ("team/${*}", "x", False),
        ("team/${?}pp", "x", False),
    ],
)
def test_what_a_variable_stands_for_is_taken_literally(pattern: str, team: str, fits: bool) -> None:
    request = ask(aws_principaltag__team=team)
    assert allows(allow(resource=f"{REPOSITORIES}/{pattern}"), request) is fits


@pytest.mark.parametrize("length", [1, 512, 513, 100_000])
def test_a_value_of_any_length_is_matched_and_a_long_one_not_kept(length: int) -> None:
    team = "t" * length
    _completed.cache_clear()
    statement = allow(resource=f"{REPOSITORIES}/${{aws:PrincipalTag/Team}}/*")
    assert allows(statement, ask(resource=f"{REPOSITORIES}/{team}/app", aws_principaltag__team=team))
    assert not allows(statement, ask(resource=f"{REPOSITORIES}/{team}t/app", aws_principaltag__team=team))
    assert bool(_completed.cache_info().currsize) is (length <= 512)


@pytest.mark.parametrize("character", ["*", "?", "$"])
def test_wildcards_and_the_dollar_are_written_as_variables(character: str) -> None:
    request = ask(resource=f"{REPOSITORIES}/a{character}b{character}c")
    assert allows(allow(resource=f"{REPOSITORIES}/a${{{character}}}*${{{character}}}c"), request)


def test_a_dollar_that_begins_no_variable_is_a_dollar() -> None:
    assert allows(allow(resource=f"{REPOSITORIES}/$x"), ask(resource=f"{REPOSITORIES}/$x"))


@pytest.mark.parametrize("value", [(), ("team", "other")])
def test_a_resource_with_a_variable_without_one_value_is_no_resource(value: tuple[str, ...]) -> None:
    statement = {"Action": "*", "Resource": f"{REPOSITORIES}/${{aws:PrincipalTag/Team}}/*"}
    request = ask(aws_principaltag__team=value)
    assert not allows({"Effect": "Allow", **statement}, request)
    assert not denies({"Effect": "Deny", **statement}, request)


def test_what_cannot_be_told_to_be_excepted_is_not_allowed_and_is_denied() -> None:
    statement = {"Action": "*", "NotResource": [f"{REPOSITORIES}/x", f"{REPOSITORIES}/${{aws:PrincipalTag/Team}}/*"]}
    assert not allows({"Effect": "Allow", **statement}, ask())
    assert denies({"Effect": "Deny", **statement}, ask())
    # one that is excepted by name, and one that no ARN could except
    assert not denies({"Effect": "Deny", **statement}, ask(resource=f"{REPOSITORIES}/x"))
    assert allows({"Effect": "Allow", **statement}, ask(resource="*"))


def test_policies_of_2008_have_no_variables() -> None:
    resource = f"{REPOSITORIES}/${{aws:username}}"
    statement = {"Effect": "Allow", "Action": "*", "Resource": resource}
    old = Policy("old", document(statement, version="2008-10-17"))
    assert decide(ask(resource=resource), identity=[old], resource=[]).allowed
    assert not decide(ask(resource=f"{REPOSITORIES}/ann", aws_username="ann"), identity=[old], resource=[]).allowed


def test_policies_without_a_version_are_of_2008() -> None:
    statement = allow(Condition={"StringEquals": {"aws:UserAgent": "${no variable"}})
    old = Policy("old", read(json.dumps({"Statement": statement}), "identity"))
    assert decide(ask(aws_useragent="${no variable"), identity=[old], resource=[]).allowed


# --- whatever the pattern -------------------------------------------------------------------------------------

_PATTERNS = st.text("ab*?:/", max_size=10)
_TEXTS = st.text("ab:/", max_size=12)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(_PATTERNS, _TEXTS)
def test_matching_agrees_with_trying_every_way(pattern: str, text: str) -> None:
    values = Values([pieces(pattern, has_wildcards=True, has_variables=False)])
    assert values.fits(text, {}) is (re.fullmatch(translate(pattern), text) is not None)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(_PATTERNS, min_size=6, max_size=6), st.lists(_TEXTS, min_size=6, max_size=6))
def test_arns_are_matched_part_by_part(patterns: list[str], parts: list[str]) -> None:
    patterns = [one.replace(":", "") for one in patterns[:5]] + patterns[5:]
    parts = [one.replace(":", "") for one in parts[:5]] + parts[5:]
    pattern, text = ":".join(patterns), ":".join(parts)
    expected = pattern == "*" or all(
        re.fullmatch(translate(one), part) for one, part in zip(patterns, parts, strict=True)
    )
    values = Values([pieces(pattern, has_wildcards=True, has_variables=False)], arns=True)
    assert values.fits(text, {}) is expected


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(["a", "*", "?", "${aws:username}"]), max_size=6), st.text("a*?b", max_size=3), _TEXTS)
def test_a_variable_matches_as_if_its_value_were_written(parts: list[str], value: str, text: str) -> None:
    pattern = "".join(parts)
    escaped = re.sub(r"[*?]", lambda match: f"${{{match[0]}}}", value)
    written = pattern.replace("${aws:username}", escaped)
    keys = {"aws:username": (value,)}
    open_, closed = (Values([pieces(one, has_wildcards=True, has_variables=True)]) for one in (pattern, written))
    for one in (text, value, value + text):
        assert open_.fits(one, keys) == closed.fits(one, {})


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(_PATTERNS, min_size=1, max_size=4), _TEXTS)
def test_several_values_are_one_of_them(patterns: list[str], text: str) -> None:
    found = [pieces(one, has_wildcards=True, has_variables=False) for one in patterns]
    assert Values(found).fits(text, {}) is any(Values([one]).fits(text, {}) for one in found)


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        pytest.param("a*" * 100, True, id="a star after each letter"),
        pytest.param("*" * 200, True, id="stars only"),
        pytest.param("*a?" * 66 + "b", False, id="parts that fit everywhere"),
        pytest.param("*" + "a" * 199 + "b", False, id="one long part"),
        pytest.param("*a*" * 66 + "b", False, id="an end that is not there"),
        pytest.param("*a" * 100 + "?b*", False, id="a part that is not there"),
        pytest.param("?*" * 100 + "b", False, id="one character at least, often"),
    ],
)
def test_no_pattern_is_tried_in_every_way(pattern: str, fits: bool) -> None:
    """A matcher that tries again would not end before the test is stopped."""
    values = Values([pieces(pattern, has_wildcards=True, has_variables=False)])
    assert values.fits("a" * 300, {}) is fits
