"""Session policies: they narrow what a session may do, and never widen it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from support.strict import ACCOUNT, Key, Strict, document
from support.sts import Told, ask, assume, role, trust
from wharfinger.services.sts import TOKEN_LIMIT

READ = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
LIST = {"Action": "ecr:DescribeRepositories", "Resource": "*"}
DELETE = {"Action": "ecr:DeleteRepository", "Resource": "*"}


async def narrowed(strict: Strict, *attached: str, **members: str) -> Told:
    """A session of a role that has these policies."""
    await role(strict, trust(ACCOUNT), *(attached or ("AmazonEC2ContainerRegistryFullAccess",)))
    return await assume(strict, strict.root, **members)


async def may(strict: Strict, key: Key) -> dict[str, bool]:
    """Which of three operations a session may do."""
    asked = {
        "DescribeRepositories": {},
        "DeleteRepository": {"repositoryName": "missing"},
        "CreateRepository": {"repositoryName": "app"},
    }
    answers = {name: await strict.one.call(key, name, **members) for name, members in asked.items()}
    return {name: answer.status == 200 or answer.code != "AccessDeniedException" for name, answer in answers.items()}


async def test_a_session_policy_leaves_what_it_and_the_role_allow(strict: Strict) -> None:
    told = await narrowed(strict, Policy=document(LIST))
    assert await may(strict, told.key) == {
        "DescribeRepositories": True,
        "DeleteRepository": False,
        "CreateRepository": False,
    }


async def test_a_session_policy_gives_nothing_that_the_role_does_not(strict: Strict) -> None:
    told = await narrowed(strict, await strict.policy("list", LIST), Policy=document({"Action": "*", "Resource": "*"}))
    assert await may(strict, told.key) == {
        "DescribeRepositories": True,
        "DeleteRepository": False,
        "CreateRepository": False,
    }


async def test_several_session_policies_leave_what_any_of_them_allows(strict: Strict) -> None:
    members = {"PolicyArns__member__1__arn": READ, "Policy": document(DELETE)}
    assert await may(strict, (await narrowed(strict, **members)).key) == {
        "DescribeRepositories": True,
        "DeleteRepository": True,
        "CreateRepository": False,
    }


async def test_a_policy_of_the_account_can_narrow_and_is_as_it_is_at_each_request(strict: Strict) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{await strict.policy('narrow', LIST)}"
    key = (await narrowed(strict, PolicyArns__member__1__arn=arn)).key
    assert (await may(strict, key))["DescribeRepositories"]
    await strict.policy("narrow", DELETE)
    assert await may(strict, key) == {
        "DescribeRepositories": False,
        "DeleteRepository": True,
        "CreateRepository": False,
    }


async def test_a_session_whose_policy_has_gone_may_do_nothing(strict: Strict) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{await strict.policy('narrow', LIST)}"
    key = (await narrowed(strict, PolicyArns__member__1__arn=arn)).key
    await strict.one.done(strict.root, "DeletePolicy", policyName="narrow")
    assert not any((await may(strict, key)).values())


async def test_what_another_policy_allows_does_not_outlive_one_that_has_gone(strict: Strict) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/{await strict.policy('narrow', {**DELETE, 'Effect': 'Deny'})}"
    members = {"PolicyArns__member__1__arn": arn, "Policy": document({"Action": "*", "Resource": "*"})}
    key = (await narrowed(strict, **members)).key
    assert not (await may(strict, key))["DeleteRepository"]
    await strict.one.done(strict.root, "DeletePolicy", policyName="narrow")
    assert not any((await may(strict, key)).values())


async def test_a_password_of_a_session_is_narrowed_as_the_session_is(strict: Strict) -> None:
    actions = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    told = await narrowed(strict, Policy=document({"Action": actions, "Resource": "*"}))
    password = await strict.one.password(told.key)
    assert (await strict.one.pull("app/manifests/v1", password)).status == 200
    assert (await strict.one.pull("app/blobs/uploads/", password, method="POST")).status == 403


async def test_a_session_policy_narrows_what_a_chain_may_ask_for(strict: Strict) -> None:
    second = await role(strict, trust(ACCOUNT), name="second")
    told = await narrowed(strict, "AdministratorAccess", Policy=document(LIST))
    assert (await assume(strict, told.key, second)).code == "AccessDenied"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"Statement": []}', json.dumps({"Statement": {"Effect": "Allow", "Principal": "*"}})]
)
async def test_a_session_policy_that_cannot_be_understood_is_refused(strict: Strict, text: str) -> None:
    told = await narrowed(strict, Policy=text)
    assert (told.status, told.code) == (400, "MalformedPolicyDocument")


@pytest.mark.parametrize(
    "arns",
    [
        ["arn:aws:iam::aws:policy/NoSuchPolicy"],
        [f"arn:aws:iam::{ACCOUNT}:policy/missing"],
        ["arn:aws:iam::999999999999:policy/AmazonEC2ContainerRegistryReadOnly"],
        [READ] * 11,
    ],
    ids=["not built in", "not the account's", "of another account", "too many"],
)
async def test_policies_that_cannot_narrow_are_refused(strict: Strict, arns: list[str]) -> None:
    members = {f"PolicyArns__member__{number}__arn": arn for number, arn in enumerate(arns, 1)}
    told = await narrowed(strict, **members)
    assert (told.status, told.code) == (400, "ValidationError")


# --- size ----------------------------------------------------------------------------------------------------


def of_length(length: int) -> str:
    """A policy of about this many characters that no blanks make long."""
    return document({"Sid": "x" * length, "Action": "ecr:*", "Resource": "*"})


async def test_a_policy_as_long_as_aws_allows_fits(strict: Strict) -> None:
    told = await narrowed(strict, Policy=of_length(2048 - len(of_length(0))))
    assert int(told.members["SessionTokenSize"]) == len(told.key.token or "") <= TOKEN_LIMIT
    assert 0 < int(told.members["PackedPolicySize"]) <= 100
    password = await strict.one.password(told.key)
    assert (await strict.one.pull("app/manifests/v1", password)).status == 200


async def test_blanks_take_no_room(strict: Strict) -> None:
    told = await narrowed(strict, Policy=json.dumps(json.loads(document(LIST)), indent=400))
    assert int(told.members["SessionTokenSize"]) < 1000


async def test_what_clients_could_not_send_along_is_refused_with_how_much_it_is(strict: Strict) -> None:
    told = await narrowed(strict, Policy=of_length(4000))
    assert (told.status, told.code) == (400, "PackedPolicyTooLarge")
    assert "need 1" in told.message


async def test_a_session_without_policies_does_not_speak_of_their_size(strict: Strict) -> None:
    told = await narrowed(strict)
    assert "PackedPolicySize" not in told.members
    assert urlencode({"t": told.key.token or ""}) == f"t={told.key.token}"  # nothing in it has to be escaped
    assert (await ask(strict.one, told.key, "GetCallerIdentity")).status == 200
