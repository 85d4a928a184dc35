"""Every fault has words in both protocols, and where ECR's own words are known they are used to the letter."""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Literal

import pytest

from wharfinger.api import wording
from wharfinger.api.wording import WORDS
from wharfinger.contract import ecr, wharfinger
from wharfinger.contract.ecr import ImageFailureCode
from wharfinger.domain import faults as f
from wharfinger.domain.faults import Fault
from wharfinger.domain.images import Failure, FailureCode, ImageId
from wharfinger.domain.names import Registry
from wharfinger.services import bin as bin_

REGISTRY = Registry("123456789012", "eu-central-1")
D = "sha256:" + "0" * 64
E = "sha256:" + "1" * 64
VALUES = {
    str: "{text}",
    int: 7,
    bool: True,
    Registry: REGISTRY,
    tuple[str, ...]: (D, E),
    str | None: None,
    Literal["database", "store"]: "store",
}
EXCEPTIONS = {*ecr.EXCEPTIONS, *wharfinger.EXCEPTIONS}
# names that are no exceptions of a model, and who says so instead
COMMON = {
    "UnrecognizedClientException": "common error of AWS: unknown access key",
    "InvalidSignatureException": "common error of AWS: SDKs correct their clock when they see it",
    "ExpiredTokenException": "common error of AWS: credentials that were good once",
    "MissingAuthenticationTokenException": "common error of AWS: not signed",
    "IncompleteSignatureException": "common error of AWS: signed with a part missing",
    "AccessDeniedException": "common error of AWS: not allowed",
    "ThrottlingException": "common error of AWS: too much at a time, which SDKs try again",
    "UnknownOperationException": "common error of AWS: the target names no operation",
    "SerializationException": "AWS JSON protocol: no JSON, or a value of a wrong type",
    "MalformedHttpRequestException": "common error of AWS: a content type that is none of the protocol's",
    "RequestEntityTooLargeException": "common error of AWS: body over the limit",
    "RequestAbortedException": "common error of AWS: body that did not come to its end",
    "NotImplementedException": "our own: an operation of the model that is not built yet",
}
OCI_CODES = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
    "TAG_INVALID",  # ECR's, for a tag that may not be moved
    "UNKNOWN",  # docker's, for what is the server's own fault
}


def all_faults(base: type[Fault] = Fault) -> list[type[Fault]]:
    return [kind for direct in base.__subclasses__() for kind in (direct, *all_faults(direct))]


def an_instance(kind: type[Fault]) -> Fault:
    """A fault with a value of its type in each field."""
    hints = typing.get_type_hints(kind)
    fields: dict[str, Any] = {field.name: VALUES[hints[field.name]] for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**fields)


def test_every_fault_has_words_and_there_are_no_words_for_others() -> None:
    assert set(all_faults()) == set(WORDS)


@pytest.mark.parametrize("kind", all_faults(), ids=lambda kind: kind.__name__)
def test_the_words_of_a_fault_are_filled_from_its_fields(kind: type[Fault]) -> None:
    fault = an_instance(kind)
    for text in (wording.ecr_text(fault), wording.oci_text(fault)):
        assert text
        assert "{" not in text.replace("{text}", "").replace("{imageDigest:", "")


@pytest.mark.parametrize("kind", all_faults(), ids=lambda kind: kind.__name__)
def test_a_fault_is_called_as_ecr_or_aws_calls_it_or_as_our_own_model_does(kind: type[Fault]) -> None:
    assert WORDS[kind].ecr in EXCEPTIONS or WORDS[kind].ecr in COMMON


def test_exceptions_that_both_models_have_are_the_same() -> None:
    both = ecr.EXCEPTIONS.keys() & wharfinger.EXCEPTIONS.keys()
    assert {name: ecr.EXCEPTIONS[name] for name in both} == {name: wharfinger.EXCEPTIONS[name] for name in both}


def test_no_common_error_is_listed_without_being_used() -> None:
    assert set(COMMON) <= {words.ecr for words in WORDS.values()}


@pytest.mark.parametrize("kind", all_faults(), ids=lambda kind: kind.__name__)
def test_a_fault_has_a_code_of_the_distribution_specification(kind: type[Fault]) -> None:
    assert WORDS[kind].oci in OCI_CODES


@pytest.mark.parametrize("kind", all_faults(), ids=lambda kind: kind.__name__)
def test_an_exception_of_the_model_has_status_400_and_only_that_of_the_server_500(kind: type[Fault]) -> None:
    words = WORDS[kind]
    if words.ecr in EXCEPTIONS:
        assert words.ecr_status == (500 if words.ecr == "ServerException" else 400)
    else:
        assert words.ecr_status == {"RequestEntityTooLargeException": 413, "NotImplementedException": 501}.get(
            words.ecr, 400
        )


@pytest.mark.parametrize("kind", all_faults(), ids=lambda kind: kind.__name__)
def test_the_status_of_the_data_plane_is_that_of_an_error_and_a_login_is_asked_for_by_401(kind: type[Fault]) -> None:
    words = WORDS[kind]
    assert 400 <= words.oci_status < 600
    assert (words.oci_status == 401) == (words.oci == "UNAUTHORIZED")


IN_REPOSITORY = (REGISTRY, "team/app")


@pytest.mark.parametrize(
    ("fault", "exception", "text"),
    [
        (
            f.RepositoryNotFound(*IN_REPOSITORY),
            "RepositoryNotFoundException",
            "The repository with name 'team/app' does not exist in the registry with id '123456789012'",
        ),
        (
            f.RepositoryExists(*IN_REPOSITORY),
            "RepositoryAlreadyExistsException",
            "The repository with name 'team/app' already exists in the registry with id '123456789012'",
        ),
        (
            f.RepositoryNotEmpty(*IN_REPOSITORY),
            "RepositoryNotEmptyException",
            (
                "The repository with name 'team/app' in registry with id '123456789012' cannot be deleted because it "
                "still contains images"
            ),
        ),
        (
            f.LifecyclePolicyNotFound(*IN_REPOSITORY),
            "LifecyclePolicyNotFoundException",
            (
                "Lifecycle policy does not exist for the repository with name 'team/app' in the registry with id "
                "'123456789012'"
            ),
        ),
        (
            f.ImageNotFound(*IN_REPOSITORY, D, "v1"),
            "ImageNotFoundException",
            (
                f"The image with imageId {{imageDigest:'{D}', imageTag:'v1'}} does not exist within the repository "
                "with name 'team/app' in the registry with id '123456789012'"
            ),
        ),
        (
            f.ImageNotFound(*IN_REPOSITORY, None, "v1"),
            "ImageNotFoundException",
            (
                "The image with imageId {imageDigest:'null', imageTag:'v1'} does not exist within the repository with "
                "name 'team/app' in the registry with id '123456789012'"
            ),
        ),
        (
            f.ImageNotFound(*IN_REPOSITORY, D, None),
            "ImageNotFoundException",
            (
                f"The image with imageId {{imageDigest:'{D}', imageTag:'null'}} does not exist within the repository "
                "with name 'team/app' in the registry with id '123456789012'"
            ),
        ),
        (
            f.ImageExists(*IN_REPOSITORY, D, "v1"),
            "ImageAlreadyExistsException",
            (
                f"Image with digest '{D}' and tag 'v1' already exists in the repository with name 'team/app' in "
                "registry with id '123456789012'"
            ),
        ),
        (
            f.ImageExists(*IN_REPOSITORY, D, None),
            "ImageAlreadyExistsException",
            (
                f"Image with digest '{D}' and tag 'null' already exists in the repository with name 'team/app' in "
                "registry with id '123456789012'"
            ),
        ),
        (
            f.TagImmutable("team/app", "v1"),
            "ImageTagAlreadyExistsException",
            (
                "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because the "
                "tag is immutable."
            ),
        ),
        (
            f.ImagesMissing(*IN_REPOSITORY, (D, E)),
            "ReferencedImagesNotFoundException",
            (
                f"Images with digests '[{D}, {E}]' required for pushing image into repository with name 'team/app' in "
                "the registry with id '123456789012' do not exist"
            ),
        ),
        (
            f.LayersMissing(*IN_REPOSITORY, (D,)),
            "LayersNotFoundException",
            (
                f"Layers with digests '[{D}]' required for pushing image into repository with name 'team/app' in the "
                "registry with id '123456789012' do not exist"
            ),
        ),
        (
            f.PartTooSmall(5 * 1024 * 1024),
            "LayerPartTooSmallException",
            "All layer parts except the last part should be at least 5MB",
        ),
        (f.ResourceTagsInvalid(), "InvalidTagParameterException", "Tag parameters are invalid"),
        (
            f.InvalidParameter("imageIds", "Member must not be null"),
            "InvalidParameterException",
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must not be null'",
        ),
        (
            f.InvalidParameter("imageTag", "must satisfy regular expression '[a-zA-Z0-9-_.]+'"),
            "InvalidParameterException",
            (
                "Invalid parameter at 'imageTag' failed to satisfy constraint: 'must satisfy regular expression "
                "'[a-zA-Z0-9-_.]+''"
            ),
        ),
        (
            f.ManifestInvalid("any reason"),
            "InvalidParameterException",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        ),
        (
            f.ManifestTooLarge(4194304),
            "InvalidParameterException",
            (
                "Invalid parameter at 'imageManifest' failed to satisfy constraint: "
                "'Member must have length less than or equal to 4194304'"
            ),
        ),
        (f.KeyUnknown(), "UnrecognizedClientException", "The security token included in the request is invalid."),
        (
            f.SignatureMismatch(),
            "InvalidSignatureException",
            (
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details."
            ),
        ),
        (
            f.SignatureExpired("20240101T000000Z", "20240101T001000Z", "20240101T001500Z", "5", ahead=False),
            "InvalidSignatureException",
            "Signature expired: 20240101T000000Z is now earlier than 20240101T001000Z (20240101T001500Z - 5 min.)",
        ),
        (
            f.SignatureExpired("20240101T003000Z", "20240101T002000Z", "20240101T001500Z", "5", ahead=True),
            "InvalidSignatureException",
            (
                "Signature not yet current: 20240101T003000Z is still later than 20240101T002000Z "
                "(20240101T001500Z + 5 min.)"
            ),
        ),
        (f.AuthenticationMissing(), "MissingAuthenticationTokenException", "Missing Authentication Token"),
        (
            f.Denied("arn:aws:iam::123456789012:user/u", "ecr:PutImage", REGISTRY.arn("team/app")),
            "AccessDeniedException",
            (
                "User: arn:aws:iam::123456789012:user/u is not authorized to perform: ecr:PutImage on resource: "
                "arn:aws:ecr:eu-central-1:123456789012:repository/team/app because no identity-based policy allows the "
                "ecr:PutImage action"
            ),
        ),
        (
            f.Denied("arn:aws:iam::123456789012:user/u", "ecr:PutImage", "*", "resource-based", True),
            "AccessDeniedException",
            (
                "User: arn:aws:iam::123456789012:user/u is not authorized to perform: ecr:PutImage on resource: * "
                "with an explicit deny in a resource-based policy"
            ),
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else "",
)
def test_what_ecr_says_is_said_to_the_letter(fault: Fault, exception: str, text: str) -> None:
    assert (WORDS[type(fault)].ecr, wording.ecr_text(fault)) == (exception, text)


@pytest.mark.parametrize(
    ("fault", "status", "code", "text"),
    [
        (
            f.RepositoryNotFound(*IN_REPOSITORY),
            404,
            "NAME_UNKNOWN",
            "The repository with name 'team/app' does not exist in the registry with id '123456789012'",
        ),
        (
            f.TagImmutable("team/app", "v1"),
            400,
            "TAG_INVALID",
            (
                "The image tag 'v1' already exists in the 'team/app' repository and cannot be overwritten because the "
                "tag is immutable."
            ),
        ),
        (
            f.TokenExpired(),
            403,
            "DENIED",
            "Your authorization token has expired. Reauthenticate and try again.",
        ),
        (
            f.ImagesMissing(*IN_REPOSITORY, (D, E)),
            404,
            "MANIFEST_BLOB_UNKNOWN",
            (
                f"Images with digests '[{D}, {E}]' required for pushing image into repository with name 'team/app' in "
                "the registry with id '123456789012' do not exist"
            ),
        ),
        (
            f.ImageReferenced((D, E)),
            405,
            "UNSUPPORTED",
            f"Requested image referenced by manifest list: [{D}, {E}]",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Fault) else "",
)
def test_what_the_data_plane_of_ecr_says_is_said_to_the_letter(fault: Fault, status: int, code: str, text: str) -> None:
    words = WORDS[type(fault)]
    assert (words.oci_status, words.oci, wording.oci_text(fault)) == (status, code, text)


def test_the_data_plane_says_why_a_manifest_was_refused() -> None:
    assert "two things at once" in wording.oci_text(f.ManifestInvalid("it is two things at once"))


@pytest.mark.parametrize(
    ("code", "blockers", "text"),
    [
        ("ImageNotFound", (), "Requested image not found"),
        (
            "ImageTagDoesNotMatchDigest",
            (),
            "Invalid request parameters: given tag does not map to the given digest",
        ),
        ("MissingDigestAndTag", (), "Invalid request parameters: both tag and digest cannot be null"),
        (
            "InvalidImageDigest",
            (),
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        ),
        (
            "InvalidImageTag",
            (),
            "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9-_.]+'",
        ),
        ("ImageReferencedByManifestList", (D,), f"Requested image referenced by manifest list: [{D}]"),
        ("ImageReferencedByManifestList", (D, E), f"Requested image referenced by manifest list: [{D}, {E}]"),
        ("ImageHeld", ("hold 1 on v*: a release",), "Requested image is held: [hold 1 on v*: a release]"),
    ],
)
def test_an_id_that_fails_in_a_batch_has_ecrs_reason(code: FailureCode, blockers: tuple[str, ...], text: str) -> None:
    assert wording.reason(Failure(ImageId(tag="v1"), code, blockers)) == text


def test_every_code_of_a_failure_has_a_reason_and_but_for_holds_is_one_of_the_model() -> None:
    codes = set(typing.get_args(FailureCode))
    assert codes - set(typing.get_args(ImageFailureCode)) == {"ImageHeld"}
    assert all(wording.reason(Failure(ImageId(), code, (D,))) for code in codes)


def test_every_code_of_a_failed_restoration_has_a_reason_and_is_one_of_the_model() -> None:
    codes = typing.get_args(bin_.RestoreFailureCode)
    assert codes == typing.get_args(wharfinger.RestoreFailureCode)
    assert all(wording.restore_reason(code, D) for code in codes)


def test_what_a_client_sent_is_repeated_and_never_taken_for_a_template() -> None:
    assert "{limit}" in wording.oci_text(f.TagInvalid("{limit}"))
    assert "{0.__class__}" in wording.ecr_text(f.UnknownOperation("{0.__class__}"))
