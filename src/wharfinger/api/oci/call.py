"""What a handler of an endpoint gets, and how it reads the parts of a request that several endpoints have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import NamedTuple
from urllib.parse import urlencode

from wharfinger.api.http import FileResponse, Header, Request, Response
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import Malformed
from wharfinger.domain.names import Registry
from wharfinger.services.access import Caller
from wharfinger.state import State

LONGEST_PAGE = 1000


class Call(NamedTuple):
    """One request to one endpoint: who makes it, for which registry, and the parts of its path."""

    state: State
    request: Request
    caller: Caller
    registry: Registry
    repository: str
    part: str  # the reference, digest or upload that the path names

    @property
    def cause(self) -> Cause:
        """What the request leaves behind with all that it changes."""
        return Cause(self.caller.principal, f"{self.request.method} {self.request.operation}")

    @property
    def sending(self) -> AbstractContextManager[None]:
        """For as long as the caller sends a layer: one may send so many at a time. Raises Throttled."""
        return self.state.limits.uploading(self.caller.login.id)

    def query(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.request.query if key == name), None)

    def page_size(self) -> int:
        """The `n` of a list, at most 1000; a longer list goes on by its Link header. Raises Malformed."""
        value = self.query("n")
        if value is None:
            return LONGEST_PAGE
        if not value.isascii() or not value.isdigit():
            raise Malformed("n has to be a number of entries, 0 or more")
        return min(int(value.lstrip("0")[:9] or "0"), LONGEST_PAGE)

    def link(self, **parameters: str | int) -> Header:
        """The address of the next page; the request's other parameters stay."""
        kept = [(key, value) for key, value in self.request.query if key not in parameters]
        address = f"{self.request.path.decode()}?{urlencode([*kept, *parameters.items()])}"
        return (b"link", f'<{address}>; rel="next"'.encode())


Handler = Callable[[Call], Awaitable[Response | FileResponse]]


def ascii_header(name: bytes, value: str) -> Header:
    """A header whose value came from a checked name, digest or id."""
    return (name, value.encode("ascii"))
