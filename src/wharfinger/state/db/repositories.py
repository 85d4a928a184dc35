"""Rows of repositories, and the settings of the registries they are in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, cast

import msgspec

from wharfinger.domain.mutability import Mutability, Setting
from wharfinger.domain.names import Registry
from wharfinger.state.db import rights
from wharfinger.state.db.database import Row, Tx
from wharfinger.state.db.lifecycle import LifecyclePolicy

_COLUMNS: Final = (
    "id, account, region, name, created_at, tag_mutability, tag_mutability_exclusions, scan_on_push, "
    "encryption_type, kms_key, resource_tags, bin_days, protection, policy"
)


class Repository(NamedTuple):
    """A repository and its settings."""

    id: int
    registry: Registry
    name: str
    created_at: int
    mutability: Mutability
    scan_on_push: bool
    encryption_type: str
    kms_key: str | None
    resource_tags: Mapping[str, str]
    bin_days: int | None = None  # None: as the server has it
    protection: str | None = None  # why it must not be deleted
    policy: str | None = None  # who may do what with it


class Guard(NamedTuple):
    """What decides who may do what with a repository. One that is not there has neither."""

    policy: str | None
    resource_tags: Mapping[str, str]


class Packed(NamedTuple):
    """A repository with all that comes back with it from the bin."""

    repository: Repository
    lifecycle: LifecyclePolicy | None = None


async def find(tx: Tx, registry: Registry, name: str) -> Repository | None:
    """The repository of this name."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM repositories WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return _repository(row) if row else None


async def get(tx: Tx, repository: int) -> Repository | None:
    """The repository of this number."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM repositories WHERE id = :id", id=repository)
    return _repository(row) if row else None


async def find_all(tx: Tx, registry: Registry, names: Sequence[str]) -> list[Repository]:
    """Those of `names` that exist, in no order."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM repositories WHERE account = :account AND region = :region AND name IN EACH(:names)",
        account=registry.account,
        region=registry.region,
        names=names,
    )
    return [_repository(row) for row in rows]


async def page(tx: Tx, registry: Registry, after: str, limit: int) -> list[Repository]:
    """By name, those after `after`."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM repositories "
        "WHERE account = :account AND region = :region AND name > :after ORDER BY name LIMIT :limit",
        account=registry.account,
        region=registry.region,
        after=after,
        limit=limit,
    )
    return [_repository(row) for row in rows]


async def guard(tx: Tx, registry: Registry, name: str) -> Guard:
    """What decides who may do what with the repository of this name."""
    row = await tx.one(
        "SELECT policy, resource_tags FROM repositories WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return Guard(row[0], msgspec.json.decode(row[1])) if row else Guard(None, {})


async def add(tx: Tx, new: Repository) -> Repository | None:
    """Insert; None if the name is taken."""
    row = await tx.one(
        "INSERT INTO repositories (account, region, name, created_at, tag_mutability, tag_mutability_exclusions, "
        "scan_on_push, encryption_type, kms_key, resource_tags, bin_days, protection, policy) "
        "VALUES (:account, :region, :name, :created_at, :setting, :exclusions, :scan_on_push, :encryption_type, "
        ":kms_key, :resource_tags, :bin_days, :protection, :policy) ON CONFLICT DO NOTHING RETURNING id",
        account=new.registry.account,
        region=new.registry.region,
        name=new.name,
        created_at=new.created_at,
        setting=new.mutability.setting,
        exclusions=_json(new.mutability.exclusions),
        scan_on_push=int(new.scan_on_push),
        encryption_type=new.encryption_type,
        kms_key=new.kms_key,
        resource_tags=_json(new.resource_tags),
        bin_days=new.bin_days,
        protection=new.protection,
        policy=new.policy,
    )
    if row is None:
        return None
    await rights.changed(tx)
    return new._replace(id=row[0])


async def set_mutability(tx: Tx, repository: int, mutability: Mutability) -> None:
    """Store the tag mutability of a repository."""
    await tx.run(
        "UPDATE repositories SET tag_mutability = :setting, tag_mutability_exclusions = :exclusions WHERE id = :id",
        setting=mutability.setting,
        exclusions=_json(mutability.exclusions),
        id=repository,
    )


async def set_scan_on_push(tx: Tx, repository: int, scan_on_push: bool) -> None:
    """Store whether images are to be scanned when they come."""
    await tx.run("UPDATE repositories SET scan_on_push = :flag WHERE id = :id", flag=int(scan_on_push), id=repository)


async def set_resource_tags(tx: Tx, repository: int, tags: Mapping[str, str]) -> None:
    """Store the resource tags of a repository, all of them."""
    await tx.run("UPDATE repositories SET resource_tags = :tags WHERE id = :id", tags=_json(tags), id=repository)
    await rights.changed(tx)


async def set_policy(tx: Tx, repository: int, policy: str | None) -> None:
    """Store the policy of a repository, or that it has none."""
    await tx.run("UPDATE repositories SET policy = :policy WHERE id = :id", policy=policy, id=repository)
    await rights.changed(tx)


async def set_deletion_settings(tx: Tx, repository: int, bin_days: int | None, protection: str | None) -> None:
    """Store how long what is deleted from a repository can be restored, and whether the repository is protected."""
    await tx.run(
        "UPDATE repositories SET bin_days = :bin_days, protection = :protection WHERE id = :id",
        bin_days=bin_days,
        protection=protection,
        id=repository,
    )


async def has_images(tx: Tx, repository: int) -> bool:
    """Whether there is an image, tagged or not."""
    return await tx.one("SELECT 1 FROM images WHERE repository_id = :id LIMIT 1", id=repository) is not None


async def delete(tx: Tx, repository: int) -> None:
    """Delete the row, and with it all rows that belong to it."""
    await tx.run("DELETE FROM repositories WHERE id = :id", id=repository)
    await rights.changed(tx)


async def setting(tx: Tx, registry: Registry, name: str) -> str | None:
    """The value of an account setting, None if it was never put."""
    row = await tx.one(
        "SELECT value FROM registry_settings WHERE account = :account AND region = :region AND name = :name",
        account=registry.account,
        region=registry.region,
        name=name,
    )
    return row[0] if row else None


async def put_setting(tx: Tx, registry: Registry, name: str, value: str) -> None:
    """Store the value of an account setting."""
    await tx.run(
        "INSERT INTO registry_settings (account, region, name, value) VALUES (:account, :region, :name, :value) "
        "ON CONFLICT (account, region, name) DO UPDATE SET value = excluded.value",
        account=registry.account,
        region=registry.region,
        name=name,
        value=value,
    )
    await rights.changed(tx)


async def registry_policy(tx: Tx, registry: Registry) -> str | None:
    """The policy of a registry."""
    row = await tx.one(
        "SELECT document FROM registry_policies WHERE account = :account AND region = :region",
        account=registry.account,
        region=registry.region,
    )
    return row[0] if row else None


async def put_registry_policy(tx: Tx, registry: Registry, document: str) -> None:
    """Store the policy of a registry."""
    await tx.run(
        "INSERT INTO registry_policies (account, region, document) VALUES (:account, :region, :document) "
        "ON CONFLICT (account, region) DO UPDATE SET document = excluded.document",
        account=registry.account,
        region=registry.region,
        document=document,
    )
    await rights.changed(tx)


async def delete_registry_policy(tx: Tx, registry: Registry) -> None:
    """Drop the policy of a registry."""
    await tx.run(
        "DELETE FROM registry_policies WHERE account = :account AND region = :region",
        account=registry.account,
        region=registry.region,
    )
    await rights.changed(tx)


async def has_public(tx: Tx, registry: Registry) -> bool:
    """Whether any repository of a registry has a policy that may speak of everybody."""
    row = await tx.one(
        "SELECT 1 FROM repositories WHERE account = :account AND region = :region AND policy IS NOT NULL "
        "AND REPLACE(policy, '\"*\"', '') <> policy LIMIT 1",
        account=registry.account,
        region=registry.region,
    )
    return row is not None


def _repository(row: Row) -> Repository:
    id_, account, region, name, created_at, setting_, exclusions, scan, encryption_type, kms_key, tags, *rest = row
    return Repository(
        id_,
        Registry(account, region),
        name,
        created_at,
        Mutability(cast("Setting", setting_), tuple(msgspec.json.decode(exclusions)) if exclusions != "[]" else ()),
        bool(scan),
        encryption_type,
        kms_key,
        msgspec.json.decode(tags) if tags != "{}" else {},
        *rest,
    )


def packed(whole: Packed) -> str:
    """As JSON, for the time that it is in the bin."""
    return _json(whole)


def unpacked(text: str) -> Packed:
    """What was packed."""
    return msgspec.json.decode(text, type=Packed)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
