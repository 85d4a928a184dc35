"""The process ends at every single step in turn (promises P2 and P7): nothing is half there."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from support.disk import without_syncs
from support.doors import Doors
from support.failpoints import Failpoints, Killed
from support.invariants import broken, left_over
from support.journeys import CONTENT, DIGEST, JOURNEYS, ONE, OTHER, Journey, delete_an_image, ended
from support.rows import run_sql
from support.state import collect_all, create_repository, empty, prepared
from wharfinger.state import State


async def begin_anew(state: State, directory: Path) -> None:
    """Two repositories, and in one of them an image under the tag `old`."""
    await empty(state, directory)
    for name in ("app", "other"):
        await create_repository(state, name)
    await Doors(state).push("app", ONE, "old")


@pytest.fixture
async def fast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[State]:
    without_syncs(monkeypatch)
    async with prepared(tmp_path / "data") as opened:
        yield opened


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("journey", JOURNEYS)
async def test_killed_at_any_step_nothing_is_half_there_and_the_same_can_be_done_again(
    fast: State, tmp_path: Path, journey: Journey, after: bool
) -> None:
    for step in itertools.count(1):
        await begin_anew(fast, tmp_path / "data")
        try:
            await journey(Doors(Failpoints(fast, step, after=after).state))
        except Killed:
            assert broken(tmp_path / "data") == [], f"killed at step {step}"
        else:
            assert step > 1, "there are steps to be killed at"
            return
        await journey(Doors(fast))
        await collect_all(fast)
        assert broken(tmp_path / "data") == [], f"killed at step {step}, then done again"
        assert left_over(tmp_path / "data", fast.clock()) == [], f"killed at step {step}, then done again"


@pytest.mark.parametrize("method", ["push", "delete"])
async def test_an_image_comes_and_goes_with_its_tags_references_and_events_or_not_at_all(
    fast: State, tmp_path: Path, method: str
) -> None:
    seen: list[dict[str, object]] = []
    for step, after in itertools.product((1, 2, 3), (False, True)):
        await begin_anew(fast, tmp_path / "data")
        for digest, content in OTHER.blobs.items():
            await Doors(fast).push_blob("app", content, digest)
        seen.append(rows(tmp_path / "data"))
        doors = Doors(Failpoints(fast, step, after=after).state)
        with suppress(Killed):
            if method == "push":
                await doors.put_manifest("app", f"{OTHER.digest}?tag=a&tag=b&tag=old", OTHER)
            else:
                await delete_an_image(doors)
        seen.append(rows(tmp_path / "data"))
    before, complete = seen[0], seen[-1]
    assert before != complete
    assert [found for found in seen if found not in (before, complete)] == []


def rows(directory: Path) -> dict[str, object]:
    """How many there are in each table that a push or deletion of an image touches."""
    tables = ("images", "tags", "image_references", "events", "deletions")
    found: dict[str, object] = {table: run_sql(directory, f"SELECT count(*) FROM {table}") for table in tables}
    binned = "SELECT count(*) FROM images WHERE repository_id IS NULL AND deletion_id IS NOT NULL"
    unlinked = "SELECT count(*) FROM image_references WHERE repository_id IS NULL"
    return {**found, "binned": run_sql(directory, binned), "unlinked": run_sql(directory, unlinked)}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_step_of_a_chunk_an_upload_goes_on_where_it_was_acknowledged(
    fast: State, tmp_path: Path, after: bool
) -> None:
    for step in itertools.count(1):
        await begin_anew(fast, tmp_path / "data")
        doors = Doors(fast)
        upload = await doors.begin("app")
        await ended(doors.oci("PATCH", upload, CONTENT[:5000]))
        try:
            await Doors(Failpoints(fast, step, after=after).state).oci("PATCH", upload, CONTENT[5000:])
        except Killed:
            offset = int((await doors.oci("GET", upload)).headers["range"].removeprefix("0-")) + 1
            assert offset in {5000, len(CONTENT)}
            await ended(doors.oci("PUT", f"{upload}?digest={DIGEST}", CONTENT[offset:]))
            assert broken(tmp_path / "data") == []
        else:
            return
