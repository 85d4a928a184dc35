"""Every way in which a request can fail, one class each, with fields and without words.

A fault is raised once, where the rule is; `wharfinger.api.wording` gives it its words and status per protocol.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, dataclass_transform

from wharfinger.domain.names import Registry


@dataclass_transform(eq_default=False)
class Fault(Exception):
    """The base: the request is at fault, or (for `Unavailable`) what the registry stands on. Each is a dataclass."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(eq=False)(cls)

    def __str__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"


# --- what was sent -------------------------------------------------------------------------------------------


class InvalidParameter(Fault):
    """A value breaks a constraint: `path` names it as ECR does."""

    path: str
    constraint: str


class Malformed(Fault):
    """The body cannot be read as what it has to be."""

    reason: str


class ContentTypeUnsupported(Fault):
    """The body is said to be something that the API does not take."""

    content_type: str


class BodyTooLarge(Fault):
    """A body over `limit` bytes."""

    limit: int


class BodyCutOff(Fault):
    """The client went away before its body had ended."""


class UnknownOperation(Fault):
    """`target` names no operation of the service."""

    target: str


class NotBuilt(Fault):
    """An operation of the contract that this version does not have yet."""

    operation: str


class UnknownRoute(Fault):
    """No endpoint has this path."""

    path: str


class MethodNotAllowed(Fault):
    """The endpoint exists, with other methods: `allowed`, as in the Allow header."""

    allowed: str


# --- who sent it ---------------------------------------------------------------------------------------------


class AuthenticationMissing(Fault):
    """Nothing says who is calling."""


class AuthenticationIncomplete(Fault):
    """A signature was sent with a part missing or unreadable: `reason` names it."""

    reason: str


class KeyUnknown(Fault):
    """No such access key, or a session token that is none of ours."""


class SignatureMismatch(Fault):
    """The signature is not the one that the secret gives for this request."""


class SignatureUnfit(Fault):
    """The signature is not for this request, whatever its value: `reason` is one sentence."""

    reason: str


class SignatureExpired(Fault):
    """Signed too long ago or too far ahead. Times as in `20261123T101500Z`."""

    signed: str
    limit: str
    now: str
    minutes: str
    ahead: bool


class TokenInvalid(Fault):
    """The password is no authorization token of this server."""


class TokenExpired(Fault):
    """The authorization token was good once."""


class DownloadExpired(Fault):
    """An address that was given out for a download is over its term, or was changed."""


class Denied(Fault):
    """The caller is known and may not do this."""

    principal: str
    action: str
    resource: str


# --- repositories --------------------------------------------------------------------------------------------


class RepositoryNameInvalid(Fault):
    """A path names something that can be no repository."""

    name: str


class RepositoryNotFound(Fault):
    """No such repository in this registry, or none that the caller may know of."""

    registry: Registry
    repository: str


class RepositoryExists(Fault):
    """The name is taken."""

    registry: Registry
    repository: str


class RepositoryNotEmpty(Fault):
    """It holds images and was not to be deleted with them."""

    registry: Registry
    repository: str


class ResourceTagsInvalid(Fault):
    """A key or value of a resource tag breaks a rule."""


class TooManyResourceTags(Fault):
    """A repository would carry more than `limit` resource tags."""

    limit: int


# --- images --------------------------------------------------------------------------------------------------


class ImageNotFound(Fault):
    """No image under this digest, tag or both; the absent one is None."""

    registry: Registry
    repository: str
    digest: str | None
    tag: str | None


class ImageExists(Fault):
    """The same manifest is there under the same tag (None: untagged)."""

    registry: Registry
    repository: str
    digest: str
    tag: str | None


class AnswerTooLarge(Fault):
    """The manifests asked for are over `limit` bytes together."""

    limit: int


class ImageReferenced(Fault):
    """The image is listed in these indexes of its repository, so it stays."""

    parents: tuple[str, ...]


class TagImmutable(Fault):
    """The tag is taken and may not be moved."""

    repository: str
    tag: str


class TagInvalid(Fault):
    """Not a tag, nor a digest."""

    tag: str


class TooManyTags(Fault):
    """An image would carry more than `limit` tags."""

    limit: int


class TooManyTagsAtOnce(Fault):
    """One push would set more than `limit` tags."""

    limit: int


class ManifestInvalid(Fault):
    """Not a manifest that this registry keeps: `reason` is one sentence."""

    reason: str


class ManifestTooLarge(Fault):
    """Over `limit` bytes."""

    limit: int


class ManifestDigestMismatch(Fault):
    """The digest said with a manifest is not that of its bytes."""

    expected: str
    computed: str


class LayersMissing(Fault):
    """A manifest refers to layers or a config that this repository does not have."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]


class ImagesMissing(Fault):
    """An index lists manifests that this repository does not have."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]


# --- layers and uploads --------------------------------------------------------------------------------------


class DigestInvalid(Fault):
    """Not a digest of an algorithm that is known here."""

    digest: str


class BlobNotFound(Fault):
    """The repository has no blob of this digest."""

    digest: str


class BlobReferenced(Fault):
    """An image of the repository needs the blob."""

    digest: str


class BlobDigestMismatch(Fault):
    """The bytes that came are not those of the digest that was said."""

    expected: str
    computed: str


class LayerNotFound(Fault):
    """No layer of this digest in the repository."""

    registry: Registry
    repository: str
    digest: str


class LayerInaccessible(Fault):
    """The layer is there, and no image refers to it."""

    registry: Registry
    repository: str
    digest: str


class LayerExists(Fault):
    """The repository has this layer already."""

    registry: Registry
    repository: str
    digest: str


class UploadNotFound(Fault):
    """No such upload in this repository, or not the caller's."""

    registry: Registry
    repository: str
    upload: str


class UploadBusy(Fault):
    """Another request is writing to the same upload."""

    upload: str


class UploadEmpty(Fault):
    """Completed without a part."""

    registry: Registry
    repository: str
    upload: str


class UploadDigestMismatch(Fault):
    """None of the digests said at completion is that of the layer."""

    registry: Registry
    repository: str
    upload: str
    computed: str


class ChunkMisplaced(Fault):
    """A chunk does not begin where the upload stands: at `size` bytes."""

    repository: str
    upload: str
    size: int


class ChunkRangeInvalid(Fault):
    """A Content-Range that cannot be read."""

    content_range: str


class ChunkSizeMismatch(Fault):
    """The range that was said and the bytes that came differ in length."""

    said: int
    came: int


class PartMisplaced(Fault):
    """A part does not follow the last byte received, or its bounds do not fit its bytes."""

    registry: Registry
    repository: str
    upload: str
    first: int
    last: int
    length: int
    next: int


class PartTooSmall(Fault):
    """A part that is not the last one has fewer than `minimum` bytes."""

    minimum: int


class TooManyParts(Fault):
    """More than `limit` parts in one upload."""

    limit: int


class RangeNotSatisfiable(Fault):
    """No byte of a blob of `size` bytes lies in the range asked for."""

    size: int


# --- what the registry stands on -----------------------------------------------------------------------------


class Unavailable(Fault):
    """The disk or the database cannot do it now; nothing was lost and the call may be repeated."""

    reason: str
