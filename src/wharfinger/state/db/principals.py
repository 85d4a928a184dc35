"""Rows of users and roles, and of the policies that are attached to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.state.db import rights
from wharfinger.state.db.database import Row, Tx

Kind = Literal["user", "role"]
_COLUMNS: Final = "id, account, kind, name, trust, session_term, tags, is_declared, created_at"


class PrincipalRow(NamedTuple):
    """A user or a role."""

    id: str
    account: str
    kind: Kind
    name: str
    created_at: int
    trust: str | None = None  # of a role: policy
    session_term: int | None = None  # of a role: milliseconds
    tags: Mapping[str, str] = {}
    is_declared: bool = False


class PolicyRow(NamedTuple):
    """An identity policy of an account."""

    account: str
    name: str
    document: str
    is_declared: bool
    changed_at: int


async def find(tx: Tx, account: str, kind: Kind, name: str) -> PrincipalRow | None:
    """The user or role of this name."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM principals WHERE account = :account AND kind = :kind AND name = :name",
        account=account,
        kind=kind,
        name=name,
    )
    return _principal(row) if row else None


async def get(tx: Tx, id_: str) -> PrincipalRow | None:
    """The user or role with this id."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM principals WHERE id = :id", id=id_)
    return _principal(row) if row else None


async def page(tx: Tx, account: str, kind: Kind, after: str, limit: int) -> list[PrincipalRow]:
    """By name, those after `after`."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM principals WHERE account = :account AND kind = :kind AND name > :after "
        "ORDER BY name LIMIT :limit",
        account=account,
        kind=kind,
        after=after,
        limit=limit,
    )
    return [_principal(row) for row in rows]


async def count(tx: Tx, account: str, kind: Kind) -> int:
    """How many users or roles an account has."""
    row = await tx.one(
        "SELECT count(*) FROM principals WHERE account = :account AND kind = :kind", account=account, kind=kind
    )
    return int(row[0]) if row else 0


async def put(tx: Tx, new: PrincipalRow) -> None:
    """Insert, or change the trust, term, tags and declaration of the one that is there."""
    await tx.run(
        f"INSERT INTO principals ({_COLUMNS}) VALUES (:id, :account, :kind, :name, :trust, :session_term, :tags, "
        ":is_declared, :created_at) ON CONFLICT (id) DO UPDATE SET trust = excluded.trust, "
        "session_term = excluded.session_term, tags = excluded.tags, is_declared = excluded.is_declared",
        id=new.id,
        account=new.account,
        kind=new.kind,
        name=new.name,
        trust=new.trust,
        session_term=new.session_term,
        tags=_json(new.tags),
        is_declared=int(new.is_declared),
        created_at=new.created_at,
    )
    await rights.changed(tx)


async def delete(tx: Tx, id_: str) -> None:
    """Drop a user or role, with its access keys and attachments."""
    await tx.run("DELETE FROM principals WHERE id = :id", id=id_)
    await rights.changed(tx)


# --- policies ------------------------------------------------------------------------------------------------


async def find_policy(tx: Tx, account: str, name: str) -> PolicyRow | None:
    """The policy of this name."""
    row = await tx.one(
        "SELECT account, name, document, is_declared, changed_at FROM policies "
        "WHERE account = :account AND name = :name",
        account=account,
        name=name,
    )
    return _policy(row) if row else None


async def policy_page(tx: Tx, account: str, after: str, limit: int) -> list[PolicyRow]:
    """By name, those after `after`."""
    rows = await tx.all(
        "SELECT account, name, document, is_declared, changed_at FROM policies "
        "WHERE account = :account AND name > :after ORDER BY name LIMIT :limit",
        account=account,
        after=after,
        limit=limit,
    )
    return [_policy(row) for row in rows]


async def policy_count(tx: Tx, account: str) -> int:
    """How many policies an account has."""
    row = await tx.one("SELECT count(*) FROM policies WHERE account = :account", account=account)
    return int(row[0]) if row else 0


async def put_policy(tx: Tx, new: PolicyRow) -> None:
    """Insert, or put in the place of the one of the same name."""
    await tx.run(
        "INSERT INTO policies (account, name, document, is_declared, changed_at) "
        "VALUES (:account, :name, :document, :is_declared, :changed_at) ON CONFLICT (account, name) DO UPDATE SET "
        "document = excluded.document, is_declared = excluded.is_declared, changed_at = excluded.changed_at",
        account=new.account,
        name=new.name,
        document=new.document,
        is_declared=int(new.is_declared),
        changed_at=new.changed_at,
    )
    await rights.changed(tx)


async def delete_policy(tx: Tx, account: str, name: str) -> None:
    """Drop a policy."""
    await tx.run("DELETE FROM policies WHERE account = :account AND name = :name", account=account, name=name)
    await rights.changed(tx)


async def attached(tx: Tx, principal: str) -> list[str]:
    """The names of the policies of a user or role."""
    rows = await tx.all(
        "SELECT policy FROM attachments WHERE principal_id = :principal ORDER BY policy", principal=principal
    )
    return [row[0] for row in rows]


async def documents(tx: Tx, account: str, names: Sequence[str]) -> dict[str, str]:
    """Of these policies those that the account has, by name."""
    rows = await tx.all(
        "SELECT name, document FROM policies WHERE account = :account AND name IN EACH(:names)",
        account=account,
        names=names,
    )
    return {name: document for name, document in rows}  # noqa: C416 - rows are of any length to the types


async def attach(tx: Tx, principal: str, policy: str) -> None:
    """Give a policy to a user or role; again is the same."""
    await tx.run(
        "INSERT INTO attachments (principal_id, policy) VALUES (:principal, :policy) ON CONFLICT DO NOTHING",
        principal=principal,
        policy=policy,
    )
    await rights.changed(tx)


async def detach(tx: Tx, principal: str, policy: str) -> bool:
    """Take a policy from a user or role: whether it was there."""
    count = await tx.run(
        "DELETE FROM attachments WHERE principal_id = :principal AND policy = :policy",
        principal=principal,
        policy=policy,
    )
    await rights.changed(tx)
    return count > 0


async def having(tx: Tx, account: str, policy: str, limit: int) -> list[PrincipalRow]:
    """Roles and users of an account that have a policy, by kind and name."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM principals p WHERE account = :account AND EXISTS "
        "(SELECT 1 FROM attachments a WHERE a.principal_id = p.id AND a.policy = :policy) "
        "ORDER BY kind, name LIMIT :limit",
        account=account,
        policy=policy,
        limit=limit,
    )
    return [_principal(row) for row in rows]


def _principal(row: Row) -> PrincipalRow:
    id_, account, kind, name, trust, session_term, tags, is_declared, created_at = row
    return PrincipalRow(
        id_, account, kind, name, created_at, trust, session_term, msgspec.json.decode(tags), bool(is_declared)
    )


def _policy(row: Row) -> PolicyRow:
    account, name, document, is_declared, changed_at = row
    return PolicyRow(account, name, document, bool(is_declared), changed_at)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
