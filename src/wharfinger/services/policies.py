"""Policies of repositories and of registries: who may do what with them."""

from __future__ import annotations

from wharfinger.domain import policy, scopes
from wharfinger.domain.faults import (
    LockedOut,
    PolicyInvalid,
    RegistryPolicyNotFound,
    RepositoryPolicyNotFound,
    ResourcePolicyInvalid,
)
from wharfinger.domain.names import Registry
from wharfinger.domain.policy import Policy
from wharfinger.services import access
from wharfinger.services.access import Caller, Errand
from wharfinger.state import State
from wharfinger.state.db import repositories
from wharfinger.state.db.database import Tx


async def set_for_repository(
    state: State, caller: Caller, registry: Registry, repository: str, text: str, *, force: bool
) -> str:
    """Put a policy in the place of a repository's present one: its text as it is given back.

    Without `force`, one that keeps the caller from setting it again is refused. Raises RepositoryNotFound,
    ResourcePolicyInvalid, LockedOut.
    """
    document = _read(text, "repository")
    kept = policy.pretty(text)
    errand = Errand("ecr:SetRepositoryPolicy", registry, (repository,))

    async def work(tx: Tx) -> None:
        found = await access.repository(tx, registry, repository)
        new = [Policy("new", document)]
        if not force and not access.would_allow(state, caller, errand, repository, found.resource_tags, new):
            raise LockedOut(registry, repository)
        await repositories.set_policy(tx, found.id, kept)

    await state.db.write(work)
    return kept


async def of_repository(state: State, registry: Registry, repository: str) -> str:
    """The policy of a repository. Raises RepositoryNotFound, RepositoryPolicyNotFound."""
    found = await state.db.read(access.repository, registry, repository)
    if found.policy is None:
        raise RepositoryPolicyNotFound(registry, repository)
    return found.policy


async def delete_for_repository(state: State, registry: Registry, repository: str) -> str:
    """Drop the policy of a repository: what it was. Raises RepositoryNotFound, RepositoryPolicyNotFound."""

    async def work(tx: Tx) -> str:
        found = await access.repository(tx, registry, repository)
        if found.policy is None:
            raise RepositoryPolicyNotFound(registry, repository)
        await repositories.set_policy(tx, found.id, None)
        return found.policy

    return await state.db.write(work)


async def put_for_registry(state: State, registry: Registry, text: str) -> str:
    """Put a policy in the place of a registry's present one: its text as it is given back.

    Raises ResourcePolicyInvalid.
    """
    _read(text, "registry")
    kept = policy.pretty(text)

    async def work(tx: Tx) -> None:
        scopes.check(await repositories.setting(tx, registry, scopes.SCOPE), kept)
        await repositories.put_registry_policy(tx, registry, kept)

    await state.db.write(work)
    return kept


async def of_registry(state: State, registry: Registry) -> str:
    """The policy of a registry. Raises RegistryPolicyNotFound."""
    found = await state.db.read(repositories.registry_policy, registry)
    if found is None:
        raise RegistryPolicyNotFound(registry)
    return found


async def delete_for_registry(state: State, registry: Registry) -> str:
    """Drop the policy of a registry: what it was. Raises RegistryPolicyNotFound."""

    async def work(tx: Tx) -> str:
        found = await repositories.registry_policy(tx, registry)
        if found is None:
            raise RegistryPolicyNotFound(registry)
        await repositories.delete_registry_policy(tx, registry)
        return found

    return await state.db.write(work)


def _read(text: str, kind: policy.Kind) -> policy.Document:
    try:
        return policy.read(text, kind)
    except PolicyInvalid as fault:
        raise ResourcePolicyInvalid(kind, fault.reason) from None
