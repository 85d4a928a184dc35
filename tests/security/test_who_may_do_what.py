"""Every operation by every way in, for everybody: made from the contracts, so that nothing new is left out.

An operation that is on something else than the tests say fails here, and so does one that asks for no right.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import botocore.session
import pytest
import pytest_asyncio

from support.answer import Answer
from support.content import UNKNOWN, UNKNOWN_UPLOAD
from support.doors import Doors
from support.ecr_model import smallest
from support.people import ALL, People, Person, ask_sts, call
from support.server import MODELS
from support.state import prepared, settings_of
from wharfinger.api.aws.entry import SERVICES
from wharfinger.contract.oci import ENDPOINTS, Endpoint
from wharfinger.contract.service import Operation
from wharfinger.contract.sts import OPERATIONS as STS
from wharfinger.domain.names import Registry
from wharfinger.services import pull
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.services.login import sign_for
from wharfinger.state import State
from wharfinger.state.clock import HOUR

# all on one data directory, which nothing that is denied changes
pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN: Final = Registry("123456789012", "eu-central-1")
OTHER: Final = "210987654321"
HOST: Final = {"host": f"{OWN.account}.dkr.ecr.{OWN.region}.localhost"}
# what is said to those who are not let in
REFUSALS: Final = {
    "AccessDeniedException",
    "UnrecognizedClientException",
    "MissingAuthenticationTokenException",
    "ExpiredTokenException",
    "InvalidSignatureException",
}


class Case(NamedTuple):
    """One operation that is built."""

    target: str
    operation: Operation
    arguments: Mapping[str, Any]


def cases() -> list[Any]:
    session = botocore.session.get_session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    found = []
    for service, handlers in SERVICES:
        model = session.get_service_model(service.signing_name)
        for name in sorted(handlers):
            arguments = smallest(name, model)
            case = Case(f"{service.target_prefix}.{name}", service.operations[name], arguments)
            found.append(pytest.param(case, id=f"{service.signing_name} {name}"))
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def state(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[State]:
    async with prepared(tmp_path_factory.mktemp("people") / "data", open=False) as opened:
        yield opened


@pytest.fixture
def doors(state: State) -> Doors:
    return Doors(state, settings=settings_of(Path(), open=False))


@pytest.fixture
def people(state: State) -> People:
    return People(state, OWN)


# --- the JSON protocol ---------------------------------------------------------------------------------------


OPERATIONS: Final = pytest.mark.parametrize("case", cases())
FORMS: Final = pytest.mark.parametrize("in_query", [False, True], ids=["header", "query"])


def resource_of(case: Case, account: str = OWN.account) -> str:
    """What the action is on, by the arguments; not by the code under test."""
    registry = Registry(account, OWN.region)
    for member in ("repositoryName", "resourceArn"):
        if member in case.arguments:
            return registry.arn(str(case.arguments[member]).rpartition("repository/")[2])
    takes = {name.lower().replace("_", "") for name in case.operation.request.__struct_fields__}
    return registry.arn("*") if takes & {"repositoryname", "repositorynames"} else "*"


@FORMS
@OPERATIONS
async def test_the_root_of_the_account_may(
    case: Case, in_query: bool, doors: Doors, state: State, people: People
) -> None:
    answer = await call(doors, state, await people.root(), case.target, case.arguments, in_query=in_query)
    assert code(answer) not in REFUSALS


@OPERATIONS
async def test_a_user_with_the_one_right_may(case: Case, doors: Doors, state: State, people: People) -> None:
    right = {"Effect": "Allow", "Action": case.operation.action, "Resource": resource_of(case)}
    answer = await call(doors, state, await people.user("one", right), case.target, case.arguments)
    assert code(answer) not in REFUSALS


@FORMS
@OPERATIONS
async def test_a_user_without_a_right_may_not(
    case: Case, in_query: bool, doors: Doors, state: State, people: People
) -> None:
    answer = await call(doors, state, await people.user("none"), case.target, case.arguments, in_query=in_query)
    assert code(answer) == "AccessDeniedException"
    assert answer.json["message"] == (
        f"User: arn:aws:iam::{OWN.account}:user/none is not authorized to perform: {case.operation.action} on "
        f"resource: {resource_of(case)} because no identity-based policy allows the {case.operation.action} action"
    )


@OPERATIONS
async def test_a_user_with_every_right_but_this_may_not(case: Case, doors: Doors, state: State, people: People) -> None:
    denied = {"Effect": "Deny", "Action": case.operation.action, "Resource": "*"}
    answer = await call(doors, state, await people.user("but", ALL, denied), case.target, case.arguments)
    assert code(answer) == "AccessDeniedException"
    assert answer.json["message"].endswith("with an explicit deny in an identity-based policy")


@FORMS
@OPERATIONS
async def test_another_account_may_not(case: Case, in_query: bool, doors: Doors, state: State, people: People) -> None:
    """Operations that name no registry are on the caller's own, which is nobody else's."""
    if not {"registry_id", "resource_arn"} & set(case.operation.request.__struct_fields__):
        return
    arguments = {**case.arguments} if "resourceArn" in case.arguments else {**case.arguments, "registryId": OWN.account}
    answer = await call(doors, state, await people.root(OTHER), case.target, arguments, in_query=in_query)
    assert code(answer) == "AccessDeniedException"
    assert answer.json["message"].endswith(f"no resource-based policy allows the {case.operation.action} action")


@OPERATIONS
async def test_nobody_may_without_a_signature(case: Case, doors: Doors, state: State) -> None:
    answer = await call(doors, state, Person(), case.target, case.arguments)
    assert code(answer) == "MissingAuthenticationTokenException"


@FORMS
@OPERATIONS
async def test_what_was_good_once_is_good_no_more(
    case: Case, in_query: bool, doors: Doors, state: State, people: People
) -> None:
    for person, expected in (
        (await people.with_session_that_is_over(), "ExpiredTokenException"),
        (await people.revoked(), "UnrecognizedClientException"),
        (await people.disabled(), "UnrecognizedClientException"),
    ):
        answer = await call(doors, state, person, case.target, case.arguments, in_query=in_query)
        assert code(answer) == expected


# --- STS -----------------------------------------------------------------------------------------------------


ROLE: Final = f"arn:aws:iam::{OWN.account}:role/none"
# what each needs beside a signature; a new operation has none here, and fails
STS_ARGUMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "GetCallerIdentity": {},
    "GetSessionToken": {},
    "AssumeRole": {"RoleArn": ROLE, "RoleSessionName": "sample"},
}
# its token says who asks: tests/security/test_s07_tokens.py
UNSIGNED: Final = {"AssumeRoleWithWebIdentity"}
SIGNED: Final = pytest.mark.parametrize("name", sorted(STS.keys() - UNSIGNED))


@FORMS
@SIGNED
async def test_nobody_else_asks_sts(name: str, in_query: bool, doors: Doors, state: State, people: People) -> None:
    for person, expected in (
        (Person(), "MissingAuthenticationToken"),
        (await people.with_session_that_is_over(), "ExpiredToken"),
        (await people.revoked(), "InvalidClientTokenId"),
        (await people.disabled(), "InvalidClientTokenId"),
    ):
        answer = await ask_sts(doors, state, person, name, STS_ARGUMENTS[name], in_query=in_query)
        assert f"<Code>{expected}</Code>".encode() in answer.body


@FORMS
@SIGNED
async def test_sts_says_to_all_who_they_are_and_gives_no_role_to_who_is_not_trusted(
    name: str, in_query: bool, doors: Doors, state: State, people: People
) -> None:
    for person in (await people.root(), await people.user("none"), await people.root(OTHER)):
        answer = await ask_sts(doors, state, person, name, STS_ARGUMENTS[name], in_query=in_query)
        is_denied = b"<Code>AccessDenied</Code>" in answer.body
        assert (answer.status, is_denied) == ((403, True) if name == "AssumeRole" else (200, False))


# --- the data plane ------------------------------------------------------------------------------------------


PARTS: Final = {"reference": "latest", "upload": UNKNOWN_UPLOAD, "digest": UNKNOWN}


def path_of(endpoint: Endpoint) -> str:
    path = endpoint.pattern.pattern.replace(r"(?P<name>.+)", "app").replace("/?", "/")
    for part, value in PARTS.items():
        path = path.replace(f"(?P<{part}>[^/]+)", value)
    return path


REQUESTS: Final = pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        pytest.param(method, path_of(endpoint), action, id=f"{method} {endpoint.name}")
        for endpoint in ENDPOINTS
        for method, action in endpoint.actions.items()
        if action is not None
    ],
)
SCHEMES: Final = pytest.mark.parametrize("scheme", ["Basic", "Bearer"])


async def ask(doors: Doors, person: Person, method: str, path: str, scheme: str) -> Answer:
    encoded = base64.b64encode(f"AWS:{person.password}".encode()).decode()
    headers = {"authorization": f"{scheme} {encoded}"} if person.password else {}
    return await doors.request(method, path, b"", {**HOST, **headers})


def resource_in(path: str) -> str:
    return OWN.arn("*" if "_catalog" in path else "app")


@SCHEMES
@REQUESTS
async def test_a_login_of_the_root_may(
    method: str, path: str, action: str, scheme: str, doors: Doors, people: People
) -> None:
    assert (await ask(doors, await people.root(), method, path, scheme)).status not in {401, 403}


@REQUESTS
async def test_a_login_of_a_user_with_the_one_right_may(
    method: str, path: str, action: str, doors: Doors, people: People
) -> None:
    right = {"Effect": "Allow", "Action": action, "Resource": resource_in(path)}
    assert (await ask(doors, await people.user("one", right), method, path, "Basic")).status not in {401, 403}


@SCHEMES
@REQUESTS
async def test_a_login_of_a_user_without_a_right_may_not(
    method: str, path: str, action: str, scheme: str, doors: Doors, people: People
) -> None:
    answer = await ask(doors, await people.user("none"), method, path, scheme)
    assert answer.status == 403
    if method != "HEAD":
        assert answer.message == (
            f"User: arn:aws:iam::{OWN.account}:user/none is not authorized to perform: {action} on resource: "
            f"{resource_in(path)} because no identity-based policy allows the {action} action"
        )


@SCHEMES
@REQUESTS
async def test_a_login_of_another_account_may_not(
    method: str, path: str, action: str, scheme: str, doors: Doors, people: People
) -> None:
    answer = await ask(doors, await people.root(OTHER), method, path, scheme)
    assert answer.status == 403
    if method != "HEAD":
        assert answer.message.endswith(f"because no resource-based policy allows the {action} action")


@REQUESTS
async def test_nobody_may_without_a_login(method: str, path: str, action: str, doors: Doors) -> None:
    assert (await ask(doors, Person(), method, path, "Basic")).status == 401


@SCHEMES
@REQUESTS
async def test_a_login_that_was_good_once_is_good_no_more(
    method: str, path: str, action: str, scheme: str, doors: Doors, people: People
) -> None:
    for person, expected in (
        (await people.with_session_that_is_over(), 403),
        (await people.revoked(), 401),
        (await people.disabled(), 401),
    ):
        assert (await ask(doors, person, method, path, scheme)).status == expected


# --- download addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("root", 404), ("user", 403), ("other", 403), ("expired", 403), ("revoked", 401), ("disabled", 401)],
)
async def test_a_download_address_is_worth_what_its_maker_is_worth_now(
    who: str, status: int, method: str, doors: Doors, state: State, people: People
) -> None:
    person = {
        "root": people.root,
        "user": lambda: people.user("none"),
        "other": lambda: people.root(OTHER),
        "expired": people.root,
        "revoked": people.revoked,
        "disabled": people.disabled,
    }[who]
    made = await person()
    caller = Caller("", OWN, Login("key", made.key))
    until = state.clock() + (0 if who == "expired" else HOUR)
    token = sign_for(state, pull.URL_PURPOSE, caller, OWN, until, f"app@{UNKNOWN}".encode())
    answer = await doors.request(method, f"/v2/app/blobs/{UNKNOWN}?token={token}", b"", HOST)
    assert answer.status == status


def code(answer: Answer) -> str:
    """The name of the exception, empty if there is none."""
    if answer.status < 300:
        return ""
    return re.sub(r".*#", "", str(answer.json["__type"]))
