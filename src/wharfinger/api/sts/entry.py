"""One call of the query protocol, first byte to last: signature, form, types, handler, answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.api import signed, sigv4
from wharfinger.api.http import Request, Response
from wharfinger.api.origin import Origin
from wharfinger.api.sts import form
from wharfinger.api.sts.operations import HANDLERS, Call
from wharfinger.api.sts.render import failure, refusal, success
from wharfinger.contract.sts import API_VERSION, OPERATIONS, SERVICE
from wharfinger.domain.faults import AuthenticationMissing, Fault, UnknownOperation
from wharfinger.domain.names import Registry
from wharfinger.services import access
from wharfinger.services.access import Caller
from wharfinger.services.issuers import Issuers
from wharfinger.state import State

_BODY_LIMIT: Final = 64 * 1024
_FORM: Final = "application/x-www-form-urlencoded"
_UNSIGNED: Final = {"AssumeRoleWithWebIdentity"}  # the token in it says who asks


def is_meant(request: Request) -> bool:
    """Whether a request to `/` is one of the query protocol."""
    if request.method == "POST":
        return (request.header(b"content-type") or "").partition(";")[0].strip().lower() == _FORM
    return request.method == "GET" and b"Action=" in request.scope["query_string"]


class StsDoor:
    """AWS STS as a server has it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._issuers = Issuers(state)

    async def answer(self, request: Request) -> Response:
        """Perform one call. Raises Fault."""
        is_signed = request.header(b"authorization") is not None or any(
            name == "X-Amz-Signature" for name, _ in request.query
        )
        claim = sigv4.read_claim(request, SERVICE.signing_name) if is_signed else None
        with self._state.scratch.file() as body:
            if claim is None:
                async for piece in request.bounded(_BODY_LIMIT):
                    body.write(piece)
                who = None
            else:
                request.key = claim.key
                credentials = await signed.credentials(self._state, claim)
                await signed.receive(self._state, request, _BODY_LIMIT, claim, credentials, body)
                who = credentials.login, Registry(credentials.account, claim.region)
            sent = form.fields(body.content()) if request.method == "POST" else dict(request.query)
        name = _operation(sent)
        request.service, request.operation = SERVICE, name
        request.arguments = arguments = form.read(sent, OPERATIONS[name].request)
        keys = Origin(request, self._state.clock())
        if name in _UNSIGNED:
            rules = self._state.rules
            caller = Caller("", Registry(rules.default_account, rules.default_region), keys=keys)
        elif who is None:
            raise AuthenticationMissing
        else:
            caller = await access.enter(self._state, *who, keys, None)
        request.caller = caller
        return success(name, await HANDLERS[name](Call(self._state, self._issuers, caller), arguments), request.id)

    def refuse(self, request: Request, fault: Fault) -> Response:
        """The answer to a request that is at fault."""
        return refusal(fault, request.id)

    def fail(self, request: Request) -> Response:
        """The answer where something happened that should not have."""
        return failure(request.id)


def _operation(sent: Mapping[str, str]) -> str:
    name = sent.get("Action", "")
    if name not in OPERATIONS or sent.get("Version") != API_VERSION:
        raise UnknownOperation(name)
    return name
