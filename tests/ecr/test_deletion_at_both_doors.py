"""What an OCI DELETE makes of the rows of docs/reference/deleting.md, and that what is gone is gone everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final
from urllib.parse import quote

import pytest

from support.content import UNKNOWN, image
from support.deletions import START, State, World, after
from support.oci import Oci
from support.registry import Registry, new_password
from support.server import Server

# --- OCI DELETE ----------------------------------------------------------------------------------------------


OCI_REMOVED: Final[Mapping[str, tuple[str, State]]] = {
    "1 one tag of several": ("a", after(many=["b", "c"])),
    "2 the last tag": ("solo", after(solo=None)),
    "3 digest of an image with tags": ("@many", after(many=None)),
    "4 digest of an untagged image": ("@bare", after(bare=None)),
    # where ECR's own API refuses: a client that deletes by tag wants the tag gone
    "14 last tag of a child": ("ct", after(tagged_child=[])),
    "15 one tag of several on a child": ("ct1", after(child_with_two_tags=["ct2"])),
    "16 index by tag": ("idx", after(index=None)),
    "16 index by digest": ("@index", after(index=None)),
    "17 subject with a referrer": ("@subject", after(subject=None)),
    "18 index of artifacts under a fallback tag": ("sha256-old", after(artifacts=None)),
    "19 referrer": ("@referrer", after(referrer=None)),
}


@pytest.mark.parametrize(("reference", "left"), OCI_REMOVED.values(), ids=OCI_REMOVED)
def test_an_oci_delete_removes_the_same(world: World, reference: str, left: State) -> None:
    (named,) = world.real({"reference": reference}).values()
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{named}")
    assert (answer.status, answer.body) == (202, b"")
    assert world.state() == left


OCI_REFUSED: Final[Mapping[str, tuple[str, int, str]]] = {
    "10 malformed digest": ("sha256:zz", 400, "DIGEST_INVALID"),
    "10 unknown algorithm": ("md5:00", 400, "DIGEST_INVALID"),
    "11 malformed tag": ("a b", 400, "TAG_INVALID"),
    "12 unknown tag": ("nope", 404, "MANIFEST_UNKNOWN"),
    "12 unknown digest": (UNKNOWN, 404, "MANIFEST_UNKNOWN"),
    "13 child of an index": ("@child", 405, "UNSUPPORTED"),
    "13 tagged child by digest": ("@tagged child", 405, "UNSUPPORTED"),
    "18 artifact in the index of a fallback tag": ("@artifact", 405, "UNSUPPORTED"),
}


@pytest.mark.parametrize(("reference", "status", "code"), OCI_REFUSED.values(), ids=OCI_REFUSED)
def test_an_oci_delete_that_is_refused_changes_nothing(world: World, reference: str, status: int, code: str) -> None:
    (named,) = world.real({"reference": reference}).values()
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{quote(named, safe=':')}")
    assert (answer.status, answer.code) == (status, code)
    assert world.state() == START


def test_an_oci_delete_says_which_index_holds_a_child(world: World) -> None:
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{world.images['child'].digest}")
    assert answer.message == f"Requested image referenced by manifest list: [{world.images['index'].digest}]"


@pytest.mark.parametrize("reference", ["nope", UNKNOWN], ids=["tag", "digest"])
def test_an_oci_delete_of_what_is_not_there_is_worded_as_ecr_words_it(world: World, reference: str) -> None:
    answer = world.registry.oci.delete(f"/v2/{world.app}/manifests/{reference}")
    assert answer.message == "Requested image not found"


def test_an_oci_delete_in_a_missing_repository_says_so(registry: Registry) -> None:
    answer = registry.oci.delete(f"/v2/missing/manifests/{UNKNOWN}")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


# --- gone, everywhere and at once ----------------------------------------------------------------------------


def test_an_image_that_is_deleted_is_gone_at_both_doors(world: World) -> None:
    registry, one = world.registry, world.images["many"]
    world.delete({"imageDigest": "@many"})
    for reference in (one.digest, "a", "b", "c"):
        assert registry.oci.get(f"/v2/{world.app}/manifests/{reference}").code == "MANIFEST_UNKNOWN"
        assert registry.oci.head(f"/v2/{world.app}/manifests/{reference}").status == 404
    assert {"a", "b", "c"}.isdisjoint(registry.oci.get(f"/v2/{world.app}/tags/list").json["tags"])
    ids = [{"imageDigest": one.digest}, {"imageTag": "a"}]
    failures = registry.ecr.batch_get_image(repositoryName=world.app, imageIds=ids)["failures"]
    assert [item["failureCode"] for item in failures] == ["ImageNotFound"] * 2
    assert one.digest not in {item["imageDigest"] for item in registry.images(world.app)}


def test_of_many_who_delete_one_image_at_once_one_does(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.delete({"imageTag": "solo"}), range(8)))
    assert sorted(len(answer["imageIds"]) for answer in answers) == [0] * 7 + [1]
    failed = world.failure({"imageTag": "solo"}, "ImageNotFound")
    assert [answer["failures"] for answer in answers if not answer["imageIds"]] == [[failed]] * 7


def test_an_image_that_is_deleted_is_gone_on_every_worker_at_once(strict_server: Server, account: str) -> None:
    environment = strict_server.environment(account=account)
    ecr = strict_server.ecr(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    ecr.create_repository(repositoryName="app")
    login = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    one = image()
    Oci(strict_server.endpoint, new_password(ecr)).push("app", one, "v1")
    workers = strict_server.workers() or [strict_server.pid]  # uvicorn is one process

    def statuses(path: str) -> set[int]:
        found = set()
        for connection in connections:
            connection.request("GET", f"/v2/app/{path}", headers={"Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            answer.read()
            found.add(answer.status)
        return found

    def by_digest(_: int) -> Any:
        return ecr.batch_get_image(repositoryName="app", imageIds=[{"imageDigest": one.digest}])

    with ExitStack() as stack:
        connections = [stack.enter_context(strict_server.connected(worker)) for worker in workers]
        assert statuses("manifests/v1") == {200}
        ecr.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "v1"}])
        assert statuses("manifests/v1") == {404}
        assert statuses(f"manifests/{one.digest}") == {404}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(by_digest, range(32)))
    assert {item["failureCode"] for answer in answers for item in answer["failures"]} == {"ImageNotFound"}
    assert all(answer["images"] == [] for answer in answers)
