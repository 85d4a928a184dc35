"""What clients do, as functions of both doors: small enough to be ended at every step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from support.answer import Answer
from support.content import image, index, sha256
from support.doors import Doors

Journey = Callable[[Doors], Awaitable[None]]
CONTENT = b"0123456789" * 1000
DIGEST = sha256(CONTENT)
ONE, OTHER, CHILD = image(), image(), image()
INDEX = index(CHILD)
APP = {"repositoryName": "app"}


async def push_whole(doors: Doors) -> None:
    await ended(doors.oci("POST", f"app/blobs/uploads/?digest={DIGEST}", CONTENT))


async def push_in_chunks(doors: Doors) -> None:
    upload = await doors.begin("app")
    await ended(doors.oci("PATCH", upload, CONTENT[:5000]))
    await ended(doors.oci("PATCH", upload, CONTENT[5000:]))
    await ended(doors.oci("PUT", f"{upload}?digest={DIGEST}"))


async def push_by_parts(doors: Doors) -> None:
    begun = await doors.ecr("InitiateLayerUpload", **APP)
    where = {**APP, "uploadId": begun.json["uploadId"]}
    last = len(CONTENT) - 1
    await ended(doors.ecr("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=CONTENT))
    answer = await doors.ecr("CompleteLayerUpload", **where, layerDigests=[DIGEST])
    assert answer.status == 200 or answer.code == "LayerAlreadyExistsException"


async def push_to_two_repositories(doors: Doors) -> None:
    await push_whole(doors)
    await ended(doors.oci("POST", f"other/blobs/uploads/?digest={DIGEST}", CONTENT))


async def begin_and_cancel(doors: Doors) -> None:
    upload = await doors.begin("app")
    await ended(doors.oci("PATCH", upload, CONTENT))
    await ended(doors.oci("DELETE", upload))


async def push_a_wrong_digest(doors: Doors) -> None:
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest={DIGEST}", b"something else")
    assert answer.code == "DIGEST_INVALID"


async def push_an_image(doors: Doors) -> None:
    await doors.push("app", OTHER, "tag", "more")


async def push_an_index(doors: Doors) -> None:
    await doors.push("app", INDEX, "index")


async def delete_an_image(doors: Doors) -> None:
    ids = [{"imageTag": "old"}, {"imageDigest": ONE.digest}]
    assert (await doors.ecr("BatchDeleteImage", **APP, imageIds=ids)).status == 200


async def delete_the_repository(doors: Doors) -> None:
    answer = await doors.ecr("DeleteRepository", **APP, force=True)
    assert answer.status == 200 or answer.code == "RepositoryNotFoundException"


async def delete_and_restore(doors: Doors) -> None:
    await delete_an_image(doors)
    await ended(doors.wharfinger("RestoreImages", **APP, imageIds=[{"imageDigest": ONE.digest}]))


async def delete_and_empty_the_bin(doors: Doors) -> None:
    await delete_an_image(doors)
    await ended(doors.wharfinger("EmptyBin", all=True))


JOURNEYS = [
    push_whole,
    push_in_chunks,
    push_by_parts,
    push_to_two_repositories,
    begin_and_cancel,
    push_a_wrong_digest,
    push_an_image,
    push_an_index,
    delete_an_image,
    delete_the_repository,
    delete_and_restore,
    delete_and_empty_the_bin,
]


async def ended(call: Awaitable[Answer]) -> None:
    """A call that succeeds."""
    answer = await call
    assert answer.status < 300, answer
