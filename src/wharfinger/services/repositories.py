"""Repositories, their settings and resource tags, and the settings of a registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from wharfinger.domain import tags
from wharfinger.domain.causes import Cause
from wharfinger.domain.faults import (
    InvalidParameter,
    RepositoryExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
)
from wharfinger.domain.mutability import Mutability
from wharfinger.domain.names import Registry
from wharfinger.services import access, remove
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository

BLOB_MOUNTING: Final = "BLOB_MOUNTING"
# each account setting with its default and the values it may be given
SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "BASIC_SCAN_TYPE_VERSION": ("AWS_NATIVE",),
    "REGISTRY_POLICY_SCOPE": ("V2", "V1"),
    BLOB_MOUNTING: ("DISABLED", "ENABLED"),
}


async def create(
    state: State,
    registry: Registry,
    name: str,
    *,
    mutability: Mutability,
    scan_on_push: bool,
    encryption_type: str,
    kms_key: str | None,
    resource_tags: Sequence[tuple[str, str]],
) -> Repository:
    """A new repository. Raises RepositoryExists, ResourceTagsInvalid, TooManyResourceTags."""
    new = Repository(
        id=0,
        registry=registry,
        name=name,
        created_at=state.clock(),
        mutability=mutability,
        scan_on_push=scan_on_push,
        encryption_type=encryption_type,
        kms_key=kms_key,
        resource_tags=tags.merged({}, resource_tags),
    )
    created = await state.db.write(repositories.add, new)
    if created is None:
        raise RepositoryExists(registry, name)
    return created


async def get(state: State, registry: Registry, name: str) -> Repository:
    """One repository. Raises RepositoryNotFound."""
    return await state.db.ask(access.repository, registry, name)


async def get_all(state: State, registry: Registry, names: Sequence[str]) -> list[Repository]:
    """All of `names` in their order. Raises RepositoryNotFound for the first that is missing."""
    found = {row.name: row for row in await state.db.ask(repositories.find_all, registry, names)}
    for name in names:
        if name not in found:
            raise RepositoryNotFound(registry, name)
    return [found[name] for name in dict.fromkeys(names)]


async def page(
    state: State, caller: Caller, registry: Registry, next_token: str | None, limit: int | None
) -> Page[Repository]:
    """Repositories of a registry in the order of their names."""
    pages = Pages(state, caller, "repositories", *registry)
    after = pages.position(next_token)[0] if next_token else ""
    most = limit or DEFAULT
    rows = await state.db.ask(repositories.page, registry, after, most + 1)
    return pages.page(rows[:most], has_more=len(rows) > most, position=lambda row: (row.name,))


async def names(state: State, registry: Registry, after: str, limit: int) -> list[str]:
    """Names of repositories after `after`, for the catalogue of the data plane."""
    return [row.name for row in await state.db.ask(repositories.page, registry, after, limit)]


async def delete(state: State, registry: Registry, name: str, cause: Cause, *, force: bool) -> Repository:
    """Delete a repository, with `force` also its images.

    Raises RepositoryNotFound, RepositoryNotEmpty, RepositoryProtected, RepositoryHeld.
    """

    async def work(tx: Tx) -> Repository:
        found = await access.repository(tx, registry, name)
        if not force and await repositories.has_images(tx, found.id):
            raise RepositoryNotEmpty(registry, name)
        await remove.repository(tx, state, found, cause, state.clock())
        return found

    return await state.db.write(work)


async def set_mutability(state: State, registry: Registry, name: str, mutability: Mutability) -> None:
    """Change whether tags may be moved; tags that exist stay as they are. Raises RepositoryNotFound."""

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, name)
        await repositories.set_mutability(tx, found.id, mutability)

    await state.db.write(work)


async def set_deletion_settings(
    state: State, registry: Registry, name: str, *, bin_days: int | None, protection: str | None
) -> Repository:
    """Change how long what is deleted stays in the bin, and why the repository must not go, if so.

    Raises RepositoryNotFound.
    """

    async def work(tx: Tx) -> Repository:
        found = await access.repository(tx, registry, name)
        await repositories.set_deletion_settings(tx, found.id, bin_days, protection)
        return found._replace(bin_days=bin_days, protection=protection)

    return await state.db.write(work)


async def set_scan_on_push(state: State, registry: Registry, name: str, *, scan_on_push: bool) -> None:
    """Change whether images are to be scanned when they come. Raises RepositoryNotFound."""

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, name)
        await repositories.set_scan_on_push(tx, found.id, scan_on_push)

    await state.db.write(work)


async def add_tags(state: State, registry: Registry, name: str, added: Sequence[tuple[str, str]]) -> None:
    """Put resource tags over those that are there.

    Raises RepositoryNotFound, ResourceTagsInvalid, TooManyResourceTags.
    """

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, name)
        await repositories.set_resource_tags(tx, found.id, tags.merged(found.resource_tags, added))

    await state.db.write(work)


async def remove_tags(state: State, registry: Registry, name: str, keys: Sequence[str]) -> None:
    """Take resource tags away; keys that are not there are no error. Raises RepositoryNotFound."""

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, name)
        left = {key: value for key, value in found.resource_tags.items() if key not in keys}
        await repositories.set_resource_tags(tx, found.id, left)

    await state.db.write(work)


async def setting(state: State, registry: Registry, name: str) -> str:
    """The value of an account setting. Raises InvalidParameter for an unknown name."""
    allowed = _allowed(name)
    return await state.db.ask(repositories.setting, registry, name) or allowed[0]


async def put_setting(state: State, registry: Registry, name: str, value: str) -> None:
    """Change an account setting. Raises InvalidParameter for an unknown name or a value it cannot have."""
    allowed = _allowed(name)
    if value not in allowed:
        raise InvalidParameter("value", f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    await state.db.write(repositories.put_setting, registry, name, value)


def _allowed(name: str) -> tuple[str, ...]:
    if name not in SETTINGS:
        raise InvalidParameter("name", f"Member must satisfy enum value set: [{', '.join(SETTINGS)}]")
    return SETTINGS[name]
