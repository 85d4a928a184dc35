"""What a request says of itself to the conditions of policies: where it came from, how, and when."""

from __future__ import annotations

from datetime import UTC, datetime

from wharfinger.api.http import Request
from wharfinger.services.access import Keys


def keys(request: Request, now: int) -> Keys:
    """Condition keys of a request at a time in milliseconds. What is not known is not there."""
    moment = datetime.fromtimestamp(now // 1000, UTC)
    found = {
        "aws:currenttime": (moment.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(now // 1000),),
        "aws:securetransport": ("true" if request.is_secure else "false",),
        "aws:viaawsservice": ("false",),
        "aws:principalisawsservice": ("false",),
    }
    for name, value in (
        ("aws:sourceip", request.client),
        ("aws:useragent", request.header(b"user-agent")),
        ("aws:referer", request.header(b"referer")),
    ):
        if value:
            found[name] = (value,)
    return found
