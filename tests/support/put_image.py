"""PutImage: an image that is ready for it, the same image changed, and what it is refused with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import Image, series
from support.registry import Registry, error_of


def changed(one: Image, **members: Any) -> Image:
    """The same image with other members in its manifest; ... takes one away."""
    body = {**json.loads(one.manifest), **members}
    body = {name: value for name, value in body.items() if value is not ...}
    return one._replace(manifest=json.dumps(body).encode(), media_type=body.get("mediaType", one.media_type))


def ready(registry: Registry, **settings: Any) -> tuple[str, Image]:
    """A repository, and an image whose blobs are there."""
    app, (one,) = registry.create(**settings), series(1)
    registry.push_blobs(app, one)
    return app, one


def refused(registry: Registry, repository: str, pushed: Image, tag: str | None = None, **more: Any) -> tuple[str, str]:
    """The error of a PutImage, after which nothing has changed."""
    before = registry.images(repository)
    with pytest.raises(ClientError) as caught:
        registry.put_image(repository, pushed, tag, **more)
    assert registry.images(repository) == before
    return error_of(caught)
