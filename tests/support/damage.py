"""Damage to a data directory, done with its rows and files alone, whoever has it open."""

from __future__ import annotations

from pathlib import Path

from support.rows import run_sql

ORPHAN = "0" * 31 + "1"  # a storage id that nothing has


def file_of(directory: Path, digest: str) -> Path:
    """Where the bytes of a blob are."""
    [[storage_id]] = run_sql(directory, "SELECT storage_id FROM blobs WHERE digest = :digest", digest=digest)
    return path_of(directory, storage_id)


def path_of(directory: Path, storage_id: str) -> Path:
    """Where the bytes with a storage id are, or would be."""
    return directory / "blobs" / storage_id[:2] / storage_id


def flip_a_bit(file: Path) -> None:
    """What a disk does when it grows old."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


def rot_manifest(directory: Path, digest: str) -> None:
    """The same, to the stored bytes of a manifest."""
    [[content]] = run_sql(directory, "SELECT manifest FROM images WHERE digest = :digest LIMIT 1", digest=digest)
    rotten = bytearray(content)
    rotten[len(rotten) // 2] ^= 4
    run_sql(
        directory, "UPDATE images SET manifest = :rotten WHERE digest = :digest", rotten=bytes(rotten), digest=digest
    )


def damage_database(directory: Path) -> None:
    """A value that its column cannot have: what SQLite finds when it reads everything."""
    changed = "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) WHERE name = 'repositories'"
    loose, strict = "created_at INTEGER", "created_at INTEGER NOT NULL"
    run_sql(directory, f"PRAGMA writable_schema = ON; {changed}", old=strict, new=loose)
    run_sql(directory, "UPDATE repositories SET created_at = NULL")
    run_sql(directory, f"PRAGMA writable_schema = ON; {changed}", old=loose, new=strict)
