"""Whether the tags of a repository may be moved: the same on every way to push."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from support.content import Image, series
from support.ecr_errors import invalid
from support.raw_ecr import RawEcr
from support.registry import Registry
from support.repository_settings import FILTERS, wildcards, with_exclusion

Push = Callable[[Registry, str, Image, str], str | None]


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
    registry.push_blobs(app, old)
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
    answer = RawEcr(registry).call("PutImageTagMutability", {"repositoryName": app, **setting}).json
    assert answer == {"registryId": registry.account, "repositoryName": app, **setting}
    (found,) = registry.ecr.describe_repositories()["repositories"]
    assert {name: found[name] for name in setting} == setting


def test_filters_go_when_a_repository_gets_a_plain_setting(registry: Registry) -> None:
    app = registry.create(**with_exclusion("v*"))
    answer = RawEcr(registry).call("PutImageTagMutability", {"repositoryName": app, "imageTagMutability": "IMMUTABLE"})
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
    assert RawEcr(registry).call(operation, arguments).error == invalid(FILTERS, text)


def test_filters_without_a_setting_are_refused_too(registry: Registry) -> None:
    reply = RawEcr(registry).call("CreateRepository", {"repositoryName": "app", FILTERS: wildcards("v*")})
    assert reply.error[0] == "InvalidParameterException"


@pytest.mark.parametrize("pattern", ["a b", "a/b", "a?", "a[bc]", "\u00e4"], ids=ascii)
def test_a_filter_has_the_characters_of_a_tag_and_asterisks(registry: Registry, pattern: str) -> None:
    arguments = {"repositoryName": "app", **with_exclusion("ok", pattern)}
    code, message = RawEcr(registry).call("CreateRepository", arguments).error
    assert code == "InvalidParameterException"
    assert f"'{FILTERS}.2.member.filter'" in message
