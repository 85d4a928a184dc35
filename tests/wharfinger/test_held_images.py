"""What is held is refused by every way to delete, with the words of what holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from support.content import Image, image, index
from support.doors import Doors
from support.registry import Registry, as_id, error_of, stranger
from support.state import REGISTRY, Clock
from wharfinger.services import collect
from wharfinger.services.remove import REFERRERS_WAIT
from wharfinger.state.db import images, repositories
from wharfinger.state.db.database import Tx


class Held(NamedTuple):
    """The repository `app` with an image, tagged `v1` and `v2`, and another one, tagged `other`."""

    registry: Registry
    wharfinger: Any
    image: Image
    other: Image

    def hold(self, on: str, repository: str = "app") -> str:
        """Hold a tag or a pattern, `@` the image by its digest: the hold in words."""
        on = self.image.digest if on == "@" else on
        held = self.wharfinger.put_hold(repositoryName=repository, image=on, reason="in production")["hold"]
        return f"hold {held['holdId']} on {on}: in production"

    def delete(self, *ids: str) -> Any:
        return self.registry.delete("app", *ids)

    def is_whole(self) -> bool:
        return self.registry.tags("app") == {
            "v1": self.image.digest,
            "v2": self.image.digest,
            "other": self.other.digest,
        }


@pytest.fixture
def held(registry: Registry, wharfinger: Any) -> Held:
    app = registry.create("app")
    found = Held(registry, wharfinger, image(), image())
    registry.oci.push(app, found.image, "v1", "v2")
    registry.oci.push(app, found.other, "other")
    return found


def by_batch_delete_image(held: Held, reference: str) -> str:
    answer = held.delete(reference)
    assert answer["imageIds"] == []
    return refusal(answer, reference)


def by_delete_images(held: Held, reference: str) -> str:
    answer = held.wharfinger.delete_images(repositoryName="app", imageIds=[as_id(reference)])
    assert answer["imageIds"] == []
    assert "deletionId" not in answer
    return refusal(answer, reference)


def by_a_dry_run(held: Held, reference: str) -> str:
    answer = held.wharfinger.delete_images(repositoryName="app", imageIds=[as_id(reference)], dryRun=True)
    assert answer["imageIds"] == []
    return refusal(answer, reference)


def by_the_data_plane(held: Held, reference: str) -> str:
    answer = held.registry.oci.delete(f"/v2/app/manifests/{reference}")
    assert (answer.status, answer.code) == (403, "DENIED")
    return answer.message


def refusal(answer: Any, reference: str) -> str:
    [failure] = answer["failures"]
    assert (failure["imageId"], failure["failureCode"]) == (as_id(reference), "ImageHeld")
    return str(failure["failureReason"])


WAYS = [by_batch_delete_image, by_delete_images, by_a_dry_run, by_the_data_plane]
Way = Callable[[Held, str], str]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("repository", ["app", "a*"])
@pytest.mark.parametrize("on", ["@", "v1", "v*", "*"])
def test_a_held_image_is_refused_by_its_digest(held: Held, way: Way, repository: str, on: str) -> None:
    words = held.hold(on, repository)
    assert way(held, held.image.digest) == f"Requested image is held: [{words}]"
    assert held.is_whole()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("repository", ["app", "a*"])
@pytest.mark.parametrize("on", ["v1", "v*"])
def test_a_held_tag_is_refused(held: Held, way: Way, repository: str, on: str) -> None:
    words = held.hold(on, repository)
    assert way(held, "v1") == f"Requested image is held: [{words}]"
    assert held.is_whole()


@pytest.mark.parametrize("way", WAYS)
def test_the_last_tag_of_a_held_image_is_refused(held: Held, way: Way) -> None:
    words = held.hold("@")
    held.delete("v2")
    assert way(held, "v1") == f"Requested image is held: [{words}]"
    assert held.registry.tags("app")["v1"] == held.image.digest


@pytest.mark.parametrize("repository", ["app", "a*"])
@pytest.mark.parametrize("on", ["@", "v1", "v*"])
def test_a_repository_with_a_held_image_is_not_deleted(held: Held, repository: str, on: str) -> None:
    words = held.hold(on, repository)
    with pytest.raises(ClientError) as caught:
        held.registry.ecr.delete_repository(repositoryName="app", force=True)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert message.endswith(f"cannot be deleted because one of its images is held by {words}")
    assert held.is_whole()


@pytest.mark.parametrize(
    ("repository", "on"), [("app", "v3"), ("app", "w*"), ("b*", "*"), ("other", "v1"), ("*", "sha256:" + "0" * 64)]
)
def test_a_repository_goes_whose_holds_hold_none_of_its_images(held: Held, repository: str, on: str) -> None:
    held.hold(on, repository)
    held.registry.ecr.delete_repository(repositoryName="app", force=True)


@pytest.mark.parametrize("repository", ["app", "a*"])
@pytest.mark.parametrize("on", ["t2500", "t25*0"])
async def test_one_held_tag_of_thousands_is_found(doors: Doors, repository: str, on: str) -> None:
    await doors.push("app", image(), "v1")

    async def tag(tx: Tx) -> None:
        found = await repositories.find(tx, REGISTRY, "app")
        assert found is not None
        await images.put_tags(tx, found.id, 1, [f"t{number}" for number in range(2501)], 0)

    await doors.state.db.write(tag)
    await doors.served("PutHold", repositoryName=repository, image=on, reason="the last")
    answer = await doors.ecr("DeleteRepository", repositoryName="app", force=True)
    assert "on t25" in answer.message


def test_a_repository_without_images_goes_whatever_is_held_in_it(registry: Registry, wharfinger: Any) -> None:
    registry.create("app")
    wharfinger.put_hold(repositoryName="app", image="*", reason="for later")
    registry.ecr.delete_repository(repositoryName="app")


def test_all_holds_on_an_image_are_named(held: Held) -> None:
    words = [held.hold(on) for on in ("v2", "@", "v*", "other")]
    assert by_batch_delete_image(held, held.image.digest) == f"Requested image is held: [{', '.join(words[:3])}]"


def test_others_of_the_same_call_go(held: Held) -> None:
    held.hold("v1")
    answer = held.delete("v1", "other", "v2")
    assert [item["imageTag"] for item in answer["imageIds"]] == ["other", "v2"]
    assert [item["imageId"] for item in answer["failures"]] == [{"imageTag": "v1"}]
    assert held.registry.tags("app") == {"v1": held.image.digest}


def test_another_tag_of_a_held_image_goes(held: Held) -> None:
    held.hold("@")
    assert held.registry.oci.delete("/v2/app/manifests/v2").status == 202
    assert held.registry.tags("app") == {"v1": held.image.digest, "other": held.other.digest}


def test_an_image_goes_when_its_hold_is_taken_away(held: Held) -> None:
    words = held.hold("v1")
    held.wharfinger.delete_hold(holdId=words.split()[1])
    assert held.delete(held.image.digest)["failures"] == []


def test_a_hold_holds_nothing_in_another_registry(held: Held) -> None:
    held.hold("*", "*")
    other = stranger(held.registry)
    other.create("app")
    other.oci.push("app", held.image, "v1")
    assert other.delete("app", "v1")["failures"] == []


def test_what_is_pushed_later_is_held_from_then_on(held: Held) -> None:
    held.hold("later")
    held.registry.oci.push("app", image(), "later")
    by_batch_delete_image(held, "later")


def test_an_image_without_tags_is_held_by_its_digest_only(held: Held) -> None:
    untagged = image()
    held.registry.oci.push("app", untagged)
    held.hold("*")
    assert held.delete(untagged.digest)["failures"] == []


# --- what holds do not do ------------------------------------------------------------------------------------


def test_a_held_tag_can_be_moved_by_a_push_and_holds_what_it_points_to_then(held: Held) -> None:
    held.hold("v1")
    held.registry.oci.push("app", held.other, "v1")
    by_batch_delete_image(held, held.other.digest)
    assert held.delete(held.image.digest)["failures"] == []


def test_a_digest_stays_held_when_its_tags_are_moved(held: Held) -> None:
    held.hold("@")
    held.registry.oci.push("app", held.other, "v1", "v2")
    by_batch_delete_image(held, held.image.digest)


# --- indexes, children and referrers -------------------------------------------------------------------------


class Family(NamedTuple):
    """An index and its children."""

    both: Image
    first: Image
    second: Image


@pytest.fixture
def family(held: Held) -> Family:
    first, second = image(), image()
    both = index(first, second)
    held.registry.oci.push("app", both, "multi")
    return Family(both, first, second)


def test_an_index_that_is_held_keeps_its_children(held: Held, family: Family) -> None:
    held.hold("multi")
    answer = held.delete(family.both.digest, family.first.digest, family.second.digest)
    assert answer["imageIds"] == []
    codes = [item["failureCode"] for item in answer["failures"]]
    assert codes == ["ImageHeld", "ImageReferencedByManifestList", "ImageReferencedByManifestList"]


def test_a_child_that_is_held_stays_when_its_index_goes(held: Held, family: Family) -> None:
    held.hold(family.first.digest)
    answer = held.delete(family.both.digest, family.first.digest, family.second.digest)
    gone = {item["imageDigest"] for item in answer["imageIds"]}
    assert gone == {family.both.digest, family.second.digest}
    assert [item["failureCode"] for item in answer["failures"]] == ["ImageHeld"]


async def test_a_referrer_that_is_held_does_not_follow_its_subject(doors: Doors, clock: Clock) -> None:
    subject = image()
    kept, gone = image(subject=subject), image(subject=subject)
    for one, tag in ((subject, "v1"), (kept, kept.digest), (gone, gone.digest)):
        await doors.push("app", one, tag)
    await doors.served("PutHold", repositoryName="app", image=kept.digest, reason="evidence")
    await doors.served("BatchDeleteImage", repositoryName="app", imageIds=[{"imageTag": "v1"}])
    clock.move(REFERRERS_WAIT)
    await collect.run(doors.state)
    left = (await doors.served("ListImages", repositoryName="app"))["imageIds"]
    assert left == [{"imageDigest": kept.digest}]


# --- terms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("repository", "on"), [("app", "v1"), ("app", "v*"), ("a*", "v1")])
async def test_a_hold_holds_until_its_last_millisecond_and_no_longer(
    doors: Doors, clock: Clock, repository: str, on: str
) -> None:
    await doors.push("app", image(), "v1")
    term = (clock() + 1000) / 1000
    await doors.served("PutHold", repositoryName=repository, image=on, reason="a second", expiresAt=term)
    asked: dict[str, Any] = {"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]}
    clock.move(999)
    assert len((await doors.served("BatchDeleteImage", **asked))["failures"]) == 1
    assert (await doors.ecr("DeleteRepository", repositoryName="app", force=True)).status == 400
    clock.move(1)
    assert (await doors.served("BatchDeleteImage", **asked))["failures"] == []


@pytest.mark.parametrize("on", ["v1", "v*"])
async def test_a_repository_goes_when_the_holds_in_it_are_over(doors: Doors, clock: Clock, on: str) -> None:
    await doors.push("app", image(), "v1")
    term = (clock() + 1000) / 1000
    await doors.served("PutHold", repositoryName="app", image=on, reason="a second", expiresAt=term)
    clock.move(1000)
    await doors.served("DeleteRepository", repositoryName="app", force=True)
