"""Answers of the query protocol: XML, which is written here and never read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

import msgspec

from wharfinger.api import wording
from wharfinger.api.http import Header, Response
from wharfinger.contract.service import Shape
from wharfinger.contract.sts import API_VERSION
from wharfinger.domain.faults import Fault

_TYPE: Final[Header] = (b"content-type", b"text/xml")
_NAMESPACE: Final = f"https://sts.amazonaws.com/doc/{API_VERSION}/"
# what XML has no way to write
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def success(operation: str, answer: Shape, request_id: str) -> Response:
    """The output of an operation."""
    result = _elements({f"{operation}Result": msgspec.to_builtins(answer)})
    return _document(200, f"{operation}Response", f"{result}{_elements({'ResponseMetadata': _request(request_id)})}")


def refusal(fault: Fault, request_id: str) -> Response:
    """A fault as the error that SDKs know."""
    words = wording.WORDS[type(fault)]
    return _error(words.sts_status, words.sts, wording.ecr_text(fault), request_id)


def failure(request_id: str) -> Response:
    """Something that should not have happened; the log knows more under the same id."""
    message = f"The request {request_id} failed for a reason of the server's own"
    return _error(500, "InternalFailure", message, request_id)


def _error(status: int, code: str, message: str, request_id: str) -> Response:
    error = {"Type": "Receiver" if status >= 500 else "Sender", "Code": code, "Message": message}
    return _document(status, "ErrorResponse", _elements({"Error": error, **_request(request_id)}))


def _request(request_id: str) -> dict[str, str]:
    return {"RequestId": request_id}


def _document(status: int, name: str, content: str) -> Response:
    return Response(status, [_TYPE], f'<{name} xmlns="{_NAMESPACE}">{content}</{name}>\n'.encode())


def _elements(members: dict[str, Any]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in members.items())


def _content(value: Any) -> str:
    if isinstance(value, dict):
        return _elements(value)
    if isinstance(value, float):  # the times are the only ones
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return escape(_UNWRITABLE.sub("\ufffd", str(value)))
