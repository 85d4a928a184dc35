"""Logs: one line per record on standard error, times in UTC. No secret ever gets here: see tests/security."""

from __future__ import annotations

from typing import Any


def configuration(level: str) -> dict[str, Any]:
    """For `logging.config.dictConfig`, in the server and in each of its workers."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": "wharfinger.server.logs.utc_formatter",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "wharfinger": {"level": level.upper()},
            "_granian": {"level": "WARNING"},
            "granian.access": {"level": "WARNING"},
        },
    }


def utc_formatter() -> Any:
    """The form of a line."""
    import logging  # noqa: PLC0415
    import time  # noqa: PLC0415

    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    return formatter
