"""What `wharfinger doctor --deep` looks at: what agrees is not named, and what does not is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from support.audited import Audited, audited, found_in
from support.content import OCI_INDEX, OCI_LAYER, Image, descriptor, image, index, sha256
from support.damage import ORPHAN, damage_database, rot_manifest
from support.disk import without_syncs
from support.doors import Doors
from support.state import REGISTRY, Clock, create_repository, prepared
from wharfinger.services import audit
from wharfinger.services.audit import Check
from wharfinger.services.uploads import IDLE_TERM

APP = {"repositoryName": "app"}


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that every look takes several."""
    for name, value in {"_STEP": 2, "_FILES": 3, "_MANIFEST_BYTES": 1000}.items():
        monkeypatch.setattr(audit, name, value)


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Audited]:
    without_syncs(monkeypatch)
    async with audited(tmp_path / "data") as made:
        yield made


async def test_what_agrees_is_not_named(place: Audited) -> None:
    assert await found_in(place.state) == []


async def test_every_check_belongs_to_a_stage() -> None:
    checks = [check for stage in audit.STAGES for check in stage.checks]
    assert sorted(checks) == sorted(Check.__args__)  # type: ignore[attr-defined]


# --- rows ----------------------------------------------------------------------------------------------------


BROKEN: dict[str, tuple[Check, str, Callable[[Audited], str]]] = {
    "an image in no place": (
        "places",
        "UPDATE images SET repository_id = NULL WHERE digest = :one",
        lambda place: place.one.digest,
    ),
    "an image in two places": (
        "places",
        "UPDATE images SET deletion_id = (SELECT id FROM deletions) WHERE digest = :one",
        lambda place: place.one.digest,
    ),
    "an image in the bin without a list of tags": (
        "places",
        "UPDATE images SET deleted_tags = NULL WHERE digest = :gone",
        lambda place: place.gone.digest,
    ),
    "a layer that the repository has not": (
        "layers",
        "DELETE FROM repository_blobs WHERE blob_id = (SELECT id FROM blobs WHERE digest = :layer)",
        lambda place: place.layer,
    ),
    "a layer that nobody has": (
        "layers",
        "DELETE FROM blobs WHERE digest = :layer",
        lambda place: place.layer,
    ),
    "a layer of an image in the bin that nobody has": (
        "layers",
        "DELETE FROM blobs WHERE digest = :gone_layer",
        lambda place: place.gone_layer,
    ),
    "a reference without a repository": (
        "references",
        "UPDATE image_references SET repository_id = NULL WHERE digest = :layer",
        lambda place: place.layer,
    ),
    "a reference of the bin with a repository": (
        "references",
        "UPDATE image_references SET repository_id = 1 WHERE digest = :gone_layer",
        lambda place: place.gone_layer,
    ),
    "a missing child": (
        "children",
        "DELETE FROM images WHERE digest = :child",
        lambda place: place.child,
    ),
    "a tag of an image in the bin": (
        "tags",
        "UPDATE tags SET image_id = (SELECT id FROM images WHERE digest = :gone) WHERE name = 'v1'",
        lambda _: "v1",
    ),
    "a reference that the manifest does not make": (
        "contents",
        "UPDATE image_references SET digest = :spare WHERE digest = :layer",
        lambda place: place.one.digest,
    ),
    "a reference that is missing": (
        "contents",
        "DELETE FROM image_references WHERE digest = :child",
        lambda place: place.both.digest,
    ),
    "a layer noted as an image": (
        "contents",
        "UPDATE image_references SET is_blob = 0 WHERE digest = :layer",
        lambda place: place.one.digest,
    ),
    "a blob that nobody needs": (
        "unneeded",
        "DELETE FROM repository_blobs WHERE blob_id = (SELECT id FROM blobs WHERE digest = :spare)",
        lambda place: sha256(place.spare),
    ),
    "a link that nobody needs": (
        "links",
        "UPDATE repository_blobs SET leased_until = 0 WHERE blob_id = (SELECT id FROM blobs WHERE digest = :spare)",
        lambda place: sha256(place.spare),
    ),
    "a blob that scrub has marked": (
        "rotten",
        "UPDATE blobs SET rotten_at = 1 WHERE digest = :layer",
        lambda place: place.layer,
    ),
    "a tag that points nowhere": (
        "foreign keys",
        "UPDATE tags SET image_id = 999 WHERE name = 'v1'",
        lambda _: "tags",
    ),
}


@pytest.mark.parametrize(("check", "statement", "subject"), BROKEN.values(), ids=BROKEN)
async def test_rows_that_do_not_agree_are_named(
    place: Audited, check: Check, statement: str, subject: Callable[[Audited], str]
) -> None:
    place.sql(statement)
    named = [
        (item.subject, item.place and item.place.digest) for item in await found_in(place.state) if item.check == check
    ]
    assert subject(place) in [name for pair in named for name in pair]


@pytest.mark.about_sqlite
async def test_a_damaged_database_is_named(place: Audited) -> None:
    damage_database(place.directory)
    found = [item async for item in audit.database(place.state)]
    assert [(item.check, item.subject) for item in found] == [("database", "NULL value in repositories.created_at")]


async def test_a_manifest_with_other_bytes_is_named_with_its_image(place: Audited) -> None:
    rot_manifest(place.directory, place.one.digest)
    [found] = await found_in(place.state)
    assert found.check == "manifests"
    assert found.place is not None
    assert found.place[:4] == (REGISTRY, "app", place.one.digest, ("v1",))


async def test_a_manifest_with_other_bytes_is_named_in_the_bin_too(place: Audited) -> None:
    rot_manifest(place.directory, place.gone.digest)
    [found] = await found_in(place.state)
    assert found.place is not None
    assert (found.place.tags, found.place.deletion) == (("gone",), 1)


async def test_an_index_may_refer_to_one_digest_as_a_layer_and_as_an_image(place: Audited) -> None:
    child = image()
    await place.doors.push("app", child)
    await place.doors.push_blob("app", child.manifest, child.digest)
    body = json.loads(index(child).manifest)
    body["manifests"].append(descriptor(OCI_LAYER, child.manifest))
    both = Image(json.dumps(body).encode(), OCI_INDEX)
    assert (await place.doors.put_manifest("app", "both", both)).status == 201
    assert await found_in(place.state) == []


async def test_a_sparse_manifest_may_lack_what_it_refers_to(tmp_path: Path) -> None:
    async with prepared(tmp_path / "data", Clock(), sparse_manifests=True) as state:
        await create_repository(state)
        for sparse in (image(), index(image())):
            assert (await Doors(state).put_manifest("app", sparse.digest, sparse)).status == 201
        assert await found_in(state) == []


# --- time ----------------------------------------------------------------------------------------------------

HOLD = (
    "INSERT INTO holds (account, region, repository, image, is_pattern, reason, created_at, created_by, expires_at) "
    "VALUES ('1', '2', 'app', 'v1', 0, '', 0, '', :hour_ago)"
)
OVERDUE = {
    "leases": ("UPDATE repository_blobs SET leased_until = :hour_ago WHERE leased_until > 0", "spare"),
    "terms": ("UPDATE deletions SET expires_at = :hour_ago", "1"),
    "links": ("UPDATE deletions SET links_due_at = :hour_ago", "1"),
    "referrers": ("UPDATE deletions SET referrers_due_at = :hour_ago", "1"),
    "uploads": (f"UPDATE uploads SET touched_at = :hour_ago - {IDLE_TERM}", "upload"),
    "unlinks": ("INSERT INTO unlinks VALUES (:orphan, :hour_ago)", ORPHAN),
    "holds": (HOLD, "1"),
}


@pytest.mark.parametrize("kind", OVERDUE)
async def test_what_should_have_ended_an_hour_ago_is_named(place: Audited, kind: str) -> None:
    statement, name = OVERDUE[kind]
    named = {"spare": sha256(place.spare), "upload": place.upload}.get(name, name)
    place.sql(statement.replace(":hour_ago", ":hour_ago + 1"))
    assert [item async for item in audit.of_time(place.state)] == []
    place.clock.move(1)
    found = [item async for item in audit.of_time(place.state)]
    assert ("overdue", named, kind) in [(item.check, item.subject, item.detail) for item in found]
