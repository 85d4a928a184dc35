"""Words for what can be wrong with layers and uploads."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f

_DIGEST: Final = "The digest {digest} is not known here: use sha256 or sha512 and the lower-case hexadecimal value"


WORDS: Final[Table] = {
    f.DigestInvalid: Words(INVALID, "DIGEST_INVALID", 400, _DIGEST),
    f.BlobNotFound: Words("LayersNotFoundException", "BLOB_UNKNOWN", 404, "The repository has no blob {digest}"),
    f.BlobReferenced: Words(
        INVALID,
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
    f.RangeNotSatisfiable: Words(INVALID, "SIZE_INVALID", 416, "The blob has {size} bytes"),
}
