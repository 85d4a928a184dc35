"""What is true of a data directory at every moment, also after kill -9: looked at by its rows and files alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from support import postgresql
from support.rows import look
from support.stores import content, objects
from wharfinger.services.collect import GRACE

# each gives rows that must not be there
_NEVER: Final[Mapping[str, str]] = {
    "a tag points to an image of another repository, or in the bin": """
        SELECT t.name FROM tags t LEFT JOIN images i ON i.id = t.image_id
        WHERE i.repository_id IS DISTINCT FROM t.repository_id""",
    "an image is in a repository and in the bin, or in neither": """
        SELECT digest FROM images WHERE (repository_id IS NULL) = (deletion_id IS NULL)""",
    "an image in the bin does not know its tags, or one in a repository has some that are deleted": """
        SELECT digest FROM images WHERE (deleted_tags IS NULL) = (deletion_id IS NOT NULL)""",
    "a manifest has a layer that its repository has not": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id
        WHERE r.is_blob = 1 AND i.repository_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id
                        WHERE l.repository_id = i.repository_id AND b.digest = r.digest)""",
    "a manifest in the bin has a layer whose bytes are gone": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id
        WHERE r.is_blob = 1 AND i.deletion_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM blobs b WHERE b.digest = r.digest)""",
    "an index lists an image that its repository has not": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id
        WHERE r.is_blob = 0 AND i.repository_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM images c WHERE c.repository_id = i.repository_id AND c.digest = r.digest)""",
    "a reference is noted for another repository than its image's": """
        SELECT i.digest, r.digest FROM image_references r JOIN images i ON i.id = r.image_id
        WHERE r.repository_id IS DISTINCT FROM i.repository_id""",
    "the bytes of a blob wait to be unlinked": """
        SELECT digest FROM blobs WHERE storage_id IN (SELECT storage_id FROM unlinks)""",
    "the bytes of an upload are those of a blob": """
        SELECT id FROM uploads WHERE storage_id IN (SELECT storage_id FROM blobs)""",
    "the bytes of an upload wait to be unlinked": """
        SELECT id FROM uploads WHERE storage_id IN (SELECT storage_id FROM unlinks)""",
}
_NEVER_IN_SQLITE: Final[Mapping[str, str]] = {
    "a row refers to one that is not there": "SELECT * FROM pragma_foreign_key_check",
    "the file of the database is damaged": "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
}
_BLOBS: Final = "SELECT digest, size, storage_id, segments FROM blobs"
_UPLOADS: Final = "SELECT id, size, storage_id, segments FROM uploads"
_UNLINKS: Final = "SELECT storage_id FROM unlinks"
# each gives rows that nothing needs any more at the time :now, or that wait for nothing
_UNNEEDED: Final[Mapping[str, str]] = {
    "a repository has a blob that no image of it refers to and no lease holds": """
        SELECT o.name, b.digest FROM repository_blobs l JOIN blobs b ON b.id = l.blob_id
        JOIN repositories o ON o.id = l.repository_id WHERE l.leased_until <= :now
        AND NOT EXISTS (SELECT 1 FROM image_references r WHERE r.digest = b.digest AND r.is_blob = 1
                        AND r.repository_id = l.repository_id)""",
    "no repository has a blob, and nothing that can be restored refers to it": """
        SELECT b.digest FROM blobs b
        WHERE NOT EXISTS (SELECT 1 FROM repository_blobs l WHERE l.blob_id = b.id)
        AND NOT EXISTS (SELECT 1 FROM image_references r JOIN images i ON i.id = r.image_id
                        JOIN deletions d ON d.id = i.deletion_id
                        WHERE r.digest = b.digest AND r.is_blob = 1 AND d.expires_at > :now)""",
    "an image is in the bin though its term is over": """
        SELECT i.digest FROM images i JOIN deletions d ON d.id = i.deletion_id WHERE d.expires_at <= :now""",
    "a deletion is there though its term is over": "SELECT id FROM deletions WHERE expires_at <= :now",
    "a deletion has nothing to give back": """
        SELECT id FROM deletions WHERE settings IS NULL AND untagged = '[]'
        AND NOT EXISTS (SELECT 1 FROM images i WHERE i.deletion_id = deletions.id)""",
    "something is to follow from a deletion and has not": """
        SELECT id FROM deletions WHERE links_due_at <= :now OR referrers_due_at <= :now""",
    "bytes wait to be unlinked for longer than downloads are given": """
        SELECT storage_id FROM unlinks WHERE noted_at <= :graced""",
}


def broken(directory: Path) -> list[str]:
    """What is not as it has to be, one line each; empty if all is well."""
    never = _NEVER if postgresql.is_of(directory) else {**_NEVER, **_NEVER_IN_SQLITE}
    *wrong, blobs, uploads, unlinked = look(directory, [*never.values(), _BLOBS, _UPLOADS, _UNLINKS], {})
    found = [f"{what}: {row}" for what, rows in zip(never, wrong, strict=True) for row in rows]
    found += _wrong_with_bytes(directory, blobs, uploads, {storage_id for (storage_id,) in unlinked})
    return found


def _wrong_with_bytes(directory: Path, blobs: list[Any], uploads: list[Any], unlinks: set[Any]) -> Iterator[str]:
    present = {name[:32] for name in objects(directory)}
    known = {storage_id for _, _, storage_id, _ in (*blobs, *uploads)} | unlinks
    # no file may be unknown, not even an empty one: the row of an upload is committed before its file is made
    yield from (f"a file that no row knows: {name}" for name in present - known)
    for digest, size, storage_id, segments in blobs:
        yield from _wrong_with_blob(content(directory, storage_id, segments), digest, size)
    for upload, size, storage_id, segments in uploads:
        came = len(content(directory, storage_id, segments) or b"")
        if came < size:
            yield f"upload {upload} has {came} bytes of {size} that were acknowledged"


def left_over(directory: Path, now: int) -> list[str]:
    """What collection should have removed if it ran at `now` to its end, one line each."""
    unneeded = look(directory, _UNNEEDED.values(), {"now": now, "graced": now - GRACE})
    return [f"{what}: {row}" for what, rows in zip(_UNNEEDED, unneeded, strict=True) for row in rows]


def _wrong_with_blob(found: bytes | None, digest: str, size: int) -> Iterator[str]:
    if found is None:
        yield f"the blob {digest} has no bytes"
        return
    algorithm, _, value = digest.partition(":")
    if len(found) != size or hashlib.new(algorithm, found).hexdigest() != value:
        yield f"the blob {digest} has {len(found)} other bytes than the {size} that it was pushed with"
