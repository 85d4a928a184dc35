"""Logs: one record per line on standard error, times in UTC. No secret ever gets here: see tests/security.

A record may have fields, given as `extra=fields(…)`; both formats show them. What clients chose is cut, and cannot
begin a line.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from wharfinger.server.settings import Settings

_LONGEST: Final = 4096  # characters of a message
_LONGEST_FIELD: Final = 1024
_LONGEST_ERROR: Final = 16 * 1024
# as Python and JSON both write them
_ESCAPED: Final = {code: f"\\u{code:04x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
_UNPRINTED: Final = {**_ESCAPED, 0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}


def configuration(settings: Settings) -> dict[str, Any]:
    """For `logging.config.dictConfig`, in the server and in each of its workers."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": Json if settings.log_format == "json" else Text}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "wharfinger": {"level": settings.log_level.upper()},
            "_granian": {"level": "WARNING"},
            "granian.access": {"level": "WARNING"},
        },
    }


def fields(**values: str | float | None) -> Mapping[str, Any]:
    """What a record says beside its message; None and "" are left out."""
    return {"fields": {name: value for name, value in values.items() if value not in {None, ""}}}


class Text(logging.Formatter):
    """A line for people: time, level, logger, message, and fields as `name=value`. Tracebacks are indented."""

    def format(self, record: logging.LogRecord) -> str:
        told = [_time(record), record.levelname, record.name, _message(record).translate(_UNPRINTED)]
        told += [f"{name}={_word(value)}" for name, value in _fields(record).items()]
        lines = [" ".join(told), *(line.translate(_UNPRINTED) for line in _error(record).splitlines())]
        return "\n  ".join(lines)


class Json(logging.Formatter):
    """A JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **_fields(record),
        }
        error = _error(record)
        text = msgspec.json.encode({**told, "error": error} if error else told).decode()
        return text.translate(_ESCAPED)  # what JSON itself leaves as it is


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _message(record: logging.LogRecord) -> str:
    return _cut(record.getMessage(), _LONGEST)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = getattr(record, "fields", {})
    return {name: _cut(value, _LONGEST_FIELD) if isinstance(value, str) else value for name, value in found.items()}


def _word(value: object) -> str:
    text = str(value).translate(_UNPRINTED)
    return f'"{text}"' if " " in text or '"' in text else text


def _error(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    text = logging.Formatter().formatException(record.exc_info)
    return text if len(text) <= _LONGEST_ERROR else "…" + text[-_LONGEST_ERROR:]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"
