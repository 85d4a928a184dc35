"""One call of the JSON protocol, first byte to last: target, signature, body, types, rights, handler, answer."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import msgspec

from wharfinger.api import ecr, signed, sigv4, wharfinger
from wharfinger.api.addresses import Addresses
from wharfinger.api.aws.call import Call, Handler
from wharfinger.api.aws.render import failure, refusal, success
from wharfinger.api.http import Request, Response
from wharfinger.api.origin import Origin
from wharfinger.contract import ecr as ecr_contract
from wharfinger.contract import wharfinger as wharfinger_contract
from wharfinger.contract.explain import Violation, explain
from wharfinger.contract.service import Operation, Service
from wharfinger.domain.faults import (
    ContentTypeUnsupported,
    Fault,
    InvalidParameter,
    Malformed,
    NotBuilt,
    UnknownOperation,
)
from wharfinger.domain.names import Registry, repository_arn
from wharfinger.services import access
from wharfinger.services.access import Errand
from wharfinger.services.identities import Keys, Login
from wharfinger.services.login import Credentials
from wharfinger.state import State

SERVICES: Final[tuple[tuple[Service, Mapping[str, Handler]], ...]] = (
    (ecr_contract.SERVICE, ecr.HANDLERS),
    (wharfinger_contract.SERVICE, wharfinger.HANDLERS),
)
_BY_TARGET: Final = {service.target_prefix: (service, handlers) for service, handlers in SERVICES}
_CONTENT_TYPES: Final = {"application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json", ""}
_MEBIBYTE: Final = 1024 * 1024
# as JSON may write what the model allows: a part in base64, a manifest with each character escaped
_BODY_LIMITS: Final = {
    "UploadLayerPart": 29 * _MEBIBYTE,
    "PutImage": 26 * _MEBIBYTE,
    "PutImageFeed": 16 * _MEBIBYTE,
}
_BODY_LIMIT: Final = _MEBIBYTE


class AwsDoor:
    """The APIs of a server that speak as AWS services do."""

    def __init__(self, state: State, addresses: Addresses) -> None:
        self._state = state
        self._addresses = addresses

    async def answer(self, request: Request) -> Response:
        """Perform one call. Raises Fault."""
        service, operation, handler = _target(request)
        request.service, request.operation = service, operation.name
        claim = sigv4.read_claim(request, service.signing_name)
        request.key = claim.key
        credentials = await signed.credentials(self._state, claim)
        limit = _BODY_LIMITS.get(operation.name, _BODY_LIMIT)
        with self._state.scratch.file() as body:
            with self._sending(operation, credentials):
                await signed.receive(self._state, request, limit, claim, credentials, body)
            async with self._state.scratch.whole(body) as content:
                own = Registry(credentials.account, claim.region)
                return await self._perform(request, operation, handler, (credentials.login, own), content)

    def refuse(self, request: Request, fault: Fault) -> Response:  # noqa: ARG002 - doors look alike
        """The answer to a request that is at fault."""
        return refusal(fault)

    def fail(self, request: Request) -> Response:
        """The answer where something happened that should not have."""
        return failure(request.id)

    def _sending(self, operation: Operation, credentials: Credentials) -> AbstractContextManager[None]:
        if operation.name != "UploadLayerPart":
            return nullcontext()
        return self._state.limits.uploading(credentials.login.id)

    async def _perform(
        self, request: Request, operation: Operation, handler: Handler | None, who: tuple[Login, Registry], body: bytes
    ) -> Response:
        if handler is None:
            raise NotBuilt(operation.name)
        request.arguments = arguments = _decode(operation, body)
        errand = _errand(operation, arguments, who[1])
        request.registry = errand.registry
        keys = Origin(request, self._state.clock())
        request.caller = caller = await access.enter(self._state, *who, keys, errand)
        call = Call(self._state, self._addresses, caller, errand.registry, operation)
        request.result = result = await handler(call, arguments)
        return success(result)


def _errand(operation: Operation, arguments: Any, own: Registry) -> Errand:
    """What a request is about to do, and on what."""
    registry = Registry(getattr(arguments, "registry_id", None) or own.account, own.region)
    keys = _tag_keys(arguments)
    if operation.resource is None:
        return Errand(operation.action, registry, (), keys)
    named = getattr(arguments, operation.resource)
    if named is None:
        return Errand(operation.action, registry, ("*",), keys)
    if operation.resource == "resource_arn":
        arn = repository_arn(named)
        if arn is None:
            raise InvalidParameter("resourceArn", "Invalid ARN")
        return Errand(operation.action, arn.registry, (arn.repository,), keys)
    return Errand(operation.action, registry, (named,) if isinstance(named, str) else tuple(named), keys)


def _tag_keys(arguments: Any) -> Keys:
    """The resource tags that a request brings or takes away, as conditions ask for them."""
    tags = getattr(arguments, "tags", None) or ()
    names = tuple(tag.key for tag in tags) or tuple(getattr(arguments, "tag_keys", None) or ())
    if not names:
        return {}
    return {"aws:tagkeys": names, **{f"aws:requesttag/{tag.key.lower()}": (tag.value,) for tag in tags}}


def _target(request: Request) -> tuple[Service, Operation, Handler | None]:
    content_type = (request.header(b"content-type") or "").partition(";")[0].strip().lower()
    if content_type not in _CONTENT_TYPES:
        raise ContentTypeUnsupported(content_type)
    target = request.header(b"x-amz-target") or ""
    prefix, _, name = target.rpartition(".")
    service, handlers = _BY_TARGET.get(prefix, (None, {}))
    if service is None or name not in service.operations:
        raise UnknownOperation(target)
    return service, service.operations[name], handlers.get(name)


def _decode(operation: Operation, body: bytes) -> Any:
    try:
        return _decoder(operation.request).decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = explain(body, operation.request)
    if isinstance(found, Violation):
        raise InvalidParameter(found.path, found.constraint)
    raise Malformed(found.message)


@functools.cache
def _decoder(shape: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    """Made at its first use: a hundred of them at start would be felt."""
    return msgspec.json.Decoder(shape)
