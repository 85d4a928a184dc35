"""Where Amazon ECR and the OCI specification differ, what this server answers: the table of docs/reference/oci.md, run.

Each point says what ECR answers, to compare, and what is observed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from support import inside
from support.answer import Answer
from support.content import DOCKER_IMAGE, OCI_IMAGE, OCI_INDEX, Image, image, index, sha256, sha512
from support.oci import Oci
from support.registry import Registry
from wharfinger.domain.names import Registry as RegistryName

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "oci.md"
CONTENT = b"0123456789"
HOUR = 60 * 60 * 1000


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


def pushed(registry: Registry, *tags: str) -> Image:
    one = image()
    registry.oci.push(registry.create("app"), one, *tags)
    return one


def put(registry: Registry, reference: str, content: bytes, media_type: str = OCI_IMAGE) -> Answer:
    return registry.oci.put_manifest("app", reference, content, media_type)


# --- lists ---------------------------------------------------------------------------------------------------


def order_of_tags(registry: Registry) -> object:
    pushed(registry, "b", "B", "9", "10")
    return registry.oci.get("/v2/app/tags/list").json["tags"]


def many_tags_asked_for(registry: Registry) -> object:
    pushed(registry, "latest")
    return registry.oci.get("/v2/app/tags/list?n=10000").status


def tags_after_a_tag(registry: Registry) -> object:
    pushed(registry, "a", "b", "c")
    return registry.oci.get("/v2/app/tags/list?last=a").json["tags"]


def type_of_the_tag_list(registry: Registry) -> object:
    pushed(registry)
    return registry.oci.get("/v2/app/tags/list").headers["Content-Type"]


# --- uploads -------------------------------------------------------------------------------------------------


def patched(registry: Registry) -> Answer:
    location = registry.oci.begin(registry.create("app"))
    registry.oci.call("PATCH", location, CONTENT[:5], {"Content-Range": "0-4"})
    return registry.oci.call("PATCH", location, CONTENT[5:], {"Content-Range": "5-9"})


def status_of_a_patch(registry: Registry) -> object:
    return patched(registry).status


def range_after_a_patch(registry: Registry) -> object:
    return patched(registry).headers["Range"]


def small_chunks(registry: Registry) -> object:
    location = patched(registry).headers["Location"]
    return registry.oci.call("PUT", f"{location}?digest={sha256(CONTENT)}").status


def mounted(registry: Registry, setting: str) -> int:
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value=setting)
    registry.oci.push_blob(registry.create(f"from-{setting.lower()}"), CONTENT, sha256(CONTENT))
    target = registry.create(f"to-{setting.lower()}")
    return registry.oci.call("POST", f"/v2/{target}/blobs/uploads/?mount={sha256(CONTENT)}").status


def mount_from_anywhere(registry: Registry) -> object:
    return {setting: mounted(registry, setting) for setting in ("DISABLED", "ENABLED")}


def mount_of_an_unused_blob(registry: Registry) -> object:
    return mounted(registry, "ENABLED")


def sha512_of_a_blob(registry: Registry) -> object:
    digest = sha512(CONTENT)
    return registry.oci.call("POST", f"/v2/{registry.create('app')}/blobs/uploads/?digest={digest}", CONTENT).status


# --- blobs and manifests -------------------------------------------------------------------------------------


def blob_get(registry: Registry) -> object:
    registry.oci.push_blob(registry.create("app"), CONTENT, sha256(CONTENT))
    answer = registry.oci.get(f"/v2/app/blobs/{sha256(CONTENT)}")
    return answer.status, answer.body


def delete_of_blobs(registry: Registry) -> object:
    one = pushed(registry, "latest")
    registry.oci.push_blob("app", CONTENT, sha256(CONTENT))
    paths = {"unused": sha256(CONTENT), "needed": next(iter(one.blobs))}
    return {name: registry.oci.delete(f"/v2/app/blobs/{digest}").status for name, digest in paths.items()}


def unreadable_manifest(registry: Registry) -> object:
    registry.create("app")
    return refusal(put(registry, "latest", b"{"))


def large_manifest(registry: Registry) -> object:
    registry.create("app")
    return put(registry, "latest", b" " * (4 * 1024 * 1024 + 1)).status


def immutable_tag(registry: Registry) -> object:
    registry.create("app", imageTagMutability="IMMUTABLE")
    old, new = image(), image()
    registry.oci.push("app", old, "latest")
    registry.oci.push("app", new)
    return refusal(put(registry, "latest", new.manifest))


def absent_references(registry: Registry) -> object:
    registry.create("app")
    one = image()
    return refusal(put(registry, "a", one.manifest)), refusal(put(registry, "b", index(one).manifest, OCI_INDEX))


def tags_in_the_query(registry: Registry) -> object:
    one = pushed(registry)
    put(registry, f"{one.digest}?tag=a&tag=b", one.manifest)
    return registry.tags("app") == {"a": one.digest, "b": one.digest}


def accepted_types(registry: Registry) -> object:
    pushed(registry, "latest")
    return registry.oci.get("/v2/app/manifests/latest", {"Accept": DOCKER_IMAGE}).headers["Content-Type"]


# --- deleting ------------------------------------------------------------------------------------------------


def last_tag_of_an_image(registry: Registry) -> object:
    one = pushed(registry, "latest")
    status = registry.oci.delete("/v2/app/manifests/latest").status
    return status, registry.oci.head(f"/v2/app/manifests/{one.digest}").status


def last_tag_of_a_child(registry: Registry) -> object:
    one = pushed(registry, "latest")
    registry.oci.push("app", index(one), "index")
    status = registry.oci.delete("/v2/app/manifests/latest").status
    return status, registry.oci.head(f"/v2/app/manifests/{one.digest}").status


def child_of_an_index(registry: Registry) -> object:
    one = pushed(registry)
    registry.oci.push("app", index(one), "index")
    return refusal(registry.oci.delete(f"/v2/app/manifests/{one.digest}"))


# --- logging in ----------------------------------------------------------------------------------------------


def with_password(registry: Registry, password: str | None) -> tuple[int, str]:
    return refusal(Oci(registry.server.endpoint, password).get("/v2/"))


def expired_password(registry: Registry) -> object:
    name = RegistryName(registry.account, registry.region)
    old = inside.token(registry.server, name, age=13 * HOUR)
    return with_password(registry, old)


def wrong_password(registry: Registry) -> object:
    return with_password(registry, "nonsense")


def no_password(registry: Registry) -> object:
    pushed(registry, "latest")
    return refusal(Oci(registry.server.endpoint, None).get("/v2/app/manifests/latest"))


# --- the table -----------------------------------------------------------------------------------------------


class Point(NamedTuple):
    """A row of the table: what ECR answers, to compare; what is observed here."""

    name: str
    ecr: object
    here: object
    observe: Callable[[Registry], object]


MISSING = (404, "MANIFEST_BLOB_UNKNOWN")
POINTS = (
    Point("Order of tags", "any", ["10", "9", "B", "b"], order_of_tags),
    Point("`n` over 1000", 405, 200, many_tags_asked_for),
    Point("`last`", "an opaque token", ["b", "c"], tags_after_a_tag),
    Point("Content type of the tag list", "text/plain; charset=utf-8", "application/json", type_of_the_tag_list),
    Point("Status of a PATCH", 201, 202, status_of_a_patch),
    Point("Range after a PATCH", "0-4", "0-9", range_after_a_patch),
    Point("Small chunks", 400, 201, small_chunks),
    Point("Manifest that cannot be read", (405, "UNSUPPORTED"), (400, "MANIFEST_INVALID"), unreadable_manifest),
    Point("Manifest over 4 MiB", 405, 413, large_manifest),
    Point("Tag that may not move", (400, "TAG_INVALID"), (400, "TAG_INVALID"), immutable_tag),
    Point("Index with absent children, image with absent layers", "refused", (MISSING, MISSING), absent_references),
    Point("Mount without `from`", 202, {"DISABLED": 202, "ENABLED": 201}, mount_from_anywhere),
    Point("Mount of a blob that no image uses", 202, 201, mount_of_an_unused_blob),
    Point("DELETE of a blob", 405, {"unused": 202, "needed": 405}, delete_of_blobs),
    Point("DELETE of the last tag of an image", (202, 404), (202, 404), last_tag_of_an_image),
    Point("… if an index lists that image", 405, (202, 200), last_tag_of_a_child),
    Point("DELETE of an image that an index lists", 405, (405, "UNSUPPORTED"), child_of_an_index),
    Point("Blob GET", 307, (200, CONTENT), blob_get),
    Point("Several tags in one PUT (`?tag=`)", False, True, tags_in_the_query),
    Point("sha512", 400, 201, sha512_of_a_blob),
    Point("Expired password", (403, "DENIED"), (403, "DENIED"), expired_password),
    Point("Password that is none", 400, (401, "UNAUTHORIZED"), wrong_password),
    Point("Anonymous pull", 401, (401, "UNAUTHORIZED"), no_password),
    Point("Conversion of manifests by Accept", DOCKER_IMAGE, OCI_IMAGE, accepted_types),
)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_it_is_here_as_the_table_says(point: Point, registry: Registry) -> None:
    assert point.observe(registry) == point.here


def test_the_table_in_the_documentation_has_these_points() -> None:
    _, _, table = TABLE.read_text().partition("| Point |")
    assert re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[1:] == [point.name for point in POINTS]
