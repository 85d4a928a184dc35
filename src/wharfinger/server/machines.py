"""The pages for machines that look after the server: is it ready, and how does it get on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.api.http import Request, Response
from wharfinger.domain.forwarded import read_address
from wharfinger.server.metrics import CONTENT_TYPE, Metrics
from wharfinger.server.settings import Settings
from wharfinger.services.health import Overview, Readiness
from wharfinger.state import State

TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_ELSEWHERE: Final = b"Not from here: the setting metrics_from says from where.\n"
_OF_PROXIES: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")


class Machines:
    """The pages of one worker."""

    def __init__(self, state: State, settings: Settings, metrics: Metrics) -> None:
        self._state = state
        self._settings = settings
        self._networks = settings.metrics_networks
        self._metrics = metrics
        self._readiness = Readiness(state)
        self._overview = Overview(state)

    async def ready(self) -> Response:
        """`ready`, or what is missing, and a line for each thing that was looked at."""
        problems, hints = await self._readiness.problems(), await self._readiness.hints()
        missing = "; ".join(f"{name} {problem}" for name, problem in problems.items() if problem)
        first = f"not ready: {missing}" if missing else "ready"
        body = "\n".join([first, *_lines({**problems, **hints}), ""])
        return Response(503 if missing else 200, [TEXT], body.encode())

    async def metrics(self, request: Request) -> Response:
        """The metrics of the server, for those who may read them."""
        if not self._may_measure(request):
            return Response(403, [TEXT], _ELSEWHERE)
        text = await self._metrics.text(self._state, self._overview, self._settings)
        return Response(200, [(b"content-type", CONTENT_TYPE)], text)

    def _may_measure(self, request: Request) -> bool:
        """Of a proxy that is not trusted to say for whom it asks, nobody knows that."""
        client = read_address(request.client)
        if client is None or not any(client in network for network in self._networks):
            return False
        is_direct = request.client == request.peer
        return not is_direct or not any(name in request.headers for name in _OF_PROXIES)


def _lines(found: Mapping[str, str | None]) -> list[str]:
    return [f"{name}: {problem or 'ok'}" for name, problem in found.items()]
