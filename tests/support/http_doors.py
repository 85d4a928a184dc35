"""Both doors of a server over HTTP, asked as `Doors` are, who are in the process of the test."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import urllib3

from support.answer import Answer
from support.content import Image
from support.doors import Body
from support.raw_ecr import RawEcr
from support.registry import Registry


class HttpDoors:
    """For one account; who is sent to the store goes there."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._raw = RawEcr(registry)

    async def oci(
        self, method: str, path: str, body: bytes | Body = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request to the data plane; `path` is what comes after `/v2/`, or a Location."""
        target = path if path.startswith("/v2/") else f"/v2/{path}"
        content = [piece async for piece in body._pieces] if isinstance(body, Body) else body
        answer = self._registry.oci.call(method, target, content, headers)
        return _from_store(method, answer.headers["location"]) if answer.status == 307 else answer

    async def put_manifest(self, repository: str, reference: str, image: Image) -> Answer:
        """The bytes of a manifest."""
        path = f"{repository}/manifests/{reference}"
        return await self.oci("PUT", path, image.manifest, {"content-type": image.media_type})

    async def ecr(self, operation: str, **arguments: Any) -> Answer:
        """A call of the ECR API; bytes are sent in base64."""
        body = json.dumps(arguments, default=lambda value: base64.b64encode(value).decode())
        return self._raw.call(operation, body.encode())


def _from_store(method: str, address: str) -> Answer:
    found = urllib3.request(method, address, retries=False)
    return Answer(found.status, found.headers, found.data)
