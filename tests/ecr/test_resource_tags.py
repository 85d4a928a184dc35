"""Resource tags of repositories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.ecr_errors import denied, invalid, no_repository
from support.raw_ecr import RawEcr
from support.registry import Registry, error_of
from support.repository_settings import tag_list
from support.server import REGION


def arn(registry: Registry, name: str = "app", *, account: str | None = None, region: str = REGION) -> str:
    return f"arn:aws:ecr:{region}:{account or registry.account}:repository/{name}"


def tags_of(registry: Registry, name: str = "app") -> dict[str, str]:
    found = registry.ecr.list_tags_for_resource(resourceArn=arn(registry, name))["tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_resource_tags_are_given_at_the_making(registry: Registry) -> None:
    registry.create("app", tags=tag_list({"team": "a", "stage": ""}))
    assert tags_of(registry) == {"team": "a", "stage": ""}


def test_new_resource_tags_join_the_old_ones_and_replace_their_values(registry: Registry) -> None:
    registry.create("app", tags=tag_list({"team": "a", "stage": "dev"}))
    registry.ecr.tag_resource(resourceArn=arn(registry), tags=tag_list({"stage": "prod", "cost": "7"}))
    assert tags_of(registry) == {"team": "a", "stage": "prod", "cost": "7"}


def test_resource_tags_are_taken_away_by_key_and_unknown_keys_are_ignored(registry: Registry) -> None:
    registry.create("app", tags=tag_list({"team": "a", "stage": "dev"}))
    registry.ecr.untag_resource(resourceArn=arn(registry), tagKeys=["stage", "unknown"])
    assert tags_of(registry) == {"team": "a"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k" * 128, "v" * 256),
        ("a b", "+-=._:/@ 09AZaz"),
        ("\u00fcml\u00e4ut", "\u65e5\u672c\u8a9e"),
        ("my-aws:key", "aws:value"),
    ],
    ids=["longest", "characters", "letters-of-the-world", "aws-inside"],
)
def test_resource_tags_of_the_right_form_are_kept(registry: Registry, key: str, value: str) -> None:
    registry.create("app", tags=tag_list({key: value}))
    assert tags_of(registry) == {key: value}


BAD_TAGS: Final = {
    "empty key": ("", "v"),
    "long key": ("k" * 129, "v"),
    "long value": ("k", "v" * 257),
    "reserved prefix": ("aws:team", "v"),
    "reserved prefix in capitals": ("AWS:team", "v"),
    "character in the key": ("a#b", "v"),
    "character in the value": ("a", "<script>"),
    "line break in the key": ("a\nb", "v"),
    "tabulator in the value": ("a", "v\tw"),
    "control character": ("a", "\u0000"),
    "emoji": ("a", "\U0001f600"),
}


@pytest.mark.parametrize(("key", "value"), BAD_TAGS.values(), ids=BAD_TAGS)
def test_a_repository_is_not_made_with_a_bad_resource_tag(registry: Registry, key: str, value: str) -> None:
    with pytest.raises(ClientError) as caught:
        registry.create("app", tags=tag_list({"good": "v", key: value}))
    assert error_of(caught) == ("InvalidTagParameterException", "Tag parameters are invalid")
    assert registry.ecr.describe_repositories()["repositories"] == []


@pytest.mark.parametrize(("key", "value"), BAD_TAGS.values(), ids=BAD_TAGS)
def test_one_bad_resource_tag_keeps_all_of_a_call_out(registry: Registry, key: str, value: str) -> None:
    registry.create("app")
    with pytest.raises(ClientError) as caught:
        registry.ecr.tag_resource(resourceArn=arn(registry), tags=tag_list({"good": "v", key: value}))
    assert error_of(caught) == ("InvalidTagParameterException", "Tag parameters are invalid")
    assert tags_of(registry) == {}


def test_a_repository_has_fifty_resource_tags_and_no_more(registry: Registry) -> None:
    fifty = {f"key-{number}": "v" for number in range(50)}
    registry.create("app", tags=tag_list(fifty))
    registry.ecr.tag_resource(resourceArn=arn(registry), tags=tag_list({"key-7": "changed"}))
    with pytest.raises(registry.ecr.exceptions.TooManyTagsException):
        registry.ecr.tag_resource(resourceArn=arn(registry), tags=tag_list({"one": "more"}))
    assert tags_of(registry) == {**fifty, "key-7": "changed"}


def test_a_repository_is_not_made_with_more_than_fifty_resource_tags(registry: Registry) -> None:
    with pytest.raises(registry.ecr.exceptions.TooManyTagsException):
        registry.create("app", tags=tag_list({f"key-{number}": "v" for number in range(51)}))
    assert registry.ecr.describe_repositories()["repositories"] == []


@pytest.mark.parametrize("operation", ["CreateRepository", "TagResource"])
@pytest.mark.parametrize("member", ["Key", "Value"])
def test_a_resource_tag_without_key_or_value_is_an_invalid_parameter(
    registry: Registry, operation: str, member: str
) -> None:
    subject = {"repositoryName": "app"} if operation == "CreateRepository" else {"resourceArn": arn(registry)}
    tags = [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d", member: None}]
    reply = RawEcr(registry).call(operation, {**subject, "tags": tags})
    assert reply.error == invalid(f"tags.2.member.{member.lower()}", "Member must not be null")


RESOURCE_CALLS: Final[dict[str, dict[str, Any]]] = {
    "TagResource": {"tags": [{"Key": "a", "Value": "b"}]},
    "UntagResource": {"tagKeys": ["a"]},
    "ListTagsForResource": {},
}
RESOURCE_CASES: Final[Sequence[Any]] = [pytest.param(*case, id=case[0]) for case in RESOURCE_CALLS.items()]


@pytest.mark.parametrize(("operation", "arguments"), RESOURCE_CASES)
@pytest.mark.parametrize(
    "bad",
    [
        "",
        "app",
        "arn:aws:s3:::bucket",
        f"arn:aws:ecr:{REGION}:123456789012:registry/app",
        f"arn:aws:ecr:{REGION}:123456789012:repository/",
        f"arn:aws:ecr:{REGION}:1234:repository/app",
        f"arn:aws:ecr:{REGION}:123456789012:repository/../app",
    ],
    ids=["empty", "name", "other-service", "other-resource", "no-name", "short-account", "traversal"],
)
def test_what_is_no_arn_of_a_repository_is_refused(
    registry: Registry, operation: str, arguments: dict[str, Any], bad: str
) -> None:
    reply = RawEcr(registry).call(operation, {"resourceArn": bad, **arguments})
    assert reply.error == invalid("resourceArn", "Invalid ARN")


@pytest.mark.parametrize(("operation", "arguments"), RESOURCE_CASES)
@pytest.mark.parametrize(
    "region",
    [REGION, "us-east-1"],
    ids=["missing", "other-region"],
)
def test_an_arn_of_a_repository_that_is_not_there_is_not_found(
    registry: Registry, operation: str, arguments: dict[str, Any], region: str
) -> None:
    resource = arn(registry, "elsewhere", region=region)
    reply = RawEcr(registry).call(operation, {"resourceArn": resource, **arguments})
    assert reply.error == no_repository("elsewhere", registry.account)


@pytest.mark.parametrize(("operation", "arguments"), RESOURCE_CASES)
def test_an_arn_of_another_account_is_denied(registry: Registry, operation: str, arguments: dict[str, Any]) -> None:
    resource = arn(registry, "elsewhere", account="210987654321")
    reply = RawEcr(registry).call(operation, {"resourceArn": resource, **arguments})
    assert reply.error == denied(registry.account, f"ecr:{operation}", resource)
