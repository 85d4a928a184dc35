"""Rows of plans, and of the images that each of them looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from wharfinger.domain.filters import Filters
from wharfinger.domain.names import Registry
from wharfinger.domain.plans import Verdict
from wharfinger.state.db.database import Row, Tx

# the first and the last are nobody's but our own: such a plan is not shown
Status = Literal["CREATING", "READY", "EXECUTING", "EXECUTED", "UNDOING", "UNDONE", "DELETING"]
Outcome = Literal["DELETED", "SKIPPED", "RESTORED"]
LAST: Final = 2**62  # after every number
_COLUMNS: Final = (
    "id, account, region, created_at, created_by, description, filters, status, image_count, freed_bytes, "
    "executed_by, executed_at, reason, undone_by, position, deleted_count, skipped_count"
)
_IMAGE_COLUMNS: Final = (
    "number, bundle, repository, image_id, digest, tags, size, goes, reason, outcome, outcome_reason"
)
_SHOWN: Final = "status NOT IN ('CREATING', 'DELETING')"
_GOING_OR_STAYING: Final = ("", "AND goes = :goes ")


class Plan(NamedTuple):
    """What filters were found to delete, and how far that is done."""

    id: int
    registry: Registry
    created_at: int
    created_by: str  # ARN
    description: str | None
    filters: Filters
    status: Status
    image_count: int = 0  # that go
    freed_bytes: int = 0
    executed_by: str | None = None  # ARN
    executed_at: int | None = None
    reason: str | None = None
    undone_by: str | None = None  # ARN
    position: int = 0
    deleted_count: int = 0
    skipped_count: int = 0


class PlanImage(NamedTuple):
    """An image that a plan looked at, as it was then."""

    number: int
    bundle: int  # number of the first of those that go together or not at all
    repository: str
    image: int
    digest: str
    tags: tuple[str, ...]
    size: int
    goes: bool
    reason: str
    outcome: Outcome | None
    outcome_reason: str | None


class Done(NamedTuple):
    """What became of an image."""

    number: int
    outcome: Outcome
    reason: str | None = None


# --- making --------------------------------------------------------------------------------------------------


async def counts(tx: Tx, registry: Registry) -> tuple[int, int]:
    """How many plans a registry has that can be seen, and how many that are being made."""
    row = await tx.one(
        "SELECT count(*), sum(CASE WHEN status = 'CREATING' THEN 1 ELSE 0 END) FROM plans "
        "WHERE account = :account AND region = :region AND status <> 'DELETING'",
        account=registry.account,
        region=registry.region,
    )
    return (row[0] - (row[1] or 0), row[1] or 0) if row else (0, 0)


async def add(tx: Tx, new: Plan) -> int:
    """Insert: its id."""
    row = await tx.one(
        "INSERT INTO plans (account, region, created_at, created_by, description, filters, status, image_count, "
        "freed_bytes, position, deleted_count, skipped_count) VALUES (:account, :region, :created_at, :created_by, "
        ":description, :filters, :status, 0, 0, 0, 0, 0) RETURNING id",
        account=new.registry.account,
        region=new.registry.region,
        created_at=new.created_at,
        created_by=new.created_by,
        description=new.description,
        filters=_json(new.filters),
        status=new.status,
    )
    assert row is not None  # noqa: S101 - an insert that returns nothing has raised
    return int(row[0])


async def add_images(tx: Tx, plan: int, repository: str, first: int, offset: int, verdicts: Sequence[Verdict]) -> None:
    """Insert some images of a repository: the first has the number `first`, the repository's begin after `offset`."""
    await tx.many(
        "INSERT INTO plan_images (plan_id, number, bundle, repository, image_id, digest, tags, size, goes, reason) "
        "VALUES (:plan, :number, :bundle, :repository, :image, :digest, :tags, :size, :goes, :reason)",
        (
            {
                "plan": plan,
                "number": number,
                "bundle": offset + 1 + verdict.bundle,
                "repository": repository,
                "image": verdict.image.key,
                "digest": verdict.image.digest,
                "tags": _json(verdict.image.tags),
                "size": verdict.image.size,
                "goes": int(verdict.goes),
                "reason": verdict.reason,
            }
            for number, verdict in enumerate(verdicts, first)
        ),
    )


async def made(tx: Tx, plan: int, image_count: int, freed_bytes: int) -> None:
    """It is ready."""
    await tx.run(
        "UPDATE plans SET status = 'READY', image_count = :count, freed_bytes = :freed WHERE id = :plan",
        count=image_count,
        freed=freed_bytes,
        plan=plan,
    )


async def blobs_of(tx: Tx, images: Sequence[int]) -> list[tuple[int, int]]:
    """The blobs that images refer to, by their keys, each with the number of those images."""
    rows = await tx.all(
        "SELECT b.id, count(*) FROM image_references r JOIN blobs b ON b.digest = r.digest "
        "WHERE r.image_id IN EACH(:images) AND r.is_blob = 1 GROUP BY b.id",
        images=images,
    )
    return [(row[0], row[1]) for row in rows]


async def references_to(tx: Tx, blobs: Sequence[int]) -> list[tuple[int, int, int]]:
    """Blobs with their sizes, and how many images anywhere refer to each, those in the bin included."""
    rows = await tx.all(
        "SELECT b.id, b.size, (SELECT count(*) FROM image_references r WHERE r.digest = b.digest AND r.is_blob = 1) "
        "FROM blobs b WHERE b.id IN EACH(:blobs)",
        blobs=blobs,
    )
    return [(row[0], row[1], row[2]) for row in rows]


# --- looking -------------------------------------------------------------------------------------------------


async def get(tx: Tx, plan: int) -> Plan | None:
    """A plan in whatever state."""
    row = await tx.one(f"SELECT {_COLUMNS} FROM plans WHERE id = :plan", plan=plan)
    return _plan(row) if row else None


async def find(tx: Tx, registry: Registry, plan: int) -> Plan | None:
    """A plan of the registry that can be seen."""
    row = await tx.one(
        f"SELECT {_COLUMNS} FROM plans WHERE id = :plan AND account = :account AND region = :region AND {_SHOWN}",
        plan=plan,
        account=registry.account,
        region=registry.region,
    )
    return _plan(row) if row else None


async def page(tx: Tx, registry: Registry, before: int, limit: int) -> list[Plan]:
    """Plans that can be seen, newest first, those before an id."""
    rows = await tx.all(
        f"SELECT {_COLUMNS} FROM plans WHERE account = :account AND region = :region AND id < :before "
        f"AND {_SHOWN} ORDER BY id DESC LIMIT :limit",
        account=registry.account,
        region=registry.region,
        before=before,
        limit=limit,
    )
    return [_plan(row) for row in rows]


async def images_page(tx: Tx, plan: int, after: int, limit: int, *, goes: bool | None = None) -> list[PlanImage]:
    """Images that a plan looked at, those after a number; all, or only those that go, or stay."""
    rows = await tx.all(
        f"SELECT {_IMAGE_COLUMNS} FROM plan_images WHERE plan_id = :plan AND number > :after "
        f"{_GOING_OR_STAYING[goes is not None]}ORDER BY number LIMIT :limit",
        plan=plan,
        after=after,
        goes=int(bool(goes)),
        limit=limit,
    )
    return [_image(row) for row in rows]


# --- executing and undoing -----------------------------------------------------------------------------------


async def repositories(tx: Tx, plan: int) -> list[str]:
    """Those that lose an image by a plan."""
    rows = await tx.all("SELECT DISTINCT repository FROM plan_images WHERE plan_id = :plan AND goes = 1", plan=plan)
    return [row[0] for row in rows]


async def begin_executing(tx: Tx, plan: int, principal: str, reason: str | None, now: int) -> None:
    """From its first image on."""
    await tx.run(
        "UPDATE plans SET status = 'EXECUTING', executed_by = :principal, executed_at = :now, reason = :reason, "
        "position = 0, deleted_count = 0, skipped_count = 0 WHERE id = :plan",
        principal=principal,
        now=now,
        reason=reason,
        plan=plan,
    )


async def begin_undoing(tx: Tx, plan: int, principal: str) -> None:
    """From its last image back."""
    await tx.run(
        "UPDATE plans SET status = 'UNDOING', undone_by = :principal, position = :last WHERE id = :plan",
        principal=principal,
        last=LAST,
        plan=plan,
    )


async def set_status(tx: Tx, plan: int, status: Status) -> None:
    """Store how far it is."""
    await tx.run("UPDATE plans SET status = :status WHERE id = :plan", status=status, plan=plan)


async def bundle(tx: Tx, plan: int, bundle: int) -> list[PlanImage]:
    """All that go together."""
    rows = await tx.all(
        f"SELECT {_IMAGE_COLUMNS} FROM plan_images "
        "WHERE plan_id = :plan AND number >= :bundle AND bundle = :bundle AND goes = 1 ORDER BY number",
        plan=plan,
        bundle=bundle,
    )
    return [_image(row) for row in rows]


async def deleted_before(tx: Tx, plan: int, before: int, limit: int) -> list[PlanImage]:
    """Images that a plan deleted, last first, those before a number."""
    rows = await tx.all(
        f"SELECT {_IMAGE_COLUMNS} FROM plan_images "
        "WHERE plan_id = :plan AND number < :before AND outcome = 'DELETED' ORDER BY number DESC LIMIT :limit",
        plan=plan,
        before=before,
        limit=limit,
    )
    return [_image(row) for row in rows]


async def deletions_of(tx: Tx, plan: int, images: Sequence[int]) -> list[int]:
    """The deletions by which a plan has some images in the bin, last first."""
    rows = await tx.all(
        "SELECT id FROM deletions WHERE plan_id = :plan "
        "AND id IN (SELECT deletion_id FROM images WHERE id IN EACH(:images)) ORDER BY id DESC",
        images=images,
        plan=plan,
    )
    return [row[0] for row in rows]


async def note(tx: Tx, plan: int, done: Sequence[Done], position: int, *, deleted: int, skipped: int) -> None:
    """What became of some images, how far the plan is with that, and by how much its counts change."""
    await tx.many(
        "UPDATE plan_images SET outcome = :outcome, outcome_reason = :reason "
        "WHERE plan_id = :plan AND number = :number",
        ({"outcome": item.outcome, "reason": item.reason, "plan": plan, "number": item.number} for item in done),
    )
    await tx.run(
        "UPDATE plans SET position = :position, deleted_count = deleted_count + :deleted, "
        "skipped_count = skipped_count + :skipped WHERE id = :plan",
        position=position,
        deleted=deleted,
        skipped=skipped,
        plan=plan,
    )


# --- forgetting ----------------------------------------------------------------------------------------------


async def forget(tx: Tx, plan: int, limit: int) -> bool:
    """Drop some images of a plan, and the plan when none is left: whether there is more to drop."""
    dropped = await tx.run(
        "DELETE FROM plan_images WHERE plan_id = :plan AND number IN ("
        "SELECT number FROM plan_images WHERE plan_id = :plan ORDER BY number LIMIT :limit)",
        plan=plan,
        limit=limit,
    )
    if dropped:
        return True
    await tx.run("DELETE FROM plans WHERE id = :plan", plan=plan)
    return False


def _plan(row: Row) -> Plan:
    id_, account, region, created_at, created_by, description, filters, *rest = row
    decoded = msgspec.json.decode(filters, type=Filters)
    return Plan(id_, Registry(account, region), created_at, created_by, description, decoded, *rest)


def _image(row: Row) -> PlanImage:
    number, bundle_, repository, image, digest, tags, size, goes, reason, *rest = row
    names: Iterable[str] = msgspec.json.decode(tags, type=tuple[str, ...])
    return PlanImage(number, bundle_, repository, image, digest, tuple(names), size, bool(goes), reason, *rest)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
