"""Accounts and regions are strictly apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, series
from support.ecr_errors import no_repository
from support.ecr_model import MODEL, smallest
from support.oci import Oci
from support.raw_ecr import RawEcr
from support.registry import Registry, abroad, error_of, new_password, stranger
from support.server import Server
from wharfinger.api.ecr import HANDLERS

FOREIGN: Final = "210987654321"
POLICY: Final = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}}'
Other = Callable[[Registry], Registry]


# --- accounts and regions ------------------------------------------------------------------------------------


@pytest.fixture(params=[stranger, abroad], ids=["account", "region"])
def other(request: pytest.FixtureRequest, registry: Registry) -> Registry:
    """Another account in the region, then the account in another region."""
    make: Other = request.param
    return make(registry)


def pushed(registry: Registry, other: Registry) -> Image:
    """An image that only the first of two repositories of one name has."""
    (one,) = series(1)
    for each in (registry, other):
        each.create("app")
    registry.oci.push("app", one, "v1")
    return one


def test_a_name_can_be_taken_in_every_registry(registry: Registry, other: Registry) -> None:
    for each in (registry, other):
        each.create("app")
    found = [each.ecr.describe_repositories()["repositories"] for each in (registry, other)]
    assert [[item["repositoryArn"] for item in items] for items in found] == [
        [f"arn:aws:ecr:{each.region}:{each.account}:repository/app"] for each in (registry, other)
    ]


def test_images_of_one_registry_are_unknown_to_the_other(registry: Registry, other: Registry) -> None:
    one = pushed(registry, other)
    ids = [{"imageDigest": one.digest}, {"imageTag": "v1"}]
    assert other.images("app") == []
    failures = other.ecr.batch_get_image(repositoryName="app", imageIds=ids)["failures"]
    assert [item["failureCode"] for item in failures] == ["ImageNotFound"] * 2
    assert [other.oci.get(f"/v2/app/manifests/{name}").status for name in (one.digest, "v1")] == [404, 404]


def test_a_deletion_in_one_registry_leaves_the_other_alone(registry: Registry, other: Registry) -> None:
    one = pushed(registry, other)
    other.oci.push("app", one, "v1")
    registry.delete("app", one.digest)
    registry.ecr.delete_repository(repositoryName="app")
    assert other.tags("app") == {"v1": one.digest}
    assert all(other.oci.get(f"/v2/app/blobs/{digest}").body == blob for digest, blob in one.blobs.items())


def test_a_setting_of_one_registry_is_not_that_of_the_other(registry: Registry, other: Registry) -> None:
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert other.ecr.get_account_setting(name="BLOB_MOUNTING")["value"] == "DISABLED"


def test_a_login_is_for_the_registry_that_gave_it(registry: Registry, other: Registry) -> None:
    registry.create("app")
    answer = other.oci.get("/v2/app/tags/list")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")
    assert answer.message == no_repository("app", other.account)[1]
    assert other.oci.get("/v2/_catalog").json == {"repositories": []}


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_an_arn_is_in_the_partition_of_its_region(registry: Registry, region: str, partition: str) -> None:
    created = abroad(registry, region).ecr.create_repository(repositoryName="app")["repository"]
    assert created["repositoryArn"] == f"arn:{partition}:ecr:{region}:{registry.account}:repository/app"


# --- registryId ----------------------------------------------------------------------------------------------


NAMES_A_REPOSITORY: Final = sorted(
    operation
    for operation in HANDLERS
    if {"registryId", "repositoryName"} <= set(MODEL.operation_model(operation).input_shape.members)
    and operation != "CreateRepository"
)


@pytest.mark.parametrize("operation", NAMES_A_REPOSITORY)
def test_a_repository_that_is_missing_is_named_with_its_registry(registry: Registry, operation: str) -> None:
    arguments = {**valid(operation), "repositoryName": "missing"}
    assert RawEcr(registry).call(operation, arguments).error == no_repository("missing", registry.account)


def test_the_id_of_the_own_registry_may_be_given(registry: Registry) -> None:
    app = registry.create()
    answer = registry.ecr.describe_repositories(registryId=registry.account, repositoryNames=[app])
    assert [item["registryId"] for item in answer["repositories"]] == [registry.account]


def test_the_repositories_of_somebody_else_cannot_be_listed(registry: Registry) -> None:
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_repositories(registryId=FOREIGN)
    assert error_of(caught)[0] == "AccessDeniedException"


def valid(operation: str) -> dict[str, Any]:
    """Arguments that nothing but the repository can be wrong with."""
    (one,) = series(1)
    more: dict[str, dict[str, Any]] = {
        "PutImage": {"imageManifest": one.text},
        "ListImageReferrers": {"subjectId": {"imageDigest": one.digest}},
        "SetRepositoryPolicy": {"policyText": POLICY},
    }
    return {**smallest(operation), **more.get(operation, {})}


# --- accounts of a server that checks signatures -------------------------------------------------------------


def environment(server: Server, account: str) -> dict[str, str]:
    return server.environment(account=account, region="eu-west-3")


def client(server: Server, environment: dict[str, str]) -> Any:
    return server.ecr(
        environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment["AWS_DEFAULT_REGION"]
    )


def test_an_account_that_the_command_line_made_has_a_registry_of_its_own(strict_server: Server, account: str) -> None:
    mine = client(strict_server, environment(strict_server, account))
    default = client(strict_server, strict_server.environment(region="eu-west-3"))
    created = mine.create_repository(repositoryName=f"app-{account}")["repository"]
    assert created["repositoryArn"] == f"arn:aws:ecr:eu-west-3:{account}:repository/app-{account}"
    with pytest.raises(default.exceptions.RepositoryNotFoundException):
        default.describe_repositories(repositoryNames=[f"app-{account}"])


def test_an_account_keeps_its_access_key(strict_server: Server, account: str) -> None:
    assert environment(strict_server, account) == environment(strict_server, account)


def test_a_login_of_an_account_that_the_command_line_made_pushes_to_its_registry(
    strict_server: Server, account: str
) -> None:
    mine = client(strict_server, environment(strict_server, account))
    mine.create_repository(repositoryName="app")
    oci = Oci(strict_server.endpoint, new_password(mine))
    one = image()
    oci.push("app", one, "v1")
    assert mine.list_images(repositoryName="app")["imageIds"] == [{"imageDigest": one.digest, "imageTag": "v1"}]
