"""The tables, as a list of migrations: each is applied once, in order, in a transaction of its own.

Written for PostgreSQL and translated for SQLite by three replacements, so that one text serves both. Times are
milliseconds since 1970. A released migration is never edited.
"""

from __future__ import annotations

from typing import Final

from wharfinger.state.db.database import Database, Tx

FIRST: Final = """
CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    principal TEXT NOT NULL,            -- ARN
    secret BYTEA NOT NULL,              -- encrypted, bound to the id
    created_at BIGINT NOT NULL
); -- clustered
CREATE INDEX keys_of_account ON access_keys (account, created_at, id);
CREATE TABLE registry_settings (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
); -- clustered
CREATE TABLE repositories (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tag_mutability TEXT NOT NULL,
    tag_mutability_exclusions TEXT NOT NULL,  -- JSON list of patterns
    scan_on_push BIGINT NOT NULL,
    encryption_type TEXT NOT NULL,
    kms_key TEXT,
    resource_tags TEXT NOT NULL,        -- JSON object
    UNIQUE (account, region, name)
);
CREATE TABLE images (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,
    is_index BIGINT NOT NULL,
    size BIGINT NOT NULL,               -- config and layers; of an index, the largest of its children
    subject TEXT,                       -- digest
    annotations TEXT,                   -- JSON object, kept for referrers only
    pushed_at BIGINT NOT NULL,
    pulled_at BIGINT,
    manifest BYTEA NOT NULL,            -- last, so that the columns before it are read without it
    UNIQUE (repository_id, digest)
);
CREATE INDEX images_in_order ON images (repository_id, id);
CREATE INDEX images_by_subject ON images (repository_id, subject, id) WHERE subject IS NOT NULL;
CREATE TABLE tags (
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    image_id BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    tagged_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, name)
); -- clustered
CREATE INDEX tags_of_image ON tags (image_id, name);
-- what a manifest refers to, by digest: a sparse manifest may refer to what is not there yet
CREATE TABLE image_references (
    image_id BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    repository_id BIGINT NOT NULL,
    is_blob BIGINT NOT NULL,            -- else an image, listed in an index
    media_type TEXT NOT NULL,
    PRIMARY KEY (image_id, digest, is_blob)
); -- clustered
CREATE INDEX references_to ON image_references (repository_id, digest);
CREATE TABLE blobs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    storage_id TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
-- a repository has a blob while an image of it refers to the blob, or until the lease ends
CREATE TABLE repository_blobs (
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    blob_id BIGINT NOT NULL REFERENCES blobs (id),
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (repository_id, blob_id)
); -- clustered
CREATE INDEX repositories_of_blob ON repository_blobs (blob_id);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    repository_id BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    principal TEXT NOT NULL,
    storage_id TEXT NOT NULL,
    size BIGINT NOT NULL,               -- bytes received, durable and acknowledged
    hash_state BYTEA,                   -- of those bytes; null where it has to be read again
    part_count BIGINT NOT NULL,
    last_part_size BIGINT NOT NULL,
    has_short_part BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
); -- clustered
CREATE INDEX uploads_by_age ON uploads (touched_at);
CREATE INDEX uploads_of_repository ON uploads (repository_id);
-- bytes that nothing refers to any more: noted with the change that made them so, unlinked after its commit
CREATE TABLE unlinks (
    storage_id TEXT PRIMARY KEY
); -- clustered
CREATE TABLE events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository TEXT NOT NULL,
    at BIGINT NOT NULL,
    detail TEXT NOT NULL                -- JSON object
);
CREATE INDEX events_by_age ON events (at);
CREATE TABLE jobs (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease TEXT,                         -- token of the worker that has it, until run_at
    PRIMARY KEY (kind, key)
); -- clustered
CREATE INDEX jobs_by_time ON jobs (run_at);
"""

MIGRATIONS: Final = (FIRST,)
VERSION: Final = len(MIGRATIONS)
_TO_SQLITE: Final = (
    ("\n); -- clustered", "\n) STRICT, WITHOUT ROWID;"),
    ("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT"),
    ("BIGINT", "INTEGER"),
    ("BYTEA", "BLOB"),
    ("\n);", "\n) STRICT;"),
)


class SchemaTooNew(Exception):
    """The data was written by a newer version of Wharfinger."""


async def migrate(db: Database) -> None:
    """Bring the tables to this version; on a new database, make them."""
    await db.write(_prepare)
    while await db.write(_next_step):
        pass


async def version(tx: Tx) -> int:
    """How many migrations the database has had."""
    row = await tx.one("SELECT version FROM schema_version")
    return int(row[0]) if row else 0


async def damage(tx: Tx) -> str | None:
    """What SQLite's own check finds wrong with the file, None if nothing."""
    row = await tx.one("PRAGMA quick_check(1)")
    return None if row is None or row[0] == "ok" else str(row[0])


async def _prepare(tx: Tx) -> None:
    await tx.run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")


async def _next_step(tx: Tx) -> bool:
    present = await version(tx)
    if present > VERSION:
        raise SchemaTooNew(f"its tables have version {present}, this program knows {VERSION}")
    if present == VERSION:
        return False
    await tx.run(for_sqlite(MIGRATIONS[present]))
    await tx.run("DELETE FROM schema_version")
    await tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=present + 1)
    return True


def for_sqlite(ddl: str) -> str:
    """The same tables in SQLite's words."""
    for theirs, ours in _TO_SQLITE:
        ddl = ddl.replace(theirs, ours)
    return ddl
