"""ListImageReferrers, and that `/v2/` lists the same."""

from __future__ import annotations

from typing import Any

import pytest

from support.content import OCI_EMPTY, OCI_IMAGE, UNKNOWN, Image, image, layer
from support.ecr_errors import invalid
from support.raw_ecr import RawEcr
from support.registry import Registry


def referrers(registry: Registry, repository: str, subject: str, **more: Any) -> Any:
    arguments = {"repositoryName": repository, "subjectId": {"imageDigest": subject}, **more}
    return RawEcr(registry).call("ListImageReferrers", arguments).json


def signed(registry: Registry, *types: str) -> tuple[str, Image, list[Image]]:
    """An image, and a referrer of it for each artifact type."""
    app, content = registry.create(), layer()
    subject = image(content, config_type=OCI_EMPTY)
    artifacts = [
        image(content, config_type=OCI_EMPTY, subject=subject, artifact_type=kind, annotations={"number": str(number)})
        for number, kind in enumerate(types)
    ]
    registry.put_images(app, subject, *artifacts)
    return app, subject, artifacts


def test_a_referrer_is_shown_by_these_fields_and_no_others(registry: Registry) -> None:
    app, subject, (signature,) = signed(registry, "application/vnd.signature")
    assert referrers(registry, app, subject.digest) == {
        "referrers": [
            {
                "digest": signature.digest,
                "mediaType": OCI_IMAGE,
                "artifactType": "application/vnd.signature",
                "size": len(signature.manifest),
                "annotations": {"number": "0"},
                "artifactStatus": "ACTIVE",
            }
        ]
    }


def test_a_referrer_without_an_artifact_type_has_that_of_its_config(registry: Registry) -> None:
    app, subject = registry.create(), image()
    registry.oci.push(app, image(subject=subject, config_type="application/vnd.test.config"))
    (found,) = referrers(registry, app, subject.digest)["referrers"]
    assert found["artifactType"] == "application/vnd.test.config"
    assert "annotations" not in found


def test_a_subject_that_nobody_refers_to_has_no_referrers(registry: Registry) -> None:
    app = registry.create()
    assert referrers(registry, app, UNKNOWN) == {"referrers": []}


@pytest.mark.parametrize("subject", ["latest", "sha256:zz", "", "md5:00"])
def test_a_subject_that_is_no_digest_is_an_invalid_parameter(registry: Registry, subject: str) -> None:
    app = registry.create()
    reply = RawEcr(registry).call("ListImageReferrers", {"repositoryName": app, "subjectId": {"imageDigest": subject}})
    assert (reply.status, reply.error[0]) == (400, "InvalidParameterException")


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        ([], [0, 1, 2]),
        (["a/sbom"], [1]),
        (["a/sbom", "a/none"], [1]),
        (["a/signature"], [0, 2]),
        (["a/signature", "a/sbom"], [0, 1, 2]),
        (["a/none"], []),
    ],
    ids=str,
)
def test_referrers_are_chosen_by_artifact_type(registry: Registry, types: list[str], wanted: list[int]) -> None:
    app, subject, artifacts = signed(registry, "a/signature", "a/sbom", "a/signature")
    found = referrers(registry, app, subject.digest, filter={"artifactTypes": types})["referrers"]
    assert [item["digest"] for item in found] == [artifacts[number].digest for number in wanted]


@pytest.mark.parametrize(("status", "count"), [("ACTIVE", 1), ("ANY", 1), ("ARCHIVED", 0), ("ACTIVATING", 0)])
def test_referrers_are_chosen_by_status(registry: Registry, status: str, count: int) -> None:
    app, subject, _ = signed(registry, "a/signature")
    found = referrers(registry, app, subject.digest, filter={"artifactStatus": status})["referrers"]
    assert len(found) == count


@pytest.mark.parametrize(("size", "first_page"), [(None, 20), (1, 1), (7, 7), (50, 50)])
def test_pages_of_referrers_have_twenty_or_what_is_asked_for(
    registry: Registry, size: int | None, first_page: int
) -> None:
    app, subject, artifacts = signed(registry, *["a/signature"] * 52)
    more = {} if size is None else {"maxResults": size}
    page = referrers(registry, app, subject.digest, **more)
    assert len(page["referrers"]) == first_page
    found = page["referrers"]
    while "nextToken" in page:
        page = referrers(registry, app, subject.digest, **more, nextToken=page["nextToken"])
        found += page["referrers"]
    assert [item["digest"] for item in found] == [artifact.digest for artifact in artifacts]


def test_a_page_token_of_referrers_is_for_one_subject_and_filter(registry: Registry) -> None:
    app, subject, _ = signed(registry, "a/signature", "a/signature")
    token = referrers(registry, app, subject.digest, maxResults=1)["nextToken"]
    for asked, condition in ((UNKNOWN, {}), (subject.digest, {"artifactTypes": ["a/signature"]})):
        arguments = {"repositoryName": app, "subjectId": {"imageDigest": asked}, "filter": condition}
        reply = RawEcr(registry).call("ListImageReferrers", {**arguments, "nextToken": token})
        assert reply.error == invalid("nextToken", "Invalid token")


@pytest.mark.parametrize("kind", [None, "a/sbom"], ids=["all", "of-a-type"])
def test_both_doors_list_the_same_referrers(registry: Registry, kind: str | None) -> None:
    app, subject, _ = signed(registry, "a/signature", "a/sbom", "a/signature")
    registry.oci.push(app, image(subject=subject))
    query, condition = (f"?artifactType={kind}", {"artifactTypes": [kind]}) if kind else ("", {})
    by_oci = registry.oci.get(f"/v2/{app}/referrers/{subject.digest}{query}").json["manifests"]
    by_ecr = referrers(registry, app, subject.digest, filter=condition)["referrers"]
    assert by_oci == [{name: item[name] for name in item if name != "artifactStatus"} for item in by_ecr]
    assert len(by_oci) == (1 if kind else 4)


def test_a_referrer_that_was_deleted_is_not_listed(registry: Registry) -> None:
    app, subject, (first, second) = signed(registry, "a/signature", "a/signature")
    registry.delete(app, first.digest)
    assert [item["digest"] for item in referrers(registry, app, subject.digest)["referrers"]] == [second.digest]


def test_referrers_of_another_repository_are_not_listed(registry: Registry) -> None:
    _, subject, _ = signed(registry, "a/signature")
    assert referrers(registry, registry.create("other"), subject.digest) == {"referrers": []}
