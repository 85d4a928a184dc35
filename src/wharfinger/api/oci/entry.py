"""One request to `/v2/`: which endpoint, who is calling, may they, and then its handler."""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

from wharfinger.api.http import FileResponse, Request, Response
from wharfinger.api.oci import blobs, manifests, registry, uploads
from wharfinger.api.oci.call import Call, Handler
from wharfinger.api.oci.render import failure, refusal
from wharfinger.contract.oci import ENDPOINTS, Endpoint
from wharfinger.domain.faults import (
    AuthenticationMissing,
    Denied,
    Fault,
    MethodNotAllowed,
    RepositoryNameInvalid,
    TokenInvalid,
    UnknownRoute,
)
from wharfinger.domain.names import is_repository, registry_of_host
from wharfinger.services import access, pull
from wharfinger.services.access import Caller
from wharfinger.state import State

HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    **manifests.HANDLERS,
    **blobs.HANDLERS,
    **uploads.HANDLERS,
    **registry.HANDLERS,
}


class OciDoor:
    """The OCI API of a server."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def answer(self, request: Request) -> Response | FileResponse:
        """Perform one request. Raises Fault."""
        endpoint, repository, part = _route(request.path)
        request.operation, request.repository, request.part = endpoint.name, repository, part
        caller = self._signed_download(request, endpoint, repository, part) or _login(self._state, request)
        request.caller = caller
        if request.method not in endpoint.actions:
            raise MethodNotAllowed(endpoint.allowed)
        request.registry = meant = registry_of_host(request.host) or caller.registry
        action = endpoint.actions[request.method]
        if action is not None:
            access.require(caller, action, meant, repository or None)
        elif meant != caller.registry:
            raise Denied(caller.principal, "ecr:GetAuthorizationToken", "*")
        call = Call(self._state, request, caller, meant, repository, part)
        return await HANDLERS[endpoint.name, request.method](call)

    def refuse(self, request: Request, fault: Fault) -> Response:
        """The answer to a request that is at fault."""
        return refusal(fault, request.host)

    def fail(self, request: Request) -> Response:
        """The answer where something happened that should not have."""
        return failure(request.id)

    def _signed_download(self, request: Request, endpoint: Endpoint, repository: str, digest: str) -> Caller | None:
        """An address from GetDownloadUrlForLayer is its own login, for reading that one layer."""
        if endpoint.name != "blob" or request.method not in {"GET", "HEAD"} or not request.scope["query_string"]:
            return None
        token = next((value for name, value in request.query if name == "token"), None)
        if token is None:
            return None
        return Caller("", pull.registry_of_download(self._state, repository, digest, token))


def _route(path: bytes) -> tuple[Endpoint, str, str]:
    try:
        text = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise UnknownRoute("that is not UTF-8") from None
    for endpoint in ENDPOINTS:
        match = endpoint.pattern.fullmatch(text)
        if match is not None:
            found = match.groupdict()
            repository = found.pop("name", "")
            if repository and not is_repository(repository):
                raise RepositoryNameInvalid(repository)
            return endpoint, repository, next(iter(found.values()), "")
    raise UnknownRoute(text)


def _login(state: State, request: Request) -> Caller:
    """Basic authentication with user AWS and an authorization token."""
    header = request.header(b"authorization")
    if header is None:
        raise AuthenticationMissing
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        raise TokenInvalid
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("latin-1").partition(":")
    except (binascii.Error, ValueError):
        raise TokenInvalid from None
    if user != "AWS" or not colon:
        raise TokenInvalid
    return access.check_token(state, password)
