"""S5: a rule holds on every way to do a thing: by tag and by digest, at both doors, in batches, by plans, by the bin.

Attacks: distribution CVE-2026-41888 (deleting a tag did not ask the switch that forbids deleting), zot CVE-2026-31801
(who could only create could overwrite `latest`), Quay PROJQUAY-10504 (an immutable tag was removed by deleting its
digest), Harbor CVE-2022-31669 and CVE-2022-31670 (rules of immutability and retention changed by the way around).

Here, as on ECR, immutability is about pushing: a tag that may not move may be deleted by who has that right. What
keeps images are holds (`tests/wharfinger/test_held_images.py`), protection, and the absence of a right.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from support.answer import Answer
from support.content import Image, series
from support.doors import Doors, new_doors
from support.somebody import Somebody, user
from support.state import REGISTRY, Clock
from wharfinger.services import jobs

APP: Final = {"repositoryName": "app"}


class Shop(NamedTuple):
    """The repository `app` with an image, tagged `v1`, one in the bin, and another one that could be pushed."""

    owner: Doors
    image: Image
    other: Image
    gone: Image
    deletion: str
    plan: str
    undoable: str  # a plan that was executed

    async def tags(self) -> dict[str, str]:
        found = (await self.owner.served("ListImages", **APP))["imageIds"]
        return {item["imageTag"]: item["imageDigest"] for item in found if "imageTag" in item}

    async def everything(self) -> Any:
        """All that a deletion, a push or a restoration could change."""
        deletions = (await self.owner.served("ListDeletions"))["deletions"]
        return sorted(map(str, (await self.owner.served("ListImages", **APP))["imageIds"])), deletions


async def work_off(doors: Doors) -> None:
    """The jobs that are due."""
    while await jobs.run_one(doors.state):
        pass


@pytest.fixture
async def shop(tmp_path: Path, clock: Clock) -> AsyncIterator[Shop]:
    async with new_doors(tmp_path / "data", clock) as owner:
        one, other, gone, planned = series(4)
        await owner.push("app", planned, "planned")
        made = await owner.served("CreatePlan", filters={"repositories": ["app"]})
        await owner.served("ExecutePlan", planId=made["plan"]["planId"])
        await work_off(owner)
        await owner.push("app", gone, "gone")
        deleted = await owner.served("DeleteImages", **APP, imageIds=[{"imageDigest": gone.digest}])
        await owner.push("app", one, "v1")
        plan = await owner.served("CreatePlan", filters={"repositories": ["app"]})
        yield Shop(owner, one, other, gone, deleted["deletionId"], plan["plan"]["planId"], made["plan"]["planId"])


Way = Callable[[Shop, Doors], Awaitable[Answer]]
DELETING: Final[dict[str, Way]] = {
    "BatchDeleteImage by tag": lambda _, doors: doors.asked("BatchDeleteImage", **APP, imageIds=[{"imageTag": "v1"}]),
    "BatchDeleteImage by digest": lambda shop, doors: doors.asked(
        "BatchDeleteImage", **APP, imageIds=[{"imageDigest": shop.image.digest}]
    ),
    "DELETE by tag": lambda _, doors: doors.oci("DELETE", "app/manifests/v1"),
    "DELETE by digest": lambda shop, doors: doors.oci("DELETE", f"app/manifests/{shop.image.digest}"),
    "DeleteImages": lambda _, doors: doors.asked("DeleteImages", **APP, imageIds=[{"imageTag": "v1"}]),
    "ExecutePlan": lambda shop, doors: doors.asked("ExecutePlan", planId=shop.plan),
}
WHOLE: Final[dict[str, Way]] = {
    "DeleteRepository": lambda _, doors: doors.asked("DeleteRepository", **APP),
    "DeleteRepository by force": lambda _, doors: doors.asked("DeleteRepository", **APP, force=True),
}


def _put_image(shop: Shop, doors: Doors, tag: str = "v1") -> Awaitable[Answer]:
    return doors.asked("PutImage", **APP, imageManifest=shop.other.text, imageTag=tag)


def _put(shop: Shop, doors: Doors, reference: str) -> Awaitable[Answer]:
    headers = {"content-type": shop.other.media_type}
    return doors.oci("PUT", f"app/manifests/{reference}", shop.other.manifest, headers)


MOVING: Final[dict[str, Way]] = {
    "PutImage": _put_image,
    "PUT by tag": lambda shop, doors: _put(shop, doors, "v1"),
    "PUT by digest with a tag": lambda shop, doors: _put(shop, doors, f"{shop.other.digest}?tag=v1"),
    "PUT by digest with several tags": lambda shop, doors: _put(shop, doors, f"{shop.other.digest}?tag=new&tag=v1"),
}
RESTORING: Final[dict[str, Way]] = {
    "RestoreImages": lambda _, doors: doors.asked("RestoreImages", **APP, imageIds=[{"imageTag": "gone"}]),
    "RestoreDeletion": lambda shop, doors: doors.asked("RestoreDeletion", deletionId=shop.deletion),
    "UndoPlan": lambda shop, doors: doors.asked("UndoPlan", planId=shop.undoable),
}
EMPTYING: Final[dict[str, Way]] = {
    "of a repository": lambda _, doors: doors.asked("EmptyBin", **APP),
    "of a deletion": lambda shop, doors: doors.asked("EmptyBin", deletionIds=[shop.deletion]),
    "of all": lambda _, doors: doors.asked("EmptyBin", all=True),
}


def ways(table: dict[str, Way]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("way", table.values(), ids=table.keys())


async def set_policy(shop: Shop, effect: str, *actions: str) -> None:
    document = {"Statement": {"Effect": effect, "Principal": "*", "Action": list(actions)}}
    await shop.owner.served("SetRepositoryPolicy", **APP, policyText=json.dumps(document))


async def kept_from(shop: Shop, action: str) -> Somebody:
    """A user who may do everything but one thing in the repository."""
    denied = {"Effect": "Deny", "Action": action, "Resource": REGISTRY.arn("app")}
    return await user(shop.owner, "kept", {"Action": "*"}, denied)


async def changes_nothing(shop: Shop, way: Way, doors: Doors) -> Answer:
    """What is answered by a way that is closed."""
    before = await shop.everything()
    answer = await way(shop, doors)
    await work_off(shop.owner)
    assert await shop.everything() == before
    return answer


# --- deleting ------------------------------------------------------------------------------------------------


@ways({**DELETING, "DeleteRepository by force": WHOLE["DeleteRepository by force"]})
async def test_every_way_to_delete_is_one(shop: Shop, way: Way) -> None:
    """Else the tests below would close ways that lead nowhere."""
    await way(shop, shop.owner)
    await work_off(shop.owner)
    answer = await shop.owner.asked("ListImages", **APP)
    assert "v1" not in answer.body.decode()


@ways(DELETING)
async def test_what_a_repository_policy_denies_is_denied_on_every_way_to_delete(shop: Shop, way: Way) -> None:
    await set_policy(shop, "Deny", "ecr:BatchDeleteImage")
    assert (await changes_nothing(shop, way, shop.owner)).code in {"AccessDeniedException", "DENIED"}


@ways(WHOLE)
async def test_a_repository_whose_policy_denies_it_is_not_deleted(shop: Shop, way: Way) -> None:
    await set_policy(shop, "Deny", "ecr:DeleteRepository")
    assert (await changes_nothing(shop, way, shop.owner)).code == "AccessDeniedException"


@ways(DELETING)
async def test_what_an_identity_policy_denies_is_denied_on_every_way_to_delete(shop: Shop, way: Way) -> None:
    doors = await kept_from(shop, "ecr:BatchDeleteImage")
    assert (await changes_nothing(shop, way, doors)).code in {"AccessDeniedException", "DENIED"}


@ways(DELETING)
async def test_who_may_only_push_and_pull_deletes_on_no_way(shop: Shop, way: Way) -> None:
    rights = ["ecr:PutImage", "ecr:*Layer*", "ecr:BatchGetImage", "wharfinger:*"]
    doors = await user(shop.owner, "pusher", {"Action": rights})
    assert (await changes_nothing(shop, way, doors)).code in {"AccessDeniedException", "DENIED"}


@pytest.mark.parametrize("held", ["v1", "v*", "@"], ids=["a tag", "a pattern", "a digest"])
@ways({**DELETING, **WHOLE})
async def test_what_is_held_stays_on_every_way_to_delete(shop: Shop, way: Way, held: str) -> None:
    image_ = shop.image.digest if held == "@" else held
    await shop.owner.served("PutHold", **APP, image=image_, reason="in production")
    await way(shop, shop.owner)
    await work_off(shop.owner)
    assert (await shop.owner.oci("GET", f"app/manifests/{shop.image.digest}")).body == shop.image.manifest
    assert (await shop.tags()).get("v1") == shop.image.digest or held == "@"


@ways(WHOLE)
async def test_a_protected_repository_stays(shop: Shop, way: Way) -> None:
    await shop.owner.served("PutDeletionSettings", **APP, settings={"protection": "in production"})
    assert (await changes_nothing(shop, way, shop.owner)).status == 400


# --- pushing -------------------------------------------------------------------------------------------------


@ways(MOVING)
async def test_every_way_to_move_a_tag_is_one(shop: Shop, way: Way) -> None:
    assert (await way(shop, shop.owner)).status < 300
    assert (await shop.tags())["v1"] == shop.other.digest


@ways(MOVING)
async def test_an_immutable_tag_is_moved_on_no_way(shop: Shop, way: Way) -> None:
    await shop.owner.served("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    assert (await changes_nothing(shop, way, shop.owner)).code in {"ImageTagAlreadyExistsException", "TAG_INVALID"}


@ways(MOVING)
@pytest.mark.parametrize("by", ["repository policy", "identity policy"])
async def test_who_may_not_put_images_moves_a_tag_on_no_way(shop: Shop, way: Way, by: str) -> None:
    doors: Doors = shop.owner
    if by == "repository policy":
        await set_policy(shop, "Deny", "ecr:PutImage")
    else:
        doors = await kept_from(shop, "ecr:PutImage")
    assert (await changes_nothing(shop, way, doors)).code in {"AccessDeniedException", "DENIED"}


@pytest.mark.parametrize("query", ["", "?digest=sha256:{0}", "?mount=sha256:{0}&from=app", "?mount=sha256:{0}"])
async def test_who_may_not_begin_an_upload_pushes_no_blob_on_any_way(shop: Shop, query: str) -> None:
    doors = await kept_from(shop, "ecr:InitiateLayerUpload")
    assert (await doors.oci("POST", f"app/blobs/uploads/{query.format('0' * 64)}")).code == "DENIED"
    assert (await doors.asked("InitiateLayerUpload", **APP)).code == "AccessDeniedException"


@pytest.mark.parametrize("action", ["ecr:UploadLayerPart", "ecr:CompleteLayerUpload"])
async def test_a_blob_that_comes_in_one_request_needs_what_its_parts_would(shop: Shop, action: str) -> None:
    doors = await kept_from(shop, action)
    answer = await doors.oci("POST", f"app/blobs/uploads/?digest=sha256:{'0' * 64}", b"content")
    assert answer.code == "DENIED"


@ways({name: RESTORING[name] for name in ("RestoreImages", "RestoreDeletion")})
async def test_what_comes_back_does_not_move_a_tag_that_was_taken_meanwhile(shop: Shop, way: Way) -> None:
    await shop.owner.push("app", shop.other, "gone")
    await shop.owner.served("PutImageTagMutability", **APP, imageTagMutability="IMMUTABLE")
    assert (await way(shop, shop.owner)).status == 200
    assert (await shop.tags())["gone"] == shop.other.digest


# --- the bin -------------------------------------------------------------------------------------------------


@ways(RESTORING)
async def test_who_may_not_restore_images_brings_nothing_back_on_any_way(shop: Shop, way: Way) -> None:
    doors = await kept_from(shop, "wharfinger:RestoreImages")
    answer = await changes_nothing(shop, way, doors)
    assert answer.code in {"AccessDeniedException", "DeletionNotFoundException"}


@ways(RESTORING)
async def test_every_way_to_bring_back_is_one(shop: Shop, way: Way) -> None:
    before = await shop.tags()
    assert (await way(shop, shop.owner)).status == 200
    await work_off(shop.owner)
    assert len(await shop.tags()) == len(before) + 1


@ways(EMPTYING)
async def test_who_may_not_empty_the_bin_of_a_repository_empties_it_on_no_way(shop: Shop, way: Way) -> None:
    doors = await kept_from(shop, "wharfinger:EmptyBin")
    answer = await changes_nothing(shop, way, doors)
    assert answer.code in {"AccessDeniedException", "DeletionNotFoundException"}


@ways(EMPTYING)
async def test_every_way_to_empty_the_bin_is_one(shop: Shop, way: Way) -> None:
    assert (await way(shop, shop.owner)).status == 200
    assert all(item["deletionId"] != shop.deletion for item in (await shop.everything())[1])


async def test_a_hold_is_not_taken_away_by_its_number_where_that_is_denied(shop: Shop) -> None:
    held = await shop.owner.served("PutHold", **APP, image="v1", reason="in production")
    doors = await kept_from(shop, "wharfinger:DeleteHold")
    assert (await doors.asked("DeleteHold", holdId=held["hold"]["holdId"])).code == "HoldNotFoundException"
    assert (await shop.owner.served("ListHolds", **APP))["holds"] == [held["hold"]]


async def test_a_whole_repository_is_not_brought_back_by_who_may_not_restore_there(shop: Shop) -> None:
    await shop.owner.served("DeleteRepository", **APP, force=True)
    [latest, *_] = (await shop.owner.served("ListDeletions"))["deletions"]
    doors = await kept_from(shop, "wharfinger:RestoreImages")
    answer = await doors.asked("RestoreDeletion", deletionId=latest["deletionId"])
    assert answer.code == "DeletionNotFoundException"
    assert (await shop.owner.asked("DescribeRepositories", repositoryNames=["app"])).status == 400
