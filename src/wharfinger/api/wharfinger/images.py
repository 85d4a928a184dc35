"""What several operations say of images."""

from __future__ import annotations

from collections.abc import Sequence

from wharfinger.api import wording
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.images import Failure, ImageId


def ids(identifiers: Sequence[contract.ImageIdentifier]) -> list[ImageId]:
    """The ids of a request."""
    return [ImageId(item.image_digest, item.image_tag) for item in identifiers]


def identifier(image: ImageId) -> contract.ImageIdentifier:
    """An id in an answer."""
    return contract.ImageIdentifier(image_digest=image.digest, image_tag=image.tag)


def failures(found: Sequence[Failure]) -> list[contract.ImageFailure]:
    """What could not be served, in the words of ECR."""
    return [
        contract.ImageFailure(image_id=identifier(item.id), failure_code=item.code, failure_reason=wording.reason(item))
        for item in found
    ]
