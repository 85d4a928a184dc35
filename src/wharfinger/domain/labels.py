"""Labels of images, which stand in their configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

LIMIT: Final = 4 * 1024 * 1024  # bytes of a configuration that is read

Labels = Mapping[str, str | None]
"""For each name that somebody wants to know of, its value if it is the wanted one; empty if there are no labels."""


class _Descriptor(msgspec.Struct):
    digest: str


class _Manifest(msgspec.Struct):
    config: _Descriptor | None = None


class _Settings(msgspec.Struct, rename={"labels": "Labels"}):
    labels: dict[str, Any] | None = None


class _Configuration(msgspec.Struct):
    config: _Settings | None = None


def configuration(manifest: bytes) -> str | None:
    """The digest of the configuration of an image, from a manifest that this registry keeps."""
    found = msgspec.json.decode(manifest, type=_Manifest)
    return found.config.digest if found.config else None


def read(configuration: bytes, wanted: Mapping[str, str]) -> Labels:
    """The labels in a configuration, of which there are many kinds; those of other kinds have none."""
    try:
        found = msgspec.json.decode(configuration, type=_Configuration)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    labels = (found.config.labels if found.config else None) or {}
    return {name: value if labels.get(name) == value else None for name, value in wanted.items()} if labels else {}
