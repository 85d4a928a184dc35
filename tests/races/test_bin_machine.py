"""Nothing is lost and nothing comes back by itself: deleting by every way, restoring, holding and collecting at any
moment, on two workers, against a repository and a bin made of dictionaries (promises P4, P5 and P6)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from support.answer import Answer
from support.bin_model import TERM, BinModel, Deletion
from support.disk import without_syncs
from support.doors import Doors
from support.invariants import broken, left_over
from support.repository_model import IMAGES, OFTEN, TAGS, Id
from support.state import Clock, create_repository, empty, opened, prepared
from wharfinger.services import collect, jobs
from wharfinger.services.remove import REFERRERS_WAIT
from wharfinger.state import State

T = TypeVar("T")
WORKERS = st.sampled_from([0, 1])
EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "40"))  # the same ones each time, unless another number is asked for


class Bin(RuleBasedStateMachine):
    """Each rule chooses the worker that is asked."""

    runner: asyncio.Runner
    states: tuple[State, State]
    directory: Path
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.workers = [Doors(state) for state in self.states]
        self.model = BinModel()

    def run(self, call: Awaitable[T]) -> T:
        async def wait() -> T:
            return await call

        return self.runner.run(wait())

    def call(self, worker: int, operation: str, **arguments: object) -> Any:
        self.clock.move(1000)
        return self.run(self.workers[worker].served(operation, **arguments))

    def ask(self, worker: int, method: str, path: str) -> Answer:
        return self.run(self.workers[worker].oci(method, f"app/{path}"))

    def newest_deletion(self) -> str | None:
        found = self.call(0, "ListDeletions", maxResults=1)["deletions"]
        return found[0]["deletionId"] if found else None

    @initialize()
    def begin_anew(self) -> None:
        self.run(empty(self.states[0], self.directory))
        self.run(create_repository(self.states[0]))

    # --- pushing

    @precondition(lambda self: self.model.exists)
    @rule(worker=WORKERS, digest=st.sampled_from(OFTEN), tags=st.lists(st.sampled_from(TAGS), max_size=2, unique=True))
    def push(self, worker: int, digest: str, tags: list[str]) -> None:
        self.clock.move(1000)
        self.run(self.workers[worker].push("app", IMAGES[digest], *tags))
        for child in _all_children(digest):
            self.model.live.push(child, [], self.clock())
        self.model.live.push(digest, tags, self.clock())

    # --- deleting

    def ids(self) -> st.SearchStrategy[Id]:
        live = self.model.live
        lines = [line for digest in live.pushed for line in live.lines_of(digest)]
        return st.sampled_from([*lines, *(Id(line.digest, None) for line in lines), *(Id(None, t) for t in live.tags)])

    @precondition(lambda self: self.model.live.pushed)
    @rule(worker=WORKERS, data=st.data(), operation=st.sampled_from(["BatchDeleteImage", "DeleteImages"]))
    def delete_images(self, worker: int, data: st.DataObject, operation: str) -> None:
        asked = data.draw(st.lists(self.ids(), min_size=1, max_size=3))
        before = self.model.snapshot()
        shown = [item.shown() for item in asked]
        answer = self.call(worker, operation, repositoryName="app", imageIds=shown)
        entries = [Id(item.get("imageDigest"), item.get("imageTag")) for item in answer["imageIds"]]
        if not self.model.holds:
            expected, failures = self.model.live.batch_delete(asked)
            assert sorted(entries, key=str) == sorted(expected, key=str)
            assert len(answer["failures"]) == len(failures)
        else:
            self.take_over_with_holds(asked, entries, answer["failures"])
        if entries:
            newest = self.newest_deletion()
            assert newest is not None
            self.model.note(newest, entries, before, self.clock())

    def take_over_with_holds(self, asked: list[Id], entries: list[Id], failures: list[Any]) -> None:
        """What is held stays; what went was asked for. The rest is the same rules as without holds."""
        live = self.model.live
        for digest, tag in entries:
            assert digest is not None
            assert tag not in self.model.holds.values()
        for item in failures:
            assert item["failureCode"] in {"ImageHeld", "ImageReferencedByManifestList"}
        for tag in {tag for _, tag in entries if tag is not None}:
            del live.tags[tag]
        for digest in {digest for digest, _ in entries if digest is not None}:
            if not live.tags_of(digest):  # a batch never leaves an image without its last tag
                assert digest not in self.model.holds.values()
                live.delete(digest)

    @precondition(lambda self: self.model.live.pushed)
    @rule(worker=WORKERS, data=st.data())
    def delete_through_the_data_plane(self, worker: int, data: st.DataObject) -> None:
        live = self.model.live
        reference = data.draw(st.sampled_from([*live.tags, *live.pushed]))
        before = self.model.snapshot()
        digest = live.tags.get(reference, reference)
        is_tag = reference in live.tags
        is_last = len(live.tags_of(digest)) < 2
        held = self.model.is_held(digest) if is_last or not is_tag else reference in self.model.holds.values()
        listed = bool(live.holders(digest))
        self.clock.move(1000)
        status = self.ask(worker, "DELETE", f"manifests/{reference}").status
        assert status == (403 if held else 405 if listed and not is_tag else 202)
        if status != 202:
            return
        if is_tag and (listed or not is_last):
            del live.tags[reference]
            entries = [Id(digest, reference)]
        else:
            entries = live.lines_of(digest)
            live.delete(digest)
        newest = self.newest_deletion()
        assert newest is not None
        self.model.note(newest, entries, before, self.clock())

    @precondition(lambda self: self.model.exists)
    @rule(worker=WORKERS, really=st.sampled_from([False, False, True]))
    def delete_the_repository(self, worker: int, really: bool) -> None:
        if not really:
            return
        held = any(self.model.is_held(digest) for digest in self.model.live.pushed)
        answer = self.run(self.workers[worker].ecr("DeleteRepository", repositoryName="app", force=True))
        assert answer.status == (400 if held else 200)
        if not held:
            newest = self.newest_deletion()
            assert newest is not None
            self.model.note_repository(newest, self.clock())

    @precondition(lambda self: not self.model.exists)
    @rule(worker=WORKERS)
    def make_the_repository_again(self, worker: int) -> None:
        self.call(worker, "CreateRepository", repositoryName="app")
        self.model.exists = True

    # --- bringing back

    @precondition(lambda self: self.model.deletions)
    @rule(worker=WORKERS, data=st.data())
    def restore(self, worker: int, data: st.DataObject) -> None:
        deletion: Deletion = data.draw(st.sampled_from(list(self.model.deletions.values())))
        self.clock.move(1000)
        answer = self.run(self.workers[worker].wharfinger("RestoreDeletion", deletionId=deletion.id))
        if not self.model.exists and not deletion.whole:
            assert answer.code == "RepositoryNotFoundException"
            return
        assert answer.status == 200, answer
        self.model.exists = True
        self.model.restored(deletion, answer.json, self.clock())
        for one in self.model.deletions.values():
            assert one.has_anything

    # --- plans

    @precondition(lambda self: self.model.live.pushed)
    @rule(worker=WORKERS, data=st.data(), status=st.sampled_from(["TAGGED", "UNTAGGED", "ORPHANED", "ANY"]))
    def execute_a_plan(self, worker: int, data: st.DataObject, status: str) -> None:
        """What it deletes is what it said, but for what was pushed or retagged in between."""
        plan = self.call(worker, "CreatePlan", filters={"tagStatus": status})["plan"]["planId"]
        planned = {
            item["imageDigest"]: sorted(item.get("imageTags", ()))
            for item in self.plan_images(plan)
            if item["verdict"] == "DELETE"
        }
        if data.draw(st.booleans()):
            self.push(worker, data.draw(st.sampled_from(OFTEN)), data.draw(st.lists(st.sampled_from(TAGS), max_size=1)))
        before = self.model.snapshot()
        self.call(worker, "ExecutePlan", planId=plan)
        self.run_jobs(1 - worker)
        outcomes = {item["imageDigest"]: item["outcome"] for item in self.plan_images(plan) if "outcome" in item}
        assert outcomes.keys() == planned.keys()
        for digest, outcome in outcomes.items():
            if outcome == "DELETED":
                assert sorted(before[digest]) == planned[digest]
                assert not self.model.is_held(digest)
                self.model.live.delete(digest)
        parts = [
            item
            for item in self.call(worker, "ListDeletions", maxResults=1000)["deletions"][::-1]
            if item.get("planId") == plan
        ]
        for item in parts:
            gone = self.call(worker, "ListDeletedImages", deletionId=item["deletionId"])["images"]
            entries = [Id(one["imageDigest"], None) for one in gone]
            self.model.note(item["deletionId"], entries, before, self.clock())
        if data.draw(st.booleans()):
            self.undo_the_plan(worker, plan, [item["deletionId"] for item in parts])

    def undo_the_plan(self, worker: int, plan: str, parts: list[str]) -> None:
        self.call(worker, "UndoPlan", planId=plan)
        self.run_jobs(worker)
        for part in parts:
            for digest, tags in self.model.deletions.pop(part).images.items():
                self.model.live.pushed[digest] = self.clock()
                self.model.live.tags.update(dict.fromkeys(tags, digest))

    def plan_images(self, plan: str) -> list[Any]:
        return list(self.call(0, "ListPlanImages", planId=plan, maxResults=1000)["images"])

    def run_jobs(self, worker: int) -> None:
        """Whatever is due; the collector is among it."""
        while self.run(jobs.run_one(self.states[worker])):
            pass
        self.model.expire(self.clock())

    # --- holding

    @precondition(lambda self: self.model.exists)
    @rule(worker=WORKERS, held=st.sampled_from([*OFTEN, *TAGS]))
    def hold(self, worker: int, held: str) -> None:
        if len(self.model.holds) < 2 and held not in self.model.holds.values():
            answer = self.call(worker, "PutHold", repositoryName="app", image=held, reason="in use")
            self.model.holds[answer["hold"]["holdId"]] = held

    @precondition(lambda self: self.model.holds)
    @rule(worker=WORKERS, data=st.data())
    def let_go(self, worker: int, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(list(self.model.holds)))
        self.call(worker, "DeleteHold", holdId=number)
        del self.model.holds[number]

    # --- collecting

    @rule(worker=WORKERS)
    def collect(self, worker: int) -> None:
        self.run(collect.run(self.states[worker]))
        self.after_collection()

    @rule(worker=WORKERS, hours=st.sampled_from([1, 3, 24]))
    def time_passes(self, worker: int, hours: int) -> None:
        self.clock.move(hours * 60 * 60 * 1000)
        self.collect(worker)

    @rule(worker=WORKERS)
    def all_terms_end(self, worker: int) -> None:
        self.clock.move(TERM)
        self.collect(worker)

    @precondition(lambda self: self.model.deletions)
    @rule(worker=WORKERS, data=st.data())
    def empty_the_bin(self, worker: int, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(list(self.model.deletions)), min_size=1, unique=True))
        self.call(worker, "EmptyBin", deletionIds=chosen)
        for id_ in chosen:
            del self.model.deletions[id_]

    def after_collection(self) -> None:
        now = self.clock()
        for deletion in list(self.model.deletions.values()):
            if not deletion.followed and deletion.at + REFERRERS_WAIT <= now:
                self.model.follow(deletion)
        self.model.expire(now)
        assert left_over(self.directory, now) == []

    # --- what has to be true at any moment

    @invariant()
    def both_workers_serve_what_is_there_and_nothing_else(self) -> None:
        live = self.model.live
        present = {**{digest: digest for digest in live.pushed}, **live.tags}
        for worker in (0, 1):
            for reference in (*IMAGES, *TAGS):
                answer = self.ask(worker, "GET", f"manifests/{reference}")
                if reference in present:
                    assert (answer.status, answer.body) == (200, IMAGES[present[reference]].manifest), reference
                else:
                    assert answer.status == 404, reference

    @invariant()
    def every_layer_of_an_image_is_there(self) -> None:
        for digest in self.model.live.pushed:
            for blob, content in IMAGES[digest].blobs.items():
                assert self.ask(0, "GET", f"blobs/{blob}").content == content

    @invariant()
    def the_bin_shows_what_can_come_back(self) -> None:
        pages = self.run(self.workers[1].served("ListDeletedImages", maxResults=1000))["images"]
        shown = {(item["deletionId"], item["imageDigest"], tuple(sorted(item.get("imageTags", ())))) for item in pages}
        assert shown == {
            (deletion.id, digest, tuple(sorted(tags)))
            for deletion in self.model.deletions.values()
            for digest, tags in deletion.images.items()
        }

    @invariant()
    def rows_and_files_agree(self) -> None:
        assert broken(self.directory) == []


def _all_children(digest: str) -> list[str]:
    return [found for child in IMAGES[digest].children for found in (*_all_children(child.digest), child.digest)]


@pytest.mark.timeout(600)
def test_what_is_deleted_can_be_restored_and_what_is_needed_is_never_collected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_syncs(monkeypatch)
    Bin.clock = Clock()
    Bin.directory = tmp_path / "data"
    with asyncio.Runner() as Bin.runner:
        stack = AsyncExitStack()

        async def begin() -> None:
            first = await stack.enter_async_context(prepared(Bin.directory, Bin.clock))
            second = await opened(Bin.directory, Bin.clock)
            stack.push_async_callback(second.db.close)
            Bin.states = (first, second)

        Bin.runner.run(begin())
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
        run_state_machine_as_test(
            Bin,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=30,
                deadline=None,
                database=None,
                derandomize=EXAMPLES == 40,
                suppress_health_check=checks,
            ),
        )
        Bin.runner.run(stack.aclose())
