"""Identity policies: put, read, listed, attached to users and roles, and what they then allow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.disk import without_syncs
from support.doors import Doors
from support.ecr_errors import invalid
from support.registry import Registry, error_of, stranger
from support.state import ACCOUNT
from support.strict import Strict, document, new_strict
from wharfinger.contract import ecr
from wharfinger.domain import principals as limits
from wharfinger.domain.managed import MANAGED
from wharfinger.state.db import principals as rows
from wharfinger.state.db.database import Tx
from wharfinger.state.db.principals import PolicyRow, PrincipalRow

PULL = document({"Action": ["ecr:BatchGetImage"], "Resource": "*"})
PUSH = document({"Action": ["ecr:PutImage"], "Resource": "*"})


@pytest.fixture
async def strict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Strict]:
    """Two workers that check signatures."""
    without_syncs(monkeypatch)
    async with new_strict(tmp_path / "data") as opened:
        yield opened


def put(wharfinger: Any, name: str = "pull", text: str = PULL) -> Any:
    return wharfinger.put_policy(policyName=name, policyDocument=text)["policy"]


# --- put and read --------------------------------------------------------------------------------------------


def test_a_policy_is_given_back_as_it_was_put(wharfinger: Any) -> None:
    text = f"\n{PULL}  "
    made = put(wharfinger, text=text)
    assert made.pop("changedAt")
    assert made == {"policyName": "pull", "policyDocument": text, "isBuiltIn": False, "isDeclared": False}
    assert wharfinger.get_policy(policyName="pull")["policy"]["policyDocument"] == text


def test_a_policy_put_again_takes_the_place_of_the_first(wharfinger: Any) -> None:
    put(wharfinger)
    put(wharfinger, text=PUSH)
    assert wharfinger.get_policy(policyName="pull")["policy"]["policyDocument"] == PUSH


def test_policies_are_listed_by_name_with_those_that_are_built_in(wharfinger: Any) -> None:
    own = ["A", "AmazonEC2ContainerRegistryA", "Z", "pull"]
    for name in own:
        put(wharfinger, name)
    listed = wharfinger.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2})
    found = [(item["policyName"], item["isBuiltIn"]) for page in listed for item in page["policies"]]
    assert found == sorted([*((name, False) for name in own), *((name, True) for name in MANAGED)])


def test_a_list_of_policies_shows_no_documents(wharfinger: Any) -> None:
    put(wharfinger)
    assert not any("policyDocument" in item for item in wharfinger.list_policies()["policies"])


@pytest.mark.parametrize("name", MANAGED)
def test_a_policy_that_is_built_in_is_there_and_nobody_changes_it(wharfinger: Any, name: str) -> None:
    found = wharfinger.get_policy(policyName=name)["policy"]
    assert (found["policyDocument"], found["isBuiltIn"], "changedAt" in found) == (MANAGED[name], True, False)
    for change in (partial(put, wharfinger, name), partial(wharfinger.delete_policy, policyName=name)):
        with pytest.raises(ClientError) as caught:
            change()
        assert error_of(caught)[1] == f"The policy '{name}' is built in: put one of your own under another name"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="no JSON"),
        pytest.param(PULL.replace("ecr:BatchGetImage", "ecr:BatchGetImages"), id="no such action"),
        pytest.param(PULL.replace("Resource", "Principal"), id="policy of a repository"),
        pytest.param(PULL.replace('"Allow"', '"allow"'), id="no such effect"),
        pytest.param(
            PULL.replace('"Resource": "*"', '"Resource": "*", "Condition": {"Is": {"a": "b"}}'), id="operator"
        ),
    ],
)
def test_what_is_not_understood_is_refused_and_changes_nothing(wharfinger: Any, text: str) -> None:
    put(wharfinger)
    with pytest.raises(ClientError) as caught:
        put(wharfinger, text=text)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert message.startswith("The policy cannot be used: ")
    assert wharfinger.get_policy(policyName="pull")["policy"]["policyDocument"] == PULL


async def test_a_policy_has_a_longest_length(doors: Doors) -> None:
    answer = await doors.wharfinger("PutPolicy", policyName="long", policyDocument=PULL + " " * 20480)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


def test_a_policy_that_is_removed_is_shown_once_more(wharfinger: Any) -> None:
    made = put(wharfinger)
    assert wharfinger.delete_policy(policyName="pull")["policy"] == made
    with pytest.raises(wharfinger.exceptions.PolicyNotFoundException):
        wharfinger.get_policy(policyName="pull")


@pytest.mark.parametrize("operation", ["get_policy", "delete_policy"])
def test_a_policy_of_another_account_is_not_there(wharfinger: Any, registry: Registry, operation: str) -> None:
    foreign = registry.server.wharfinger(stranger(registry).account)
    put(foreign)
    with pytest.raises(wharfinger.exceptions.PolicyNotFoundException) as caught:
        getattr(wharfinger, operation)(policyName="pull")
    assert error_of(caught)[1] == "There is no policy 'pull' in the account"


# --- attached ------------------------------------------------------------------------------------------------


@pytest.fixture(params=["user", "role"])
def holder(request: pytest.FixtureRequest, wharfinger: Any) -> dict[str, str]:
    """A user or role, as requests name it."""
    if request.param == "user":
        wharfinger.create_user(userName="ci")
        return {"userName": "ci"}
    trust = document({"Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}})
    wharfinger.create_role(roleName="ci", trustPolicy=trust)
    return {"roleName": "ci"}


def test_what_is_attached_is_answered_by_name(wharfinger: Any, holder: dict[str, str]) -> None:
    put(wharfinger)
    assert wharfinger.attach_policy(policyName="pull", **holder)["policyNames"] == ["pull"]
    both = wharfinger.attach_policy(policyName="AdministratorAccess", **holder)["policyNames"]
    again = wharfinger.attach_policy(policyName="pull", **holder)["policyNames"]
    assert both == again == ["AdministratorAccess", "pull"]
    assert wharfinger.detach_policy(policyName="AdministratorAccess", **holder)["policyNames"] == ["pull"]


def test_a_policy_that_somebody_has_is_not_removed(wharfinger: Any, holder: dict[str, str]) -> None:
    put(wharfinger)
    wharfinger.attach_policy(policyName="pull", **holder)
    kind = "user" if "userName" in holder else "role"
    with pytest.raises(wharfinger.exceptions.PolicyInUseException) as caught:
        wharfinger.delete_policy(policyName="pull")
    assert error_of(caught)[1] == f"The policy 'pull' is attached to {kind} ci: detach it first"
    wharfinger.detach_policy(policyName="pull", **holder)
    wharfinger.delete_policy(policyName="pull")


def test_a_policy_of_the_same_name_in_another_account_is_removed_all_the_same(
    wharfinger: Any, registry: Registry, holder: dict[str, str]
) -> None:
    foreign = registry.server.wharfinger(stranger(registry).account)
    for client in (wharfinger, foreign):
        put(client)
    wharfinger.attach_policy(policyName="pull", **holder)
    foreign.delete_policy(policyName="pull")


def test_what_is_not_attached_cannot_be_detached(wharfinger: Any, holder: dict[str, str]) -> None:
    kind = "user" if "userName" in holder else "role"
    with pytest.raises(wharfinger.exceptions.PolicyNotFoundException) as caught:
        wharfinger.detach_policy(policyName="AdministratorAccess", **holder)
    assert error_of(caught)[1] == f"The policy 'AdministratorAccess' is not attached to the {kind} 'ci'"


def test_a_policy_that_is_not_there_cannot_be_attached(wharfinger: Any, holder: dict[str, str]) -> None:
    with pytest.raises(wharfinger.exceptions.PolicyNotFoundException):
        wharfinger.attach_policy(policyName="pull", **holder)


@pytest.mark.parametrize("operation", ["attach_policy", "detach_policy"])
@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_holder_that_is_not_there_is_told(wharfinger: Any, operation: str, kind: str) -> None:
    with pytest.raises(wharfinger.exceptions.PrincipalNotFoundException) as caught:
        getattr(wharfinger, operation)(policyName="AdministratorAccess", **{f"{kind}Name": "ci"})
    assert error_of(caught)[1] == f"There is no {kind} 'ci'"


@pytest.mark.parametrize("holder", [{}, {"userName": "ci", "roleName": "ci"}], ids=["none", "both"], indirect=False)
@pytest.mark.parametrize("operation", ["attach_policy", "detach_policy"])
def test_one_holder_is_named(wharfinger: Any, operation: str, holder: dict[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(wharfinger, operation)(policyName="AdministratorAccess", **holder)
    assert error_of(caught) == invalid("userName", "Member must be given, or else roleName, and not both")


# --- what they allow -----------------------------------------------------------------------------------------


async def test_a_user_may_do_what_its_policies_allow_and_nothing_else(strict: Strict) -> None:
    await strict.policy("look", {"Action": "ecr:DescribeRepositories", "Resource": "*"})
    key = await strict.user("ci", "look")
    await strict.one.done(key, "DescribeRepositories")
    answer = await strict.one.call(key, "DeleteRepository", repositoryName="app")
    assert answer.code == "AccessDeniedException"


async def test_a_denial_goes_before_what_is_allowed(strict: Strict) -> None:
    await strict.policy(
        "not-app", {"Effect": "Deny", "Action": "ecr:Describe*", "Resource": "arn:aws:ecr:*:*:repository/app"}
    )
    key = await strict.user("ci", "AdministratorAccess", "not-app")
    assert (await strict.one.call(key, "DescribeImages", repositoryName="app")).code == "AccessDeniedException"
    await strict.one.done(key, "ListImages", repositoryName="app")


async def test_a_tag_of_a_user_is_what_a_policy_can_ask_for(strict: Strict) -> None:
    where = "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*"
    await strict.policy("of-team", {"Action": "ecr:CreateRepository", "Resource": where})
    tags = [{"key": "team", "value": "a"}]
    await strict.one.done(strict.root, "CreateUser", userName="ci", tags=tags)
    await strict.one.done(strict.root, "AttachPolicy", policyName="of-team", userName="ci")
    key = await strict.key("ci")
    await strict.one.done(key, "CreateRepository", repositoryName="a/app")
    answer = await strict.one.call(key, "CreateRepository", repositoryName="b/app")
    assert answer.code == "AccessDeniedException"


@pytest.mark.parametrize("name", [name for name in MANAGED if name != "AdministratorAccess"])
async def test_a_policy_of_ecr_lets_nobody_manage_users(strict: Strict, name: str) -> None:
    key = await strict.user("ci", name)
    answer = await strict.one.call(key, "CreateUser", userName="more")
    assert answer.code == "AccessDeniedException"


async def test_rights_to_manage_users_can_be_given_alone(strict: Strict) -> None:
    await strict.policy("people", {"Action": ["wharfinger:CreateUser", "wharfinger:List*"], "Resource": "*"})
    key = await strict.user("boss", "people")
    await strict.one.done(key, "CreateUser", userName="more")
    await strict.one.done(key, "ListUsers")
    answer = await strict.one.call(key, "DeleteUser", userName="more")
    assert answer.code == "AccessDeniedException"


@pytest.mark.parametrize("name", MANAGED)
def test_every_action_of_a_policy_that_is_built_in_is_one_of_ecr(name: str) -> None:
    named = {word for word in MANAGED[name].replace('"', " ").replace(",", " ").split() if word.startswith("ecr:")}
    known = {f"ecr:{operation}" for operation in ecr.OPERATIONS} | {"ecr:*", "ecr:BatchImportUpstreamImage"}
    assert named <= known


# --- what stands in the access file, and how many ------------------------------------------------------------


@pytest.mark.parametrize("operation", ["PutPolicy", "DeletePolicy"])
async def test_a_policy_of_the_access_file_is_changed_there_only(doors: Doors, operation: str) -> None:
    row = PolicyRow(ACCOUNT, "pull", PULL, is_declared=True, changed_at=0)
    await doors.state.db.write(rows.put_policy, row)
    more = {"policyDocument": PUSH} if operation == "PutPolicy" else {}
    answer = await doors.wharfinger(operation, policyName="pull", **more)
    assert answer.error == ("DeclaredException", "The policy 'pull' stands in the access file: change it there")
    assert await doors.state.db.read(rows.find_policy, ACCOUNT, "pull") == row


@pytest.mark.parametrize("operation", ["AttachPolicy", "DetachPolicy"])
async def test_what_a_user_of_the_access_file_has_is_changed_there_only(doors: Doors, operation: str) -> None:
    await doors.state.db.write(rows.put, PrincipalRow("id", ACCOUNT, "user", "ci", 0, is_declared=True))
    if operation == "DetachPolicy":
        await doors.state.db.write(rows.attach, "id", "AdministratorAccess")
    before = await doors.state.db.read(rows.attached, "id")
    answer = await doors.wharfinger(operation, policyName="AdministratorAccess", userName="ci")
    assert answer.code == "DeclaredException"
    assert await doors.state.db.read(rows.attached, "id") == before


async def test_an_account_has_no_more_policies_than_the_limit(doors: Doors) -> None:
    async def work(tx: Tx) -> None:
        for number in range(limits.POLICIES - 1):
            await rows.put_policy(tx, PolicyRow(ACCOUNT, f"many{number}", PULL, is_declared=False, changed_at=0))

    await doors.state.db.write(work)
    await doors.served("PutPolicy", policyName="last", policyDocument=PULL)
    answer = await doors.wharfinger("PutPolicy", policyName="more", policyDocument=PULL)
    assert answer.code == "LimitExceededException"
    await doors.served("PutPolicy", policyName="last", policyDocument=PUSH)


async def test_a_user_has_no_more_policies_than_the_limit(doors: Doors) -> None:
    await doors.served("CreateUser", userName="ci")
    for number in range(limits.ATTACHED_POLICIES + 1):
        await doors.served("PutPolicy", policyName=f"p{number}", policyDocument=PULL)
    for number in range(limits.ATTACHED_POLICIES):
        await doors.served("AttachPolicy", policyName=f"p{number}", userName="ci")
    more = {"policyName": f"p{limits.ATTACHED_POLICIES}", "userName": "ci"}
    assert (await doors.wharfinger("AttachPolicy", **more)).code == "LimitExceededException"
    await doors.served("AttachPolicy", policyName="p0", userName="ci")
