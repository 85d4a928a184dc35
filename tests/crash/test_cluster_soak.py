"""Three nodes behind a proxy under pushes, deletes and collection, while one after the other is killed (P4 to P7).

Forty seconds here; `make soak` is five minutes with a kill every 15 seconds. What was done is told at the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from support import figures
from support.cluster import PROGRAMS, Cluster, cluster
from support.content import Image, image, layer, sha256
from support.invariants import broken, left_over
from support.registry import Registry
from support.state import collect_later
from support.steadfast import Steadfast
from support.stores import objects

pytestmark = pytest.mark.needs(*PROGRAMS)
SECONDS = int(os.environ.get("TEST_CLUSTER_SECONDS", "20"))
KILL_EVERY = 15 if SECONDS >= 120 else 6
ACTORS = 6
TAGS_EACH = 6
ACCOUNT = "000000000042"
POOL = [layer(size) for size in (1000, 20_000, 100_000, 200_000) for _ in range(4)]
_LEASE = 120  # seconds, which are longer than a push with all its retries
_BIN_DAYS = 7


@pytest.fixture
def nodes() -> Iterator[Cluster]:
    with cluster(open=True, blob_lease=_LEASE, bin_days=_BIN_DAYS, redirect=False) as made:
        yield made


class Actor:
    """Owns some tags, so it knows what each of them has to show; it shares layers with all the others."""

    def __init__(self, number: int, nodes: Cluster, end: float) -> None:
        self.random = random.Random(number)
        self.client = Steadfast(Registry(nodes, ACCOUNT))
        self.repository = f"app-{number % 3}"
        self.number = number
        self.end = end
        self.tags: dict[str, Image | None] = {f"actor-{number}-{tag}": None for tag in range(TAGS_EACH)}
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        while time.monotonic() < self.end:
            tag = self.random.choice(list(self.tags))
            self.random.choices([self.push, self.delete, self.look], [5, 3, 2])[0](tag)

    def push(self, tag: str) -> None:
        new = image(*self.random.sample(POOL, 3), layer(500), architecture=f"{self.number}-{os.urandom(4).hex()}")
        self.client.push(self.repository, new, tag)
        self.tags[tag] = new
        self.done["pushes"] += 1

    def delete(self, tag: str) -> None:
        old = self.tags[tag]
        if old is None:
            return
        if self.random.random() < 0.5:
            answer = self.client.oci("DELETE", f"/v2/{self.repository}/manifests/{tag}")
            assert answer.status in {202, 404}, answer  # 404: the first attempt was done, and its answer lost
        else:
            ids = [{"imageDigest": old.digest}]
            answer = self.client.ecr("BatchDeleteImage", repositoryName=self.repository, imageIds=ids)
            assert {failure["failureCode"] for failure in answer["failures"]} <= {"ImageNotFound"}, answer
        self.tags[tag] = None
        self.done["deletes"] += 1

    def look(self, tag: str) -> None:
        """What was acknowledged last is what is served."""
        wanted = self.tags[tag]
        answer = self.client.oci("GET", f"/v2/{self.repository}/manifests/{tag}")
        if wanted is None:
            assert answer.status == 404, f"{tag} is deleted and was served: {answer.status}"
        else:
            found = (answer.status, sha256(answer.body))
            assert found == (200, wanted.digest), f"{tag} was acknowledged: {answer.status}"
            self.client.pull(self.repository, wanted)
        self.done["pulls"] += 1


@pytest.mark.timeout(4 * SECONDS + 300)  # every byte is read at the end
def test_nothing_is_lost_while_nodes_are_killed(nodes: Cluster, request: pytest.FixtureRequest) -> None:
    for number in range(3):
        Registry(nodes, ACCOUNT).create(f"app-{number}")
    actors = [Actor(number, nodes, time.monotonic() + SECONDS) for number in range(ACTORS)]
    over = threading.Event()
    with ThreadPoolExecutor(ACTORS + 2) as pool:
        running = [pool.submit(actor.run) for actor in actors]
        killing, emptying = pool.submit(_kill, nodes, over), pool.submit(_empty_the_bin, nodes, over)
        try:
            for one in running:
                one.result()
        finally:
            over.set()
        done = Counter({"kills": killing.result(), "times the bin was emptied": emptying.result()})
    for actor in actors:
        for tag in actor.tags:
            actor.look(tag)
        done += actor.done
    retries = sum((actor.client.retries for actor in actors), Counter[str]())
    figures.note(request, "cluster soak", ", ".join(f"{number} {what}" for what, number in sorted(done.items())))
    figures.note(request, "retries of the clients", dict(retries))
    assert done["kills"] > 1
    assert done["pushes"] > 0
    assert nodes.nodes[1].told("doctor", "--deep").stdout.endswith("All is well.\n")
    for node in nodes.nodes:
        node.stop()
    _look_at_what_is_left(nodes)


def _look_at_what_is_left(nodes: Cluster) -> None:
    """No node runs, and the terms of all leases and deletions are over."""
    assert broken(nodes.directory) == []
    later = (_BIN_DAYS + 1) * 24 * 3600 * 1000
    now = asyncio.run(collect_later(nodes.directory, later, master_key=str(nodes.settings["master_key"])))
    assert left_over(nodes.directory, now) == []
    assert broken(nodes.directory) == []  # so no object is there that no row knows
    assert objects(nodes.directory) != {}


def _kill(nodes: Cluster, over: threading.Event) -> int:
    """A node at random, all its processes, again and again; it is started at once."""
    count, following = 0, time.monotonic() + KILL_EVERY
    while not over.wait(max(0, following - time.monotonic())):
        node = random.choice(nodes.nodes)
        node.kill()
        node.start()
        count, following = count + 1, following + KILL_EVERY
    return count


def _empty_the_bin(nodes: Cluster, over: threading.Event) -> int:
    client = Registry(nodes, ACCOUNT).server.wharfinger(ACCOUNT)
    count = 0
    while not over.wait(3):
        with contextlib.suppress(BotoCoreError, ClientError):
            client.empty_bin(all=True)
            count += 1
    return count
