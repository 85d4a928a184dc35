"""Repositories: making, listing and deleting them, whether their tags may be moved, and their resource tags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, index
from support.ecr_held import held
from support.ecr_images import UNKNOWN, abroad, invalid, no_repository, push_blobs, series, stranger
from support.ecr_wire import Wire
from support.registry import Registry, error_of
from support.server import REGION
from wharfinger.services import collect

Push = Callable[[Registry, str, Image, str], str | None]
FILTERS: Final = "imageTagMutabilityExclusionFilters"


def wildcards(*patterns: str) -> list[dict[str, str]]:
    return [{"filterType": "WILDCARD", "filter": pattern} for pattern in patterns]


def with_exclusion(*patterns: str) -> dict[str, Any]:
    return {"imageTagMutability": "MUTABLE_WITH_EXCLUSION", FILTERS: wildcards(*patterns)}


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def names(answer: Any) -> list[str]:
    return [item["repositoryName"] for item in answer["repositories"]]


# --- CreateRepository ----------------------------------------------------------------------------------------


def test_a_new_repository_has_the_defaults_of_ecr(registry: Registry) -> None:
    reply = Wire(registry).call("CreateRepository", {"repositoryName": "team/app"})
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
    # the answer has whole milliseconds
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    created = registry.ecr.create_repository(repositoryName="app")["repository"]["createdAt"]
    assert before <= created <= datetime.now(UTC)


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
    reply = Wire(registry).call("CreateRepository", {"repositoryName": name})
    pattern = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    assert reply.error == invalid("repositoryName", f"must satisfy regular expression '{pattern}'")


def test_a_name_is_taken_once(registry: Registry) -> None:
    registry.create("app")
    with pytest.raises(ClientError) as caught:
        registry.create("app")
    text = f"The repository with name 'app' already exists in the registry with id '{registry.account}'"
    assert error_of(caught) == ("RepositoryAlreadyExistsException", text)


def test_of_many_who_create_one_repository_at_once_one_does(registry: Registry) -> None:
    wire = Wire(registry)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: wire.call("CreateRepository", {"repositoryName": "app"}), range(8)))
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


async def test_the_bytes_of_an_upload_are_given_back_when_its_repository_goes(tmp_path: Path) -> None:
    async with held(tmp_path) as here:
        await here.ecr("CreateRepository", repositoryName="app")
        upload = (await here.ecr("InitiateLayerUpload", repositoryName="app"))["uploadId"]
        part = {"partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "YQ=="}
        await here.ecr("UploadLayerPart", repositoryName="app", uploadId=upload, **part)
        assert len(files(tmp_path / "blobs")) == 1
        await here.ecr("DeleteRepository", repositoryName="app")
        await collect.sweep(here.state)
        assert files(tmp_path / "blobs") == []


def files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


# --- PutImageTagMutability -----------------------------------------------------------------------------------


def by_put_image(registry: Registry, repository: str, pushed: Image, tag: str) -> str | None:
    try:
        registry.put_image(repository, pushed, tag)
    except ClientError as error:
        return str(error.response["Error"]["Message"])
    return None


def by_oci_tag(registry: Registry, repository: str, pushed: Image, tag: str) -> str | None:
    answer = registry.oci.put_manifest(repository, tag, pushed.manifest, pushed.media_type)
    assert answer.status == 201 or (answer.status, answer.code) == (400, "TAG_INVALID"), answer
    return None if answer.status == 201 else answer.message


def by_oci_digest_and_tag(registry: Registry, repository: str, pushed: Image, tag: str) -> str | None:
    reference = f"{pushed.digest}?tag={tag}"
    answer = registry.oci.put_manifest(repository, reference, pushed.manifest, pushed.media_type)
    assert answer.status == 201 or (answer.status, answer.code) == (400, "TAG_INVALID"), answer
    return None if answer.status == 201 else answer.message


WAYS: Final[dict[str, Push]] = {
    "PutImage": by_put_image,
    "OCI PUT by tag": by_oci_tag,
    "OCI PUT by digest with a tag": by_oci_digest_and_tag,
}


@pytest.mark.parametrize("push", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    ("setting", "patterns", "tag", "protected"),
    [
        ("MUTABLE", [], "v1", False),
        ("IMMUTABLE", [], "v1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "v1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "dev-7", False),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "latest", False),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], "latest", False),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], "v1", True),
    ],
)
def test_a_tag_moves_or_stays_as_the_repository_says_on_every_way_to_push(
    registry: Registry, setting: str, patterns: list[str], tag: str, protected: bool, push: Push
) -> None:
    more: dict[str, Any] = {FILTERS: wildcards(*patterns)} if patterns else {}
    app = registry.create(imageTagMutability=setting, **more)
    old, new = series(2)
    push_blobs(registry, app, old)
    assert push(registry, app, old, tag) is None
    refusal = (
        f"The image tag '{tag}' already exists in the 'app' repository and cannot be overwritten because the tag is "
        "immutable."
    )
    assert push(registry, app, new, tag) == (refusal if protected else None)
    assert registry.tags(app) == {tag: (old if protected else new).digest}


def test_a_push_that_is_refused_for_one_tag_stores_nothing(registry: Registry) -> None:
    app = registry.create(imageTagMutability="IMMUTABLE")
    old, new = series(2)
    registry.oci.push(app, old, "v1")
    answer = registry.oci.put_manifest(app, f"{new.digest}?tag=free&tag=v1", new.manifest, new.media_type)
    assert answer.code == "TAG_INVALID"
    assert registry.images(app) == [{"imageDigest": old.digest, "imageTag": "v1"}]


def test_the_error_for_an_immutable_tag_has_its_own_code(registry: Registry) -> None:
    app = registry.create(imageTagMutability="IMMUTABLE")
    old, new = series(2)
    registry.oci.push(app, old, "v1")
    with pytest.raises(registry.ecr.exceptions.ImageTagAlreadyExistsException):
        registry.put_image(app, new, "v1")


@pytest.mark.parametrize("push", [by_oci_tag, by_oci_digest_and_tag], ids=["by-tag", "by-digest"])
def test_the_same_image_may_be_pushed_again_under_an_immutable_tag(registry: Registry, push: Push) -> None:
    app = registry.create(imageTagMutability="IMMUTABLE")
    (one,) = series(1)
    registry.oci.push(app, one, "v1")
    assert push(registry, app, one, "v1") is None


def test_an_immutable_repository_takes_new_tags_for_an_old_image(registry: Registry) -> None:
    app = registry.create(imageTagMutability="IMMUTABLE")
    (one,) = series(1)
    registry.oci.push(app, one, "v1", "v2")
    assert registry.tags(app) == {"v1": one.digest, "v2": one.digest}


@pytest.mark.parametrize(
    ("pattern", "tag", "fits"),
    [
        ("prod", "prod", True),
        ("prod", "prod-1", False),
        ("prod", "my-prod", False),
        ("prod*", "prod", True),
        ("prod*", "prod-1", True),
        ("prod*", "my-prod", False),
        ("prod*", "PROD-1", False),
        ("*prod", "my-prod", True),
        ("*prod", "my-prod-1", False),
        ("*prod*", "my-prod-1", True),
        ("v*.*.0", "v1.2.0", True),
        ("v*.*.0", "v1.0", False),
        ("v*.*.0", "v1.2.3", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("v1.0", "v1x0", False),
        ("*", "anything", True),
        ("**", "anything", True),
    ],
)
def test_a_filter_is_a_wildcard_for_the_whole_tag_and_case_counts(
    registry: Registry, pattern: str, tag: str, fits: bool
) -> None:
    app = registry.create(**with_exclusion(pattern))
    old, new = series(2)
    registry.oci.push(app, old, tag)
    assert (by_oci_tag(registry, app, new, tag) is not None) == fits


def test_mutability_is_switched_freely_and_acts_at_once(registry: Registry) -> None:
    app = registry.create()
    old, new = series(2)
    registry.oci.push(app, old, "v1")
    registry.ecr.put_image_tag_mutability(repositoryName=app, imageTagMutability="IMMUTABLE")
    assert by_oci_tag(registry, app, new, "v1") is not None
    registry.ecr.put_image_tag_mutability(repositoryName=app, imageTagMutability="MUTABLE")
    assert by_oci_tag(registry, app, new, "v1") is None


def test_a_change_of_mutability_is_answered_and_stored(registry: Registry) -> None:
    app = registry.create()
    setting = with_exclusion("v*")
    answer = Wire(registry).call("PutImageTagMutability", {"repositoryName": app, **setting}).json
    assert answer == {"registryId": registry.account, "repositoryName": app, **setting}
    (found,) = registry.ecr.describe_repositories()["repositories"]
    assert {name: found[name] for name in setting} == setting


def test_filters_go_when_a_repository_gets_a_plain_setting(registry: Registry) -> None:
    app = registry.create(**with_exclusion("v*"))
    answer = Wire(registry).call("PutImageTagMutability", {"repositoryName": app, "imageTagMutability": "IMMUTABLE"})
    assert answer.json == {
        "registryId": registry.account,
        "repositoryName": app,
        "imageTagMutability": "IMMUTABLE",
    }
    assert FILTERS not in registry.ecr.describe_repositories()["repositories"][0]


@pytest.mark.parametrize("operation", ["CreateRepository", "PutImageTagMutability"])
@pytest.mark.parametrize(
    ("setting", "patterns"),
    [
        ("MUTABLE_WITH_EXCLUSION", []),
        ("IMMUTABLE_WITH_EXCLUSION", []),
        ("MUTABLE", ["v*"]),
        ("IMMUTABLE", ["v*"]),
    ],
)
def test_filters_belong_to_the_settings_with_exclusion_and_only_to_them(
    registry: Registry, operation: str, setting: str, patterns: list[str]
) -> None:
    if operation == "PutImageTagMutability":
        registry.create("app")
    arguments: dict[str, Any] = {"repositoryName": "app", "imageTagMutability": setting}
    if patterns:
        arguments[FILTERS] = wildcards(*patterns)
    text = f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {setting}"
    assert Wire(registry).call(operation, arguments).error == invalid(FILTERS, text)


def test_filters_without_a_setting_are_refused_too(registry: Registry) -> None:
    reply = Wire(registry).call("CreateRepository", {"repositoryName": "app", FILTERS: wildcards("v*")})
    assert reply.error[0] == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["a b", "a/b", "a?", "a[bc]", "\u00e4"], ids=ascii)
def test_a_filter_has_the_characters_of_a_tag_and_asterisks(registry: Registry, pattern: str) -> None:
    arguments = {"repositoryName": "app", **with_exclusion("ok", pattern)}
    code, message = Wire(registry).call("CreateRepository", arguments).error
    assert code == "InvalidParameterException"
    assert f"'{FILTERS}.2.member.filter'" in message


# --- PutImageScanningConfiguration ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"), [({"scanOnPush": True}, True), ({"scanOnPush": False}, False), ({}, False)]
)
def test_scanning_on_push_is_stored(registry: Registry, sent: dict[str, bool], stored: bool) -> None:
    app = registry.create(imageScanningConfiguration={"scanOnPush": not stored})
    arguments = {"repositoryName": app, "imageScanningConfiguration": sent}
    assert Wire(registry).call("PutImageScanningConfiguration", arguments).json == {
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
    reply = Wire(registry).call(operation, {"repositoryName": "missing", **arguments})
    assert reply.error == no_repository("missing", registry.account)


# --- resource tags -------------------------------------------------------------------------------------------


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
    reply = Wire(registry).call(operation, {**subject, "tags": tags})
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
    reply = Wire(registry).call(operation, {"resourceArn": bad, **arguments})
    assert reply.error == invalid("resourceArn", "Invalid ARN")


@pytest.mark.parametrize(("operation", "arguments"), RESOURCE_CASES)
@pytest.mark.parametrize(
    ("owner", "region"),
    [(None, REGION), ("210987654321", REGION), (None, "us-east-1")],
    ids=["missing", "foreign-account", "foreign-region"],
)
def test_an_arn_of_a_repository_that_is_not_the_caller_s_is_not_found(
    registry: Registry, operation: str, arguments: dict[str, Any], owner: str | None, region: str
) -> None:
    resource = arn(registry, "elsewhere", account=owner, region=region)
    reply = Wire(registry).call(operation, {"resourceArn": resource, **arguments})
    assert reply.error == no_repository("elsewhere", owner or registry.account)
