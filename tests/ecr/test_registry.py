"""A registry as a whole: logging in, settings, and the rights that requests need."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from support.content import series, sha256
from support.doors import Doors, new_doors
from support.ecr_errors import invalid
from support.moments import Period
from support.oci import Oci
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.server import REGION
from support.state import ACCOUNT, Clock
from wharfinger.contract.oci import ENDPOINTS

FOREIGN: Final = "210987654321"
TERM: Final = timedelta(hours=12)
HOUR: Final = 3_600_000


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
    call = Period()
    (data,) = registry.ecr.get_authorization_token()["authorizationData"]
    assert data["expiresAt"] - TERM in call
    assert data["proxyEndpoint"] == f"http://localhost:{registry.server.port}"


async def test_a_login_ends_after_twelve_hours(doors: Doors, clock: Clock) -> None:
    (data,) = (await doors.served("GetAuthorizationToken"))["authorizationData"]
    assert data["expiresAt"] == (clock() + 12 * HOUR) / 1000
    header = {"authorization": f"Basic {data['authorizationToken']}"}
    clock.move(12 * HOUR - 1)
    assert (await doors.request("GET", "/v2/", headers=header)).status == 200
    clock.move(1)
    answer = await doors.request("GET", "/v2/", headers=header)
    assert answer.status == 403
    assert b"Your authorization token has expired. Reauthenticate and try again." in answer.body


async def test_several_registries_are_answered_each_in_the_order_of_the_request(tmp_path: Path) -> None:
    async with new_doors(tmp_path, domain="registry.test") as doors:
        answer = await doors.served("GetAuthorizationToken", registryIds=[FOREIGN, ACCOUNT])
        assert [data["proxyEndpoint"] for data in answer["authorizationData"]] == [
            f"http://{account}.dkr.ecr.{REGION}.registry.test" for account in (FOREIGN, ACCOUNT)
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
    assert RawEcr(registry).call("GetAuthorizationToken", {"registryIds": ids}).error == invalid(path, constraint)


# --- DescribeRegistry and account settings -------------------------------------------------------------------


def test_a_registry_is_described_by_its_account_and_has_no_rules(registry: Registry) -> None:
    assert RawEcr(registry).call("DescribeRegistry").json == {
        "registryId": registry.account,
        "replicationConfiguration": {"rules": []},
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"), ("REGISTRY_POLICY_SCOPE", "V2"), ("BLOB_MOUNTING", "DISABLED")],
)
def test_an_account_setting_has_a_default(registry: Registry, name: str, value: str) -> None:
    assert RawEcr(registry).call("GetAccountSetting", {"name": name}).json == {"name": name, "value": value}


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
    raw, setting = RawEcr(registry), {"name": name, "value": value}
    assert raw.call("PutAccountSetting", setting).json == setting
    assert raw.call("GetAccountSetting", {"name": name}).json == setting


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
    code, message = RawEcr(registry).call(operation, arguments).error
    assert code == "InvalidParameterException"
    assert message.startswith(f"Invalid parameter at '{path}' failed to satisfy constraint: ")


def test_a_value_that_is_refused_changes_nothing(registry: Registry) -> None:
    raw = RawEcr(registry)
    raw.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "ENABLED"})
    raw.call("PutAccountSetting", {"name": "BLOB_MOUNTING", "value": "PERHAPS"})
    assert raw.call("GetAccountSetting", {"name": "BLOB_MOUNTING"}).json["value"] == "ENABLED"


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
