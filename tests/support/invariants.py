"""What is true of a data directory at every moment, also after kill -9: looked at with SQLite and the files alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

# each gives rows that must not be there
_NEVER = {
    "a tag points to an image of another repository": """
        SELECT t.name FROM tags t LEFT JOIN images i ON i.id = t.image_id
        WHERE i.id IS NULL OR i.repository_id <> t.repository_id""",
    "a manifest has a layer that its repository has not": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id WHERE r.is_blob = 1
        AND NOT EXISTS (SELECT 1 FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id
                        WHERE l.repository_id = i.repository_id AND b.digest = r.digest)""",
    "an index lists an image that its repository has not": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id WHERE r.is_blob = 0
        AND NOT EXISTS (SELECT 1 FROM images c WHERE c.repository_id = i.repository_id AND c.digest = r.digest)""",
    "a reference is noted for another repository than its image's": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id
        WHERE r.repository_id <> i.repository_id""",
    "the bytes of a blob wait to be unlinked": "SELECT digest FROM blobs WHERE storage_id IN (SELECT * FROM unlinks)",
    "the bytes of an upload are those of a blob": """
        SELECT u.id FROM uploads u WHERE u.storage_id IN (SELECT storage_id FROM blobs)""",
    "the bytes of an upload wait to be unlinked": "SELECT id FROM uploads WHERE storage_id IN (SELECT * FROM unlinks)",
    "a row refers to one that is not there": "SELECT * FROM pragma_foreign_key_check",
    "the file of the database is damaged": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
}


def broken(directory: Path) -> list[str]:
    """What is not as it has to be, one line each; empty if all is well."""
    database = apsw.Connection(str(directory / "wharfinger.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with database:
        found = [f"{what}: {row}" for what, sql in _NEVER.items() for row in database.execute(sql)]
        blobs: list[Any] = database.execute("SELECT digest, size, storage_id FROM blobs").fetchall()
        uploads: list[Any] = database.execute("SELECT id, size, storage_id FROM uploads").fetchall()
        unlinks: set[Any] = {storage_id for (storage_id,) in database.execute("SELECT storage_id FROM unlinks")}
    database.close()
    files = {path.name: path for path in (directory / "blobs").glob("*/*")}
    known = {storage_id for _, _, storage_id in (*blobs, *uploads)} | unlinks
    # no file may be unknown, not even an empty one: the row of an upload is committed before its file is made
    found += [f"a file that no row knows: {name}" for name in files.keys() - known]
    for digest, size, storage_id in blobs:
        found += _wrong_with_blob(files.get(storage_id), digest, size)
    for upload, size, storage_id in uploads:
        present = files[storage_id].stat().st_size if storage_id in files else 0
        if present < size:
            found.append(f"upload {upload} has {present} bytes of {size} that were acknowledged")
    return found


def _wrong_with_blob(path: Path | None, digest: str, size: int) -> Iterator[str]:
    if path is None:
        yield f"the blob {digest} has no bytes"
        return
    content = path.read_bytes()
    algorithm, _, value = digest.partition(":")
    if len(content) != size or hashlib.new(algorithm, content).hexdigest() != value:
        yield f"the blob {digest} has {len(content)} other bytes than the {size} that it was pushed with"
