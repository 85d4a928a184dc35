"""Which requests get a record in the trail, and how each door's requests are told there, in the names of ECR's API."""

from __future__ import annotations

import logging
from typing import Any, Final

from wharfinger.api import wording
from wharfinger.api.http import FileResponse, Request, Response
from wharfinger.contract.oci import ENDPOINTS
from wharfinger.domain import faults as f
from wharfinger.domain.names import registry_of_host
from wharfinger.domain.trail import cut, is_reading
from wharfinger.services import trail
from wharfinger.services.trail import Happening
from wharfinger.state import State

log = logging.getLogger(__name__)
_READING: Final = {"GET", "HEAD"}
_LONGEST_PATH: Final = 1024
# who did not say who it is, could not prove it, or may not
DENIALS: Final = (
    f.AuthenticationMissing,
    f.AuthenticationIncomplete,
    f.KeyUnknown,
    f.SignatureMismatch,
    f.SignatureUnfit,
    f.SignatureExpired,
    f.TokenInvalid,
    f.TokenExpired,
    f.SessionExpired,
    f.DownloadExpired,
    f.Denied,
)
_OPERATIONS: Final = {
    (endpoint.name, method): action.removeprefix("ecr:")
    for endpoint in ENDPOINTS
    for method, action in endpoint.actions.items()
    if action is not None
} | {("referrers", method): "ListImageReferrers" for method in _READING}
# what is told of a query, and how the API calls it; never what gives rights
_QUERY: Final = {
    "digest": "layerDigest",
    "mount": "mountDigest",
    "from": "mountFrom",
    "tag": "imageTags",
    "artifactType": "artifactTypes",
    "n": "maxResults",
}
_LISTS: Final = {"tag", "artifactType"}
_SESSIONS: Final = "sts"


def note(state: State, request: Request, response: Response | FileResponse) -> None:
    """Write down what has to be. Whatever happens here, the request has its answer."""
    # what most requests are: a pull
    if request.method in _READING and response.status < 400 and not state.rules.trail_pulls:
        return
    try:
        if request.operation and _is_wanted(state, request):
            tell = _call if request.service is not None else _data_plane
            trail.record(state, tell(request, response))
    except Exception:
        log.exception("%s is not in the trail", request.id)


def _is_wanted(state: State, request: Request) -> bool:
    """Reading from the data plane by choice, all else always.

    A question without a login is how clients find out that they need one; they ask it before each pull.
    """
    if request.method not in _READING or state.rules.trail_pulls:
        return True
    return isinstance(request.fault, DENIALS) and not isinstance(request.fault, f.AuthenticationMissing)


def _call(request: Request, response: Response | FileResponse) -> Happening:
    """A call of the JSON protocol."""
    assert request.service is not None  # noqa: S101 - else it is no call
    service = request.service.signing_name
    changes_nothing = service == _SESSIONS or is_reading(request.operation)
    return Happening(
        service=service,
        operation=request.operation,
        is_reading=changes_nothing,
        repository=getattr(request.arguments, "repository_name", None),
        parameters=request.arguments,
        # who was given which session is told, as in CloudTrail
        elements=None if changes_nothing and service != _SESSIONS else request.result,
        more=_more(request),
        **_common(request, response),
    )


def _data_plane(request: Request, response: Response | FileResponse) -> Happening:
    """A request to `/v2/`, as the operation that it stands for."""
    query = _query(request)
    operation = _OPERATIONS.get((request.operation, request.method), "Login")
    if request.operation == "uploads" and response.status == 201:
        operation = "CompleteLayerUpload" if "digest" in query else "MountLayer"
    changes_nothing = request.method in _READING
    path = cut(request.path.decode("latin-1"), _LONGEST_PATH)
    return Happening(
        service="ecr",
        operation=operation,
        is_reading=changes_nothing,
        repository=request.repository or None,
        parameters=_parameters(request, query),
        elements=None if changes_nothing else _elements(request, response),
        more={"method": request.method, "path": path, **_more(request)},
        **_common(request, response),
    )


def _common(request: Request, response: Response | FileResponse) -> dict[str, Any]:
    return {
        "principal": _principal(request),
        "key": request.key,
        "registry": request.registry or registry_of_host(request.host),
        "client": request.client,
        "agent": request.header(b"user-agent") or "",
        "request_id": request.id,
        "error": _error(request, response),
    }


def _more(request: Request) -> dict[str, Any]:
    fault = request.fault
    if isinstance(fault, f.Denied) and fault.policy is not None:
        return {"denied": True, "decision": {"policy": fault.policy, "statement": fault.statement}}
    return {"denied": True} if isinstance(fault, DENIALS) else {}


def _principal(request: Request) -> str | None:
    """Who is denied does not get so far that it is a caller, and is known all the same."""
    if request.caller is not None:
        return request.caller.principal
    return request.fault.principal if isinstance(request.fault, f.Denied) else None


def _error(request: Request, response: Response | FileResponse) -> tuple[str, str] | None:
    """The exception as the ECR API has it, by whichever door the request came."""
    if request.fault is not None:
        return wording.WORDS[type(request.fault)].ecr, wording.ecr_text(request.fault)
    return ("ServerException", "") if response.status >= 500 else None


def _query(request: Request) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    try:
        for name, value in request.query:
            if name in _QUERY:
                found.setdefault(name, []).append(value)
    except f.Malformed:
        return {}
    return found


def _parameters(request: Request, query: dict[str, list[str]]) -> dict[str, Any]:
    named = {"repositoryName": request.repository} if request.repository else {}
    of_query = {_QUERY[name]: values if name in _LISTS else values[0] for name, values in query.items()}
    return {**named, **_of_path(request), **of_query}


def _of_path(request: Request) -> dict[str, Any]:
    """What the path names, as the operation's request would."""
    part = request.part
    if not part:
        return {}
    if request.operation == "manifest":
        image = {"imageDigest" if ":" in part else "imageTag": part}
        return image if request.method == "PUT" else {"imageIds": [image]}
    if request.operation == "referrers":
        return {"subjectId": {"imageDigest": part}}
    return {"uploadId": part} if request.operation == "upload" else {"layerDigest": part}


def _elements(request: Request, response: Response | FileResponse) -> dict[str, Any] | None:
    """What was made, as the headers of the answer say it."""
    headers = {name: value.decode("latin-1") for name, value in response.headers}
    digest, upload = headers.get(b"docker-content-digest"), headers.get(b"docker-upload-uuid")
    if digest is None:
        return {"uploadId": upload} if upload is not None else None
    if request.operation != "manifest":
        return {"layerDigest": digest}
    tag = {"imageTag": request.part} if ":" not in request.part else {}
    return {"image": {"repositoryName": request.repository, "imageId": {"imageDigest": digest, **tag}}}
