"""The ECR API without an SDK in between: what is sent is sent as it is, what is answered is shown as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import urllib3

from support.answer import Answer
from support.registry import Registry
from support.wire import Wire

TARGET = "AmazonEC2ContainerRegistry_V20150921"
TARGETS = {"ecr": TARGET, "wharfinger": "Wharfinger_V20261123"}
JSON_1_1 = "application/x-amz-json-1.1"
_LONGEST = 1024 * 1024  # bytes of an answer


class RawEcr:
    """Raw calls as the principal of a registry on an open server."""

    def __init__(self, registry: Registry) -> None:
        self._server = registry.server
        self._account = registry.account
        self._region = registry.region

    def call(
        self,
        operation: str,
        body: Mapping[str, Any] | Sequence[Any] | bytes | Iterable[bytes] = b"{}",
        headers: Mapping[str, str | None] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """One call; a mapping is sent as JSON, bytes as they are, pieces as chunks. A header of None is not sent."""
        content = json.dumps(body).encode() if isinstance(body, (Mapping, list)) else body
        sent = {**self.headers(operation), **(headers or {})}
        answer = urllib3.request(
            "POST",
            self._server.endpoint + "/",
            body=content,
            headers={name: value for name, value in sent.items() if value is not None},
            retries=False,
            timeout=timeout,
        )
        return Answer(answer.status, answer.headers, answer.data)

    def headers(self, operation: str) -> dict[str, str]:
        """What an SDK sends along."""
        return headers(operation, self._account, self._region)

    def begin(self, operation: str, framing: Mapping[str, str], body: bytes = b"") -> Wire:
        """Say by a header for the framing that more is to come than `body`, and send no more."""
        wire = Wire(self._server)
        wire.request("POST", "/", {**self.headers(operation), **framing})
        wire.send(body)
        return wire

    def cut_off(self, operation: str, framing: Mapping[str, str], body: bytes) -> bytes:
        """The same, and end there: what was answered, if anything."""
        with self.begin(operation, framing, body) as wire:
            wire.hang_up()
            return wire.read(_LONGEST)


def headers(operation: str, account: str, region: str, service: str = "ecr") -> dict[str, str]:
    """What an SDK sends along; an open server looks at the account, the region and the service only."""
    scope = f"{account}/20260101/{region}/{service}/aws4_request"
    return {
        "Content-Type": JSON_1_1,
        "X-Amz-Target": f"{TARGETS[service]}.{operation}",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, "
        "SignedHeaders=host;x-amz-date;x-amz-target, Signature=0",
    }
