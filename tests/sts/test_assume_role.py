"""AssumeRole: who may have a session of a role, for how long, and what the session then is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from support.state import Clock
from support.strict import ACCOUNT, Key, Strict
from support.sts import ROLE, Told, ask, assume, role, trust
from wharfinger.services import login
from wharfinger.state.clock import HOUR, SECOND

MAY = {"Action": "sts:AssumeRole", "Resource": ROLE}
OTHER = "999999999999"


async def root_of_other(strict: Strict) -> Key:
    """The key of the root of another account."""
    state = strict.one.state
    found = await login.first_key(replace(state, rules=state.rules._replace(default_account=OTHER)))
    return Key(found.key, found.secret)


def refused(told: Told, principal: str, action: str = "sts:AssumeRole", resource: str = ROLE) -> bool:
    """In AWS's words, which say the same whether there is such a role or not."""
    message = f"User: {principal} is not authorized to perform: {action} on resource: {resource}"
    return (told.status, told.code, told.message) == (403, "AccessDenied", message)


async def user(strict: Strict, *statements: dict[str, str]) -> Key:
    """With an identity policy of these statements."""
    return await strict.user("ann", await strict.policy("own", *statements)) if statements else await strict.user("ann")


async def test_a_session_is_the_role_under_the_name_that_was_asked_for(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT), "AmazonEC2ContainerRegistryReadOnly")
    told = await assume(strict, strict.root)
    assert told.members["AssumedRoleUser.Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci"
    who = await ask(strict.one, told.key, "GetCallerIdentity")
    assert who.members["Arn"] == told.members["AssumedRoleUser.Arn"]
    assert who.members["UserId"] == told.members["AssumedRoleUser.AssumedRoleId"]
    assert who.members["Account"] == ACCOUNT


async def test_a_session_may_do_what_the_role_may_and_no_more(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT), "AmazonEC2ContainerRegistryReadOnly")
    session = (await assume(strict, strict.root)).key
    await strict.one.done(session, "DescribeRepositories")
    answer = await strict.one.call(session, "DeleteRepository", repositoryName="app")
    assert answer.code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("trusted", "own", "is_allowed"),
    [
        (ACCOUNT, (MAY,), True),  # the account leaves it to its users' policies
        (ACCOUNT, (), False),
        (f"arn:aws:iam::{ACCOUNT}:user/ann", (), True),  # whom the role names needs no more
        (f"arn:aws:iam::{ACCOUNT}:user/bob", (MAY,), False),
        (OTHER, (MAY,), False),
        (f"arn:aws:iam::{ACCOUNT}:user/ann", ({**MAY, "Effect": "Deny"},), False),
    ],
)
async def test_in_one_account_the_role_names_the_user_or_leaves_it_to_a_policy_of_the_user(
    strict: Strict, trusted: str, own: tuple[dict[str, str], ...], is_allowed: bool
) -> None:
    await role(strict, trust(trusted))
    told = await assume(strict, await user(strict, *own))
    assert told.status == 200 if is_allowed else refused(told, f"arn:aws:iam::{ACCOUNT}:user/ann")


async def test_the_root_of_another_account_has_sessions_of_a_role_that_trusts_the_account(strict: Strict) -> None:
    await role(strict, trust(OTHER), "AmazonEC2ContainerRegistryReadOnly")
    session = (await assume(strict, await root_of_other(strict))).key
    found = await strict.one.done(session, "DescribeRepositories")
    assert [one["repositoryName"] for one in found["repositories"]] == ["app"]


async def test_another_account_has_no_sessions_of_a_role_that_does_not_trust_it(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT))
    assert refused(await assume(strict, await root_of_other(strict)), f"arn:aws:iam::{OTHER}:root")


async def test_a_role_that_is_not_there_is_refused_as_one_that_does_not_trust(strict: Strict) -> None:
    key = await user(strict, MAY)
    missing = await assume(strict, key)
    await role(strict, trust(OTHER))
    forbidden = await assume(strict, key)
    assert refused(missing, f"arn:aws:iam::{ACCOUNT}:user/ann")
    assert (missing.status, missing.code, missing.message) == (forbidden.status, forbidden.code, forbidden.message)
    assert missing.answer.headers.keys() == forbidden.answer.headers.keys()


async def test_what_is_no_arn_of_a_role_is_refused(strict: Strict) -> None:
    told = await assume(strict, strict.root, f"arn:aws:iam::{ACCOUNT}:user/deploy")
    assert (told.status, told.code) == (400, "ValidationError")
    assert "roleArn" in told.message


# --- conditions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "status"), [("12345", 200), ("1234", 403), (None, 403)])
async def test_an_external_id_has_to_be_the_one_that_the_role_asks_for(
    strict: Strict, given: str | None, status: int
) -> None:
    await role(strict, trust(ACCOUNT, StringEquals={"sts:ExternalId": "12345"}))
    more = {} if given is None else {"ExternalId": given}
    assert (await assume(strict, strict.root, **more)).status == status


@pytest.mark.parametrize(("name", "status"), [("ann", 200), ("bob", 403)])
async def test_the_name_of_a_session_can_be_held_to_the_name_of_the_user(
    strict: Strict, name: str, status: int
) -> None:
    await role(strict, trust(ACCOUNT, StringEquals={"sts:RoleSessionName": "${aws:username}"}))
    told = await assume(strict, await user(strict, MAY), name=name)
    assert told.status == status


async def test_where_a_request_comes_from_can_be_a_condition(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT, IpAddress={"aws:SourceIp": "10.0.0.0/8"}))
    assert (await assume(strict, strict.root)).status == 403


# --- terms ---------------------------------------------------------------------------------------------------


def term(told: Told, clock: Clock) -> int:
    """Seconds."""
    ends = datetime.strptime(told.members["Credentials.Expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return round(ends.timestamp() - clock() // SECOND)


@pytest.mark.parametrize(
    ("of_role", "asked", "given"),
    [
        (None, None, 3600),
        (None, 900, 900),
        (None, 3600, 3600),
        (None, 3601, None),
        (43200, None, 3600),
        (43200, 43200, 43200),
        (7200, 7201, None),
    ],
)
async def test_a_session_lasts_as_long_as_asked_and_the_role_allows(
    strict: Strict, clock: Clock, of_role: int | None, asked: int | None, given: int | None
) -> None:
    await role(strict, trust(ACCOUNT), **({"sessionSeconds": of_role} if of_role else {}))
    told = await assume(strict, strict.root, **({"DurationSeconds": asked} if asked else {}))
    if given is None:
        assert (told.status, told.code) == (400, "ValidationError")
        assert f"the limit of {of_role or 3600} seconds for this role" in told.message
    else:
        assert term(told, clock) == given


async def test_a_term_that_is_too_long_is_not_told_to_who_may_not_assume_the_role(strict: Strict) -> None:
    await role(strict, trust(OTHER))
    assert refused(await assume(strict, strict.root, DurationSeconds=43200), f"arn:aws:iam::{ACCOUNT}:root")


# --- chains --------------------------------------------------------------------------------------------------


async def chain(strict: Strict, **members: str) -> Told:
    """A session of `second` that a session of `deploy` asks for."""
    await role(strict, trust(ACCOUNT), await strict.policy("chains", {"Action": "sts:*", "Resource": "*"}))
    second = await role(strict, trust(ACCOUNT), name="second", sessionSeconds=43200)
    return await assume(strict, (await assume(strict, strict.root)).key, second, **members)


async def test_a_session_can_have_a_session_of_another_role(strict: Strict) -> None:
    who = await ask(strict.one, (await chain(strict)).key, "GetCallerIdentity")
    assert who.members["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/second/ci"


async def test_a_chain_lasts_an_hour_at_most_whatever_the_role_says(strict: Strict) -> None:
    told = await chain(strict, DurationSeconds="3601")
    assert (told.status, told.code) == (400, "ValidationError")
    assert "the limit of 3600 seconds for roles assumed by role chaining" in told.message


async def test_a_session_of_a_user_is_no_link_of_a_chain(strict: Strict, clock: Clock) -> None:
    await role(strict, trust(ACCOUNT), sessionSeconds=43200)
    own = (await ask(strict.one, strict.root, "GetSessionToken")).key
    assert term(await assume(strict, own, DurationSeconds=43200), clock) == 43200


# --- tags and source identity --------------------------------------------------------------------------------

TAGGED = {"Tags__member__1__Key": "team", "Tags__member__1__Value": "blue"}
BOTH = ["sts:AssumeRole", "sts:TagSession"]


def open_to(actions: list[str]) -> str:
    """For the account."""
    found = json.loads(trust(ACCOUNT))
    found["Statement"][0]["Action"] = actions
    return json.dumps(found)


async def test_tags_need_a_right_of_their_own(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT))
    assert refused(await assume(strict, strict.root, **TAGGED), f"arn:aws:iam::{ACCOUNT}:root", "sts:TagSession")


async def test_the_tags_of_a_session_are_the_principals_tags_in_policies(strict: Strict) -> None:
    may = {"Action": "ecr:DescribeRepositories", "Resource": "*"}
    where = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
    await role(strict, open_to(BOTH), await strict.policy("blue", {**may, **where}))
    tagged, plain = (await assume(strict, strict.root, **TAGGED)).key, (await assume(strict, strict.root)).key
    assert (await strict.one.call(tagged, "DescribeRepositories")).status == 200
    assert (await strict.one.call(plain, "DescribeRepositories")).status == 400


async def test_only_tags_that_are_passed_on_reach_the_end_of_a_chain(strict: Strict) -> None:
    asks = {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
    await role(strict, open_to(BOTH), await strict.policy("chains", {"Action": "sts:*", "Resource": "*"}))
    blue = await strict.policy("blue", {"Action": "ecr:DescribeRepositories", "Resource": "*", **asks})
    second = await role(strict, open_to(BOTH), blue, name="second")
    for passed, status in (({"TransitiveTagKeys__member__1": "team"}, 200), ({}, 400)):
        first = (await assume(strict, strict.root, **TAGGED, **passed)).key
        last = (await assume(strict, first, second)).key
        assert (await strict.one.call(last, "DescribeRepositories")).status == status


@pytest.mark.parametrize(
    "more",
    [
        {**TAGGED, "Tags__member__2__Key": "TEAM", "Tags__member__2__Value": "red"},
        {**TAGGED, "Tags__member__2__Key": "team", "Tags__member__2__Value": "red"},
        {"TransitiveTagKeys__member__1": "team"},
    ],
    ids=["a key twice in other letters", "a key twice", "a key of no tag"],
)
async def test_tags_that_cannot_be_are_refused(strict: Strict, more: dict[str, str]) -> None:
    await role(strict, open_to(BOTH))
    told = await assume(strict, strict.root, **more)
    assert (told.status, told.code) == (400, "ValidationError")


async def test_a_tag_that_was_passed_on_cannot_be_changed(strict: Strict) -> None:
    await role(strict, open_to(BOTH), await strict.policy("chains", {"Action": "sts:*", "Resource": "*"}))
    first = (await assume(strict, strict.root, **TAGGED, TransitiveTagKeys__member__1="team")).key
    told = await assume(strict, first, Tags__member__1__Key="Team", Tags__member__1__Value="red")
    assert (told.status, told.code) == (400, "ValidationError")


async def test_a_source_identity_needs_a_right_of_its_own_and_stays_the_same_along_a_chain(strict: Strict) -> None:
    may = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    arn = await role(strict, open_to(may), await strict.policy("chains", {"Action": "sts:*", "Resource": "*"}))
    await role(strict, trust(ACCOUNT), name="second")
    first = await assume(strict, strict.root, SourceIdentity="ann")
    assert first.members["SourceIdentity"] == "ann"
    assert (await assume(strict, first.key)).members["SourceIdentity"] == "ann"
    principal = first.members["AssumedRoleUser.Arn"]
    changed = await assume(strict, first.key, SourceIdentity="bob")
    assert refused(changed, principal, "sts:SetSourceIdentity", arn)
    second = arn.replace("deploy", "second")
    unasked = await assume(strict, strict.root, second, SourceIdentity="ann")
    assert refused(unasked, f"arn:aws:iam::{ACCOUNT}:root", "sts:SetSourceIdentity", second)


@pytest.mark.parametrize(
    "more",
    [
        {"SerialNumber": "arn:aws:iam::123456789012:mfa/ann", "TokenCode": "123456"},
        {"ProvidedContexts__member__1__ContextAssertion": "assertion"},
        {"MinimumSessionTokenSize": "2048"},
    ],
)
async def test_what_there_is_nothing_for_here_is_refused_and_not_ignored(strict: Strict, more: dict[str, str]) -> None:
    await role(strict, trust(ACCOUNT))
    told = await assume(strict, strict.root, **more)
    assert (told.status, told.code) == (400, "ValidationError")
    assert "here" in told.message


async def test_nobody_changes_what_a_session_says_of_itself(strict: Strict) -> None:
    await role(strict, trust(ACCOUNT))
    key = (await assume(strict, strict.root)).key
    assert key.token is not None
    flipped = key.token[:-2] + ("AA" if key.token[-2:] != "AA" else "BB")
    told = await ask(strict.one, key._replace(token=flipped), "GetCallerIdentity")
    assert (told.status, told.code) == (403, "InvalidClientTokenId")
    other = await ask(strict.one, key._replace(id=strict.root.id), "GetCallerIdentity")
    assert (other.status, other.code) == (403, "InvalidClientTokenId")


async def test_a_session_says_when_its_time_is_over(strict: Strict, clock: Clock) -> None:
    await role(strict, trust(ACCOUNT))
    key = (await assume(strict, strict.root)).key
    clock.move(HOUR - SECOND)
    assert (await ask(strict.one, key, "GetCallerIdentity")).status == 200
    clock.move(SECOND)
    told = await ask(strict.one, key, "GetCallerIdentity")
    assert (told.status, told.code) == (403, "ExpiredToken")
