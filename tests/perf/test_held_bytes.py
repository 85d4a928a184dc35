"""How much of a body is held at once: nothing of a layer that grows with it, and of the rest so many copies at most."""

from __future__ import annotations

import base64
import json
import os
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.content import Image, image, sha256
from support.doors import Body, Doors
from support.state import create_repository, prepared
from wharfinger.state import State
from wharfinger.state.blobs.store import Location

pytestmark = pytest.mark.directory

MEBIBYTE = 1024 * 1024
PIECE = 64 * 1024
MOST_HELD = 3 * MEBIBYTE


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    async with prepared(tmp_path / "data") as opened:
        await create_repository(opened)
        yield opened


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """The most bytes that Python held at once since the block began."""
    tracemalloc.start()
    started, _ = tracemalloc.get_traced_memory()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1] - started
    finally:
        tracemalloc.stop()


def cut(content: bytes) -> Body:
    """As it comes from a socket."""
    return Body(content[first : first + PIECE] for first in range(0, len(content), PIECE))


# --- layers ------------------------------------------------------------------------------------------------------


def pieces(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield number.to_bytes(2, "big") * (PIECE // 2)


async def test_a_streamed_upload_is_never_held_whole(state: State) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    with counted() as most_held:
        answer = await doors.oci("PATCH", upload, Body(pieces(1024)))
        assert answer.headers["range"] == f"0-{64 * MEBIBYTE - 1}"
        assert most_held() < MOST_HELD


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_blob_in_one_request_is_never_held_whole(state: State, method: str) -> None:
    doors = Doors(state)
    content = b"".join(pieces(512))
    path = "app/blobs/uploads/" if method == "POST" else await doors.begin("app")
    with counted() as most_held:
        answer = await doors.oci(method, f"{path}?digest={sha256(content)}", cut(content))
        assert (answer.status, most_held() < MOST_HELD) == (201, True)


async def test_a_blob_that_is_sent_by_pieces_is_never_held_whole(state: State) -> None:
    size = 64 * MEBIBYTE
    digest = await push_zeros(Doors(state), state, size)
    sent: list[int] = []
    with counted() as most_held:
        await Doors(state, sends_files=False).oci(
            "GET", f"app/blobs/{digest}", sink=lambda piece: sent.append(len(piece))
        )
        assert (sum(sent), most_held() < MOST_HELD) == (size, True)


async def push_zeros(doors: Doors, state: State, size: int) -> str:
    """A blob that takes no room: the file has a hole. Its digest is not right, which no pull looks at."""
    digest = sha256(b"")
    await doors.push_blob("app", b"", digest)

    async def enlarge(tx: Any) -> str:
        await tx.run("UPDATE blobs SET size = :size", size=size)
        return str((await tx.one("SELECT storage_id FROM blobs"))[0])

    path = state.blobs.path(Location(await state.db.write(enlarge)))
    assert path is not None
    os.truncate(path, size)
    return digest


async def test_reading_bytes_again_for_another_algorithm_does_not_hold_them(state: State) -> None:
    doors = Doors(state)
    upload = await doors.begin("app")
    with counted() as most_held:
        await doors.oci("PATCH", upload, Body(pieces(512)))
        answer = await doors.oci("PUT", f"{upload}?digest=sha512:{'0' * 128}")
        assert (answer.code, most_held() < MOST_HELD) == ("DIGEST_INVALID", True)


# --- what is held whole, because it is small or because it is JSON -----------------------------------------------


@pytest.fixture
def large() -> Image:
    """A manifest of 3 MiB, so that all else does not count."""
    return image(annotations={"a": "x" * 3 * MEBIBYTE})


@pytest.fixture
async def doors(state: State, large: Image) -> Doors:
    """The blobs of that manifest are there."""
    made = Doors(state)
    for digest, content in large.blobs.items():
        await made.push_blob("app", content, digest)
    return made


async def test_a_manifest_that_is_pulled_is_held_once(doors: Doors, large: Image) -> None:
    await doors.put_manifest("app", "tag", large)
    with counted() as most_held:
        assert (await doors.oci("GET", "app/manifests/tag", sink=len)).status == 200
        assert most_held() < 1.2 * len(large.manifest)


async def test_a_manifest_whose_head_is_asked_for_is_not_held(doors: Doors, large: Image) -> None:
    await doors.put_manifest("app", "tag", large)
    with counted() as most_held:
        assert (await doors.oci("HEAD", "app/manifests/tag")).status == 200
        assert most_held() < 0.1 * len(large.manifest)


async def test_a_manifest_that_is_pushed_is_held_three_times(doors: Doors, large: Image) -> None:
    """As it came, as one, and as what it says."""
    with counted() as most_held:
        headers = {"content-type": large.media_type}
        assert (await doors.oci("PUT", "app/manifests/tag", cut(large.manifest), headers)).status == 201
        assert most_held() < 3.2 * len(large.manifest)


async def test_an_image_that_is_put_is_held_less_than_six_times(doors: Doors, large: Image) -> None:
    """JSON within JSON, there and back."""
    body = {"repositoryName": "app", "imageManifest": large.text, "imageTag": "tag"}
    sent = json.dumps({**body, "imageManifestMediaType": large.media_type}).encode()
    with counted() as most_held:
        assert (await doors.raw("ecr", "PutImage", cut(sent))).status == 200
        assert most_held() < 5.8 * len(large.manifest)


async def test_a_part_of_a_layer_is_held_as_base64_and_as_bytes(state: State) -> None:
    doors, content = Doors(state), os.urandom(8 * MEBIBYTE)
    upload = await doors.served("InitiateLayerUpload", repositoryName="app")
    body = {
        "repositoryName": "app",
        "uploadId": upload["uploadId"],
        "partFirstByte": 0,
        "partLastByte": 8 * MEBIBYTE - 1,
    }
    sent = json.dumps({**body, "layerPartBlob": base64.b64encode(content).decode()}).encode()
    with counted() as most_held:
        assert (await doors.raw("ecr", "UploadLayerPart", cut(sent))).status == 200
        assert most_held() < 2.5 * len(content)
