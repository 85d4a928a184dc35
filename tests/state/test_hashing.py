"""The running digest of an upload: hashlib's, but put away as plain bytes and taken up again."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.content import sha256
from support.doors import Doors, new_doors
from support.oci import span
from wharfinger.state.blobs import libcrypto
from wharfinger.state.blobs.hashing import RunningDigest

CONTENT = bytes(range(256)) * 3
# of "abc" thirty times, as it was stored before there was this module: words, blocks, the size of the rest, the rest
STORED = (
    bytes.fromhex("06a2af476edfa21c8799eb3c8e5ffb96502518d8615687367579e8590413e8cb")
    + b"\x01\0\0\0\0\0\0\0"
    + b"\x1a"
    + b"bcabcabcabcabcabcabcabcabc".ljust(63, b"\0")
)


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    async with new_doors(tmp_path) as doors:
        await doors.ecr("CreateRepository", repositoryName="app")
        yield doors


def test_the_library_is_there() -> None:
    """Without it all would pass, and each upload be read twice."""
    assert libcrypto.is_usable()


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 119, 128, 300, len(CONTENT)])
def test_a_digest_that_was_put_away_goes_on_where_it_was(size: int) -> None:
    begun = RunningDigest(None, is_start=True)
    begun.update(CONTENT[:size])
    resumed = RunningDigest(begun.state, is_start=size == 0)
    assert resumed.digest == sha256(CONTENT[:size])
    resumed.update(CONTENT[size:])
    assert resumed.digest == sha256(CONTENT)


def test_asking_for_the_digest_does_not_end_it() -> None:
    running = RunningDigest(None, is_start=True)
    for end in range(1, 130):
        running.update(b"a")
        assert running.digest == sha256(b"a" * end)


def test_a_layer_of_more_than_half_a_gigabyte_has_more_bits_than_one_word_counts() -> None:
    blocks = 2**23 + 5
    state = bytes(32) + blocks.to_bytes(8, "little") + bytes([2]) + b"ab" + bytes(61)
    assert libcrypto.Sha256.deserialize(state).serialize() == state


def test_an_upload_that_another_version_began_goes_on() -> None:
    running = RunningDigest(STORED, is_start=False)
    assert running.digest == sha256(b"abc" * 30)


@pytest.mark.parametrize("state", [b"", bytes(103), bytes(105), bytes(40) + b"\x40" + bytes(63), b"\xff" * 104])
def test_what_is_no_state_is_refused_before_it_reaches_the_library(state: bytes) -> None:
    with pytest.raises(ValueError, match="the state of a hash"):
        RunningDigest(state, is_start=False)


def test_other_threads_run_while_it_hashes() -> None:
    """One of them brings the next bytes."""
    running, large = RunningDigest(None, is_start=True), bytes(64 * 1024 * 1024)
    counted, is_over = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while not is_over.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    running.update(large)
    during = counted - before
    is_over.set()
    thread.join()
    assert during > 1000


async def test_without_the_library_the_bytes_are_read_again(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libcrypto, "is_usable", lambda: False)
    upload = await doors.begin("app")
    for start in (0, 300):
        part = CONTENT[start : start + 300]
        headers = span(start, start + len(part) - 1)
        assert (await doors.oci("PATCH", upload, part, headers=headers)).status == 202
    answer = await doors.oci("PUT", f"{upload}?digest={sha256(CONTENT)}", CONTENT[600:])
    assert answer.status == 201
    assert (await doors.oci("GET", f"app/blobs/{sha256(CONTENT)}")).content == CONTENT


def test_a_library_that_hashes_wrongly_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libcrypto.Sha256, "finalize", lambda _: hashlib.sha256().hexdigest())
    assert not libcrypto.is_usable.__wrapped__()
