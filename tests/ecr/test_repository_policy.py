"""Policies of repositories: kept as ECR keeps them, and obeyed at both doors."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image
from support.ecr_errors import denied
from support.oci import Oci
from support.raw_ecr import RawEcr
from support.registry import Registry, error_of, stranger

PULL: Final = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability")


def statement(*actions: str, principal: Any = "*", effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": principal, "Action": list(actions), **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def set_policy(registry: Registry, *statements: dict[str, Any], repository: str = "app") -> None:
    registry.ecr.set_repository_policy(repositoryName=repository, policyText=policy(*statements))


def account(registry: Registry) -> dict[str, str]:
    """A principal element that names the root of an account."""
    return {"AWS": f"arn:aws:iam::{registry.account}:root"}


@pytest.fixture
def one(registry: Registry) -> Image:
    """An image in the repository `app`."""
    found = image()
    registry.oci.push(registry.create("app"), found, "v1")
    return found


def at_owner(registry: Registry, password: str | None) -> Oci:
    """The data plane of a registry for somebody else."""
    host = f"{registry.account}.dkr.ecr.{registry.region}.localhost:{registry.server.port}"
    return Oci(registry.server.endpoint, password, headers={"Host": host})


# --- as it is kept -------------------------------------------------------------------------------------------


def test_a_policy_comes_back_as_it_was_said_in_the_form_of_ecr(registry: Registry) -> None:
    registry.create("app")
    text = policy(statement(*PULL, Sid="Pull"))
    stored = registry.ecr.set_repository_policy(repositoryName="app", policyText=text)["policyText"]
    assert json.loads(stored) == json.loads(text)
    assert '"Version" : "2012-10-17"' in stored
    assert registry.ecr.get_repository_policy(repositoryName="app")["policyText"] == stored


def test_a_policy_that_is_deleted_is_shown_once_more_and_then_not_there(registry: Registry) -> None:
    registry.create("app")
    set_policy(registry, statement(*PULL))
    text = registry.ecr.get_repository_policy(repositoryName="app")["policyText"]
    assert registry.ecr.delete_repository_policy(repositoryName="app")["policyText"] == text
    for operation in ("GetRepositoryPolicy", "DeleteRepositoryPolicy"):
        code, message = RawEcr(registry).call(operation, {"repositoryName": "app"}).error
        assert code == "RepositoryPolicyNotFoundException"
        assert message == (
            "Repository policy does not exist for the repository with name 'app' in the registry with id "
            f"'{registry.account}'"
        )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "the policy is not JSON"),
        (policy(statement("ecr:BatchGetImage", Resource="*")), "Resource"),
        (policy(statement("ecr:BatchGetImage", Condition={"StringLikes": {"aws:username": "a"}})), "StringLikes"),
        (policy({"Effect": "Allow", "Action": "ecr:BatchGetImage"}), "Principal"),
    ],
    ids=["no json", "resource", "operator", "no principal"],
)
def test_what_is_no_policy_is_refused_in_the_words_that_terraform_looks_for(
    registry: Registry, text: str, reason: str
) -> None:
    registry.create("app")
    code, message = RawEcr(registry).call("SetRepositoryPolicy", {"repositoryName": "app", "policyText": text}).error
    assert code == "InvalidParameterException"
    assert message.startswith(
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
    )
    assert reason in message


def test_a_repository_comes_back_from_the_bin_with_its_policy(registry: Registry) -> None:
    registry.create("app")
    set_policy(registry, statement(*PULL))
    text = registry.ecr.get_repository_policy(repositoryName="app")["policyText"]
    registry.ecr.delete_repository(repositoryName="app")
    own = registry.server.wharfinger(registry.account, region=registry.region)
    (deletion,) = own.list_deletions(repositoryName="app")["deletions"]
    own.restore_deletion(deletionId=deletion["deletionId"])
    assert registry.ecr.get_repository_policy(repositoryName="app")["policyText"] == text


# --- another account -----------------------------------------------------------------------------------------


def test_another_account_pulls_what_a_policy_lets_it(registry: Registry, one: Image) -> None:
    other = stranger(registry)
    set_policy(registry, statement(*PULL, principal=account(other)))
    oci = at_owner(registry, other.password)
    assert oci.get("/v2/app/manifests/v1").body == one.manifest
    for digest, content in one.blobs.items():
        assert oci.get(f"/v2/app/blobs/{digest}").body == content
    found = other.ecr.batch_get_image(registryId=registry.account, repositoryName="app", imageIds=[{"imageTag": "v1"}])
    assert [item["imageManifest"] for item in found["images"]] == [one.text]


def test_another_account_does_nothing_that_the_policy_does_not_name(registry: Registry, one: Image) -> None:
    other = stranger(registry)
    set_policy(registry, statement(*PULL, principal=account(other)))
    answer = at_owner(registry, other.password).call("DELETE", f"/v2/app/manifests/{one.digest}")
    assert (answer.status, answer.code) == (403, "DENIED")
    assert (
        answer.message
        == denied(
            other.account, "ecr:BatchDeleteImage", f"arn:aws:ecr:{registry.region}:{registry.account}:repository/app"
        )[1]
    )
    assert registry.tags("app") == {"v1": one.digest}


def test_a_third_account_is_told_what_it_is_told_of_a_repository_that_is_not_there(
    registry: Registry, one: Image
) -> None:
    set_policy(registry, statement(*PULL, effect="Deny", principal="*", Sid="Secret"))
    oci = at_owner(registry, stranger(registry).password)
    there, missing = oci.get("/v2/app/manifests/v1"), oci.get("/v2/missing/manifests/v1")
    assert there.status == missing.status == 403
    assert there.message.replace("repository/app", "repository/missing") == missing.message
    assert sorted(there.headers) == sorted(missing.headers)


# --- denied to everybody -------------------------------------------------------------------------------------


def test_an_explicit_deny_holds_for_the_root_of_the_account_too(registry: Registry, one: Image) -> None:
    set_policy(registry, statement("ecr:BatchDeleteImage", effect="Deny"))
    with pytest.raises(ClientError) as caught:
        registry.delete("app", one.digest)
    code, message = error_of(caught)
    assert code == "AccessDeniedException"
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_the_root_of_the_account_always_can_change_the_policy(registry: Registry, one: Image) -> None:
    set_policy(registry, statement("ecr:*", effect="Deny"))
    assert registry.oci.get("/v2/app/manifests/v1").status == 403
    registry.ecr.delete_repository_policy(repositoryName="app")
    assert registry.oci.get("/v2/app/manifests/v1").body == one.manifest


# --- conditions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 401)])
def test_a_condition_may_ask_where_a_request_comes_from(
    registry: Registry, one: Image, network: str, status: int
) -> None:
    set_policy(registry, statement(*PULL, Condition={"IpAddress": {"aws:SourceIp": network}}))
    assert at_owner(registry, None).get("/v2/app/manifests/v1").status == status


def test_a_condition_may_ask_for_the_tags_of_the_repository(registry: Registry, one: Image) -> None:
    set_policy(registry, statement(*PULL, Condition={"StringEquals": {"aws:ResourceTag/public": "yes"}}))
    oci = at_owner(registry, None)
    assert oci.get("/v2/app/manifests/v1").status == 401
    arn = f"arn:aws:ecr:{registry.region}:{registry.account}:repository/app"
    registry.ecr.tag_resource(resourceArn=arn, tags=[{"Key": "public", "Value": "yes"}])
    assert oci.get("/v2/app/manifests/v1").status == 200
    registry.ecr.untag_resource(resourceArn=arn, tagKeys=["public"])
    assert oci.get("/v2/app/manifests/v1").status == 401


# --- everybody -----------------------------------------------------------------------------------------------


def test_nobody_pulls_without_a_login_where_no_policy_says_so(registry: Registry, one: Image) -> None:
    oci = at_owner(registry, None)
    there, missing = oci.get("/v2/app/manifests/v1"), oci.get("/v2/missing/manifests/v1")
    assert (there.status, there.body) == (missing.status, missing.body)
    assert there.headers["WWW-Authenticate"] == missing.headers["WWW-Authenticate"]


def test_everybody_pulls_where_a_policy_says_so(registry: Registry, one: Image) -> None:
    set_policy(registry, statement(*PULL))
    oci = at_owner(registry, None)
    assert oci.get("/v2/app/manifests/v1").body == one.manifest
    for digest, content in one.blobs.items():
        assert oci.get(f"/v2/app/blobs/{digest}").body == content


def test_nobody_writes_without_a_login_whatever_a_policy_says(registry: Registry, one: Image) -> None:
    set_policy(registry, statement("ecr:*"))
    oci = at_owner(registry, None)
    assert oci.call("DELETE", f"/v2/app/manifests/{one.digest}").status == 401
    assert oci.call("POST", "/v2/app/blobs/uploads/").status == 401
    assert oci.call("PUT", "/v2/app/manifests/v2", one.manifest, {"Content-Type": one.media_type}).status == 401


def test_a_registry_policy_opens_nothing_to_everybody(registry: Registry, one: Image) -> None:
    registry.ecr.put_registry_policy(policyText=policy(statement(*PULL, Resource="*")))
    assert at_owner(registry, None).get("/v2/app/manifests/v1").status == 401


def test_docker_is_invited_to_a_token_service_where_something_is_for_everybody(registry: Registry, one: Image) -> None:
    oci = at_owner(registry, None)
    assert oci.get("/v2/").headers["WWW-Authenticate"].startswith("Basic ")
    set_policy(registry, statement(*PULL))
    challenge = oci.get("/v2/").headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="http://')
    assert '/v2/token"' in challenge
    token = oci.get("/v2/token?service=x&scope=repository:app:pull").json["token"]
    assert at_owner(registry, None).get("/v2/app/manifests/v1", {"Authorization": f"Bearer {token}"}).status == 200


def test_the_token_service_gives_a_login_back_which_is_good_for_what_it_was(registry: Registry, one: Image) -> None:
    set_policy(registry, statement(*PULL))
    oci = registry.oci
    token = oci.get("/v2/token").json["token"]
    answer = at_owner(registry, None).call(
        "DELETE", f"/v2/app/manifests/{one.digest}", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status == 202


def test_a_login_that_is_none_gets_no_token(registry: Registry, one: Image) -> None:
    set_policy(registry, statement(*PULL))
    assert Oci(registry.server.endpoint, "nonsense").get("/v2/token").status == 401
