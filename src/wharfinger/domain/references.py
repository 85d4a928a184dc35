"""References to images as docker takes them: `[host/]repository[:tag][@digest]`."""

from __future__ import annotations

from typing import Final, NamedTuple

from wharfinger.domain import digests, names, tags
from wharfinger.domain.names import Registry

DEFAULT_TAG: Final = "latest"


class Reference(NamedTuple):
    """What a reference names in a registry: at least one of tag and digest is there."""

    repository: str
    tag: str | None
    digest: str | None


def reference(text: str, registry: Registry) -> Reference | None:
    """Read a reference; None if it is malformed, or means another registry.

    Registries are told apart by hosts of ECR's form only: every other host may be a name of this server.
    """
    name, at, digest = text.partition("@")
    host, path = _split(name)
    repository, colon, tag = path.partition(":")
    is_well_formed = (
        not digests.is_digest(name)  # docker's id of an image
        and names.is_repository(repository)
        and (digests.is_digest(digest) or not at)
        and (tags.is_tag(tag) or not colon)
    )  # fmt: skip
    if not is_well_formed or names.registry_of_host(host) not in {None, registry}:
        return None
    return Reference(repository, tag or (None if digest else DEFAULT_TAG), digest or None)


def _split(name: str) -> tuple[str, str]:
    """Host and rest, told apart as docker does."""
    first, slash, rest = name.partition("/")
    is_host = bool(slash) and (first == "localhost" or not {".", ":"}.isdisjoint(first) or first != first.lower())
    return (first, rest) if is_host else ("", name)
