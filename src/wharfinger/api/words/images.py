"""Words for what can be wrong with images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f


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


def referenced(fault: f.ImageReferenced) -> str:
    return f"Requested image referenced by manifest list: [{', '.join(fault.parents)}]"


def held(fault: f.ImageHeld) -> str:
    return f"Requested image is held: [{', '.join(fault.holds)}]"


WORDS: Final[Table] = {
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
    f.ImageReferenced: Words(INVALID, "UNSUPPORTED", 405, referenced),
    f.ImageHeld: Words(INVALID, "DENIED", 403, held),
    f.TagImmutable: Words(
        "ImageTagAlreadyExistsException",
        "TAG_INVALID",
        400,
        "The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because "
        "the tag is immutable.",
    ),
    f.TagInvalid: Words(
        INVALID,
        "TAG_INVALID",
        400,
        "'{tag}' is neither a tag nor a digest: a tag has 1 to 300 letters, digits, '.', '_' and '-'",
    ),
    f.TooManyTags: Words("LimitExceededException", "DENIED", 403, "An image can have at most {limit} tags"),
    f.TooManyTagsAtOnce: Words(
        "LimitExceededException", "UNSUPPORTED", 414, "One push can set at most {limit} tags: set the others by another"
    ),
    f.ManifestInvalid: Words(
        INVALID,
        "MANIFEST_INVALID",
        400,
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        oci_text="The manifest was refused: {reason}",
    ),
    f.ManifestTooLarge: Words(
        INVALID,
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
}
