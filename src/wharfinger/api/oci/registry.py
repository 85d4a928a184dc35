"""The registry as a whole: is it there, and which repositories has it."""

from __future__ import annotations

from typing import Final

import msgspec

from wharfinger.api.http import Header, Response
from wharfinger.api.oci.call import Call, Handler
from wharfinger.contract.oci import JSON, VERSION_HEADER
from wharfinger.services import repositories

ANONYMOUS_TOKEN: Final = "anonymous"  # noqa: S105 - it is for everybody
_TOKEN_SECONDS: Final = 3600  # for which a client need not ask again


async def ping(call: Call) -> Response:  # noqa: ARG001 - every handler takes the call
    """Says that this is a registry, and that the login was good."""
    return Response(200, [VERSION_HEADER, (b"content-type", JSON)], b"{}")


async def give_token(call: Call) -> Response:
    """What the token service has for a client: its own login back, which is looked at again with each request."""
    _, _, value = (call.request.header(b"authorization") or "").partition(" ")
    token = value or ANONYMOUS_TOKEN
    body = {"token": token, "access_token": token, "expires_in": _TOKEN_SECONDS}
    return Response(
        200, [VERSION_HEADER, (b"content-type", JSON), (b"cache-control", b"no-store")], msgspec.json.encode(body)
    )


async def list_repositories(call: Call) -> Response:
    """The catalogue: repositories of the account in the region, by name."""
    wanted = call.page_size()
    found = await repositories.names(call.state, call.registry, call.query("last") or "", wanted + 1)
    shown = found[:wanted]
    headers: list[Header] = [VERSION_HEADER, (b"content-type", JSON)]
    if len(found) > wanted > 0:
        headers.append(call.link(last=shown[-1], n=wanted))
    return Response(200, headers, msgspec.json.encode({"repositories": shown}))


HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    ("token", "GET"): give_token,
    ("ping", "GET"): ping,
    ("ping", "HEAD"): ping,
    ("catalog", "GET"): list_repositories,
    ("catalog", "HEAD"): list_repositories,
}
