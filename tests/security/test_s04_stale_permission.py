"""Class S4, stale permissions: what was taken away is refused at the next request, at both doors and on every worker.

Advisories of others: a group's rights that stayed after a user had left it (zot, CVE-2025-23208); an entry in a cache
that gave back what had been deleted (distribution, CVE-2026-35172). Each worker here has answered before, so it has
remembered what it can.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from support.answer import Answer
from support.content import Image, image
from support.disk import without_syncs
from support.oci import Oci
from support.server import Server
from support.strict import ACCOUNT, Key, Strict, Worker, basic, document, new_strict
from wharfinger.domain.sessions import Session
from wharfinger.services import login
from wharfinger.state.clock import HOUR
from wharfinger.state.ids import new_session_key_id

APP = {"repositoryName": "app"}
ONE = image()
LAYER = list(ONE.blobs)[-1]
EVERYTHING = {"Action": "ecr:*", "Resource": "*"}
TRUST = document({"Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}})
REFUSED = {"UnrecognizedClientException", "AccessDeniedException", "UNAUTHORIZED", "DENIED"}
CONNECTIONS = 16  # enough to meet both workers, but for one run in thirty thousand

Ask = Callable[[Worker], Awaitable[Answer]]
Way = Callable[[Strict, Key], Awaitable[Ask]]
Revocation = Callable[[Strict, Key], Awaitable[None]]


@pytest.fixture
async def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Strict]:
    """Two workers, an image, and a policy that allows all of ECR."""
    without_syncs(monkeypatch)
    async with new_strict(tmp_path / "data") as opened:
        await opened.one.push("app", ONE, "v1")
        await opened.policy("everything", EVERYTHING)
        yield opened


async def served(strict: Strict, ask: Ask) -> None:
    """By both workers."""
    for worker in (strict.one, strict.two):
        answer = await ask(worker)
        assert 200 <= answer.status < 300, answer


async def refused(strict: Strict, ask: Ask) -> None:
    """By both workers; first by the one that did not take the right away."""
    for worker in (strict.two, strict.one):
        answer = await ask(worker)
        assert answer.status in {400, 401, 403}, answer
        assert answer.code in REFUSED


# --- what a key was good for ---------------------------------------------------------------------------------


async def by_signature(strict: Strict, key: Key) -> Ask:
    return lambda worker: worker.call(key, "DescribeImages", **APP)


async def by_password(strict: Strict, key: Key) -> Ask:
    password = await strict.one.password(key)
    return lambda worker: worker.pull("app/manifests/v1", password)


async def by_download_address(strict: Strict, key: Key) -> Ask:
    found = await strict.one.done(key, "GetDownloadUrlForLayer", **APP, layerDigest=LAYER)
    address = urlsplit(found["downloadUrl"])
    return lambda worker: worker.request("GET", f"{address.path}?{address.query}")


async def by_upload(strict: Strict, key: Key) -> Ask:
    login_ = basic("AWS", await strict.one.password(key))
    upload = (await strict.one.request("POST", "/v2/app/blobs/uploads/", headers=login_)).headers["location"]
    return lambda worker: worker.request("PATCH", upload, b"more", login_)


async def by_session(strict: Strict, key: Key) -> Ask:
    return await by_signature(strict, session(strict, key))


async def by_password_of_a_session(strict: Strict, key: Key) -> Ask:
    return await by_password(strict, session(strict, key))


def session(strict: Strict, key: Key, role: str | None = None) -> Key:
    """A session that began with a key: of a role, or of the key's owner."""
    now = strict.clock()
    begun = Session(new_session_key_id(), ACCOUNT, now + HOUR, now, role, "deploy" if role else "", key.id)
    credentials = login.issue_session(strict.one.state, begun)
    return Key(credentials.key, credentials.secret, credentials.token)


async def disable_the_key(strict: Strict, key: Key) -> None:
    await strict.one.done(strict.root, "UpdateAccessKey", accessKeyId=key.id, status="INACTIVE")


async def delete_the_key(strict: Strict, key: Key) -> None:
    await strict.one.done(strict.root, "DeleteAccessKey", accessKeyId=key.id)


async def delete_the_user(strict: Strict, key: Key) -> None:
    await strict.one.done(strict.root, "DeleteUser", userName="ci")


async def make_the_user_again(strict: Strict, key: Key) -> None:
    await delete_the_user(strict, key)
    await strict.user("ci", "everything")


async def detach_the_policy(strict: Strict, key: Key) -> None:
    await strict.one.done(strict.root, "DetachPolicy", policyName="everything", userName="ci")


async def change_the_policy(strict: Strict, key: Key) -> None:
    await strict.policy("everything", {"Action": "ecr:DescribeRepositories", "Resource": "*"})


async def attach_a_denial(strict: Strict, key: Key) -> None:
    await strict.policy("nothing", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    await strict.one.done(strict.root, "AttachPolicy", policyName="nothing", userName="ci")


WAYS = (by_signature, by_password, by_download_address, by_upload, by_session, by_password_of_a_session)
REVOCATIONS = (
    disable_the_key,
    delete_the_key,
    delete_the_user,
    make_the_user_again,
    detach_the_policy,
    change_the_policy,
    attach_a_denial,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("revoke", REVOCATIONS, ids=lambda revoke: revoke.__name__)
async def test_what_a_user_had_is_refused_at_the_next_request(strict: Strict, way: Way, revoke: Revocation) -> None:
    key = await strict.user("ci", "everything")
    ask = await way(strict, key)
    await served(strict, ask)
    await revoke(strict, key)
    await refused(strict, ask)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_what_is_given_back_is_good_at_the_next_request(strict: Strict, way: Way) -> None:
    key = await strict.user("ci", "everything")
    ask = await way(strict, key)
    await disable_the_key(strict, key)
    await refused(strict, ask)
    await strict.one.done(strict.root, "UpdateAccessKey", accessKeyId=key.id, status="ACTIVE")
    await served(strict, ask)


async def test_another_key_of_the_same_user_stays_good(strict: Strict) -> None:
    first = await strict.user("ci", "everything")
    ask = await by_password(strict, await strict.key("ci"))
    await delete_the_key(strict, first)
    await served(strict, ask)


@pytest.mark.parametrize("way", [by_signature, by_password, by_download_address], ids=lambda way: way.__name__)
async def test_a_key_of_the_root_is_refused_once_it_is_disabled(strict: Strict, way: Way) -> None:
    made = await strict.one.done(strict.root, "CreateAccessKey")
    key = Key(made["accessKey"]["accessKeyId"], made["secretAccessKey"])
    ask = await way(strict, key)
    await served(strict, ask)
    await disable_the_key(strict, key)
    await refused(strict, ask)


# --- sessions of roles ---------------------------------------------------------------------------------------


async def delete_the_role(strict: Strict, key: Key) -> None:
    await strict.one.done(strict.root, "DeleteRole", roleName="deploy")


async def make_the_role_again(strict: Strict, key: Key) -> None:
    await delete_the_role(strict, key)
    await make_role(strict)


async def detach_the_policy_of_the_role(strict: Strict, key: Key) -> None:
    await strict.one.done(strict.root, "DetachPolicy", policyName="everything", roleName="deploy")


async def make_role(strict: Strict) -> str:
    """The role `deploy`: its id."""
    made = await strict.one.done(strict.root, "CreateRole", roleName="deploy", trustPolicy=TRUST)
    await strict.one.done(strict.root, "AttachPolicy", policyName="everything", roleName="deploy")
    found: str = made["role"]["roleId"]
    return found


@pytest.mark.parametrize(
    "way", [by_signature, by_password, by_download_address, by_upload], ids=lambda way: way.__name__
)
@pytest.mark.parametrize(
    "revoke",
    [
        delete_the_role,
        make_the_role_again,
        detach_the_policy_of_the_role,
        change_the_policy,
        disable_the_key,
        delete_the_key,
        delete_the_user,
    ],
    ids=lambda revoke: revoke.__name__,
)
async def test_what_a_session_of_a_role_had_is_refused_at_the_next_request(
    strict: Strict, way: Way, revoke: Revocation
) -> None:
    key = await strict.user("ci")
    ask = await way(strict, session(strict, key, await make_role(strict)))
    await served(strict, ask)
    await revoke(strict, key)
    await refused(strict, ask)


# --- robots --------------------------------------------------------------------------------------------------


async def make_robot(strict: Strict) -> str:
    """The robot `bot`, for an hour: its token."""
    made = await strict.one.done(
        *(strict.root, "CreateRobot"),
        robotName="bot",
        actions=["push"],
        repositories=["*"],
        expiresAt=(strict.clock() + HOUR) / 1000,
    )
    token: str = made["token"]
    return token


async def delete_the_robot(strict: Strict) -> None:
    await strict.one.done(strict.root, "DeleteRobot", robotName="bot")


async def rotate_the_robot(strict: Strict) -> None:
    await strict.one.done(strict.root, "RotateRobot", robotName="bot")


async def make_the_robot_again(strict: Strict) -> None:
    await delete_the_robot(strict)
    await make_robot(strict)


async def wait_for_its_end(strict: Strict) -> None:
    strict.clock.move(HOUR)


@pytest.mark.parametrize(
    "revoke",
    [delete_the_robot, rotate_the_robot, make_the_robot_again, wait_for_its_end],
    ids=lambda revoke: revoke.__name__,
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_what_a_robot_had_is_refused_at_the_next_request(
    strict: Strict, revoke: Callable[[Strict], Awaitable[None]], method: str
) -> None:
    token = await make_robot(strict)
    path = "app/blobs/uploads/" if method == "POST" else f"app/blobs/{LAYER}"
    for worker in (strict.one, strict.two):
        assert (await worker.pull(path, token, "bot", method)).status in {200, 202}
    await revoke(strict)
    for worker in (strict.two, strict.one):
        assert (await worker.pull(path, token, "bot", method)).status in {401, 403}


# --- what repositories allow ---------------------------------------------------------------------------------


async def open_to(strict: Strict, principal: str | dict[str, str]) -> None:
    text = document({"Action": "ecr:BatchGetImage", "Principal": principal})
    await strict.one.done(strict.root, "SetRepositoryPolicy", **APP, policyText=text)


async def stranger(strict: Strict) -> Ask:
    """The root of another account, which asks for an image of this one."""
    rules = strict.one.state.rules._replace(default_account="999999999999")
    found = await login.first_key(replace(strict.one.state, rules=rules))
    key, ids = Key(found.key, found.secret), [{"imageTag": "v1"}]
    return lambda worker: worker.call(key, "BatchGetImage", **APP, registryId=ACCOUNT, imageIds=ids)


async def nobody(strict: Strict) -> Ask:
    """Somebody without a login."""
    return lambda worker: worker.pull("app/manifests/v1", None)


@pytest.mark.parametrize("asker", [stranger, nobody], ids=lambda asker: asker.__name__)
async def test_what_a_repository_allowed_is_refused_once_its_policy_is_gone(
    strict: Strict, asker: Callable[[Strict], Awaitable[Ask]]
) -> None:
    await open_to(strict, "*")
    ask = await asker(strict)
    await served(strict, ask)
    await strict.one.done(strict.root, "DeleteRepositoryPolicy", **APP)
    await refused(strict, ask)


async def test_a_user_that_is_made_again_goes_on_with_nothing_of_the_first(strict: Strict) -> None:
    first = await strict.user("ann", "everything")
    upload = (await strict.one.done(first, "InitiateLayerUpload", **APP))["uploadId"]
    await strict.one.done(first, "CreateRepository", repositoryName="other")
    token = (await strict.one.done(first, "DescribeRepositories", maxResults=1))["nextToken"]
    await strict.one.done(strict.root, "DeleteUser", userName="ann")
    second = await strict.user("ann", "everything")
    part = {"partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "YQ=="}
    sent = await strict.one.call(second, "UploadLayerPart", **APP, uploadId=upload, **part)
    assert sent.code == "UploadNotFoundException"
    listed = await strict.one.call(second, "DescribeRepositories", maxResults=1, nextToken=token)
    assert listed.code == "InvalidParameterException"


@pytest.mark.parametrize("asker", [stranger, nobody], ids=lambda asker: asker.__name__)
async def test_a_repository_that_is_made_again_allows_nothing_of_what_the_first_did(
    strict: Strict, asker: Callable[[Strict], Awaitable[Ask]]
) -> None:
    await open_to(strict, "*")
    ask = await asker(strict)
    await served(strict, ask)
    await strict.one.done(strict.root, "DeleteRepository", **APP, force=True)
    await strict.one.done(strict.root, "CreateRepository", **APP)
    await strict.one.push("app", ONE, "v1")
    await refused(strict, ask)


async def test_what_a_tag_of_a_repository_allowed_is_refused_once_it_is_taken_off(strict: Strict) -> None:
    arn = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/app"
    tagged = {"StringEquals": {"aws:ResourceTag/team": "a"}}
    await strict.policy("of-team", {**EVERYTHING, "Condition": tagged})
    await strict.one.done(strict.root, "TagResource", resourceArn=arn, tags=[{"Key": "team", "Value": "a"}])
    ask = await by_signature(strict, await strict.user("ci", "of-team"))
    await served(strict, ask)
    await strict.one.done(strict.root, "UntagResource", resourceArn=arn, tagKeys=["team"])
    await refused(strict, ask)


async def test_a_download_address_gives_nothing_of_a_repository_that_was_made_again(strict: Strict) -> None:
    ask = await by_download_address(strict, await strict.user("ci", "everything"))
    await served(strict, ask)
    await strict.one.done(strict.root, "DeleteRepository", **APP, force=True)
    await strict.one.done(strict.root, "CreateRepository", **APP)
    for worker in (strict.two, strict.one):
        assert (await ask(worker)).status == 404


# --- on a server that runs -----------------------------------------------------------------------------------


def everywhere(server: Server, header: dict[str, str], image: Image) -> set[int]:
    """What the workers of a server answer, each connection a new one."""
    found = set()
    for _ in range(CONNECTIONS):
        with urllib3.PoolManager(retries=False) as pool:
            address = f"{server.endpoint}/v2/app-s04/manifests/{image.digest}"
            found.add(pool.request("HEAD", address, headers=header).status)
    return found


def test_each_worker_of_a_server_refuses_what_another_was_told_to_refuse(strict_server: Server) -> None:
    exported = strict_server.environment()
    key = (exported["AWS_ACCESS_KEY_ID"], exported["AWS_SECRET_ACCESS_KEY"])
    root, one = strict_server.wharfinger(*key), image()
    strict_server.ecr(*key).create_repository(repositoryName="app-s04")
    root.create_user(userName="s04")
    root.attach_policy(policyName="AmazonEC2ContainerRegistryPowerUser", userName="s04")
    made = root.create_access_key(userName="s04")
    users = strict_server.ecr(made["accessKey"]["accessKeyId"], made["secretAccessKey"])
    [data] = users.get_authorization_token()["authorizationData"]
    token = root.create_robot(robotName="s04", actions=["pull"], repositories=["app-s04"])["token"]
    password = base64.b64decode(data["authorizationToken"]).decode().removeprefix("AWS:")
    Oci(strict_server.endpoint, password).push("app-s04", one)
    of_user, of_robot = basic("AWS", password), basic("s04", token)
    assert [everywhere(strict_server, header, one) for header in (of_user, of_robot)] == [{200}, {200}]
    root.update_access_key(accessKeyId=made["accessKey"]["accessKeyId"], status="INACTIVE")
    root.rotate_robot(robotName="s04")
    assert [everywhere(strict_server, header, one) for header in (of_user, of_robot)] == [{401}, {401}]
