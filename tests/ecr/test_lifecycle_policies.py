"""The operations on lifecycle policies and their previews, as clients see them; what they do is in the files beside."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import image
from support.ecr_errors import invalid, no_repository
from support.lifecycle import APP, FAILURE, policy, rule
from support.moments import Period
from support.registry import Registry, error_of

POLICY = policy(rule(10, keep=30, description="ours"), rule(2, "untagged", days=14))
SHOWN = (
    '{"rules":[{"rulePriority":2,"selection":{"tagStatus":"untagged","countType":"sinceImagePushed",'
    '"countUnit":"days","countNumber":14},"action":{"type":"expire"}},{"rulePriority":10,"description":"ours",'
    '"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":30},"action":{"type":"expire"}}]}'
)


def missing(what: str, registry: Registry, name: str = "app") -> tuple[str, str]:
    """The error for a policy or a preview that is not there."""
    text = f"does not exist for the repository with name '{name}' in the registry with id '{registry.account}'"
    return f"{what.title().replace(' ', '')}NotFoundException", f"{what} {text}"


def test_a_policy_is_shown_as_it_was_understood(registry: Registry) -> None:
    registry.create()
    put = registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=POLICY)
    got = registry.ecr.get_lifecycle_policy(**APP)
    for answer in (put, got):
        shown = (answer["registryId"], answer["repositoryName"], answer["lifecyclePolicyText"])
        assert shown == (registry.account, "app", SHOWN)


def test_a_policy_takes_the_place_of_the_one_before(registry: Registry) -> None:
    registry.create()
    registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=policy(rule(keep=1)))
    registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=POLICY)
    assert registry.ecr.get_lifecycle_policy(**APP)["lifecyclePolicyText"] == SHOWN


def test_a_policy_that_is_deleted_is_shown_once_more_and_gone(registry: Registry) -> None:
    registry.create()
    registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=POLICY)
    assert registry.ecr.delete_lifecycle_policy(**APP)["lifecyclePolicyText"] == SHOWN
    for operation in (registry.ecr.get_lifecycle_policy, registry.ecr.delete_lifecycle_policy):
        with pytest.raises(ClientError) as caught:
            operation(**APP)
        assert error_of(caught) == missing("Lifecycle policy", registry)


def test_a_policy_belongs_to_its_repository_and_not_to_its_name(registry: Registry) -> None:
    registry.create()
    registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=POLICY)
    registry.ecr.delete_repository(**APP)
    registry.create()
    with pytest.raises(ClientError) as caught:
        registry.ecr.get_lifecycle_policy(**APP)
    assert error_of(caught) == missing("Lifecycle policy", registry)


OPERATIONS = {
    "put_lifecycle_policy": {"lifecyclePolicyText": POLICY},
    "get_lifecycle_policy": {},
    "delete_lifecycle_policy": {},
    "start_lifecycle_policy_preview": {},
    "get_lifecycle_policy_preview": {},
}


@pytest.mark.parametrize(("operation", "arguments"), OPERATIONS.items(), ids=OPERATIONS)
def test_a_repository_that_is_not_there_is_named(registry: Registry, operation: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(registry.ecr, operation)(**APP, **arguments)
    assert error_of(caught) == no_repository("app", registry.account)


@pytest.mark.parametrize("operation", ["put_lifecycle_policy", "start_lifecycle_policy_preview"])
def test_a_text_that_is_no_policy_is_refused_in_ecrs_words(registry: Registry, operation: str) -> None:
    registry.create()
    with pytest.raises(ClientError) as caught:
        getattr(registry.ecr, operation)(**APP, lifecyclePolicyText=policy(rule(keep=0)))
    text = "numeric instance is lower than the required minimum (minimum: 1, found: 0)"
    assert error_of(caught) == invalid("LifecyclePolicyText", FAILURE + text)


def test_a_text_that_is_too_long_is_refused_for_that_whatever_it_says(registry: Registry) -> None:
    registry.create()
    with pytest.raises(ClientError) as caught:
        registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText="x" * 30721)
    assert error_of(caught) == invalid("lifecyclePolicyText", "Member must have length less than or equal to 30720")


def test_a_policy_that_is_refused_leaves_the_one_before(registry: Registry) -> None:
    registry.create()
    registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=POLICY)
    with pytest.raises(ClientError):
        registry.ecr.put_lifecycle_policy(**APP, lifecyclePolicyText=policy(rule(keep=0)))
    assert registry.ecr.get_lifecycle_policy(**APP)["lifecyclePolicyText"] == SHOWN


# --- previews ------------------------------------------------------------------------------------------------


def test_the_waiter_of_the_sdk_waits_for_a_preview(registry: Registry) -> None:
    registry.create()
    old, new = image(), image()
    pushes = Period()
    registry.oci.push("app", old, "v1")
    registry.oci.push("app", new, "v2")
    text = policy(rule(3, ["v*"], keep=1))
    started = registry.ecr.start_lifecycle_policy_preview(**APP, lifecyclePolicyText=text)
    assert (started["status"], started["lifecyclePolicyText"]) == ("IN_PROGRESS", text)
    waiter = registry.ecr.get_waiter("lifecycle_policy_preview_complete")
    waiter.wait(**APP, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    answer = registry.ecr.get_lifecycle_policy_preview(**APP)
    assert (answer["status"], answer["lifecyclePolicyText"]) == ("COMPLETE", text)
    assert answer["summary"] == {"expiringImageTotalCount": 1}
    [result] = answer["previewResults"]
    assert result.pop("imagePushedAt") in pushes
    assert result == {
        "imageDigest": old.digest,
        "imageTags": ["v1"],
        "action": {"type": "EXPIRE"},
        "appliedRulePriority": 3,
        "storageClass": "STANDARD",
    }


def test_without_a_text_and_a_policy_there_is_nothing_to_preview(registry: Registry) -> None:
    registry.create()
    with pytest.raises(ClientError) as caught:
        registry.ecr.start_lifecycle_policy_preview(**APP)
    assert error_of(caught) == missing("Lifecycle policy", registry)


def test_a_preview_that_nobody_asked_for_is_not_found(registry: Registry) -> None:
    registry.create()
    with pytest.raises(ClientError) as caught:
        registry.ecr.get_lifecycle_policy_preview(**APP)
    assert error_of(caught) == missing("Lifecycle policy preview", registry)
