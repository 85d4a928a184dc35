"""Answers of the JSON protocol."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from wharfinger.api import wording
from wharfinger.api.http import Header, Response
from wharfinger.contract.service import Shape
from wharfinger.domain.faults import Fault, PartMisplaced

_TYPE: Final[Header] = (b"content-type", b"application/x-amz-json-1.1")
_encoder = msgspec.json.Encoder()


def success(answer: Shape) -> Response:
    """The output of an operation."""
    return Response(200, [_TYPE], _encoder.encode(answer))


def refusal(fault: Fault) -> Response:
    """A fault as the exception that SDKs know."""
    words = wording.WORDS[type(fault)]
    return error(words.ecr_status, words.ecr, wording.ecr_text(fault), _extra(fault))


def failure(request_id: str) -> Response:
    """Something that should not have happened; the log knows more under the same id."""
    return error(500, "ServerException", f"The request {request_id} failed for a reason of the server's own")


def error(status: int, code: str, message: str, extra: dict[str, Any] | None = None) -> Response:
    """The one form of an error: the code in the body and, for SDKs that look there first, in a header."""
    body = {"__type": code, "message": message, **(extra or {})}
    return Response(status, [_TYPE, (b"x-amzn-errortype", code.encode())], _encoder.encode(body))


def _extra(fault: Fault) -> dict[str, Any]:
    """The members that an exception of the model has besides its message."""
    if isinstance(fault, PartMisplaced):
        extra = {
            "registryId": fault.registry.account,
            "repositoryName": fault.repository,
            "uploadId": fault.upload,
        }
        # before the first part there is no such byte
        return {**extra, "lastValidByteReceived": fault.next - 1} if fault.next else extra
    return {}
