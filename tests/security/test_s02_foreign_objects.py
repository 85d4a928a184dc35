"""S2: an id is worth nothing to whom the object does not belong: whatever it names, it looks like one of nothing.

Attacks: Harbor CVE-2022-31666 to CVE-2022-31671 (web hooks, robots, policies and logs of other projects by their
number), Quay CVE-2026-32589 (the upload id of another repository), CVE-2026-109194 and CVE-2026-109195 (an object by
its UUID alone), Harbor CVE-2024-22278 (settings of a project without a right to them).

The table goes over every operation that is built: one that takes a new kind of id fails it until it stands here.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from support.answer import Answer
from support.content import UNKNOWN, UNKNOWN_UPLOAD, image, sha256
from support.doors import Doors, new_doors
from support.somebody import OPERATIONS, Somebody, abroad, least, members, stranger, user
from support.state import REGISTRY, Clock
from wharfinger.domain.principals import user_arn
from wharfinger.services import jobs

APP: Final = {"repositoryName": "app"}
_NAMES_SOMETHING: Final = re.compile(r"(Ids?|Name|Token|Digests?|Arn|Tag|issuer|name|principal)$|^subjectId$")
# whose these are is said by S13, and what a push makes is its own
_ELSEWHERE: Final = {"registryId", "registryIds", "repositoryName", "resourceArn", "eventName"}
_OF_ACCOUNTS: Final = {"userName", "roleName", "policyName", "accessKeyId", "issuer", "principal"}
_MAKING: Final = ("Create", "Put", "Set", "Initiate")
_NOT_FOUND: Final = {"PlanNotFoundException", "LifecyclePolicyPreviewNotFoundException"}
_PAGED: Final = sorted(name for name in OPERATIONS if "nextToken" in members(name))


class World(NamedTuple):
    """An account that has two of everything, and what is known of it elsewhere: by the member of a request."""

    owner: Doors
    ids: Mapping[str, tuple[Any, Any]]  # one that is there, and one like it that is not

    async def all(self) -> list[Any]:
        """What the account has."""
        lists = [name for name in _PAGED if not least(name) and name != "ListTrailRecords"]  # which asking makes longer
        return [await self.owner.served(name) for name in lists]


@pytest.fixture
async def world(tmp_path: Path, clock: Clock) -> AsyncIterator[World]:
    async with new_doors(tmp_path / "data", clock, webhook_private=True) as owner:
        yield await _filled(owner)


async def _filled(owner: Doors) -> World:
    one, gone = image(), image()
    await owner.served("CreateRepository", repositoryName="other")
    await owner.push("app", one, "v1", "v2")
    for _ in range(2):
        await owner.push("app", image(subject=one))
    deletions = []
    for number in range(2):
        await owner.push("app", gone, "gone")
        answer = await owner.served("DeleteImages", **APP, imageIds=[{"imageDigest": gone.digest}])
        deletions.append(answer["deletionId"])
        await owner.served("PutWebhook", name=f"hook{number}", url=f"http://127.0.0.1:{9 + number}/")
        await owner.served("PutImageFeed", feedName=f"feed{number}", images=[], timeToLiveSeconds=60)
        hold = await owner.served("PutHold", **APP, image=f"held{number}", reason="because")
        plan = await owner.served("CreatePlan", filters={"repositories": ["app"]})
        await owner.push("app", image(), f"more{number}")
    key = await _people(owner)
    await _preview(owner)
    upload = (await owner.served("InitiateLayerUpload", **APP))["uploadId"]
    layer = list(one.blobs)[-1]
    hold_id, plan_id = hold["hold"]["holdId"], plan["plan"]["planId"]
    return World(
        owner,
        {
            "uploadId": (upload, UNKNOWN_UPLOAD),
            "deletionId": (deletions[0], "0"),
            "deletionIds": ([deletions[1]], ["0"]),
            "holdId": (hold_id, "0"),
            "planId": (plan_id, "0"),
            "feedName": ("feed0", "feed9"),
            "name": ("hook0", "hook9"),
            "userName": ("user0", "user9"),
            "roleName": ("role0", "role9"),
            "policyName": ("policy0", "policy9"),
            "robotName": ("robot0", "robot9"),
            "accessKeyId": (key, "AKIA" + "X" * 16),
            "issuer": ("https://issuer0.example", "https://issuer9.example"),
            "principal": (user_arn(owner.account, "user0"), user_arn(owner.account, "user9")),
            "imageIds": (
                [{"imageDigest": one.digest}, {"imageTag": "v1"}],
                [{"imageDigest": UNKNOWN}, {"imageTag": "v9"}],
            ),
            "imageTag": ("v1", "v9"),
            "layerDigest": (layer, UNKNOWN),
            "layerDigests": ([layer], [UNKNOWN]),
            "subjectId": ({"imageDigest": one.digest}, {"imageDigest": UNKNOWN}),
        },
    )


async def _people(owner: Doors) -> str:
    """Two of every kind that there is: an access key of the first."""
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": owner.account}, "Action": "sts:AssumeRole"}}
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}}
    for number in range(2):
        await owner.served("CreateUser", userName=f"user{number}")
        await owner.served("CreateRole", roleName=f"role{number}", trustPolicy=json.dumps(trust))
        await owner.served("PutPolicy", policyName=f"policy{number}", policyDocument=json.dumps(document))
        await owner.served("AttachPolicy", policyName=f"policy{number}", userName=f"user{number}")
        await owner.served("PutIdentityProvider", issuer=f"https://issuer{number}.example", audiences=["a"])
        await owner.served(
            "CreateRobot", robotName=f"robot{number}", actions=["ecr:BatchGetImage"], repositories=["app"]
        )
    made = await owner.served("CreateAccessKey", userName="user0")
    return str(made["accessKey"]["accessKeyId"])


async def _preview(owner: Doors) -> None:
    """Of a policy that expires more than one image."""
    rule = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
    text = json.dumps({"rules": [{"rulePriority": 1, "selection": rule, "action": {"type": "expire"}}]})
    await owner.served("StartLifecyclePolicyPreview", **APP, lifecyclePolicyText=text)
    while await jobs.run_one(owner.state):
        pass


def _named(operation: str) -> list[str]:
    return [name for name in members(operation) if _NAMES_SOMETHING.search(name) and name not in _ELSEWHERE]


def _shown(answer: Answer, value: Any) -> tuple[Any, ...]:
    """All of an answer but the id that was asked for, and what is of each answer its own."""
    body = answer.body.decode()
    for text in re.findall(r"'([^']*)'", repr(value)):
        body = body.replace(text, "…") if len(text) > 1 else re.sub(rf"\b{text}\b", "…", body)
    own = {"x-amzn-requestid", "content-length"}
    return answer.status, {name: text for name, text in answer.headers.items() if name not in own}, body


async def told_apart(doors: Doors, world: World, repository: str, *which: str) -> dict[tuple[str, str], Any]:
    """By operation and member, the answers that are others for an id of somebody else than for one of nothing."""
    found = {}
    for operation in sorted(OPERATIONS):
        has_repository = (
            "repositoryName" in members(operation) and operation != "EmptyBin"
        )  # which takes one of the two
        where = {"repositoryName": repository} if has_repository else {}
        for member in set(_named(operation)) & set(which or world.ids):
            if operation.startswith(_MAKING):
                continue
            asked = [{**least(operation), **where, member: value} for value in world.ids[member]]
            theirs, nothing = [_shown(await doors.asked(operation, **one), one[member]) for one in asked]
            if theirs != nothing:
                found[operation, member] = (theirs, nothing)
    return found


async def test_every_kind_of_id_that_an_operation_takes_is_in_the_table(world: World) -> None:
    taken = {name for operation in OPERATIONS for name in _named(operation) if not operation.startswith(_MAKING)}
    assert taken - {"nextToken"} == world.ids.keys()


async def test_an_id_of_the_table_is_one_that_its_owner_is_served_by(world: World) -> None:
    """Else the tests below would compare nothing with nothing."""
    told = {member for _, member in await told_apart(world.owner, world, "app")}
    assert told == world.ids.keys()


async def test_an_id_of_another_account_looks_like_one_of_nothing(world: World) -> None:
    other = stranger(world.owner)
    await other.served("CreateRepository", repositoryName="app")
    before = await world.all()
    assert await told_apart(other, world, "app") == {}
    assert await world.all() == before


async def test_an_id_of_another_region_looks_like_one_of_nothing(world: World) -> None:
    """But for people, who are of an account in all regions."""
    other = abroad(world.owner)
    await other.served("CreateRepository", repositoryName="app")
    before = await world.all()
    assert await told_apart(other, world, "app", *(world.ids.keys() - _OF_ACCOUNTS)) == {}
    assert await world.all() == before


async def test_an_id_of_another_repository_looks_like_one_of_nothing(world: World) -> None:
    bound = ("uploadId", "layerDigest", "layerDigests", "imageIds", "imageTag", "subjectId", "deletionId")
    asked = {name for name in OPERATIONS if "repositoryName" in members(name)}
    found = await told_apart(world.owner, world, "other", *bound)
    assert {key: seen for key, seen in found.items() if key[0] in asked} == {}


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("who", ["another repository", "another account", "another region", "another principal"])
async def test_the_upload_of_somebody_else_looks_like_none_at_the_other_door(
    world: World, who: str, method: str
) -> None:
    doors, repository = world.owner, "app"
    if who == "another repository":
        repository = "other"
    elif who == "another principal":
        doors = await user(world.owner, "another", {"Action": "*"})
    else:
        doors = stranger(world.owner) if who == "another account" else abroad(world.owner)
        await doors.served("CreateRepository", repositoryName="app")
    theirs, nothing = world.ids["uploadId"]
    query = f"?digest={sha256(b'')}" if method == "PUT" else ""
    seen = [
        _shown(await doors.oci(method, f"{repository}/blobs/uploads/{upload}{query}"), upload)
        for upload in (theirs, nothing)
    ]
    assert seen[0] == seen[1]
    assert seen[0][0] == 404
    assert (await world.owner.oci("GET", f"app/blobs/uploads/{theirs}")).status == 204


async def test_the_upload_of_another_principal_looks_like_none(world: World) -> None:
    another = await user(world.owner, "another", {"Action": "*"})
    assert await told_apart(another, world, "app", "uploadId") == {}


# --- page tokens ---------------------------------------------------------------------------------------------


def _list(world: World, operation: str, repository: str = "app") -> dict[str, Any]:
    """The arguments of a list that has more than one page."""
    more: dict[str, Any] = {"repositoryName": repository} if "repositoryName" in members(operation) else {}
    if operation == "ListTagHistory":
        more["imageTag"] = "gone"
    if operation == "ListAccess":
        more["action"] = "ecr:BatchGetImage"
    return more | {name: world.ids[name][0] for name in ("planId", "subjectId") if name in members(operation)}


async def _tokens(world: World) -> dict[str, str]:
    """Of every list, the token for its second page."""
    return {
        operation: (await world.owner.served(operation, **_list(world, operation), maxResults=1))["nextToken"]
        for operation in _PAGED
    }


async def _taken(doors: Doors, world: World, tokens: Mapping[str, str], repository: str = "app") -> set[str]:
    """The lists that go on by a token."""
    found = set()
    for operation, token in tokens.items():
        answer = await doors.asked(operation, **_list(world, operation, repository), nextToken=token)
        if answer.status == 200:
            found.add(operation)
        else:
            assert answer.code in {"InvalidParameterException", *_NOT_FOUND}, (operation, answer)
    return found


async def test_a_page_token_is_good_for_the_principal_and_the_list_that_it_was_given_for(world: World) -> None:
    assert await _taken(world.owner, world, await _tokens(world)) == set(_PAGED)


async def test_a_page_token_is_worth_nothing_to_another_account(world: World) -> None:
    other = stranger(world.owner)
    await other.served("CreateRepository", repositoryName="app")
    assert await _taken(other, world, await _tokens(world)) == set()


async def test_a_page_token_is_worth_nothing_to_another_principal(world: World) -> None:
    another = await user(world.owner, "another", {"Action": "*"})
    assert await _taken(another, world, await _tokens(world)) == set()


async def test_a_page_token_is_worth_nothing_in_another_repository(world: World) -> None:
    tokens = {name: token for name, token in (await _tokens(world)).items() if "repositoryName" in members(name)}
    assert await _taken(world.owner, world, tokens, "other") == set()


async def test_a_page_token_is_worth_nothing_to_another_operation(world: World) -> None:
    tokens = await _tokens(world)
    names = sorted(tokens)
    moved = {name: tokens[names[number - 1]] for number, name in enumerate(names)}
    assert await _taken(world.owner, world, moved) == set()


# --- a number is no way around a right -----------------------------------------------------------------------


async def _kept_out(world: World) -> Somebody:
    """Somebody who may do everything, but nothing in the repository `app`."""
    closed = {"Effect": "Deny", "Action": "*", "Resource": REGISTRY.arn("app")}
    return await user(world.owner, "kept-out", {"Action": "*"}, closed)


@pytest.mark.parametrize(
    ("operation", "member"),
    [("RestoreDeletion", "deletionId"), ("EmptyBin", "deletionIds"), ("DeleteHold", "holdId")],
)
async def test_a_number_leads_nobody_into_a_repository_that_is_closed_to_him(
    world: World, operation: str, member: str
) -> None:
    kept_out = await _kept_out(world)
    theirs, nothing = world.ids[member]
    before = await world.all()
    seen = [_shown(await kept_out.asked(operation, **{member: value}), value) for value in (theirs, nothing)]
    assert seen[0] == seen[1]
    assert await world.all() == before


async def test_the_bin_of_a_repository_that_is_closed_to_somebody_is_not_emptied_with_the_others(world: World) -> None:
    kept_out = await _kept_out(world)
    before = await world.all()
    assert (await kept_out.asked("EmptyBin", all=True)).code == "AccessDeniedException"
    assert await world.all() == before


@pytest.mark.parametrize("operation", ["ExecutePlan", "UndoPlan"])
async def test_a_plan_leads_nobody_into_a_repository_that_is_closed_to_him(world: World, operation: str) -> None:
    kept_out = await _kept_out(world)
    answer = await kept_out.asked(operation, planId=world.ids["planId"][0])
    assert answer.code == "AccessDeniedException"
