"""One request to `/v2/`: which endpoint, who is calling, may they, and then its handler."""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Final
from urllib.parse import unquote_to_bytes

from wharfinger.api.http import FileResponse, Request, Response
from wharfinger.api.oci import blobs, manifests, registry, uploads
from wharfinger.api.oci.call import Call, Handler
from wharfinger.api.oci.render import failure, refusal
from wharfinger.api.origin import Origin
from wharfinger.contract.oci import ENDPOINTS, Endpoint
from wharfinger.domain.faults import (
    AuthenticationMissing,
    Fault,
    KeyUnknown,
    MethodNotAllowed,
    RepositoryNameInvalid,
    TokenInvalid,
    UnknownRoute,
)
from wharfinger.domain.names import Registry, is_repository, registry_of_host
from wharfinger.services import access, login, pull
from wharfinger.services.access import Errand
from wharfinger.services.identities import ANONYMOUS
from wharfinger.services.login import Entry, Ticket
from wharfinger.state import State

HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    **manifests.HANDLERS,
    **blobs.HANDLERS,
    **uploads.HANDLERS,
    **registry.HANDLERS,
}


_DOWNLOAD: Final = "ecr:GetDownloadUrlForLayer"
_SHORT: Final = 256  # bytes of a path that is worth to be remembered


class OciDoor:
    """The OCI API of a server."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def answer(self, request: Request) -> Response | FileResponse:
        """Perform one request. Raises Fault."""
        try:
            return await self._perform(request)
        except (AuthenticationMissing, TokenInvalid, KeyUnknown):
            # docker asks nobody for what it was not asked to log in for, unless a token service invites it
            request.challenge = "Bearer" if await access.has_public(self._state, self._meant(request)) else "Basic"
            raise

    async def _perform(self, request: Request) -> Response | FileResponse:
        endpoint, repository, part = _route(request.path)
        request.operation, request.repository, request.part = endpoint.name, repository, part
        download = _download_token(request, endpoint)
        if download is not None:
            entry = pull.download(self._state, repository, part, download)
        else:
            entry = await _login(self._state, request) or Entry(ANONYMOUS, self._meant(request))
        if request.method not in endpoint.actions:
            raise AuthenticationMissing if entry.login == ANONYMOUS else MethodNotAllowed(endpoint.allowed)
        request.registry = meant = registry_of_host(request.host) or entry.registry
        request.key = entry.login.key
        action = _DOWNLOAD if download is not None else endpoint.actions[request.method]
        errand = Errand(action, meant, (repository or "*",)) if action is not None else None
        keys = Origin(request, self._state.clock())
        request.caller = caller = await access.enter(self._state, *entry, keys, errand)
        if caller.login == ANONYMOUS and endpoint.name == "ping":
            raise AuthenticationMissing
        call = Call(self._state, request, caller, meant, repository, part)
        return await HANDLERS[endpoint.name, request.method](call)

    def _meant(self, request: Request) -> Registry:
        """The registry that a request without a login is for."""
        rules = self._state.rules
        return registry_of_host(request.host) or Registry(rules.default_account, rules.default_region)

    def refuse(self, request: Request, fault: Fault) -> Response:
        """The answer to a request that is at fault."""
        return refusal(fault, request)

    def fail(self, request: Request) -> Response:
        """The answer where something happened that should not have."""
        return failure(request.id)


def _download_token(request: Request, endpoint: Endpoint) -> str | None:
    """An address from GetDownloadUrlForLayer is its own login, for reading that one layer."""
    if endpoint.name != "blob" or request.method not in {"GET", "HEAD"} or not request.scope["query_string"]:
        return None
    return next((value for name, value in request.query if name == "token"), None)


def _route(path: bytes) -> tuple[Endpoint, str, str]:
    """The endpoint, the repository and what else the path names. Raises UnknownRoute, RepositoryNameInvalid."""
    return _remembered_route(path) if len(path) <= _SHORT else _read_route(path)


@functools.lru_cache(maxsize=4096)
def _remembered_route(path: bytes) -> tuple[Endpoint, str, str]:
    return _read_route(path)


def _read_route(path: bytes) -> tuple[Endpoint, str, str]:
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


async def _login(state: State, request: Request) -> Entry | None:
    """User AWS with an authorization token, or a robot with its own; None for who says nothing.

    What the token service gives out under Bearer is what Basic has. Raises TokenInvalid, TokenExpired.
    """
    header = request.headers.get(b"authorization")
    if header is None:
        return None
    ticket: Ticket | None = state.remembered.signed(header)
    if ticket is None:
        user, password = _credentials(header)
        if user is None:
            return None
        if password.startswith(login.ROBOT_PREFIX):
            return await login.check_robot(state, user, password)
        if user != "AWS":
            raise TokenInvalid
        ticket = login.read_password(state, password)
        state.remembered.keep_signed(header, ticket)
    return login.admit(state, ticket)


def _credentials(header: bytes) -> tuple[str | None, str]:
    """A user and a password; no user where it is the token of somebody without a login. Raises TokenInvalid."""
    scheme, _, value = header.partition(b" ")
    scheme = scheme.lower()
    if scheme == b"bearer" and value == registry.ANONYMOUS_TOKEN.encode():
        return None, ""
    if scheme not in {b"basic", b"bearer"}:
        raise TokenInvalid
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode("latin-1").partition(":")
    except (binascii.Error, ValueError):
        raise TokenInvalid from None
    if not colon:
        raise TokenInvalid
    return user, password
