"""Everything at once for a while: pushes that share layers, deletes by every way, restorations, an emptied bin,
collection without pause, and workers that are killed (promises P1, P4, P5, P6, P7).

Twenty seconds here; `TEST_SOAK_SECONDS=600` for as long as one likes. What was done is told at the end.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from support import figures
from support.answer import Answer
from support.content import Image, image, layer, sha256
from support.invariants import broken, left_over
from support.poll import until
from support.registry import Registry
from support.server import Server
from support.state import collect_later

SECONDS = int(os.environ.get("TEST_SOAK_SECONDS", "20"))
KILL_EVERY = 20 if SECONDS >= 120 else 7  # a worker that ends within 5.5 seconds of its start ends the server
ACTORS = 8
TAGS_EACH = 6
POOL = [layer(size) for size in (1000, 20_000, 60_000, 100_000, 200_000) for _ in range(4)]
BROKEN = (OSError, HTTPError, BotoCoreError)
UNSURE = "unsure"


class Actor:
    """Owns some tags, so it knows what each of them has to show; it shares layers with all the others."""

    def __init__(self, number: int, server: Server, end: float) -> None:
        self.random = random.Random(number)
        self.registry = Registry(server, "000000000042")
        self.wharfinger = server.wharfinger("000000000042")
        self.number = number
        self.end = end
        self.images: dict[str, Image] = {}  # by digest
        self.tags: dict[str, str | None] = {f"actor-{number}-{tag}": None for tag in range(TAGS_EACH)}
        self.deletions: list[tuple[str, dict[str, str]]] = []
        self.done: Counter[str] = Counter()

    @property
    def repository(self) -> str:
        return f"app-{self.number % 3}"

    def run(self) -> Counter[str]:
        while time.monotonic() < self.end:
            tag = self.random.choice(list(self.tags))
            work = self.random.choices([self.push, self.delete, self.restore, self.pull], [5, 3, 2, 3])[0]
            try:
                work(tag)
            except BROKEN:
                self.done["cut off"] += 1
                self.registry._oci = None  # its connections led to a worker that is gone
        return self.done

    def push(self, tag: str) -> None:
        layers = self.random.sample(POOL, 3)
        new = image(*layers, layer(500), architecture=f"{self.number}-{os.urandom(4).hex()}")
        oci, where = self.registry.oci, f"/v2/{self.repository}"
        for digest, content in new.blobs.items():
            if oci.call("HEAD", f"{where}/blobs/{digest}").status != 200:
                answer = oci.call("POST", f"{where}/blobs/uploads/?digest={digest}", content)
                assert answer.status == 201, answer
        self.tags[tag] = UNSURE
        self.images[new.digest] = new
        answer = oci.call("PUT", f"{where}/manifests/{tag}", new.manifest, {"content-type": new.media_type})
        if answer.status != 201:
            self.done["broken pushes"] += 1
            raise AssertionError(f"a push of layers that were all there was refused: {answer.status} {answer.body!r}")
        self.tags[tag] = new.digest
        self.done["pushes"] += 1

    def delete(self, tag: str) -> None:
        digest = self.tags[tag]
        if digest in (None, UNSURE):
            return
        self.tags[tag] = UNSURE
        way = self.random.choice(["data plane", "BatchDeleteImage", "DeleteImages"])
        if way == "data plane":
            assert self.registry.oci.call("DELETE", f"/v2/{self.repository}/manifests/{tag}").status == 202
        else:
            client = self.registry.ecr if way == "BatchDeleteImage" else self.wharfinger
            call = client.batch_delete_image if way == "BatchDeleteImage" else client.delete_images
            answer = call(repositoryName=self.repository, imageIds=[{"imageDigest": digest}])
            if answer["ResponseMetadata"]["RetryAttempts"] and answer["failures"]:
                return  # the first attempt was done, and its answer cut off
            assert not answer["failures"], answer
            if "deletionId" in answer:
                self.deletions.append((answer["deletionId"], {tag: str(digest)}))
        self.tags[tag] = None
        self.done["deletes"] += 1

    def restore(self, _: str) -> None:
        if not self.deletions:
            return
        number, tags = self.deletions.pop(self.random.randrange(len(self.deletions)))
        free = [tag for tag in tags if self.tags[tag] is None]
        unsure = {tag: self.tags[tag] for tag in tags}
        self.tags.update(dict.fromkeys(free, UNSURE))
        try:
            answer = self.wharfinger.restore_deletion(deletionId=number)
        except self.wharfinger.exceptions.DeletionNotFoundException as error:
            if not error.response["ResponseMetadata"]["RetryAttempts"]:
                self.tags.update(unsure)  # the bin was emptied, and nothing has changed
            return
        back = {item["imageTag"] for item in answer["imageIds"] if "imageTag" in item}
        assert back >= set(free) or answer["ResponseMetadata"]["RetryAttempts"], answer
        self.tags.update({tag: tags[tag] for tag in free})
        self.done["restores"] += 1

    def pull(self, tag: str) -> None:
        answer = self.registry.oci.call("GET", f"/v2/{self.repository}/manifests/{tag}")
        self.check(tag, answer)
        if answer.status == 200:
            self.pull_layers(sha256(answer.body))
        self.done["pulls"] += 1

    def look_at_all(self) -> None:
        """What became of every tag. A worker that has just been started may not answer yet."""
        for tag in self.tags:
            until(lambda tag=tag: self.is_answered(tag), "the server answers")  # type: ignore[misc]

    def is_answered(self, tag: str) -> bool:
        """Whether a pull was answered; the answer is checked."""
        try:
            self.pull(tag)
        except BROKEN:
            return False
        return True

    def check(self, tag: str, answer: Answer) -> None:
        known = self.tags[tag]
        if known == UNSURE:
            # a request was cut off: it was done or not, and from now on that is known
            assert answer.status in {200, 404}, answer
            self.tags[tag] = sha256(answer.body) if answer.status == 200 else None
        elif known is None:
            assert answer.status == 404, f"{tag} is deleted and was served: {answer.status}"
        else:
            assert (answer.status, sha256(answer.body)) == (200, known), f"{tag} was acknowledged: {answer.status}"

    def pull_layers(self, digest: str) -> None:
        for blob, content in self.images[digest].blobs.items():
            answer = self.registry.oci.call("GET", f"/v2/{self.repository}/blobs/{blob}")
            assert (answer.status, answer.body) == (200, content), f"a layer of {digest}: {answer.status}"


@pytest.mark.timeout(SECONDS + 240)
def test_nothing_is_lost_while_everything_goes_on_and_workers_are_killed(
    directory: Path, request: pytest.FixtureRequest
) -> None:
    with Server(directory, open=True, workers=2, blob_lease=10) as server:
        for number in range(3):
            Registry(server, "000000000042").create(f"app-{number}")
        end = time.monotonic() + SECONDS
        actors = [Actor(number, server, end) for number in range(ACTORS)]
        over = threading.Event()
        with ThreadPoolExecutor(ACTORS + 2) as pool:
            running = [pool.submit(actor.run) for actor in actors]
            killing = pool.submit(_kill_workers, server, over)
            emptying = pool.submit(_empty_the_bin, server, over)
            try:
                done = sum((one.result() for one in running), Counter[str]())
            finally:
                over.set()
            done["kills"], done["times the bin was emptied"] = killing.result(), emptying.result()
        until(lambda: len(server.workers()) == 2, "the worker that was killed last is replaced")
        for actor in actors:
            actor.look_at_all()
        wanted = {tag: digest for actor in actors for tag, digest in actor.tags.items() if digest is not None}
    figures.note(request, "soak", ", ".join(f"{number} {what}" for what, number in sorted(done.items())))
    assert broken(directory) == []
    now = asyncio.run(collect_later(directory, 8 * 24 * 3600 * 1000))
    assert left_over(directory, now) == []
    assert broken(directory) == []
    assert done["broken pushes"] == 0
    assert done["pushes"] > 0
    assert wanted


def _kill_workers(server: Server, over: threading.Event) -> int:
    count = 0
    while not over.wait(KILL_EVERY):
        for worker in random.sample(server.workers(), 1) if server.workers() else ():
            os.kill(worker, signal.SIGKILL)
            count += 1
    return count


def _empty_the_bin(server: Server, over: threading.Event) -> int:
    count = 0
    client: Any = server.wharfinger("000000000042")
    while not over.wait(3):
        try:
            client.empty_bin(all=True)
            count += 1
        except BROKEN:
            client = server.wharfinger("000000000042")
    return count
