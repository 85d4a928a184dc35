"""Robots at the data plane: user and token as any container client sends them, and what that is good for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.content import Image, image
from support.disk import without_syncs
from support.strict import Strict, basic, new_strict
from wharfinger.state.clock import HOUR

ONE = image()
LAYER = list(ONE.blobs)[-1]


@pytest.fixture
async def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Strict]:
    """A registry with an image in each of three repositories."""
    without_syncs(monkeypatch)
    async with new_strict(tmp_path / "data") as opened:
        for name in ("team/app", "team/base"):
            await opened.one.done(opened.root, "CreateRepository", repositoryName=name)
        for name in ("app", "team/app", "team/base"):
            await opened.one.push(name, ONE, "v1")
        yield opened


async def robot(strict: Strict, *actions: str, repositories: tuple[str, ...] = ("team/*",), **more: Any) -> str:
    """The robot `bot`: its token."""
    made = await strict.one.done(
        *(strict.root, "CreateRobot"), robotName="bot", actions=actions, repositories=repositories, **more
    )
    token: str = made["token"]
    return token


async def status(strict: Strict, token: str, method: str, path: str, content: Image | None = None) -> int:
    """Of a request as the robot `bot`."""
    headers = basic("bot", token) | ({"content-type": content.media_type} if content else {})
    body = content.manifest if content else b""
    return (await strict.one.request(method, f"/v2/{path}", body, headers)).status


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("pull", {"get", "list", "blob"}),
        ("push", {"get", "list", "blob", "put", "begin"}),
        ("delete", {"get", "delete"}),
        ("ecr:ListImages", {"list"}),
        ("ecr:GetDownloadUrlForLayer", {"blob"}),
    ],
)
async def test_a_robot_may_do_what_its_actions_say(strict: Strict, action: str, allowed: set[str]) -> None:
    token = await robot(strict, action)
    requests = {
        "get": await status(strict, token, "GET", "team/app/manifests/v1"),
        "list": await status(strict, token, "GET", "team/app/tags/list"),
        "blob": await status(strict, token, "GET", f"team/app/blobs/{LAYER}"),
        "put": await status(strict, token, "PUT", "team/app/manifests/v2", ONE),
        "begin": await status(strict, token, "POST", "team/app/blobs/uploads/"),
        "delete": await status(strict, token, "DELETE", "team/app/manifests/v1"),
    }
    assert {name for name, found in requests.items() if found < 300} == allowed
    assert {found for found in requests.values() if found >= 300} <= {403, 404}


@pytest.mark.parametrize("repository", ["app", "team", "teams/app", "other/team/app"])
async def test_a_robot_reaches_no_other_repository(strict: Strict, repository: str) -> None:
    token = await robot(strict, "push", "delete")
    if repository != "app":
        await strict.one.done(strict.root, "CreateRepository", repositoryName=repository)
        await strict.one.push(repository, ONE, "v1")
    for method, path in (
        ("GET", "manifests/v1"),
        ("GET", f"blobs/{LAYER}"),
        ("GET", "tags/list"),
        ("POST", "blobs/uploads/"),
        ("DELETE", "manifests/v1"),
    ):
        assert await status(strict, token, method, f"{repository}/{path}") in {403, 404}
    assert (await strict.one.oci("GET", f"{repository}/manifests/v1")).status == 200


async def test_a_robot_is_good_in_its_own_registry_only(strict: Strict) -> None:
    token = await robot(strict, "pull", repositories=("*",))
    for host in ("123456789012.dkr.ecr.us-west-2.localhost", "999999999999.dkr.ecr.eu-central-1.localhost"):
        headers = basic("bot", token) | {"host": host}
        answer = await strict.one.request("GET", "/v2/team/app/manifests/v1", headers=headers)
        assert answer.status in {403, 404}


@pytest.mark.parametrize("source", ["team/base", "app", None])
async def test_a_layer_is_mounted_only_from_where_the_robot_may_pull(strict: Strict, source: str | None) -> None:
    await strict.one.done(strict.root, "CreateRepository", repositoryName="team/new")
    await strict.one.done(strict.root, "PutAccountSetting", name="BLOB_MOUNTING", value="ENABLED")
    token = await robot(strict, "push")
    query = f"mount={LAYER}" + (f"&from={source}" if source else "")
    found = await status(strict, token, "POST", f"team/new/blobs/uploads/?{query}")
    has_layer = await status(strict, token, "HEAD", f"team/new/blobs/{LAYER}")
    # what is not mounted begins an upload, as for any layer that is not there
    assert (found, has_layer) == ((202, 404) if source == "app" else (201, 200))


async def test_a_robot_is_good_until_its_term_is_over(strict: Strict) -> None:
    token = await robot(strict, "pull", expiresAt=(strict.clock() + HOUR) / 1000)
    strict.clock.move(HOUR - 1)
    assert await status(strict, token, "GET", "team/app/manifests/v1") == 200
    strict.clock.move(1)
    assert await status(strict, token, "GET", "team/app/manifests/v1") == 403


@pytest.mark.parametrize("user", ["AWS", "Bot", "bot2", ""])
async def test_a_token_is_good_for_the_robot_of_its_name_only(strict: Strict, user: str) -> None:
    token = await robot(strict, "pull")
    answer = await strict.one.request("GET", "/v2/", headers=basic(user, token))
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("change", [lambda token: token[:-1], lambda token: token + "A", str.upper, lambda _: "whrt_"])
async def test_a_token_that_was_changed_is_sent_away(strict: Strict, change: Any) -> None:
    token = change(await robot(strict, "pull"))
    assert (await strict.one.request("GET", "/v2/", headers=basic("bot", token))).status == 401


async def test_a_robot_logs_in(strict: Strict) -> None:
    token = await robot(strict, "ecr:ListImages")
    assert (await strict.one.request("GET", "/v2/", headers=basic("bot", token))).status == 200


async def test_a_repository_policy_can_name_a_robot(strict: Strict) -> None:
    token = await robot(strict, "pull")
    text = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ecr:BatchGetImage", '
        '"Principal": {"AWS": "arn:aws:iam::123456789012:robot/bot"}}}'
    )
    await strict.one.done(strict.root, "SetRepositoryPolicy", repositoryName="team/app", policyText=text)
    assert await status(strict, token, "GET", "team/app/manifests/v1") in {403, 404}
    assert await status(strict, token, "GET", "team/base/manifests/v1") == 200
