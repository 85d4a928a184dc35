"""Who may do what, and why: the same answer that trying gives, before anything is tried."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.doors import Doors, new_doors
from support.state import ACCOUNT
from wharfinger.domain.names import Registry
from wharfinger.services.access import enter
from wharfinger.services.identities import Keys, Login

REPOSITORY = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/app"
PULL = "AmazonEC2ContainerRegistryPullOnly"
OTHER = "210987654321"


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


FROM_INSIDE = {
    "Sid": "FromInside",
    "Effect": "Allow",
    "Action": "ecr:PutImage",
    "Resource": "*",
    "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
}
NO_DELETING = {"Sid": "Keep", "Effect": "Deny", "Action": "ecr:BatchDeleteImage", "Resource": "*"}


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    """The user `alice` may push from inside, the role `deploy` and the robot `ci` may pull."""
    async with new_doors(tmp_path / "data") as opened:
        await opened.served("CreateUser", userName="alice")
        await opened.served("PutPolicy", policyName="push", policyDocument=policy(FROM_INSIDE, NO_DELETING))
        await opened.served("AttachPolicy", policyName="push", userName="alice")
        trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        await opened.served("CreateRole", roleName="deploy", trustPolicy=trust)
        await opened.served("AttachPolicy", policyName=PULL, roleName="deploy")
        await opened.served("CreateRobot", robotName="ci", actions=["pull"], repositories=["app"])
        yield opened


async def explained(doors: Doors, principal: str | None, action: str, **more: Any) -> Any:
    asked = {"principal": principal, "action": action, "repositoryName": "app", **more}
    return await doors.served("ExplainAccess", **{name: value for name, value in asked.items() if value is not None})


async def test_the_caller_is_meant_where_nobody_is_named(doors: Doors) -> None:
    found = await explained(doors, None, "ecr:PutImage")
    assert found["principal"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert (found["allowed"], found["decidedBy"]) == (True, {"source": "root", "explicit": False})


async def test_a_statement_that_allows_is_named(doors: Doors) -> None:
    found = await explained(doors, "user/alice", "ecr:PutImage", conditionKeys={"aws:SourceIp": ["10.1.2.3"]})
    assert found["allowed"]
    assert "message" not in found
    assert found["resource"] == REPOSITORY
    assert found["decidedBy"] == {
        "source": "identity-based",
        "explicit": False,
        "policyName": "push",
        "statement": 0,
        "sid": "FromInside",
    }


async def test_a_condition_that_does_not_fit_is_named(doors: Doors) -> None:
    """Where the question comes from is not where alice would come from."""
    found = await explained(doors, "user/alice", "ecr:PutImage")
    assert not found["allowed"]
    assert found["message"] == (
        f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: ecr:PutImage on resource: "
        f"{REPOSITORY} because no identity-based policy allows the ecr:PutImage action"
    )
    allow, deny = found["statements"]
    assert (allow["misfit"], allow["operator"], allow["conditionKey"]) == ("condition", "IpAddress", "aws:sourceip")
    assert (deny["effect"], deny["applies"], deny["misfit"]) == ("Deny", False, "action")


async def test_an_explicit_denial_is_named(doors: Doors) -> None:
    found = await explained(doors, "user/alice", "ecr:BatchDeleteImage")
    assert found["message"].endswith("with an explicit deny in an identity-based policy")
    assert (found["decidedBy"]["explicit"], found["decidedBy"]["sid"]) == (True, "Keep")


async def test_a_repository_policy_is_looked_at(doors: Doors) -> None:
    text = policy({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"})
    await doors.served("SetRepositoryPolicy", repositoryName="app", policyText=text)
    for who in ("*", "user/alice"):
        found = await explained(doors, who, "ecr:BatchGetImage")
        assert (found["allowed"], found["decidedBy"]["policyName"]) == (True, "repository policy")


async def test_who_has_no_login_may_nothing_else(doors: Doors) -> None:
    found = await explained(doors, "*", "ecr:PutImage")
    assert (found["principal"], found["allowed"], found["message"]) == ("*", False, "Missing Authentication Token")


async def test_a_repository_that_is_not_there_yet_can_be_asked_about(doors: Doors) -> None:
    found = await explained(doors, "role/deploy", "ecr:BatchGetImage", repositoryName="later")
    assert found["allowed"]


@pytest.mark.parametrize(
    ("action", "resource"),
    [("ecr:GetAuthorizationToken", "*"), ("ecr:DescribeRepositories", REPOSITORY.replace("/app", "/*"))],
)
async def test_without_a_repository_it_is_all_of_them_or_the_registry(doors: Doors, action: str, resource: str) -> None:
    found = await explained(doors, "root", action, repositoryName=None)
    assert found["resource"] == resource


async def test_what_is_told_is_what_a_login_is_told(doors: Doors) -> None:
    """The answer for alice is that of a request with her key."""
    key = (await doors.served("CreateAccessKey", userName="alice"))["accessKey"]["accessKeyId"]
    keys: Keys = {"aws:sourceip": ("10.0.0.1",)}
    caller = await enter(doors.state, Login("key", key), Registry(ACCOUNT, "eu-central-1"), keys, None)
    found = await explained(doors, "user/alice", "ecr:PutImage", conditionKeys={"aws:SourceIp": ["10.0.0.1"]})
    assert (found["principal"], found["allowed"]) == (caller.principal, True)


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("user/none", "PrincipalNotFoundException"),
        ("role/none", "PrincipalNotFoundException"),
        ("robot/none", "PrincipalNotFoundException"),
        (f"arn:aws:iam::{OTHER}:user/alice", "PrincipalNotFoundException"),
        ("alice", "InvalidParameterException"),
    ],
)
async def test_only_who_is_in_the_account_can_be_asked_about(doors: Doors, who: str, code: str) -> None:
    answer = await doors.wharfinger("ExplainAccess", principal=who, action="ecr:PutImage")
    assert (answer.status, answer.json["__type"]) == (400, code)


@pytest.mark.parametrize("action", ["ecr:PutImages", "s3:GetObject", "ecr:*", "PutImage"])
async def test_an_action_that_is_none_is_refused(doors: Doors, action: str) -> None:
    answer = await doors.wharfinger("ExplainAccess", action=action)
    assert (answer.status, answer.json["__type"]) == (400, "InvalidParameterException")


async def test_everybody_is_listed_page_by_page(doors: Doors) -> None:
    listed: list[Any] = []
    token: dict[str, str] = {}
    while not listed or token:
        page = await doors.served("ListAccess", action="ecr:BatchGetImage", repositoryName="app", maxResults=1, **token)
        assert len(page["access"]) == 1
        listed += page["access"]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
    assert [(one["principal"].rpartition(":")[2], one["allowed"]) for one in listed] == [
        ("*", False),
        ("user/alice", False),
        ("assumed-role/deploy/explained", True),
        ("robot/ci", True),
    ]
    assert listed[2]["decidedBy"]["policyName"] == PULL


async def test_a_token_is_for_the_same_question(doors: Doors) -> None:
    page = await doors.served("ListAccess", action="ecr:BatchGetImage", maxResults=1)
    answer = await doors.wharfinger("ListAccess", action="ecr:PutImage", nextToken=page["nextToken"])
    assert answer.json["__type"] == "InvalidParameterException"
