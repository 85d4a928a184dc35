"""Asking the server of these settings, on this machine, whether it can do its work."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import Final

from wharfinger.server import tls
from wharfinger.server.settings import Settings

_SECONDS: Final = 5
_MOST_BYTES: Final = 4096


def missing(settings: Settings) -> str | None:
    """What it says that it lacks, or that it does not answer; None if it is ready."""
    try:
        with closing(_connection(settings)) as connection:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            said = answer.read(_MOST_BYTES).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"it does not answer on {settings.host}:{settings.port} ({error})"
    return None if answer.status == 200 else said


def _connection(settings: Settings) -> http.client.HTTPConnection:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    if settings.tls is None:
        return http.client.HTTPConnection(host, settings.port, timeout=_SECONDS)
    return http.client.HTTPSConnection(host, settings.port, timeout=_SECONDS, context=tls.any_certificate())
