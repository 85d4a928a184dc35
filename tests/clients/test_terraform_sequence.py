"""Terraform's calls for a repository, its policies and its tags, and what Terraform makes of the answers.

This is not the provider, which is too big to build here: it is the order of its calls, its comparisons and what it
takes for gone, as its source has them (`internal/service/ecr` of hashicorp/terraform-provider-aws), with boto3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, layer
from support.oci import Oci
from support.registry import error_of
from support.shell import Shell

ACCOUNT = "000000000000"
OTHER = "210987654321"
GONE = "RepositoryNotFoundException"

Document = dict[str, Any]


class Wanted(NamedTuple):
    """`aws_ecr_repository`, `aws_ecr_repository_policy` and `aws_ecr_lifecycle_policy` as a configuration has them."""

    tags: Mapping[str, str]
    policy: Document
    lifecycle: Document
    mutability: str = "MUTABLE"
    exclusions: tuple[str, ...] = ()
    scan_on_push: bool | None = None  # no block
    encryption: str | None = None  # the same
    force_delete: bool = False


class Found(NamedTuple):
    """What the provider read. None: it is gone, and the next plan makes it again."""

    repository: Document
    tags: Mapping[str, str]
    policy: Document | None
    lifecycle: Document | None


def pull(*principals: str, sid: str = "pull") -> Document:
    """A policy of a repository by which these may pull."""
    actions = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"]
    statement = {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": actions}
    return {"Version": "2012-10-17", "Statement": [statement]}


def keep(count: int, *prefixes: str, priority: int = 1) -> Document:
    """A rule of a lifecycle policy."""
    tagged = {"tagStatus": "tagged", "tagPrefixList": list(prefixes)} if prefixes else {"tagStatus": "any"}
    selection = {**tagged, "countType": "imageCountMoreThan", "countNumber": count}
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


FIRST = Wanted(
    tags={"team": "payments", "env": "prod"},
    policy=pull(OTHER),
    lifecycle={"rules": [keep(100, priority=2), keep(5, "pr-", "dev-")]},
    mutability="IMMUTABLE_WITH_EXCLUSION",
    exclusions=("latest*", "dev-*"),
    scan_on_push=True,
    encryption="KMS",
)


# --- the provider's calls ------------------------------------------------------------------------------------


class Provider:
    """The provider with one configuration of three resources; `found` is its state."""

    def __init__(self, shell: Shell, name: str = "team/app") -> None:
        self.name = name
        self.ecr = shell.ecr
        self.shell = shell
        self.identity = _sts(shell).get_caller_identity()  # before all else

    def create(self, wanted: Wanted) -> Found:
        """Make what is not there, reading each resource right after."""
        blocks = {} if wanted.scan_on_push is None else _scanning(wanted)
        if wanted.encryption is not None:
            blocks["encryptionConfiguration"] = {"encryptionType": wanted.encryption}
        self.ecr.create_repository(repositoryName=self.name, **_mutability(wanted), **blocks, tags=_listed(wanted.tags))
        self._repository()
        self._put_policy(wanted)
        self._put_lifecycle(wanted)
        found = self.refresh()
        assert found is not None
        return found

    def refresh(self) -> Found | None:
        """What a plan does: nothing but reading. None: the repository is gone."""
        repository = self._unless_gone(self._repository)
        if repository is None:
            return None
        tags = self.ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        return Found(
            repository,
            {tag["Key"]: tag["Value"] for tag in tags},
            self._unless_gone(self._policy, "RepositoryPolicyNotFoundException"),
            self._unless_gone(self._lifecycle, "LifecyclePolicyNotFoundException"),
        )

    def update(self, found: Found, wanted: Wanted) -> Found:
        """Do what a plan said; a lifecycle policy is never changed, but replaced."""
        arn, changed = found.repository["repositoryArn"], differences(wanted, found)
        named = {"registryId": found.repository["registryId"], "repositoryName": self.name}
        if gone := [key for key in found.tags if key not in wanted.tags]:
            self.ecr.untag_resource(resourceArn=arn, tagKeys=gone)
        if put := {key: value for key, value in wanted.tags.items() if found.tags.get(key) != value}:
            self.ecr.tag_resource(resourceArn=arn, tags=_listed(put))
        if "mutability" in changed:
            self.ecr.put_image_tag_mutability(**named, **_mutability(wanted))
        if "scanning" in changed:
            self.ecr.put_image_scanning_configuration(**named, **_scanning(wanted))
        if "policy" in changed:
            self._put_policy(wanted)
        if "lifecycle" in changed:
            if found.lifecycle is not None:
                self._delete_lifecycle()
            self._put_lifecycle(wanted)
        after = self.refresh()
        assert after is not None
        return after

    def destroy(self, *, force: bool = False) -> None:
        """Delete all three, policies first, and wait until the repository is not there."""
        self._delete_lifecycle()
        named = {"registryId": ACCOUNT, "repositoryName": self.name}
        self._unless_gone(lambda: self.ecr.delete_repository_policy(**named), "RepositoryPolicyNotFoundException")
        self._unless_gone(lambda: self.ecr.delete_repository(**named, force=force))
        assert self._unless_gone(self._repository) is None

    def push(self, tag: str) -> Image:
        """An image, pushed by somebody; Terraform has no part in it."""
        pushed = image(layer(100))
        Oci(f"http://{self.shell.registry}", self.shell.password).push(self.name, pushed, tag)
        return pushed

    def _repository(self) -> Document:
        (repository,) = self.ecr.describe_repositories(repositoryNames=[self.name])["repositories"]
        assert repository["repositoryName"] == self.name
        return dict(repository)

    def _policy(self) -> Document:
        return _parsed(self.ecr.get_repository_policy(repositoryName=self.name)["policyText"])

    def _put_policy(self, wanted: Wanted) -> None:
        self.ecr.set_repository_policy(repositoryName=self.name, policyText=_normal(wanted.policy))
        self._policy()

    def _lifecycle(self) -> Document:
        return _parsed(self.ecr.get_lifecycle_policy(repositoryName=self.name)["lifecyclePolicyText"])

    def _put_lifecycle(self, wanted: Wanted) -> None:
        answer = self.ecr.put_lifecycle_policy(repositoryName=self.name, lifecyclePolicyText=_normal(wanted.lifecycle))
        assert (answer["repositoryName"], answer["registryId"]) == (self.name, ACCOUNT)
        self._lifecycle()

    def _delete_lifecycle(self) -> None:
        self._unless_gone(
            lambda: self.ecr.delete_lifecycle_policy(repositoryName=self.name), "LifecyclePolicyNotFoundException"
        )

    def _unless_gone(self, ask: Callable[[], Any], *codes: str) -> Any:
        """None where the answer is that it is not there; any other failure is one."""
        try:
            return ask()
        except ClientError as error:
            if error.response["Error"]["Code"] not in {GONE, *codes}:
                raise
            return None


def _sts(shell: Shell) -> Any:
    return boto3.client(
        "sts",
        endpoint_url=shell.environment["AWS_ENDPOINT_URL_STS"],
        region_name=shell.region,
        aws_access_key_id=shell.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=shell.environment["AWS_SECRET_ACCESS_KEY"],
    )


def _mutability(wanted: Wanted) -> Document:
    filters = [{"filterType": "WILDCARD", "filter": text} for text in wanted.exclusions]
    found: Document = {"imageTagMutability": wanted.mutability}
    return {**found, "imageTagMutabilityExclusionFilters": filters} if filters else found


def _scanning(wanted: Wanted) -> Document:
    return {"imageScanningConfiguration": {"scanOnPush": bool(wanted.scan_on_push)}}


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _normal(document: Document) -> str:
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def _parsed(text: str) -> Document:
    return dict(json.loads(text))


# --- the provider's comparisons ------------------------------------------------------------------------------


def differences(wanted: Wanted, found: Found) -> set[str]:
    """What a plan says would change. A block that a configuration does not have is no difference."""
    repository = found.repository
    is_same = {
        "mutability": _mutability(wanted).items() <= repository.items()
        and bool(wanted.exclusions) == bool(repository.get("imageTagMutabilityExclusionFilters")),
        "scanning": wanted.scan_on_push is None or _scanning(wanted).items() <= repository.items(),
        # which key it is, is for the registry to say
        "encryption": wanted.encryption in {None, repository["encryptionConfiguration"]["encryptionType"]},
        "tags": dict(wanted.tags) == dict(found.tags),
        "policy": found.policy is not None and statements(wanted.policy) == statements(found.policy),
        "lifecycle": found.lifecycle is not None and rules(wanted.lifecycle) == rules(found.lifecycle),
    }
    return {name for name, same in is_same.items() if not same}


def statements(policy: Document) -> tuple[Any, ...]:
    """A policy with nothing in it that means nothing: orders, single values as lists, accounts without their ARN."""
    found = [{name: _values(value) for name, value in one.items()} for one in policy["Statement"]]
    return policy.get("Version"), policy.get("Id"), sorted(json.dumps(one, sort_keys=True) for one in found)


def _values(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _values(inner) for name, inner in value.items()}
    texts = [value] if isinstance(value, str) else value
    return sorted({f"arn:aws:iam::{text}:root" if text.isdecimal() and len(text) == 12 else text for text in texts})


def rules(lifecycle: Document) -> list[Document]:
    """The rules by priority, their lists sorted, empty ones left out."""
    found = sorted(lifecycle["rules"], key=lambda rule: int(rule["rulePriority"]))
    return [{**rule, "selection": _selection(rule["selection"])} for rule in found]


def _selection(selection: Document) -> Document:
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in selection.items() if value != []
    }


# --- a repository --------------------------------------------------------------------------------------------


@pytest.fixture
def provider(shell: Shell) -> Provider:
    """Configured, with nothing made yet."""
    return Provider(shell)


def test_the_provider_finds_its_account_and_partition_by_who_it_is(provider: Provider) -> None:
    assert provider.identity["Account"] == ACCOUNT
    assert provider.identity["Arn"].split(":")[:3] == ["arn", "aws", "iam"]


def test_what_was_made_is_what_was_wanted(provider: Provider) -> None:
    assert differences(FIRST, provider.create(FIRST)) == set()


def test_blocks_that_a_configuration_does_not_have_are_no_difference(provider: Provider) -> None:
    wanted = FIRST._replace(mutability="MUTABLE", exclusions=(), scan_on_push=None, encryption=None, tags={})
    assert differences(wanted, provider.create(wanted)) == set()


def test_a_second_plan_reads_the_same(provider: Provider) -> None:
    assert provider.create(FIRST) == provider.refresh()


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        (FIRST._replace(mutability="IMMUTABLE", exclusions=()), {"mutability"}),
        (FIRST._replace(exclusions=("latest*",)), {"mutability"}),
        (FIRST._replace(scan_on_push=False), {"scanning"}),
        (FIRST._replace(tags={"team": "billing", "new": ""}), {"tags"}),
        (FIRST._replace(policy=pull(OTHER, f"arn:aws:iam::{ACCOUNT}:root")), {"policy"}),
        (FIRST._replace(lifecycle={"rules": [keep(7)]}), {"lifecycle"}),
    ],
)
def test_a_change_is_planned_and_nothing_is_left_to_do_when_it_is_made(
    provider: Provider, changed: Wanted, names: set[str]
) -> None:
    found = provider.create(FIRST)
    assert differences(changed, found) == names
    assert differences(changed, provider.update(found, changed)) == set()


def test_what_somebody_else_removed_is_made_again(provider: Provider) -> None:
    provider.create(FIRST)
    provider.ecr.delete_repository_policy(repositoryName=provider.name)
    provider.ecr.delete_lifecycle_policy(repositoryName=provider.name)
    found = provider.refresh()
    assert found is not None
    assert differences(FIRST, found) == {"policy", "lifecycle"}
    assert differences(FIRST, provider.update(found, FIRST)) == set()


def test_a_repository_that_somebody_else_deleted_is_gone_with_all_that_is_its(provider: Provider) -> None:
    provider.create(FIRST)
    provider.ecr.delete_repository(repositoryName=provider.name)
    assert provider.refresh() is None
    assert differences(FIRST, provider.create(FIRST)) == set()


def test_what_is_destroyed_is_not_there_and_can_be_destroyed_again(provider: Provider) -> None:
    provider.create(FIRST)
    provider.destroy()
    assert provider.refresh() is None
    provider.destroy()


def test_images_keep_a_repository_unless_it_is_forced(provider: Provider) -> None:
    provider.create(FIRST)
    provider.push("1")
    with pytest.raises(ClientError) as caught:
        provider.destroy()
    assert error_of(caught)[0] == "RepositoryNotEmptyException"
    provider.destroy(force=True)


def test_an_impossible_policy_is_refused_with_the_words_by_which_the_provider_tries_again(provider: Provider) -> None:
    with pytest.raises(ClientError) as caught:
        provider.create(FIRST._replace(policy=pull("nobody")))
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert "Invalid repository policy provided" in message


# --- the registry, and what is only read ---------------------------------------------------------------------


def test_the_policy_of_a_registry_is_put_read_and_deleted(provider: Provider) -> None:
    replicate = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "ecr:ReplicateImage"}
    resource = f"arn:aws:ecr:{provider.ecr.meta.region_name}:{ACCOUNT}:repository/*"
    wanted = {"Version": "2012-10-17", "Statement": [{"Sid": "copy", **replicate, "Resource": resource}]}
    assert provider.ecr.put_registry_policy(policyText=_normal(wanted))["registryId"] == ACCOUNT
    assert statements(_parsed(provider.ecr.get_registry_policy()["policyText"])) == statements(wanted)
    provider.ecr.delete_registry_policy()
    with pytest.raises(ClientError) as caught:
        provider.ecr.get_registry_policy()
    assert error_of(caught)[0] == "RegistryPolicyNotFoundException"


def test_the_data_source_of_a_repository_has_the_tags_of_its_newest_image(provider: Provider) -> None:
    provider.create(FIRST)
    for tag in ("1", "2"):
        provider.push(tag)
    answer = provider.ecr.describe_repositories(repositoryNames=[provider.name], registryId=ACCOUNT)
    (repository,) = answer["repositories"]
    pages = provider.ecr.get_paginator("describe_images").paginate(
        repositoryName=provider.name, registryId=repository["registryId"], PaginationConfig={"PageSize": 1}
    )
    found = [detail for page in pages for detail in page["imageDetails"]]
    assert max(found, key=lambda detail: detail["imagePushedAt"])["imageTags"] == ["2"]


def test_the_data_source_of_an_image_names_the_image_by_its_repository_and_digest(provider: Provider) -> None:
    provider.create(FIRST)
    pushed = provider.push("1")
    (detail,) = provider.ecr.describe_images(repositoryName=provider.name, imageIds=[{"imageTag": "1"}])["imageDetails"]
    answer = provider.ecr.describe_repositories(
        repositoryNames=[detail["repositoryName"]], registryId=detail["registryId"]
    )
    assert detail["imageDigest"] == pushed.digest
    assert answer["repositories"][0]["repositoryUri"].endswith(f"/{provider.name}")
