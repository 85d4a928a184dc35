"""Every way in which a request can fail, one class each, with fields and without words.

A fault is raised once, where the rule is; `wharfinger.api.wording` gives it its words and status per protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

from wharfinger.domain.names import Registry


class Fault(Exception):
    """The base: the request is at fault, or (for `Unavailable`) what the registry stands on."""

    def __str__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"


# --- what was sent -------------------------------------------------------------------------------------------


@dataclass(eq=False)
class InvalidParameter(Fault):
    """A value breaks a constraint: `path` names it as ECR does."""

    path: str
    constraint: str


@dataclass(eq=False)
class Malformed(Fault):
    """The body cannot be read as what it has to be."""

    reason: str


@dataclass(eq=False)
class ContentTypeUnsupported(Fault):
    """The body is said to be something that the API does not take."""

    content_type: str


@dataclass(eq=False)
class BodyTooLarge(Fault):
    """A body over `limit` bytes."""

    limit: int


@dataclass(eq=False)
class BodyCutOff(Fault):
    """The client went away before its body had ended."""


@dataclass(eq=False)
class UnknownOperation(Fault):
    """`target` names no operation of the service."""

    target: str


@dataclass(eq=False)
class NotBuilt(Fault):
    """An operation of the contract that this version does not have yet."""

    operation: str


@dataclass(eq=False)
class UnknownRoute(Fault):
    """No endpoint has this path."""

    path: str


@dataclass(eq=False)
class MethodNotAllowed(Fault):
    """The endpoint exists, with other methods: `allowed`, as in the Allow header."""

    allowed: str


# --- who sent it ---------------------------------------------------------------------------------------------


@dataclass(eq=False)
class AuthenticationMissing(Fault):
    """Nothing says who is calling."""


@dataclass(eq=False)
class AuthenticationIncomplete(Fault):
    """A signature was sent with a part missing or unreadable: `reason` names it."""

    reason: str


@dataclass(eq=False)
class KeyUnknown(Fault):
    """No such access key, or a session token that is none of ours."""


@dataclass(eq=False)
class SignatureMismatch(Fault):
    """The signature is not the one that the secret gives for this request."""


@dataclass(eq=False)
class SignatureUnfit(Fault):
    """The signature is not for this request, whatever its value: `reason` is one sentence."""

    reason: str


@dataclass(eq=False)
class SignatureExpired(Fault):
    """Signed too long ago or too far ahead. Times as in `20261123T101500Z`."""

    signed: str
    limit: str
    now: str
    minutes: str
    ahead: bool


@dataclass(eq=False)
class TokenInvalid(Fault):
    """The password is no authorization token of this server."""


@dataclass(eq=False)
class TokenExpired(Fault):
    """The authorization token was good once."""


@dataclass(eq=False)
class DownloadExpired(Fault):
    """An address that was given out for a download is over its term, or was changed."""


@dataclass(eq=False)
class Denied(Fault):
    """The caller is known and may not do this."""

    principal: str
    action: str
    resource: str


# --- repositories --------------------------------------------------------------------------------------------


@dataclass(eq=False)
class RepositoryNameInvalid(Fault):
    """A path names something that can be no repository."""

    name: str


@dataclass(eq=False)
class RepositoryNotFound(Fault):
    """No such repository in this registry, or none that the caller may know of."""

    registry: Registry
    repository: str


@dataclass(eq=False)
class RepositoryExists(Fault):
    """The name is taken."""

    registry: Registry
    repository: str


@dataclass(eq=False)
class RepositoryNotEmpty(Fault):
    """It holds images and was not to be deleted with them."""

    registry: Registry
    repository: str


@dataclass(eq=False)
class ResourceTagsInvalid(Fault):
    """A key or value of a resource tag breaks a rule."""


@dataclass(eq=False)
class TooManyResourceTags(Fault):
    """A repository would carry more than `limit` resource tags."""

    limit: int


# --- images --------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class ImageNotFound(Fault):
    """No image under this digest, tag or both; the absent one is None."""

    registry: Registry
    repository: str
    digest: str | None
    tag: str | None


@dataclass(eq=False)
class ImageExists(Fault):
    """The same manifest is there under the same tag (None: untagged)."""

    registry: Registry
    repository: str
    digest: str
    tag: str | None


@dataclass(eq=False)
class AnswerTooLarge(Fault):
    """The manifests asked for are over `limit` bytes together."""

    limit: int


@dataclass(eq=False)
class ImageReferenced(Fault):
    """The image is listed in these indexes of its repository, so it stays."""

    parents: tuple[str, ...]


@dataclass(eq=False)
class TagImmutable(Fault):
    """The tag is taken and may not be moved."""

    repository: str
    tag: str


@dataclass(eq=False)
class TagInvalid(Fault):
    """Not a tag, nor a digest."""

    tag: str


@dataclass(eq=False)
class TooManyTags(Fault):
    """An image would carry more than `limit` tags."""

    limit: int


@dataclass(eq=False)
class TooManyTagsAtOnce(Fault):
    """One push would set more than `limit` tags."""

    limit: int


@dataclass(eq=False)
class ManifestInvalid(Fault):
    """Not a manifest that this registry keeps: `reason` is one sentence."""

    reason: str


@dataclass(eq=False)
class ManifestTooLarge(Fault):
    """Over `limit` bytes."""

    limit: int


@dataclass(eq=False)
class ManifestDigestMismatch(Fault):
    """The digest said with a manifest is not that of its bytes."""

    expected: str
    computed: str


@dataclass(eq=False)
class LayersMissing(Fault):
    """A manifest refers to layers or a config that this repository does not have."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]


@dataclass(eq=False)
class ImagesMissing(Fault):
    """An index lists manifests that this repository does not have."""

    registry: Registry
    repository: str
    digests: tuple[str, ...]


# --- layers and uploads --------------------------------------------------------------------------------------


@dataclass(eq=False)
class DigestInvalid(Fault):
    """Not a digest of an algorithm that is known here."""

    digest: str


@dataclass(eq=False)
class BlobNotFound(Fault):
    """The repository has no blob of this digest."""

    digest: str


@dataclass(eq=False)
class BlobReferenced(Fault):
    """An image of the repository needs the blob."""

    digest: str


@dataclass(eq=False)
class BlobDigestMismatch(Fault):
    """The bytes that came are not those of the digest that was said."""

    expected: str
    computed: str


@dataclass(eq=False)
class LayerNotFound(Fault):
    """No layer of this digest in the repository."""

    registry: Registry
    repository: str
    digest: str


@dataclass(eq=False)
class LayerInaccessible(Fault):
    """The layer is there, and no image refers to it."""

    registry: Registry
    repository: str
    digest: str


@dataclass(eq=False)
class LayerExists(Fault):
    """The repository has this layer already."""

    registry: Registry
    repository: str
    digest: str


@dataclass(eq=False)
class UploadNotFound(Fault):
    """No such upload in this repository, or not the caller's."""

    registry: Registry
    repository: str
    upload: str


@dataclass(eq=False)
class UploadBusy(Fault):
    """Another request is writing to the same upload."""

    upload: str


@dataclass(eq=False)
class UploadEmpty(Fault):
    """Completed without a part."""

    registry: Registry
    repository: str
    upload: str


@dataclass(eq=False)
class UploadDigestMismatch(Fault):
    """None of the digests said at completion is that of the layer."""

    registry: Registry
    repository: str
    upload: str
    computed: str


@dataclass(eq=False)
class ChunkMisplaced(Fault):
    """A chunk does not begin where the upload stands: at `size` bytes."""

    repository: str
    upload: str
    size: int


@dataclass(eq=False)
class ChunkRangeInvalid(Fault):
    """A Content-Range that cannot be read."""

    content_range: str


@dataclass(eq=False)
class ChunkSizeMismatch(Fault):
    """The range that was said and the bytes that came differ in length."""

    said: int
    came: int


@dataclass(eq=False)
class PartMisplaced(Fault):
    """A part does not follow the last byte received, or its bounds do not fit its bytes."""

    registry: Registry
    repository: str
    upload: str
    first: int
    last: int
    length: int
    next: int


@dataclass(eq=False)
class PartTooSmall(Fault):
    """A part that is not the last one has fewer than `minimum` bytes."""

    minimum: int


@dataclass(eq=False)
class TooManyParts(Fault):
    """More than `limit` parts in one upload."""

    limit: int


@dataclass(eq=False)
class RangeNotSatisfiable(Fault):
    """No byte of a blob of `size` bytes lies in the range asked for."""

    size: int


# --- what the registry stands on -----------------------------------------------------------------------------


@dataclass(eq=False)
class Unavailable(Fault):
    """The disk or the database cannot do it now; nothing was lost and the call may be repeated."""

    reason: str
