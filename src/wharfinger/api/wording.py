"""How each fault is worded, per protocol: the tables of `api/words` are the only place where a fault gets words.

Texts that Amazon ECR is known to use are kept to the letter (docs/reference/errors.md names the sources); the
others say what is wrong and what to do. A template's braces are fields of the fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from wharfinger.api.words import access, blobs, deleting, images, lifecycle, repositories, requests
from wharfinger.api.words.words import Table
from wharfinger.domain import faults as f
from wharfinger.domain.digests import ECR_FORM
from wharfinger.domain.faults import Fault
from wharfinger.domain.images import Failure, FailureCode
from wharfinger.domain.tags import PATTERN

WORDS: Final[Table] = {
    **requests.WORDS,
    **repositories.WORDS,
    **images.WORDS,
    **blobs.WORDS,
    **deleting.WORDS,
    **lifecycle.WORDS,
    **access.WORDS,
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
        return images.referenced(f.ImageReferenced(failure.blockers))
    if failure.code == "ImageHeld":
        return images.held(f.ImageHeld(failure.blockers))
    return _FAILURES[failure.code]


_RESTORE_FAILURES: Final = {
    "ImageNotFound": "The image is not in the bin of the repository",
    "TagTaken": "The tag points to another image now: {holder}",
    "ChildMissing": "The index lists an image that is neither in the repository nor in its bin: {holder}",
}


def restore_reason(code: str, holder: str | None) -> str:
    """The words of what could not be brought back."""
    return _RESTORE_FAILURES[code].format(holder=holder)


_DELIVERY_FAILURES: Final[Mapping[str, str]] = {
    "Answered": "The receiver answered {detail}",
    "NotInTime": "The receiver did not answer in time",
    "HostRefused": deleting.HOST_REFUSED,
    "NotConnected": "The receiver cannot be reached: {detail}",
    "NotTrusted": "There is no trusted connection to the receiver: {detail}",
    "NotHttp": "The receiver gave no HTTP answer",
}


def delivery_reason(code: str, detail: str, host: str) -> str:
    """The words of why a web hook's last delivery was not taken."""
    return _DELIVERY_FAILURES[code].format(detail=detail, host=host)
