"""Rows that came from the access file, and the notes of how that was last dealt with."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

import msgspec

from wharfinger.domain.declared import Declared, IdentityPolicy, Name, Principal, Provider, declared
from wharfinger.state.db import keys, rights
from wharfinger.state.db.database import Tx

_OURS: Final = "SELECT id FROM principals WHERE is_declared = 1"

_KEY_COLUMNS: Final = ", ".join(f"k.{name}" for name in keys.COLUMNS.split(", "))


class Note(NamedTuple):
    """An access file by its digest, and what was wrong with it."""

    digest: str
    problem: str | None


async def note(tx: Tx, node: str) -> Note:
    """How a node last dealt with its access file."""
    row = await tx.one("SELECT digest, problem FROM access_files WHERE node = :node", node=node)
    return Note(*row) if row else Note("", None)


async def put_note(tx: Tx, node: str, new: Note) -> bool:
    """Note how a node dealt with its access file: whether that is news."""
    if await note(tx, node) == new:
        return False
    await tx.run(
        "INSERT INTO access_files (node, digest, problem) VALUES (:node, :digest, :problem) "
        "ON CONFLICT (node) DO UPDATE SET digest = excluded.digest, problem = excluded.problem",
        node=node,
        **new._asdict(),
    )
    return True


async def present(tx: Tx) -> Declared:
    """All that is declared but access keys, whose secrets are encrypted here."""
    attached: dict[str, list[str]] = defaultdict(list)
    for id_, policy in await tx.all(
        f"SELECT principal_id, policy FROM attachments WHERE principal_id IN ({_OURS}) ORDER BY policy"
    ):
        attached[id_].append(policy)
    principals = await tx.all(
        "SELECT id, account, kind, name, trust, session_term, tags FROM principals WHERE is_declared = 1"
    )
    policies = await tx.all("SELECT account, name, document FROM policies WHERE is_declared = 1")
    providers = await tx.all("SELECT account, issuer, audiences, keys FROM identity_providers WHERE is_declared = 1")
    return declared(
        [
            Principal(account, kind, name, tuple(attached[id_]), msgspec.json.decode(tags), trust, session_term)
            for id_, account, kind, name, trust, session_term, tags in principals
        ],
        [IdentityPolicy(*row) for row in policies],
        [],
        [
            Provider(account, issuer, tuple(msgspec.json.decode(audiences)), keys_)
            for account, issuer, audiences, keys_ in providers
        ],
    )


async def present_keys(tx: Tx) -> list[tuple[keys.AccessKey, str]]:
    """The access keys that are declared, each with the name of its user."""
    rows = await tx.all(
        f"SELECT u.name, {_KEY_COLUMNS} FROM access_keys k JOIN principals u ON u.id = k.user_id "
        "WHERE k.is_declared = 1"
    )
    return [(keys.AccessKey(*key), user) for user, *key in rows]


async def has_provider(tx: Tx, name: Name) -> bool:
    """Whether an account has a provider of this issuer."""
    account, issuer = name
    row = await tx.one(
        "SELECT 1 FROM identity_providers WHERE account = :account AND issuer = :issuer",
        account=account,
        issuer=issuer,
    )
    return row is not None


async def put_provider(tx: Tx, new: Provider, now: int) -> None:
    """Insert a provider, or put it in the place of the one of the same issuer."""
    await tx.run(
        "INSERT INTO identity_providers (account, issuer, audiences, keys, is_declared, created_at) "
        "VALUES (:account, :issuer, :audiences, :keys, 1, :now) ON CONFLICT (account, issuer) DO UPDATE SET "
        "audiences = excluded.audiences, keys = excluded.keys",
        account=new.account,
        issuer=new.issuer,
        audiences=msgspec.json.encode(new.audiences).decode(),
        keys=new.keys,
        now=now,
    )
    await rights.changed(tx)


async def delete_provider(tx: Tx, name: Name) -> None:
    """Drop a provider."""
    account, issuer = name
    await tx.run(
        "DELETE FROM identity_providers WHERE account = :account AND issuer = :issuer", account=account, issuer=issuer
    )
    await rights.changed(tx)
