"""The trail: which requests leave a record, and what is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.content import Image, image
from support.doors import Doors, new_doors
from support.state import ACCOUNT, Clock
from support.trail import last, listed, names
from wharfinger.api import trail as noting
from wharfinger.contract.oci import ENDPOINTS
from wharfinger.services import trail

APP = {"repositoryName": "app"}
OTHER = "999999999999"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def of(doors: Doors, account: str) -> Doors:
    """The same server for another account."""
    return Doors(doors.state, account)


# --- the record ----------------------------------------------------------------------------------------------


async def test_a_call_has_the_form_of_cloudtrail(doors: Doors) -> None:
    answer = await doors.ecr("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    record = await last(doors)
    assert record.pop("eventID")
    assert record == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root",
            "principalId": ACCOUNT,
            "arn": ROOT,
            "accountId": ACCOUNT,
            "accessKeyId": ACCOUNT,
        },
        "eventTime": "2027-01-15T08:00:00Z",
        "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImageTagMutability",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "",
        "requestParameters": {**APP, "imageTagMutability": "IMMUTABLE"},
        "responseElements": {**APP, "registryId": ACCOUNT, "imageTagMutability": "IMMUTABLE"},
        "requestID": answer.headers["x-amzn-requestid"],
        "readOnly": False,
        "resources": [
            {
                "ARN": f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/app",
                "accountId": ACCOUNT,
                "type": "AWS::ECR::Repository",
            }
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


async def test_reading_is_told_without_what_was_read(doors: Doors) -> None:
    await doors.served("DescribeRepositories")
    record = await last(doors)
    assert (record["readOnly"], record["responseElements"]) == (True, None)


async def test_a_call_that_is_refused_has_its_error(doors: Doors) -> None:
    answer = await doors.ecr("DeleteRepository", repositoryName="none")
    record = await last(doors)
    assert (record["errorCode"], record["errorMessage"]) == answer.error
    assert record["responseElements"] is None


async def test_a_call_of_our_own_service_says_so(doors: Doors) -> None:
    await doors.served("EmptyBin", all=True)
    assert (await last(doors))["eventSource"] == "wharfinger"


async def test_the_client_is_told_as_it_calls_itself_but_not_for_ever(doors: Doors) -> None:
    await doors.oci("DELETE", "app/manifests/none", headers={"user-agent": "x" * 5000})
    assert (await last(doors))["userAgent"].startswith("x" * 1024 + "…")


async def test_a_failure_of_the_servers_own_is_told(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "page", None)
    assert (await doors.wharfinger("ListTrailRecords")).status == 500
    monkeypatch.undo()
    answer = await doors.served("ListTrailRecords", eventName="ListTrailRecords")
    assert [json.loads(item["record"])["errorCode"] for item in answer["records"]] == ["ServerException"]


# --- the data plane ------------------------------------------------------------------------------------------


async def push_slowly(doors: Doors, one: Image) -> None:
    """As docker does."""
    for digest, content in one.blobs.items():
        upload = await doors.begin("app")
        assert (await doors.oci("PATCH", upload, content)).status == 202
        assert (await doors.oci("PUT", f"{upload}?digest={digest}")).status == 201
    assert (await doors.put_manifest("app", "v1", one)).status == 201


async def test_a_push_is_told_in_the_names_of_the_api(doors: Doors) -> None:
    one = image()
    await push_slowly(doors, one)
    layer = ["InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]
    assert (await names(doors))[1:] == [*layer * len(one.blobs), "PutImage"]


async def test_a_pushed_manifest_is_told_with_its_tag_and_digest(doors: Doors) -> None:
    one = image()
    await push_slowly(doors, one)
    record = await last(doors)
    assert record["requestParameters"] == {**APP, "imageTag": "v1"}
    assert record["responseElements"]["image"]["imageId"] == {"imageTag": "v1", "imageDigest": one.digest}
    assert record["additionalEventData"] == {"method": "PUT", "path": "/v2/app/manifests/v1"}


async def test_an_upload_is_told_with_what_came_of_it(doors: Doors) -> None:
    one = image()
    await push_slowly(doors, one)
    found = await listed(doors)
    begun, ended = (
        next(record for record in found if record["eventName"] == wanted)
        for wanted in ("InitiateLayerUpload", "CompleteLayerUpload")
    )
    assert begun["responseElements"]["uploadId"] == ended["requestParameters"]["uploadId"]
    assert ended["responseElements"] == {"layerDigest": next(iter(one.blobs))}


async def test_a_mount_is_told_with_its_source(doors: Doors) -> None:
    one = image()
    digest = next(iter(one.blobs))
    await doors.served("CreateRepository", repositoryName="other")
    await doors.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    await doors.push("app", one)
    assert (await doors.oci("POST", f"other/blobs/uploads/?mount={digest}&from=app")).status == 201
    record = await last(doors)
    assert record["eventName"] == "MountLayer"
    assert record["requestParameters"] == {"repositoryName": "other", "mountDigest": digest, "mountFrom": "app"}


async def test_a_deletion_by_the_data_plane_is_told(doors: Doors) -> None:
    await doors.push("app", image(), "v1")
    await doors.oci("DELETE", "app/manifests/v1")
    record = await last(doors)
    assert record["eventName"] == "BatchDeleteImage"
    assert record["requestParameters"] == {**APP, "imageIds": [{"imageTag": "v1"}]}


async def pull(doors: Doors, one: Image) -> None:
    await doors.oci("GET", "/v2/")
    await doors.oci("HEAD", "app/manifests/v1")
    await doors.oci("GET", f"app/manifests/{one.digest}")
    for digest in one.blobs:
        await doors.oci("GET", f"app/blobs/{digest}")
    await doors.oci("GET", f"app/referrers/{one.digest}")
    await doors.oci("GET", "app/manifests/none")


async def test_pulls_are_not_told_unless_asked_for(doors: Doors) -> None:
    one = image()
    await doors.push("app", one, "v1")
    before = await names(doors)
    await pull(doors, one)
    assert await names(doors) == before


async def test_a_pull_that_is_not_told_costs_nothing(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await doors.push("app", image(), "v1")
    monkeypatch.setattr(noting, "_is_wanted", None)
    assert (await doors.oci("GET", "app/manifests/v1")).status == 200
    assert "is not in the trail" not in caplog.text


async def test_pulls_are_told_if_asked_for(tmp_path: Path, clock: Clock) -> None:
    one = image()
    async with new_doors(tmp_path / "data", clock, trail_pulls=True) as doors:
        await doors.push("app", one, "v1")
        before = len(await listed(doors))
        await pull(doors, one)
        found = (await listed(doors))[before:]
    layers = ["GetDownloadUrlForLayer"] * len(one.blobs)
    expected = ["Login", "BatchGetImage", "BatchGetImage", *layers, "ListImageReferrers", "BatchGetImage"]
    assert [record["eventName"] for record in found] == expected
    assert {(record["readOnly"], record["responseElements"]) for record in found} == {(True, None)}
    assert found[-1]["errorCode"] == "ImageNotFoundException"


def test_every_request_that_needs_an_action_stands_for_an_operation() -> None:
    needing = {
        (endpoint.name, method)
        for endpoint in ENDPOINTS
        for method, action in endpoint.actions.items()
        if action is not None
    }
    assert needing == noting._OPERATIONS.keys()


# --- denials -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v2/", "/v2/app/manifests/v1"])
async def test_a_wrong_password_is_told_as_denied(doors: Doors, path: str) -> None:
    await doors.request("GET", path, headers={"authorization": "Basic QVdTOndyb25n"})
    found = await listed(Doors(doors.state, "000000000000"), denied=True)
    assert [(record["userIdentity"], record["errorCode"]) for record in found] == [
        ({"type": "Unknown"}, "UnrecognizedClientException")
    ]


async def test_what_another_account_does_not_show_is_told_to_both(doors: Doors) -> None:
    stranger = of(doors, OTHER)
    await stranger.oci("GET", "app/manifests/v1", headers={"host": f"{ACCOUNT}.dkr.ecr.eu-central-1.example"})
    for reader in (doors, stranger):
        [record] = await listed(reader, denied=True)
        assert record["userIdentity"]["accountId"] == OTHER
        assert record["recipientAccountId"] == ACCOUNT
        assert record["errorCode"] == "AccessDeniedException"


async def test_asking_which_login_is_needed_is_no_denial(doors: Doors) -> None:
    before = await names(doors)
    assert (await doors.request("GET", "/v2/app/manifests/v1")).status == 401
    assert await names(doors) == before


async def test_pushing_without_a_login_is_denied(doors: Doors) -> None:
    host = {"host": f"{ACCOUNT}.dkr.ecr.eu-central-1.example"}
    assert (await doors.request("PUT", "/v2/app/manifests/v1", b"{}", host)).status == 401
    assert await names(doors, denied=True) == ["PutImage"]


async def test_why_an_account_denied_is_told_to_that_account_only(doors: Doors) -> None:
    statement = {"Sid": "NotThem", "Effect": "Deny", "Principal": {"AWS": OTHER}, "Action": "ecr:ListImages"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    await doors.served("SetRepositoryPolicy", **APP, policyText=policy)
    stranger = of(doors, OTHER)
    await stranger.ecr("ListImages", **APP, registryId=ACCOUNT)
    assert (await last(doors, denied=True))["additionalEventData"]["decision"]["statement"] == "NotThem"
    assert (await last(stranger, denied=True))["additionalEventData"] == {"denied": True}
