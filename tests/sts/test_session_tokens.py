"""GetSessionToken: a session of the caller itself, and what ends sessions of every kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.doors import new_doors
from support.state import Clock
from support.strict import ACCOUNT, Key, Strict, basic
from support.sts import ask, assume, role, trust
from wharfinger.state.clock import HOUR, SECOND

FULL = "AmazonEC2ContainerRegistryFullAccess"


def seconds(expiration: str, clock: Clock) -> int:
    """From now on."""
    ends = datetime.strptime(expiration, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return round(ends.timestamp() - clock() // SECOND)


@pytest.mark.parametrize(("asked", "given"), [(None, 43200), (900, 900), (129600, 129600)])
async def test_a_user_has_a_session_for_as_long_as_it_asks(
    strict: Strict, clock: Clock, asked: int | None, given: int
) -> None:
    key = await strict.user("ann", FULL)
    told = await ask(strict.one, key, "GetSessionToken", **({"DurationSeconds": asked} if asked else {}))
    assert seconds(told.members["Credentials.Expiration"], clock) == given


@pytest.mark.parametrize("asked", [None, 43200])
async def test_root_has_one_for_an_hour_at_most(strict: Strict, clock: Clock, asked: int | None) -> None:
    told = await ask(strict.one, strict.root, "GetSessionToken", **({"DurationSeconds": asked} if asked else {}))
    assert seconds(told.members["Credentials.Expiration"], clock) == 3600


async def test_it_is_the_user_itself_with_the_rights_of_the_user(strict: Strict) -> None:
    key = await strict.user("ann", "AmazonEC2ContainerRegistryReadOnly")
    session = (await ask(strict.one, key, "GetSessionToken")).key
    mine, own = [await ask(strict.one, one, "GetCallerIdentity") for one in (session, key)]
    assert {**mine.members, "RequestId": ""} == {**own.members, "RequestId": ""}
    await strict.one.done(session, "DescribeRepositories")
    assert (await strict.one.call(session, "DeleteRepository", repositoryName="app")).code == "AccessDeniedException"


async def test_a_session_does_not_make_another_of_itself(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT))
    for session in (await ask(strict.one, strict.root, "GetSessionToken"), await assume(strict, strict.root)):
        told = await ask(strict.one, session.key, "GetSessionToken")
        assert (told.status, told.code) == (403, "AccessDenied")
        assert told.message == "Cannot call GetSessionToken with session credentials"


async def test_mfa_is_refused_and_not_passed_over(strict: Strict) -> None:
    told = await ask(strict.one, strict.root, "GetSessionToken", SerialNumber="GAHT12345678", TokenCode="123456")
    assert (told.status, told.code) == (400, "ValidationError")
    assert "MFA" in told.message


async def test_on_an_open_server_it_is_a_session_of_the_account_that_the_key_names(
    tmp_path: Path, clock: Clock
) -> None:
    async with new_doors(tmp_path / "data", clock) as doors:
        session = (await ask(doors, Key(ACCOUNT, "secret"), "GetSessionToken")).key
        told = await ask(doors, session, "GetCallerIdentity")
        assert told.members["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


# --- the end of a session ------------------------------------------------------------------------------------

End = Callable[[Strict, Key], Awaitable[object]]


async def disable_the_key(strict: Strict, key: Key) -> object:
    return await strict.one.done(strict.root, "UpdateAccessKey", accessKeyId=key.id, status="INACTIVE")


async def delete_the_key(strict: Strict, key: Key) -> object:
    return await strict.one.done(strict.root, "DeleteAccessKey", accessKeyId=key.id)


async def delete_the_user(strict: Strict, key: Key) -> object:
    return await strict.one.done(strict.root, "DeleteUser", userName="ann")


async def delete_the_role(strict: Strict, key: Key) -> object:
    return await strict.one.done(strict.root, "DeleteRole", roleName="deploy")


async def let_time_pass(strict: Strict, key: Key) -> object:
    return strict.clock.move(HOUR)


async def own_session(strict: Strict, key: Key) -> Key:
    return (await ask(strict.one, key, "GetSessionToken", DurationSeconds=3600)).key


async def role_session(strict: Strict, key: Key) -> Key:
    await role(strict, trust(f"arn:aws:iam::{ACCOUNT}:user/ann"), FULL, "AdministratorAccess")
    return (await assume(strict, key)).key


async def chained_session(strict: Strict, key: Key) -> Key:
    second = await role(strict, trust(ACCOUNT), FULL, name="second")
    return (await assume(strict, await role_session(strict, key), second)).key


@pytest.mark.parametrize(
    ("make", "end"),
    [
        *((own_session, end) for end in (disable_the_key, delete_the_key, delete_the_user, let_time_pass)),
        *(
            (make, end)
            for make in (role_session, chained_session)
            for end in (disable_the_key, delete_the_key, delete_the_user, delete_the_role, let_time_pass)
        ),
    ],
)
async def test_what_a_session_came_from_ends_it_at_once_with_its_passwords_at_both_doors_of_both_workers(
    strict: Strict, make: Callable[[Strict, Key], Awaitable[Key]], end: End
) -> None:
    key = await strict.user("ann", FULL)
    session = await make(strict, key)
    password = await strict.one.password(session)
    begun = await strict.one.request("POST", "/v2/app/blobs/uploads/", headers=basic("AWS", password))
    assert begun.status == 202
    for worker in (strict.one, strict.two):
        assert (await worker.call(session, "DescribeRepositories")).status == 200
        assert (await worker.pull("app/manifests/v1", password)).status == 200
    await end(strict, key)
    for worker in (strict.two, strict.one):
        assert (await worker.call(session, "DescribeRepositories")).code in {
            "UnrecognizedClientException",
            "ExpiredTokenException",
        }
        assert (await ask(worker, session, "GetCallerIdentity")).code in {"InvalidClientTokenId", "ExpiredToken"}
        for refused in (
            await worker.pull("app/manifests/v1", password),
            await worker.request("PATCH", begun.headers["location"], b"more", basic("AWS", password)),
        ):
            assert refused.code in {"UNAUTHORIZED", "DENIED"}


@pytest.mark.parametrize("left", [900, 3600])
async def test_a_password_is_good_no_longer_than_the_session_that_asked_for_it(
    strict: Strict, clock: Clock, left: int
) -> None:
    await role(strict, trust(ACCOUNT), FULL)
    session = (await assume(strict, strict.root, DurationSeconds=left)).key
    [data] = (await strict.one.done(session, "GetAuthorizationToken"))["authorizationData"]
    assert data["expiresAt"] == pytest.approx(clock() / SECOND + left)


async def test_a_password_of_a_key_is_good_for_twelve_hours(strict: Strict, clock: Clock) -> None:
    [data] = (await strict.one.done(strict.root, "GetAuthorizationToken"))["authorizationData"]
    assert data["expiresAt"] == pytest.approx(clock() / SECOND + 12 * 3600)


async def test_a_right_that_a_role_loses_is_lost_to_passwords_that_its_sessions_handed_out(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT), FULL)
    password = await strict.one.password((await assume(strict, strict.root)).key)
    assert (await strict.two.pull("app/manifests/v1", password)).status == 200
    await strict.one.done(strict.root, "DetachPolicy", policyName=FULL, roleName="deploy")
    assert (await strict.two.pull("app/manifests/v1", password)).status == 403


async def test_a_role_that_is_made_again_does_not_bring_sessions_back(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT), FULL)
    session = (await assume(strict, strict.root)).key
    await strict.one.done(strict.root, "DeleteRole", roleName="deploy")
    await role(strict, trust(ACCOUNT), FULL)
    assert (await strict.one.call(session, "DescribeRepositories")).code == "UnrecognizedClientException"
