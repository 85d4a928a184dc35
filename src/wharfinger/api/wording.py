"""What each fault is called and how it is worded, per protocol: the only place where a fault gets words.

Texts that Amazon ECR is known to use are kept to the letter (docs/reference/errors.md names the sources); the
others say what is wrong and what to do. A template's braces are fields of the fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from wharfinger.domain import faults as f
from wharfinger.domain.digests import ECR_FORM
from wharfinger.domain.faults import Fault
from wharfinger.domain.images import Failure, FailureCode
from wharfinger.domain.tags import PATTERN


class Words(NamedTuple):
    """A fault in both protocols: ECR's exception (400 unless said otherwise), OCI's code and status, one text."""

    ecr: str
    oci: str
    oci_status: int
    text: str | Callable[[Any], str]
    ecr_status: int = 400
    oci_text: str | None = None  # where ECR's own text would not help the user of another client


def _parameter(fault: f.InvalidParameter) -> str:
    return f"Invalid parameter at '{fault.path}' failed to satisfy constraint: '{fault.constraint}'"


def _expired(fault: f.SignatureExpired) -> str:
    if fault.ahead:
        how, reckoned = "Signature not yet current: {} is still later than", "+"
    else:
        how, reckoned = "Signature expired: {} is now earlier than", "-"
    return f"{how.format(fault.signed)} {fault.limit} ({fault.now} {reckoned} {fault.minutes} min.)"


def _denied(fault: f.Denied) -> str:
    return (
        f"User: {fault.principal} is not authorized to perform: {fault.action} on resource: {fault.resource} "
        f"because no resource-based policy allows the {fault.action} action"
    )


def _required(what: str) -> Callable[[f.LayersMissing | f.ImagesMissing], str]:
    def text(fault: f.LayersMissing | f.ImagesMissing) -> str:
        return (
            f"{what} with digests '[{', '.join(fault.digests)}]' required for pushing image into repository with name "
            f"'{fault.repository}' in the registry with id '{fault.registry.account}' do not exist"
        )

    return text


def _image_not_found(fault: f.ImageNotFound) -> str:
    return (
        f"The image with imageId {{imageDigest:'{fault.digest or 'null'}', imageTag:'{fault.tag or 'null'}'}} does not "
        f"exist within the repository with name '{fault.repository}' in the registry with id '{fault.registry.account}'"
    )


def _image_exists(fault: f.ImageExists) -> str:
    return (
        f"Image with digest '{fault.digest}' and tag '{fault.tag or 'null'}' already exists in the repository with "
        f"name '{fault.repository}' in registry with id '{fault.registry.account}'"
    )


def _referenced(fault: f.ImageReferenced) -> str:
    return f"Requested image referenced by manifest list: [{', '.join(fault.parents)}]"


_INVALID = "InvalidParameterException"
_DIGEST = "The digest {digest} is not known here: use sha256 or sha512 and the lower-case hexadecimal value"
_NO_SUCH_REPOSITORY = (
    "The repository with name '{repository}' does not exist in the registry with id '{registry.account}'"
)
_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)

WORDS: Final[Mapping[type[Fault], Words]] = {
    # --- what was sent
    f.InvalidParameter: Words(_INVALID, "UNSUPPORTED", 400, _parameter),
    f.Malformed: Words("SerializationException", "UNSUPPORTED", 400, "{reason}"),
    f.ContentTypeUnsupported: Words(
        "MalformedHttpRequestException",
        "UNSUPPORTED",
        400,
        "The content type has to be application/x-amz-json-1.1 and not '{content_type}'",
    ),
    f.BodyTooLarge: Words(
        "RequestEntityTooLargeException",
        "SIZE_INVALID",
        413,
        "The body is over the limit of {limit} bytes",
        413,
    ),
    f.BodyCutOff: Words(
        "RequestAbortedException", "BLOB_UPLOAD_INVALID", 400, "The body ended before all of it had come"
    ),
    f.UnknownOperation: Words(
        "UnknownOperationException", "UNSUPPORTED", 400, "'{target}' is no operation of Amazon ECR"
    ),
    f.NotBuilt: Words(
        "NotImplementedException",
        "UNSUPPORTED",
        501,
        "{operation} is an operation of Amazon ECR that this version of Wharfinger does not have yet",
        501,
    ),
    f.UnknownRoute: Words(_INVALID, "UNSUPPORTED", 404, "There is no endpoint {path}"),
    f.MethodNotAllowed: Words(_INVALID, "UNSUPPORTED", 405, "This endpoint takes {allowed}"),
    # --- who sent it
    f.AuthenticationMissing: Words(
        "MissingAuthenticationTokenException",
        "UNAUTHORIZED",
        401,
        "Missing Authentication Token",
    ),
    f.AuthenticationIncomplete: Words("IncompleteSignatureException", "UNAUTHORIZED", 401, "{reason}"),
    f.KeyUnknown: Words(
        "UnrecognizedClientException",
        "UNAUTHORIZED",
        401,
        "The security token included in the request is invalid.",
    ),
    f.SignatureMismatch: Words("InvalidSignatureException", "UNAUTHORIZED", 401, _SIGNATURE),
    f.SignatureUnfit: Words("InvalidSignatureException", "UNAUTHORIZED", 401, "{reason}"),
    f.SignatureExpired: Words("InvalidSignatureException", "UNAUTHORIZED", 401, _expired),
    f.TokenInvalid: Words(
        "UnrecognizedClientException",
        "UNAUTHORIZED",
        401,
        "The user has to be AWS and the password an authorization token of this server: "
        "aws ecr get-login-password | docker login --username AWS --password-stdin <address>",
    ),
    f.TokenExpired: Words(
        "ExpiredTokenException",
        "DENIED",
        403,
        "Your authorization token has expired. Reauthenticate and try again.",
    ),
    f.DownloadExpired: Words(
        "AccessDeniedException",
        "DENIED",
        403,
        "This address has expired or was changed: ask GetDownloadUrlForLayer for a new one",
    ),
    f.Denied: Words("AccessDeniedException", "DENIED", 403, _denied),
    # --- repositories
    f.RepositoryNameInvalid: Words(
        _INVALID,
        "NAME_INVALID",
        400,
        "'{name}' can be no repository: 2 to 256 lower-case letters, digits, '.', '_', '-' and '/'",
    ),
    f.RepositoryNotFound: Words("RepositoryNotFoundException", "NAME_UNKNOWN", 404, _NO_SUCH_REPOSITORY),
    f.RepositoryExists: Words(
        "RepositoryAlreadyExistsException",
        "DENIED",
        409,
        "The repository with name '{repository}' already exists in the registry with id '{registry.account}'",
    ),
    f.RepositoryNotEmpty: Words(
        "RepositoryNotEmptyException",
        "DENIED",
        409,
        "The repository with name '{repository}' in registry with id '{registry.account}' cannot be deleted "
        "because it still contains images",
    ),
    f.ResourceTagsInvalid: Words("InvalidTagParameterException", "UNSUPPORTED", 400, "Tag parameters are invalid"),
    f.TooManyResourceTags: Words(
        "TooManyTagsException", "UNSUPPORTED", 400, "A repository can have at most {limit} tags"
    ),
    # --- images
    f.ImageNotFound: Words(
        "ImageNotFoundException", "MANIFEST_UNKNOWN", 404, _image_not_found, oci_text="Requested image not found"
    ),
    f.ImageExists: Words("ImageAlreadyExistsException", "DENIED", 409, _image_exists),
    f.AnswerTooLarge: Words(
        "LimitExceededException",
        "UNSUPPORTED",
        400,
        "The manifests of these images are over {limit} bytes together: ask for fewer at a time",
    ),
    f.ImageReferenced: Words(_INVALID, "UNSUPPORTED", 405, _referenced),
    f.TagImmutable: Words(
        "ImageTagAlreadyExistsException",
        "TAG_INVALID",
        400,
        "The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because "
        "the tag is immutable.",
    ),
    f.TagInvalid: Words(
        _INVALID,
        "TAG_INVALID",
        400,
        "'{tag}' is neither a tag nor a digest: a tag has 1 to 300 letters, digits, '.', '_' and '-'",
    ),
    f.TooManyTags: Words("LimitExceededException", "DENIED", 403, "An image can have at most {limit} tags"),
    f.TooManyTagsAtOnce: Words(
        "LimitExceededException", "UNSUPPORTED", 414, "One push can set at most {limit} tags: set the others by another"
    ),
    f.ManifestInvalid: Words(
        _INVALID,
        "MANIFEST_INVALID",
        400,
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        oci_text="The manifest was refused: {reason}",
    ),
    f.ManifestTooLarge: Words(
        _INVALID,
        "MANIFEST_INVALID",
        413,
        "Invalid parameter at 'imageManifest' failed to satisfy constraint: "
        "'Member must have length less than or equal to {limit}'",
        oci_text="The manifest is over the limit of {limit} bytes",
    ),
    f.ManifestDigestMismatch: Words(
        "ImageDigestDoesNotMatchException",
        "DIGEST_INVALID",
        400,
        "The digest of the image manifest is '{computed}' and not '{expected}'",
    ),
    f.LayersMissing: Words("LayersNotFoundException", "MANIFEST_BLOB_UNKNOWN", 404, _required("Layers")),
    f.ImagesMissing: Words("ReferencedImagesNotFoundException", "MANIFEST_BLOB_UNKNOWN", 404, _required("Images")),
    # --- layers and uploads
    f.DigestInvalid: Words(_INVALID, "DIGEST_INVALID", 400, _DIGEST),
    f.BlobNotFound: Words("LayersNotFoundException", "BLOB_UNKNOWN", 404, "The repository has no blob {digest}"),
    f.BlobReferenced: Words(
        _INVALID,
        "UNSUPPORTED",
        405,
        "The blob {digest} is part of an image of this repository: delete that first",
    ),
    f.BlobDigestMismatch: Words(
        "InvalidLayerException",
        "DIGEST_INVALID",
        400,
        "The digest of the bytes received is '{computed}' and not '{expected}'; the upload is over, begin again",
    ),
    f.LayerNotFound: Words(
        "LayersNotFoundException",
        "BLOB_UNKNOWN",
        404,
        "The layer with digest '{digest}' does not exist in the repository with name '{repository}' "
        "in the registry with id '{registry.account}'",
    ),
    f.LayerInaccessible: Words(
        "LayerInaccessibleException",
        "BLOB_UNKNOWN",
        404,
        "The layer with digest '{digest}' is not part of an image in the repository with name '{repository}' "
        "in the registry with id '{registry.account}'",
    ),
    f.LayerExists: Words(
        "LayerAlreadyExistsException",
        "DENIED",
        409,
        "The layer with digest '{digest}' already exists in the repository with name '{repository}' "
        "in the registry with id '{registry.account}'",
    ),
    f.UploadNotFound: Words(
        "UploadNotFoundException",
        "BLOB_UPLOAD_UNKNOWN",
        404,
        "The upload with id '{upload}' does not exist in the repository with name '{repository}' "
        "in the registry with id '{registry.account}'",
    ),
    f.UploadBusy: Words(
        "ServerException",  # the one that SDKs send again by themselves
        "BLOB_UPLOAD_INVALID",
        409,
        "Another request is writing to the upload with id '{upload}': send its parts one after the other",
        500,
    ),
    f.UploadEmpty: Words(
        "EmptyUploadException", "BLOB_UPLOAD_INVALID", 400, "The upload with id '{upload}' has no layer parts"
    ),
    f.UploadDigestMismatch: Words(
        "InvalidLayerException",
        "DIGEST_INVALID",
        400,
        "The digest of the layer is '{computed}', which is none of the digests given; the upload is over, begin again",
    ),
    f.ChunkMisplaced: Words(
        "InvalidLayerPartException",
        "BLOB_UPLOAD_INVALID",
        416,
        "The upload with id '{upload}' has {size} bytes, and the chunk does not begin there",
    ),
    f.ChunkRangeInvalid: Words(
        "InvalidLayerPartException",
        "BLOB_UPLOAD_INVALID",
        400,
        "Content-Range has to be <first byte>-<last byte> and not '{content_range}'",
    ),
    f.ChunkSizeMismatch: Words(
        "InvalidLayerPartException",
        "SIZE_INVALID",
        400,
        "The Content-Range speaks of {said} bytes, and the chunk has {came}",
    ),
    f.PartMisplaced: Words(
        "InvalidLayerPartException",
        "BLOB_UPLOAD_INVALID",
        416,
        "A layer part of {length} bytes was given as bytes {first} to {last}; the next one has to begin at byte {next}",
    ),
    f.PartTooSmall: Words(
        "LayerPartTooSmallException",
        "BLOB_UPLOAD_INVALID",
        400,
        "All layer parts except the last part should be at least 5MB",
    ),
    f.TooManyParts: Words(
        "LimitExceededException", "BLOB_UPLOAD_INVALID", 400, "A layer can have at most {limit} parts"
    ),
    f.RangeNotSatisfiable: Words(_INVALID, "SIZE_INVALID", 416, "The blob has {size} bytes"),
    # --- what the registry stands on
    f.Unavailable: Words("ServerException", "UNKNOWN", 503, "The registry cannot do this now; try again later", 500),
}

_FAILURES: Final[Mapping[FailureCode, str]] = {
    "ImageNotFound": "Requested image not found",
    "ImageTagDoesNotMatchDigest": "Invalid request parameters: given tag does not map to the given digest",
    "MissingDigestAndTag": "Invalid request parameters: both tag and digest cannot be null",
    "InvalidImageDigest": f"Invalid request parameters: image digest should satisfy the regex '{ECR_FORM}'",
    "InvalidImageTag": f"Invalid request parameters: image tag should satisfy the regex '{PATTERN}'",
}
LAYER_FAILURES: Final = {
    "InvalidLayerDigest": f"Invalid request parameters: layer digest should satisfy the regex '{ECR_FORM}'",
    "MissingLayerDigest": "Invalid request parameters: layer digest cannot be null",
}


def ecr_text(fault: Fault) -> str:
    """The words of a fault in the ECR API."""
    return _filled(WORDS[type(fault)].text, fault)


def oci_text(fault: Fault) -> str:
    """The words of a fault in the OCI API."""
    words = WORDS[type(fault)]
    return _filled(words.oci_text or words.text, fault)


def _filled(template: str | Callable[[Any], str], fault: Fault) -> str:
    return template(fault) if callable(template) else template.format(**vars(fault))


def reason(failure: Failure) -> str:
    """The words of an id's failure in a batch."""
    if failure.code == "ImageReferencedByManifestList":
        return _referenced(f.ImageReferenced(failure.parents))
    return _FAILURES[failure.code]
