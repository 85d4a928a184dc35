"""A registry as a whole: logging in, settings, and that accounts and regions are strictly apart."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, sha256
from support.ecr_held import ACCOUNT, held
from support.ecr_held import REGION as HELD_REGION
from support.ecr_images import abroad, invalid, no_repository, series, stranger
from support.ecr_model import MODEL, smallest
from support.ecr_wire import Wire
from support.oci import Oci
from support.registry import Registry, error_of
from support.server import Server
from wharfinger.api.ecr.entry import HANDLERS
from wharfinger.contract.oci import ENDPOINTS

FOREIGN: Final = "210987654321"
TERM: Final = timedelta(hours=12)
HOUR: Final = 3_600_000
Other = Callable[[Registry], Registry]


# --- GetAuthorizationToken -----------------------------------------------------------------------------------


def test_a_login_is_made_of_the_user_aws_and_a_password_without_a_colon(registry: Registry) -> None:
    (data,) = registry.ecr.get_authorization_token()["authorizationData"]
    user, password = base64.b64decode(data["authorizationToken"], validate=True).decode("ascii").split(":")
    assert user == "AWS"
    assert Oci(registry.server.endpoint, password).get("/v2/").status == 200


def test_an_authorization_token_works_as_it_is_returned(registry: Registry) -> None:
    (data,) = registry.ecr.get_authorization_token()["authorizationData"]
    header = {"Authorization": f"Basic {data['authorizationToken']}"}
    assert Oci(registry.server.endpoint, None).get("/v2/", header).status == 200


def test_a_login_is_for_twelve_hours_at_the_address_of_the_server(registry: Registry) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    (data,) = registry.ecr.get_authorization_token()["authorizationData"]
    assert before <= data["expiresAt"] - TERM <= datetime.now(UTC)
    assert data["proxyEndpoint"] == f"http://localhost:{registry.server.port}"


async def test_a_login_ends_after_twelve_hours(tmp_path: Path) -> None:
    async with held(tmp_path) as here:
        (data,) = (await here.ecr("GetAuthorizationToken"))["authorizationData"]
        assert data["expiresAt"] == (here.clock.now + 12 * HOUR) / 1000
        header = {"authorization": f"Basic {data['authorizationToken']}"}
        here.clock.forward(12 * HOUR - 1)
        assert (await here.ask("GET", "/v2/", header))[0] == 200
        here.clock.forward(1)
        status, body = await here.ask("GET", "/v2/", header)
        assert status == 403
        assert b"Your authorization token has expired. Reauthenticate and try again." in body


async def test_several_registries_are_answered_each_in_the_order_of_the_request(tmp_path: Path) -> None:
    async with held(tmp_path, domain="registry.test") as here:
        answer = await here.ecr("GetAuthorizationToken", registryIds=[FOREIGN, ACCOUNT])
        assert [data["proxyEndpoint"] for data in answer["authorizationData"]] == [
            f"http://{account}.dkr.ecr.{HELD_REGION}.registry.test" for account in (FOREIGN, ACCOUNT)
        ]


def test_every_token_of_one_answer_is_a_login(registry: Registry) -> None:
    answer = registry.ecr.get_authorization_token(registryIds=[registry.account, FOREIGN])
    for data in answer["authorizationData"]:
        header = {"Authorization": f"Basic {data['authorizationToken']}"}
        assert Oci(registry.server.endpoint, None).get("/v2/", header).status == 200


@pytest.mark.parametrize(
    ("ids", "path", "constraint"),
    [
        ([FOREIGN] * 11, "registryIds", "Member must have length less than or equal to 10"),
        ([FOREIGN, "12"], "registryIds.2.member", "Member must satisfy regular expression '[0-9]{12}'"),
    ],
    ids=["eleven", "malformed"],
)
def test_ids_of_registries_are_checked(registry: Registry, ids: list[str], path: str, constraint: str) -> None:
    assert Wire(registry).call("GetAuthorizationToken", {"registryIds": ids}).error == invalid(path, constraint)


# --- DescribeRegistry and account settings -------------------------------------------------------------------


def test_a_registry_is_described_by_its_account_and_has_no_rules(registry: Registry) -> None:
    assert Wire(registry).call("DescribeRegistry").json == {
        "registryId": registry.account,
        "replicationConfiguration": {"rules": []},
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"), ("REGISTRY_POLICY_SCOPE", "V2"), ("BLOB_MOUNTING", "DISABLED")],
)
def test_an_account_setting_has_a_default(registry: Registry, name: str, value: str) -> None:
    assert Wire(registry).call("GetAccountSetting", {"name": name}).json == {"name": name, "value": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"),
        ("REGISTRY_POLICY_SCOPE", "V1"),
        ("REGISTRY_POLICY_SCOPE", "V2"),
        ("BLOB_MOUNTING", "ENABLED"),
        ("BLOB_MOUNTING", "DISABLED"),
    ],
)
def test_an_account_setting_is_answered_and_stored(registry: Registry, name: str, value: str) -> None:
    wire, setting = Wire(registry), {"name": name, "value": value}
    assert wire.call("PutAccountSetting", setting).json == setting
    assert wire.call("GetAccountSetting", {"name": name}).json == setting


@pytest.mark.parametrize(
    ("operation", "arguments", "path"),
    [
        ("GetAccountSetting", {"name": "FAVOURITE_COLOUR"}, "name"),
        ("GetAccountSetting", {"name": "blob_mounting"}, "name"),
        ("PutAccountSetting", {"name": "FAVOURITE_COLOUR", "value": "blue"}, "name"),
        ("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "PERHAPS"}, "value"),
        ("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": ""}, "value"),
        ("PutAccountSetting", {"name": "BASIC_SCAN_TYPE_VERSION", "value": "CLAIR"}, "value"),
    ],
    ids=["unknown", "case", "put-unknown", "value", "empty", "retired"],
)
def test_a_setting_or_value_that_there_is_not_is_an_invalid_parameter(
    registry: Registry, operation: str, arguments: dict[str, str], path: str
) -> None:
    code, message = Wire(registry).call(operation, arguments).error
    assert code == "InvalidParameterException"
    assert message.startswith(f"Invalid parameter at '{path}' failed to satisfy constraint: ")


def test_a_value_that_is_refused_changes_nothing(registry: Registry) -> None:
    wire = Wire(registry)
    wire.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "ENABLED"})
    wire.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "PERHAPS"})
    assert wire.call("GetAccountSetting", {"name": "BLOB_MOUNTING"}).json["value"] == "ENABLED"


def mount(registry: Registry, content: bytes, source: str = "source") -> int:
    return registry.oci.call("POST", f"/v2/target/blobs/uploads/?mount={sha256(content)}&from={source}").status


def mountable(registry: Registry, value: str | None) -> bytes:
    """A blob in one of two repositories, part of an image there."""
    (one,) = series(1)
    registry.create("source")
    registry.create("target")
    registry.oci.push("source", one)
    if value is not None:
        registry.ecr.put_account_setting(name="BLOB_MOUNTING", value=value)
    return list(one.blobs.values())[-1]


@pytest.mark.parametrize("value", [None, "DISABLED"])
def test_a_mount_becomes_an_upload_where_mounting_is_off(registry: Registry, value: str | None) -> None:
    content = mountable(registry, value)
    assert mount(registry, content) == 202
    assert registry.oci.head(f"/v2/target/blobs/{sha256(content)}").status == 404


def test_a_mount_gives_the_blob_where_mounting_is_on(registry: Registry) -> None:
    content = mountable(registry, "ENABLED")
    assert mount(registry, content) == 201
    assert registry.oci.get(f"/v2/target/blobs/{sha256(content)}").body == content


def test_a_mount_from_a_repository_without_the_blob_becomes_an_upload(registry: Registry) -> None:
    content = mountable(registry, "ENABLED")
    registry.create("empty")
    assert [mount(registry, content, source) for source in ("empty", "missing")] == [202, 202]


def test_mounting_is_switched_off_again(registry: Registry) -> None:
    content = mountable(registry, "ENABLED")
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    assert mount(registry, content) == 202


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


def test_layers_of_one_registry_are_unknown_to_the_other(registry: Registry, other: Registry) -> None:
    one = pushed(registry, other)
    digests = list(one.blobs)
    found = other.ecr.batch_check_layer_availability(repositoryName="app", layerDigests=digests)["layers"]
    assert [item["layerAvailability"] for item in found] == ["UNAVAILABLE"] * len(digests)
    with pytest.raises(other.ecr.exceptions.LayersNotFoundException):
        other.ecr.get_download_url_for_layer(repositoryName="app", layerDigest=digests[0])
    with pytest.raises(other.ecr.exceptions.LayersNotFoundException):
        other.put_image("app", one, "v1")
    assert [other.oci.get(f"/v2/app/blobs/{digest}").status for digest in digests] == [404] * len(digests)


def test_a_layer_of_one_registry_cannot_be_mounted_in_the_other(registry: Registry, other: Registry) -> None:
    one = pushed(registry, other)
    other.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    for source in ("&from=app", ""):
        answer = other.oci.call("POST", f"/v2/app/blobs/uploads/?mount={next(iter(one.blobs))}{source}")
        assert answer.status == 202


def test_an_upload_of_one_registry_is_unknown_to_the_other(registry: Registry, other: Registry) -> None:
    for each in (registry, other):
        each.create("app")
    upload = registry.ecr.initiate_layer_upload(repositoryName="app")["uploadId"]
    with pytest.raises(other.ecr.exceptions.UploadNotFoundException):
        other.ecr.upload_layer_part(
            repositoryName="app", uploadId=upload, partFirstByte=0, partLastByte=0, layerPartBlob=b"x"
        )
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = other.oci.call(method, f"/v2/app/blobs/uploads/{upload}?digest={sha256(b'')}")
        assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_page_token_of_one_registry_is_refused_in_the_other(registry: Registry, other: Registry) -> None:
    pushed(registry, other)
    registry.oci.push("app", image(), "v2")
    token = registry.ecr.list_images(repositoryName="app", maxResults=1)["nextToken"]
    with pytest.raises(ClientError) as caught:
        other.ecr.list_images(repositoryName="app", nextToken=token)
    assert error_of(caught) == invalid("nextToken", "Invalid token")


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
def test_a_repository_of_somebody_else_looks_like_one_that_is_not_there(registry: Registry, operation: str) -> None:
    owner = stranger(registry)
    owner.create("sample")
    arguments = {**valid(operation), "repositoryName": "sample", "registryId": owner.account}
    assert Wire(registry).call(operation, arguments).error == no_repository("sample", owner.account)


@pytest.mark.parametrize("operation", NAMES_A_REPOSITORY)
def test_a_repository_that_is_missing_is_named_with_its_registry(registry: Registry, operation: str) -> None:
    arguments = {**valid(operation), "repositoryName": "missing"}
    assert Wire(registry).call(operation, arguments).error == no_repository("missing", registry.account)


def test_the_id_of_the_own_registry_may_be_given(registry: Registry) -> None:
    app = registry.create()
    answer = registry.ecr.describe_repositories(registryId=registry.account, repositoryNames=[app])
    assert [item["registryId"] for item in answer["repositories"]] == [registry.account]


def test_the_repositories_of_somebody_else_cannot_be_listed(registry: Registry) -> None:
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_repositories(registryId=FOREIGN)
    assert error_of(caught)[0] == "AccessDeniedException"


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
    token = mine.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    oci = Oci(strict_server.endpoint, base64.b64decode(token).decode().partition(":")[2])
    one = image()
    oci.push("app", one, "v1")
    assert mine.list_images(repositoryName="app")["imageIds"] == [{"imageDigest": one.digest, "imageTag": "v1"}]


# --- the right behind each request of the data plane ---------------------------------------------------------

ACTIONS: Final = {
    ("ping", "GET"): None,
    ("catalog", "GET"): "ecr:DescribeRepositories",
    ("tags", "GET"): "ecr:ListImages",
    ("manifest", "GET"): "ecr:BatchGetImage",
    ("manifest", "HEAD"): "ecr:BatchGetImage",
    ("manifest", "PUT"): "ecr:PutImage",
    ("manifest", "DELETE"): "ecr:BatchDeleteImage",
    ("referrers", "GET"): "ecr:BatchGetImage",
    ("blob", "HEAD"): "ecr:BatchCheckLayerAvailability",
    ("blob", "GET"): "ecr:GetDownloadUrlForLayer",
    ("uploads", "POST"): "ecr:InitiateLayerUpload",
    ("upload", "PATCH"): "ecr:UploadLayerPart",
    ("upload", "PUT"): "ecr:CompleteLayerUpload",
}


@pytest.mark.parametrize(("endpoint", "method"), ACTIONS, ids=" ".join)
def test_a_request_of_the_data_plane_needs_the_right_that_aws_names(endpoint: str, method: str) -> None:
    (found,) = [item for item in ENDPOINTS if item.name == endpoint]
    assert found.actions[method] == ACTIONS[endpoint, method]


def valid(operation: str) -> dict[str, Any]:
    """Arguments that nothing but the repository can be wrong with."""
    (one,) = series(1)
    more: dict[str, dict[str, Any]] = {
        "PutImage": {"imageManifest": one.text},
        "ListImageReferrers": {"subjectId": {"imageDigest": one.digest}},
    }
    return {**smallest(operation), **more.get(operation, {})}
