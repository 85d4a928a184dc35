"""Runs the same application on uvicorn, to show that nothing depends on granian but speed."""

from __future__ import annotations

import asyncio
import logging.config
import os

import uvicorn

from wharfinger.server import data, logs
from wharfinger.server.app import build
from wharfinger.server.serve import DRAIN_SECONDS
from wharfinger.server.settings import load
from wharfinger.server.tls import Pair

if __name__ == "__main__":
    settings = load({}, os.environ)
    logging.config.dictConfig(logs.configuration(settings))
    data.keep_private()
    with data.held(settings.directory):
        asyncio.run(data.prepare(settings))
        pair = Pair(settings.tls) if settings.tls is not None else None
        data.announce(settings, pair)
        certificate, key = pair.paths if pair is not None else (None, None)
        uvicorn.run(
            build(settings),
            host=settings.host,
            port=settings.port,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            # it would take the word of any proxy on this machine, before the application can
            proxy_headers=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            log_level="warning",
        )
