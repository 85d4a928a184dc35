"""S11: what gives rights is in no log, no trail, no error and no `repr`, by whichever door it came and however it went.

The attack: who reads logs, or the trail, or what another client was answered, takes over a login that stands there.
"""

from __future__ import annotations

import base64
import itertools
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from support.answer import Answer
from support.content import image
from support.doors import Doors, new_doors
from support.server import REGION
from support.signing import sign
from support.state import ACCOUNT, prepared, settings_of
from wharfinger.api.ecr import HANDLERS
from wharfinger.api.sigv4 import Claim
from wharfinger.cli.access import Access
from wharfinger.contract import ecr, wharfinger
from wharfinger.contract.service import Shape
from wharfinger.services import login, pull
from wharfinger.services.identities import Login
from wharfinger.services.login import AuthorizationToken, Credentials, SessionCredentials
from wharfinger.state.clock import DAY, SECOND, system_clock

APP = {"repositoryName": "app"}
MARK = "marked-secret-4f1d"
# of what is no secret: pages are found again by it, parts are counted by it
HARMLESS = {"part_first_byte", "part_last_byte", "credential_arn", "custom_role_arn"}
SECRET_NAME = re.compile(r"token|secret|passw|blob$|signature|credential|download_url")


class Watched(NamedTuple):
    """A server, and all that others may get to see of it."""

    doors: Doors
    directory: Path
    log: pytest.LogCaptureFixture
    answers: list[Answer]

    def shown(self) -> str:
        trail = b"".join(path.read_bytes() for path in (self.directory / "trail").iterdir())
        answers = b"".join(answer.body + repr(answer.headers).encode() for answer in self.answers)
        # the client's own library says in its log what it signs
        log = [self.log.handler.format(record) for record in self.log.records if not record.name.startswith("botocore")]
        return "\n".join(log) + trail.decode() + answers.decode()

    def told(self, *answers: Answer) -> None:
        """Answers that somebody else may see: errors."""
        self.answers.extend(answers)


@pytest.fixture
async def watched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Watched]:
    """An open server whose every word is kept, pulls too."""
    caplog.set_level(logging.DEBUG)
    async with new_doors(tmp_path / "data", trail_pulls=True) as doors:
        yield Watched(doors, tmp_path / "data", caplog, [])


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()}


def forms(secret: str) -> list[str]:
    """A secret as it is, and as it may be hidden in base64: from each of the three places where it can begin there."""
    hidden = [base64.b64encode(b"x" * start + secret.encode())[(4 if start else 0) : -4].decode() for start in range(3)]
    return [secret, *hidden]


def assert_hidden(watched: Watched, *secrets: str) -> None:
    text = watched.shown()
    assert "requestID" in text
    assert [form for secret in secrets for form in forms(secret) if form in text] == []


# --- passwords of the data plane -----------------------------------------------------------------------------


async def test_a_password_that_is_believed_is_shown_nowhere(watched: Watched) -> None:
    answer = await watched.doors.ecr("GetAuthorizationToken")
    token = answer.json["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().removeprefix("AWS:")
    for asked in ("GET /v2/", "GET /v2/app/manifests/none", "POST /v2/app/blobs/uploads/", "PUT /v2/app/manifests/x"):
        method, target = asked.split()
        watched.told(await watched.doors.request(method, target, headers=basic(password)))
    assert_hidden(watched, token, password)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        basic(MARK),
        {"authorization": f"Bearer {MARK}"},
        {"authorization": f"Basic {MARK}"},
        {"authorization": "Basic " + base64.b64encode(MARK.encode()).decode()},
    ],
    ids=["basic", "bearer", "no base64", "no user"],
)
async def test_a_password_that_is_not_believed_is_shown_nowhere(
    watched: Watched, method: str, headers: dict[str, str]
) -> None:
    watched.told(await watched.doors.request(method, "/v2/app/manifests/v1", headers=headers))
    assert watched.answers[0].status == 401
    assert_hidden(watched, MARK)


async def test_a_password_that_has_expired_is_shown_nowhere(watched: Watched) -> None:
    token = (await watched.doors.ecr("GetAuthorizationToken")).json["authorizationData"][0]["authorizationToken"]
    watched.doors.state.clock.move(DAY)  # type: ignore[attr-defined]  # a test's clock
    watched.told(await watched.doors.request("GET", "/v2/", headers={"authorization": f"Basic {token}"}))
    assert watched.answers[0].status == 403
    assert_hidden(watched, token)


# --- addresses that are a login of their own -----------------------------------------------------------------


async def test_a_download_address_is_shown_nowhere(watched: Watched) -> None:
    one = image()
    await watched.doors.push("app", one, "v1")
    digest = next(iter(one.blobs))
    address = (await watched.doors.served("GetDownloadUrlForLayer", **APP, layerDigest=digest))["downloadUrl"]
    parts = urlsplit(address)
    assert parts.path.startswith("/v2/app/blobs/")
    token = parts.query.partition("=")[2]
    target = f"{parts.path}?{parts.query}"
    assert (await watched.doors.request("GET", target)).status == 200
    elsewhere = target.replace("/blobs/", "/manifests/")
    for method, wrong in (("PUT", target), ("GET", elsewhere), ("GET", target + "x")):
        watched.told(await watched.doors.request(method, wrong))
    watched.doors.state.clock.move(DAY)  # type: ignore[attr-defined]  # a test's clock
    watched.told(await watched.doors.request("GET", target))
    assert {answer.status for answer in watched.answers} <= {401, 403, 405}
    assert_hidden(watched, token)


# --- signatures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [False, True], ids=["header", "presigned"])
@pytest.mark.parametrize("kind", ["good", "wrong secret", "with a session token", "secret as the key", "cut"])
async def test_a_signature_and_its_token_are_shown_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, query: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = {"open": False, "account": ACCOUNT}
    async with prepared(tmp_path / "data", system_clock, **settings) as state:
        first = await login.first_key(state)
        doors = Doors(state, settings=settings_of(tmp_path / "data", **settings))
        watched = Watched(doors, tmp_path / "data", caplog, [])
        sent = sign(
            query=query,
            key=MARK if kind == "secret as the key" else first.key,
            secret=MARK if kind == "wrong secret" else first.secret,
            token=MARK if kind == "with a session token" else None,
            at=datetime.fromtimestamp(state.clock() // SECOND, UTC),
            region=REGION,
        )
        [signature] = re.findall(r"Signature=([0-9a-f]{64})", sent.query if query else sent.header("Authorization"))
        if kind == "cut":
            sent = sent.replaced(signature, signature[:-1])
        answer = await doors.request(sent.method, f"/?{sent.query}", sent.body, dict(sent.headers))
        assert (answer.status == 200) is (kind == "good"), answer
        watched.told(answer)
        assert_hidden(watched, first.secret, MARK, signature[:-1])


# --- secrets that are given ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [{}, {"url": "https://10.0.0.1/"}, {"name": "not/a name"}, {"secret": MARK + "x" * 300}, {"secret": [MARK]}],
    ids=["taken", "address refused", "name refused", "too long", "no text"],
)
async def test_the_secret_of_a_web_hook_is_shown_nowhere(watched: Watched, more: dict[str, Any]) -> None:
    hook = {"name": "ci", "url": f"https://198.51.100.7/{MARK}?x={MARK}", "secret": MARK}
    watched.told(await watched.doors.wharfinger("PutWebhook", **{**hook, **more}))
    assert_hidden(watched, MARK)


# --- what nobody foresaw -------------------------------------------------------------------------------------


async def broken(*_: Any) -> Any:
    raise RuntimeError("nobody foresaw this")


PART = {**APP, "uploadId": str(UUID(int=0)), "partFirstByte": 0, "partLastByte": 3, "layerPartBlob": MARK.encode()}
BROKEN: dict[str, Callable[[Doors], Awaitable[Answer]]] = {
    "call": lambda doors: doors.ecr("UploadLayerPart", **PART),
    "download": lambda doors: doors.request("GET", f"/v2/app/blobs/sha256:{'0' * 64}?token={MARK}"),
    "login": lambda doors: doors.request("GET", "/v2/", headers=basic(MARK)),
}


@pytest.mark.parametrize("call", BROKEN)
async def test_a_failure_of_the_servers_own_shows_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setitem(HANDLERS, "UploadLayerPart", broken)
    monkeypatch.setattr(pull, "download", fails)
    monkeypatch.setattr(login, "read_password", fails)
    answer = await BROKEN[call](watched.doors)
    assert answer.status == 500
    assert "nobody foresaw this" in watched.log.text
    assert "nobody foresaw this" not in answer.body.decode()
    watched.told(answer)
    assert_hidden(watched, MARK)


# --- repr ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        Credentials("key", MARK, ACCOUNT, Login("key", "key")),
        SessionCredentials("key", MARK, MARK, 0),
        AuthorizationToken(MARK, 0),
        Access("http://localhost", REGION, "key", MARK, MARK),
        Claim("key", "20261125", REGION, "ecr", (), MARK, "20261125T000000Z", None, MARK),
    ],
    ids=lambda value: type(value).__name__,
)
def test_who_prints_what_holds_a_secret_does_not_print_the_secret(value: object) -> None:
    assert MARK not in repr([value])


SHAPES = [
    shape
    for module in (ecr, wharfinger)
    for shape in vars(module).values()
    if isinstance(shape, type) and issubclass(shape, Shape) and shape is not Shape
]
SECRETS = sorted(
    (shape.__name__, field)
    for shape in SHAPES
    for field in shape.__struct_fields__
    if SECRET_NAME.search(field) and field not in HARMLESS
)


def test_there_are_members_that_are_named_like_secrets() -> None:
    assert {field for _, field in SECRETS} >= {"authorization_token", "download_url", "layer_part_blob", "secret"}


@pytest.mark.parametrize(("shape", "field"), SECRETS, ids=itertools.starmap("{}.{}".format, SECRETS))
def test_a_member_that_is_named_like_a_secret_is_treated_as_one(shape: str, field: str) -> None:
    """A new operation has its secrets hidden, or says here why they are none."""
    [kind] = [found for found in SHAPES if found.__name__ == shape]
    assert field in kind.SENSITIVE
