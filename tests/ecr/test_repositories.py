"""Repositories: making, listing and deleting them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import UNKNOWN, image, index
from support.doors import Doors
from support.ecr_errors import invalid, no_repository
from support.moments import Period
from support.raw_ecr import RawEcr
from support.registry import Registry, abroad, error_of, stranger
from support.repository_settings import FILTERS, tag_list, wildcards
from support.server import REGION
from support.state import collect_all
from support.stores import objects


def names(answer: Any) -> list[str]:
    return [item["repositoryName"] for item in answer["repositories"]]


# --- CreateRepository ----------------------------------------------------------------------------------------


def test_a_new_repository_has_the_defaults_of_ecr(registry: Registry) -> None:
    reply = RawEcr(registry).call("CreateRepository", {"repositoryName": "team/app"})
    created = reply.json["repository"]
    assert isinstance(created.pop("createdAt"), float)
    assert created == {
        "repositoryArn": f"arn:aws:ecr:{REGION}:{registry.account}:repository/team/app",
        "registryId": registry.account,
        "repositoryName": "team/app",
        "repositoryUri": f"localhost:{registry.server.port}/team/app",
        "imageTagMutability": "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def test_a_new_repository_keeps_what_was_asked_for(registry: Registry) -> None:
    asked: dict[str, Any] = {
        "repositoryName": "app",
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        FILTERS: wildcards("latest", "dev-*"),
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": "alias/mine"},
    }
    created = registry.ecr.create_repository(**asked, registryId=registry.account)["repository"]
    assert {name: created[name] for name in asked} == asked
    assert registry.ecr.describe_repositories()["repositories"] == [created]


def test_a_repository_is_created_at_the_time_of_the_call(registry: Registry) -> None:
    call = Period()
    created = registry.ecr.create_repository(repositoryName="app")["repository"]["createdAt"]
    assert created in call


@pytest.mark.parametrize("encryption", ["KMS", "KMS_DSSE"])
def test_kms_without_a_key_means_the_key_that_the_account_has_for_ecr(registry: Registry, encryption: str) -> None:
    created = registry.ecr.create_repository(
        repositoryName="app", encryptionConfiguration={"encryptionType": encryption}
    )["repository"]
    found = created["encryptionConfiguration"]
    assert found["encryptionType"] == encryption
    assert found["kmsKey"].startswith(f"arn:aws:kms:{REGION}:{registry.account}:")


@pytest.mark.parametrize(
    "name",
    ["ab", "1/2", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c", "team-1/my.app_2/x__y", "a" * 256, "blobs/uploads"],
)
def test_a_name_of_ecr_s_form_is_accepted(registry: Registry, name: str) -> None:
    assert registry.ecr.create_repository(repositoryName=name)["repository"]["repositoryName"] == name


@pytest.mark.parametrize(
    "name",
    [
        "App",
        "a b",
        "-app",
        "app-",
        "/app",
        "app/",
        "a//b",
        "a..b",
        "a___b",
        "a.-b",
        "../etc",
        "a/../b",
        "app\n",
        "\napp",
        "ap\u00fc",
        "app:1",
        "app@x",
        "a\u0000b",
        "a%2fb",
    ],
    ids=ascii,
)
def test_a_name_of_another_form_is_refused(registry: Registry, name: str) -> None:
    reply = RawEcr(registry).call("CreateRepository", {"repositoryName": name})
    pattern = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    assert reply.error == invalid("repositoryName", f"must satisfy regular expression '{pattern}'")


def test_a_name_is_taken_once(registry: Registry) -> None:
    registry.create("app")
    with pytest.raises(ClientError) as caught:
        registry.create("app")
    text = f"The repository with name 'app' already exists in the registry with id '{registry.account}'"
    assert error_of(caught) == ("RepositoryAlreadyExistsException", text)


def test_of_many_who_create_one_repository_at_once_one_does(registry: Registry) -> None:
    raw = RawEcr(registry)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: raw.call("CreateRepository", {"repositoryName": "app"}), range(8)))
    refused = [reply for reply in replies if reply.status != 200]
    assert len(refused) == 7
    assert {reply.error[0] for reply in refused} == {"RepositoryAlreadyExistsException"}


def test_a_repository_in_the_registry_of_somebody_else_is_denied(registry: Registry) -> None:
    with pytest.raises(ClientError) as caught:
        registry.ecr.create_repository(repositoryName="app", registryId="210987654321")
    code, message = error_of(caught)
    assert code == "AccessDeniedException"
    assert message.startswith(
        f"User: arn:aws:iam::{registry.account}:root is not authorized to perform: ecr:CreateRepository "
        f"on resource: arn:aws:ecr:{REGION}:210987654321:repository/app because no "
    )


# --- DescribeRepositories ------------------------------------------------------------------------------------


def test_repositories_are_listed_by_name(registry: Registry) -> None:
    for name in ("web", "app/b", "app", "app/a"):
        registry.create(name)
    assert names(registry.ecr.describe_repositories()) == ["app", "app/a", "app/b", "web"]


def test_repositories_that_are_named_come_in_the_order_of_the_names(registry: Registry) -> None:
    for name in ("a1", "b1", "c1"):
        registry.create(name)
    assert names(registry.ecr.describe_repositories(repositoryNames=["c1", "a1"])) == ["c1", "a1"]


def test_one_missing_repository_fails_the_whole_call(registry: Registry) -> None:
    registry.create("app")
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_repositories(repositoryNames=["app", "missing"])
    assert error_of(caught) == no_repository("missing", registry.account)


@pytest.mark.parametrize("size", [1, 3, 5, 1000])
def test_pages_of_any_size_hold_every_repository_once(registry: Registry, size: int) -> None:
    expected = [registry.create(f"app-{number}") for number in range(5)]
    pages = list(registry.ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": size}))
    assert [name for page in pages for name in names(page)] == expected
    assert max(len(page["repositories"]) for page in pages) <= size
    # a full last page is known to be the last
    assert len(pages) == -(-5 // size)


def test_a_page_has_a_hundred_repositories_if_nothing_is_said(registry: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        expected = sorted(pool.map(registry.create, [f"app-{number}" for number in range(101)]))
    first = registry.ecr.describe_repositories()
    second = registry.ecr.describe_repositories(nextToken=first["nextToken"])
    assert names(first) == expected[:100]
    assert names(second) == expected[100:]
    assert "nextToken" not in second


def test_a_page_goes_on_where_it_was_even_if_that_repository_is_gone(registry: Registry) -> None:
    for name in ("a1", "b1", "c1"):
        registry.create(name)
    token = registry.ecr.describe_repositories(maxResults=2)["nextToken"]
    registry.ecr.delete_repository(repositoryName="b1")
    assert names(registry.ecr.describe_repositories(nextToken=token)) == ["c1"]


@pytest.mark.parametrize("token", ["x", "a" * 5000, "!", "\u00e9", "e30="], ids=ascii)
def test_a_token_that_was_never_given_out_is_refused(registry: Registry, token: str) -> None:
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_repositories(nextToken=token)
    assert error_of(caught) == invalid("nextToken", "Invalid token")


def test_a_token_of_another_account_or_region_is_refused(registry: Registry) -> None:
    for name in ("a1", "b1"):
        registry.create(name)
    token = registry.ecr.describe_repositories(maxResults=1)["nextToken"]
    for other in (stranger(registry), abroad(registry)):
        with pytest.raises(ClientError) as caught:
            other.ecr.describe_repositories(nextToken=token)
        assert error_of(caught) == invalid("nextToken", "Invalid token")


@pytest.mark.parametrize("paging", [{"maxResults": 1}, {"nextToken": "x"}], ids=["maxResults", "nextToken"])
def test_named_repositories_have_no_pages(registry: Registry, paging: dict[str, Any]) -> None:
    registry.create("app")
    with pytest.raises(ClientError) as caught:
        registry.ecr.describe_repositories(repositoryNames=["app"], **paging)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert f"'{next(iter(paging))}'" in message


# --- DeleteRepository ----------------------------------------------------------------------------------------


def test_a_repository_that_is_deleted_is_shown_once_more_and_then_gone(registry: Registry) -> None:
    created = registry.ecr.create_repository(repositoryName="app")["repository"]
    assert registry.ecr.delete_repository(repositoryName="app")["repository"] == created
    assert registry.ecr.describe_repositories()["repositories"] == []


def test_a_repository_that_is_not_there_cannot_be_deleted(registry: Registry) -> None:
    with pytest.raises(ClientError) as caught:
        registry.ecr.delete_repository(repositoryName="app", force=True)
    assert error_of(caught) == no_repository("app", registry.account)


@pytest.mark.parametrize("tags", [("v1",), ()], ids=["tagged", "untagged"])
def test_a_repository_with_an_image_is_not_deleted_without_force(registry: Registry, tags: tuple[str, ...]) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, *tags)
    with pytest.raises(ClientError) as caught:
        registry.ecr.delete_repository(repositoryName=app)
    text = (
        f"The repository with name 'app' in registry with id '{registry.account}' cannot be deleted because it still "
        "contains images"
    )
    assert error_of(caught) == ("RepositoryNotEmptyException", text)
    assert registry.oci.get(f"/v2/{app}/manifests/{one.digest}").status == 200


def test_force_deletes_a_repository_with_indexes_and_their_children(registry: Registry) -> None:
    app = registry.create()
    child = image()
    registry.oci.push(app, index(index(child), child), "v1")
    registry.ecr.delete_repository(repositoryName=app, force=True)
    answer = registry.oci.get(f"/v2/{app}/manifests/{child.digest}")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_a_repository_that_is_made_again_has_nothing_of_the_old_one(registry: Registry) -> None:
    app, one = registry.create(imageTagMutability="IMMUTABLE", tags=tag_list({"a": "b"})), image()
    registry.oci.push(app, one, "v1")
    registry.ecr.delete_repository(repositoryName=app, force=True)
    again = registry.ecr.create_repository(repositoryName=app)["repository"]
    assert again["imageTagMutability"] == "MUTABLE"
    assert registry.ecr.list_tags_for_resource(resourceArn=again["repositoryArn"])["tags"] == []
    assert registry.images(app) == []
    layers = registry.ecr.batch_check_layer_availability(repositoryName=app, layerDigests=list(one.blobs))["layers"]
    assert {item["layerAvailability"] for item in layers} == {"UNAVAILABLE"}


@pytest.mark.parametrize("force", [False, True])
def test_uploads_under_way_end_with_their_repository(registry: Registry, force: bool) -> None:
    app = registry.create()
    upload = registry.ecr.initiate_layer_upload(repositoryName=app)["uploadId"]
    path = registry.oci.begin(app)
    registry.ecr.delete_repository(repositoryName=app, force=force)
    registry.create(app)
    with pytest.raises(registry.ecr.exceptions.UploadNotFoundException):
        registry.ecr.complete_layer_upload(repositoryName=app, uploadId=upload, layerDigests=[UNKNOWN])
    assert registry.oci.call("PATCH", path, b"bytes").code == "BLOB_UPLOAD_UNKNOWN"


async def test_the_bytes_of_an_upload_are_given_back_when_its_repository_goes(doors: Doors, tmp_path: Path) -> None:
    upload = (await doors.served("InitiateLayerUpload", repositoryName="app"))["uploadId"]
    part = {"partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "YQ=="}
    await doors.served("UploadLayerPart", repositoryName="app", uploadId=upload, **part)
    assert len(objects(tmp_path / "data")) == 1
    await doors.served("DeleteRepository", repositoryName="app")
    await collect_all(doors.state)
    assert objects(tmp_path / "data") == {}


# --- PutImageScanningConfiguration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"), [({"scanOnPush": True}, True), ({"scanOnPush": False}, False), ({}, False)]
)
def test_scanning_on_push_is_stored(registry: Registry, sent: dict[str, bool], stored: bool) -> None:
    app = registry.create(imageScanningConfiguration={"scanOnPush": not stored})
    arguments = {"repositoryName": app, "imageScanningConfiguration": sent}
    assert RawEcr(registry).call("PutImageScanningConfiguration", arguments).json == {
        "registryId": registry.account,
        "repositoryName": app,
        "imageScanningConfiguration": {"scanOnPush": stored},
    }
    (found,) = registry.ecr.describe_repositories()["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": stored}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("PutImageTagMutability", {"imageTagMutability": "MUTABLE"}),
        ("PutImageScanningConfiguration", {"imageScanningConfiguration": {}}),
    ],
)
def test_settings_of_a_missing_repository_cannot_be_changed(
    registry: Registry, operation: str, arguments: dict[str, Any]
) -> None:
    reply = RawEcr(registry).call(operation, {"repositoryName": "missing", **arguments})
    assert reply.error == no_repository("missing", registry.account)
