"""Every statement that the product runs, seen by running every use case once."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from support.content import image, index, sha256
from support.doors import Body, Doors
from support.state import REGISTRY, Clock
from wharfinger.services import access, collect, health, jobs
from wharfinger.state import State
from wharfinger.state.clock import DAY
from wharfinger.state.db.database import Database, P, Row, T, Tx, Value, Work


class Statement(NamedTuple):
    """A statement, and the function that it stands in."""

    place: str
    sql: str


@dataclass
class Watched:
    """A database that notes every statement with the first values it was run with."""

    db: Database
    seen: dict[Statement, Mapping[str, Value]]
    statements: int = 0
    transactions: int = 0

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.db.read(lambda tx: work(_WatchedTx(tx, self.seen), *args, **kwargs))

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.db.write(lambda tx: work(_WatchedTx(tx, self.seen), *args, **kwargs))

    async def close(self) -> None:
        await self.db.close()


class _WatchedTx:
    def __init__(self, tx: Tx, seen: dict[Statement, Mapping[str, Value]]) -> None:
        self._tx = tx
        self._seen = seen

    async def all(self, sql: str, **values: Value) -> list[Row]:
        self._note(sql, values)
        return await self._tx.all(sql, **values)

    async def one(self, sql: str, **values: Value) -> Row | None:
        self._note(sql, values)
        return await self._tx.one(sql, **values)

    async def run(self, sql: str, **values: Value) -> int:
        self._note(sql, values)
        return await self._tx.run(sql, **values)

    async def many(self, sql: str, rows: Iterable[Mapping[str, Value]]) -> None:
        rows = list(rows)
        self._note(sql, rows[0] if rows else {})
        await self._tx.many(sql, rows)

    def _note(self, sql: str, values: Mapping[str, Value]) -> None:
        caller = sys._getframe(2)
        place = place_of(caller.f_globals["__name__"], caller.f_code.co_name)
        self._seen.setdefault(Statement(place, sql), values)


def place_of(module: str, function: str) -> str:
    """How a function is named in a report: `images.find`."""
    return f"{module.rpartition('.')[2]}.{function}"


async def use_everything(state: State, clock: Clock) -> dict[Statement, Mapping[str, Value]]:
    """Go through all use cases on an empty state; what was run."""
    seen: dict[Statement, Mapping[str, Value]] = {}
    watched = replace(state, db=Watched(state.db, seen))
    doors = Doors(watched)
    for name in ("app", "other"):
        await doors.served("CreateRepository", repositoryName=name)
    await _settings(doors)
    await _images(doors, clock)
    await _upkeep(watched, clock)
    return seen


async def _settings(doors: Doors) -> None:
    app = {"repositoryName": "app"}
    arn = {"resourceArn": REGISTRY.arn("app")}
    await doors.served("DescribeRepositories")
    await doors.served("DescribeRepositories", repositoryNames=["app", "other"])
    await doors.served("PutImageTagMutability", **app, imageTagMutability="MUTABLE")
    await doors.served("PutImageScanningConfiguration", **app, imageScanningConfiguration={"scanOnPush": True})
    await doors.served("TagResource", **arn, tags=[{"Key": "team", "Value": "a"}])
    await doors.served("ListTagsForResource", **arn)
    await doors.served("UntagResource", **arn, tagKeys=["team"])
    await doors.served("PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    await doors.served("GetAccountSetting", name="BLOB_MOUNTING")
    assert (await doors.oci("GET", "_catalog")).status == 200


async def _images(doors: Doors, clock: Clock) -> None:
    app = {"repositoryName": "app"}
    one, two = image(), image()
    layer = list(one.blobs)[-1]
    both, signature = index(one, two), image(subject=one)
    await _push(doors, one.blobs, layer, clock)
    await doors.push("app", one, "one")
    await doors.push("app", both, "both", "second")
    await doors.push("app", signature)
    for status in ("ANY", "TAGGED", "UNTAGGED"):
        await doors.served("ListImages", **app, filter={"tagStatus": status})
        await doors.served("DescribeImages", **app, filter={"tagStatus": status})
    subject = {"subjectId": {"imageDigest": one.digest}}
    await doors.served("ListImageReferrers", **app, **subject)
    await doors.served("ListImageReferrers", **app, **subject, filter={"artifactTypes": ["x"]})
    await doors.served("DescribeImages", **app, imageIds=[{"imageTag": "one"}])
    await doors.served("BatchGetImage", **app, imageIds=[{"imageDigest": one.digest}, {"imageTag": "both"}])
    await doors.served("GetDownloadUrlForLayer", **app, layerDigest=layer)
    clock.move(DAY // 4)  # by then leases have to be renewed
    await doors.served("BatchCheckLayerAvailability", **app, layerDigests=[layer])
    for path in ("app/manifests/one", f"app/manifests/{one.digest}", f"app/blobs/{layer}"):
        assert (await doors.oci("HEAD", path)).status == 200
        assert (await doors.oci("GET", path)).status == 200
    assert (await doors.oci("GET", "app/tags/list")).status == 200
    for mount in (f"?mount={layer}&from=app", f"?mount={layer}"):
        assert (await doors.oci("POST", f"other/blobs/uploads/{mount}")).status == 201
    assert (await doors.oci("DELETE", f"other/blobs/{layer}")).status == 202
    assert (await doors.oci("DELETE", "app/manifests/second")).status == 202
    await doors.served("BatchDeleteImage", **app, imageIds=[{"imageTag": "both"}, {"imageDigest": one.digest}])
    await doors.begin("other")
    await doors.served("DeleteRepository", **app, force=True)
    await doors.served("DeleteRepository", repositoryName="other")


async def _push(doors: Doors, contents: Mapping[str, bytes], digest: str, clock: Clock) -> None:
    """By chunks through the data plane, and by parts through the API."""
    app = {"repositoryName": "app"}
    upload = await doors.begin("app")
    assert (await doors.oci("PATCH", upload, contents[digest])).status == 202
    assert (await doors.oci("GET", upload)).status == 204
    assert (await doors.oci("PUT", f"{upload}?digest={digest}")).status == 201
    upload_id = (await doors.ecr("InitiateLayerUpload", **app)).json["uploadId"]
    part = contents[digest] + b"other"
    last = len(part) - 1
    where = {**app, "uploadId": upload_id}
    await doors.served("UploadLayerPart", **where, partFirstByte=0, partLastByte=last, layerPartBlob=part)
    assert (await doors.ecr("CompleteLayerUpload", **where, layerDigests=[digest])).code == "InvalidLayerException"
    await _push_slowly(doors, contents[digest], clock)
    upload = await doors.begin("app")
    assert (await doors.oci("DELETE", upload)).status == 204


async def _push_slowly(doors: Doors, content: bytes, clock: Clock) -> None:
    """For so long that the upload would look idle."""

    async def pieces() -> AsyncIterator[bytes]:
        yield content
        clock.move(DAY // 4)
        yield content

    upload = await doors.begin("app")
    assert (await doors.oci("PATCH", upload, Body(pieces()))).status == 202
    assert (await doors.oci("PUT", f"{upload}?digest={sha256(content * 2)}")).status == 201


async def _upkeep(state: State, clock: Clock) -> None:
    strict = replace(state, rules=state.rules._replace(any_signature=False, default_account="999999999999"))
    key = await access.first_key(strict)
    await access.credentials(strict, key.key)
    assert await health.missing(state) is None
    clock.move(DAY)
    await jobs.schedule(state)
    assert await jobs.run_one(state)
    await collect.sweep(state)
