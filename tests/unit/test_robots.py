"""What robots can be given, and the policies that come of it."""

from __future__ import annotations

import pytest
from msgspec import inspect

from wharfinger.contract.oci import ENDPOINTS
from wharfinger.contract.wharfinger import CreateRobotRequest
from wharfinger.domain import policy, robots
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.names import Registry
from wharfinger.domain.policy import Policy, Principal, Request
from wharfinger.domain.principals import robot_arn

REGISTRY = Registry("123456789012", "eu-central-1")
ROBOT = Principal("robot", REGISTRY.account, robot_arn(REGISTRY.account, "bot"))
ACTIONS = sorted({action for endpoint in ENDPOINTS for action in endpoint.actions.values() if action is not None})


def may(action: str, resource: str, *, actions: list[str], repositories: list[str]) -> bool:
    """Whether a robot with these rights may do something."""
    robots.check(actions, repositories)
    document = policy.read(robots.policy(REGISTRY, actions, repositories), "identity")
    request = Request(ROBOT, action, resource, REGISTRY.account, {})
    return policy.decide(request, identity=[Policy("robot", document)], resource=[]).allowed


@pytest.mark.parametrize("word", robots.WORDS)
def test_a_word_allows_what_it_stands_for_and_nothing_else(word: str) -> None:
    allowed = {action for action in ACTIONS if may(action, REGISTRY.arn("app"), actions=[word], repositories=["app"])}
    assert allowed == set(robots.WORDS[word])


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_of_a_container_client_can_be_given_alone(action: str) -> None:
    allowed = [one for one in ACTIONS if may(one, REGISTRY.arn("app"), actions=[action], repositories=["app"])]
    assert allowed == [action]


@pytest.mark.parametrize(
    "action", ["", "pulls", "Pull", "*", "ecr:*", "ecr:CreateRepository", "ecr:batchgetimage", "wharfinger:CreateUser"]
)
def test_what_no_container_client_asks_for_is_refused_with_its_place(action: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        robots.check(["pull", action], ["app"])
    assert caught.value.path == "actions.2.member"


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("app", ["app"], ["apps", "app/a", "team/app", "*"]),
        ("team/*", ["team/app", "team/a/b"], ["team", "teams/app", "a/team/app", "*"]),
        ("*/app", ["team/app"], ["app", "team/app2", "*"]),
        ("*", ["app", "team/app", "*"], []),
    ],
)
def test_a_pattern_names_repositories(pattern: str, matching: list[str], others: list[str]) -> None:
    """`*` as a resource is what a request means that names no repository."""
    found = {
        name: may("ecr:BatchGetImage", REGISTRY.arn(name), actions=["pull"], repositories=[pattern])
        for name in (*matching, *others)
    }
    assert found == {**dict.fromkeys(matching, True), **dict.fromkeys(others, False)}


@pytest.mark.parametrize("pattern", ["", "App", "a b", "a?", "${aws:username}", "a" * 257, 'a"', "a:b", "a\n"])
def test_what_is_no_pattern_is_refused_with_its_place(pattern: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        robots.check(["pull"], ["app", pattern])
    assert caught.value.path == "repositories.2.member"


def test_a_robot_reaches_no_other_registry() -> None:
    for other in (Registry("999999999999", REGISTRY.region), Registry(REGISTRY.account, "us-west-2")):
        assert not may("ecr:BatchGetImage", other.arn("app"), actions=["pull"], repositories=["*"])


def test_the_most_that_a_robot_can_be_given_is_a_policy_that_can_be_read() -> None:
    request = inspect.type_info(CreateRobotRequest)
    assert isinstance(request, inspect.StructType)
    [kind] = [field.type for field in request.fields if field.name == "repositories"]
    assert isinstance(kind, inspect.ListType)
    assert isinstance(kind.item_type, inspect.StrType)
    longest = ["a" * (kind.item_type.max_length or 0)] * (kind.max_length or 0)
    text = robots.policy(Registry("123456789012", "us-gov-west-1"), [*robots.WORDS, *ACTIONS], longest)
    assert len(text) > 10_000
    assert policy.read(text, "identity").statements
