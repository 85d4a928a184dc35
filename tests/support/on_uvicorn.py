"""Runs the same application on uvicorn, to show that nothing depends on granian but speed."""

from __future__ import annotations

import asyncio
import os

import uvicorn

from wharfinger.server import data
from wharfinger.server.app import build
from wharfinger.server.settings import load

if __name__ == "__main__":
    settings = load({}, os.environ)
    data.keep_private()
    with data.held(settings.directory):
        asyncio.run(data.prepare(settings))
        data.announce(settings)
        uvicorn.run(build(settings), host=settings.host, port=settings.port, log_level="warning")
