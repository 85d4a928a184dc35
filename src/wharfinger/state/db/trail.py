"""Rows of the trail, where nodes share the database: pieces of the files that each of them writes."""

from __future__ import annotations

from typing import NamedTuple

from wharfinger.state.db.database import Tx


class Piece(NamedTuple):
    """Some lines of a node's file for an hour."""

    id: int
    file: str
    lines: str


async def position(tx: Tx, file: str, node: str) -> int:
    """How many bytes of a node's file were handed over."""
    row = await tx.one("SELECT position FROM trail_positions WHERE file = :file AND node = :node", file=file, node=node)
    return int(row[0]) if row else 0


async def add(tx: Tx, file: str, node: str, span: tuple[int, int], lines: str) -> bool:
    """Take over bytes of a node's file, from one position to another; False if that has been done already."""
    start, end = span
    if start == 0:
        await tx.run(
            "INSERT INTO trail_positions (file, node, position) VALUES (:file, :node, 0) ON CONFLICT DO NOTHING",
            file=file,
            node=node,
        )
    moved = await tx.run(
        "UPDATE trail_positions SET position = :end WHERE file = :file AND node = :node AND position = :start",
        file=file,
        node=node,
        start=start,
        end=end,
    )
    if moved:
        await tx.run("INSERT INTO trail_pieces (file, lines) VALUES (:file, :lines)", file=file, lines=lines)
    return bool(moved)


async def last(tx: Tx) -> int:
    """The id of the piece that came last, 0 if there is none."""
    row = await tx.one("SELECT id FROM trail_pieces ORDER BY id DESC LIMIT 1")
    return int(row[0]) if row else 0


async def page(tx: Tx, start: tuple[str, int], end: tuple[str, int], limit: int) -> list[Piece]:
    """Pieces from a file and an id on, by hours and then as they came; none of a later file, or with a larger id."""
    rows = await tx.all(
        "SELECT id, file, lines FROM trail_pieces WHERE file >= :first AND (file > :first OR id >= :start) "
        "AND file <= :last AND id <= :end ORDER BY file, id LIMIT :limit",
        first=start[0],
        start=start[1],
        last=end[0],
        end=end[1],
        limit=limit,
    )
    return [Piece(*row) for row in rows]


async def sizes(tx: Tx) -> dict[str, int]:
    """How many bytes of each file all nodes have handed over together, the oldest first."""
    rows = await tx.all("SELECT file, sum(position) FROM trail_positions GROUP BY file ORDER BY file")
    return {file: int(size) for file, size in rows}


async def drop(tx: Tx, file: str, limit: int) -> bool:
    """Drop some pieces of a file, and with the last of them what is known of it: whether there may be more."""
    dropped = await tx.run(
        "DELETE FROM trail_pieces WHERE id IN "
        "(SELECT id FROM trail_pieces WHERE file = :file ORDER BY id LIMIT :limit)",
        file=file,
        limit=limit,
    )
    if dropped == 0:
        await tx.run("DELETE FROM trail_positions WHERE file = :file", file=file)
    return dropped > 0
