"""Operations on users and roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from wharfinger.api.aws.call import Call, Handler, seconds
from wharfinger.api.wharfinger.keys import of_user
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.principals import role_arn, user_arn
from wharfinger.services import principals
from wharfinger.services.principals import Tags
from wharfinger.state.clock import SECOND
from wharfinger.state.db.principals import PrincipalRow


async def create_user(call: Call, request: contract.CreateUserRequest) -> contract.CreateUserResponse:
    """CreateUser."""
    created = await principals.create_user(call.state, call.caller, request.user_name, _given(request.tags))
    return contract.CreateUserResponse(user=_user(created))


async def list_users(call: Call, request: contract.ListUsersRequest) -> contract.ListUsersResponse:
    """ListUsers."""
    page = await principals.page(call.state, call.caller, "user", request.next_token, request.max_results)
    return contract.ListUsersResponse(users=[_user(found) for found in page.items], next_token=page.next_token)


async def describe_user(call: Call, request: contract.DescribeUserRequest) -> contract.DescribeUserResponse:
    """DescribeUser."""
    found = await principals.describe(call.state, call.caller, "user", request.user_name)
    return contract.DescribeUserResponse(
        user=_user(found.principal),
        policy_names=list(found.policies),
        access_keys=[of_user(key, request.user_name) for key in found.keys],
    )


async def delete_user(call: Call, request: contract.DeleteUserRequest) -> contract.DeleteUserResponse:
    """DeleteUser."""
    deleted = await principals.delete(call.state, call.caller, "user", request.user_name)
    return contract.DeleteUserResponse(user=_user(deleted))


async def create_role(call: Call, request: contract.CreateRoleRequest) -> contract.CreateRoleResponse:
    """CreateRole."""
    created = await principals.create_role(
        *(call.state, call.caller, request.role_name, request.trust_policy),
        _milliseconds(request.session_seconds),
        _given(request.tags),
    )
    return contract.CreateRoleResponse(role=_role(created))


async def update_role(call: Call, request: contract.UpdateRoleRequest) -> contract.UpdateRoleResponse:
    """UpdateRole."""
    updated = await principals.update_role(
        *(call.state, call.caller, request.role_name, request.trust_policy),
        _milliseconds(request.session_seconds),
        _given(request.tags) if request.tags is not None else None,
    )
    return contract.UpdateRoleResponse(role=_role(updated))


async def list_roles(call: Call, request: contract.ListRolesRequest) -> contract.ListRolesResponse:
    """ListRoles."""
    page = await principals.page(call.state, call.caller, "role", request.next_token, request.max_results)
    roles = [_role(found._replace(trust=None)) for found in page.items]
    return contract.ListRolesResponse(roles=roles, next_token=page.next_token)


async def describe_role(call: Call, request: contract.DescribeRoleRequest) -> contract.DescribeRoleResponse:
    """DescribeRole."""
    found = await principals.describe(call.state, call.caller, "role", request.role_name)
    return contract.DescribeRoleResponse(role=_role(found.principal), policy_names=list(found.policies))


async def delete_role(call: Call, request: contract.DeleteRoleRequest) -> contract.DeleteRoleResponse:
    """DeleteRole."""
    deleted = await principals.delete(call.state, call.caller, "role", request.role_name)
    return contract.DeleteRoleResponse(role=_role(deleted))


HANDLERS: Final[dict[str, Handler]] = {
    "CreateUser": create_user,
    "ListUsers": list_users,
    "DescribeUser": describe_user,
    "DeleteUser": delete_user,
    "CreateRole": create_role,
    "UpdateRole": update_role,
    "ListRoles": list_roles,
    "DescribeRole": describe_role,
    "DeleteRole": delete_role,
}


def _user(found: PrincipalRow) -> contract.User:
    return contract.User(
        user_name=found.name,
        user_id=found.id,
        arn=user_arn(found.account, found.name),
        created_at=seconds(found.created_at),
        tags=_tags(found.tags),
        is_declared=found.is_declared,
    )


def _role(found: PrincipalRow) -> contract.Role:
    return contract.Role(
        role_name=found.name,
        role_id=found.id,
        arn=role_arn(found.account, found.name),
        created_at=seconds(found.created_at),
        trust_policy=found.trust,
        session_seconds=found.session_term // SECOND if found.session_term is not None else None,
        tags=_tags(found.tags),
        is_declared=found.is_declared,
    )


def _milliseconds(seconds_: int | None) -> int | None:
    return seconds_ * SECOND if seconds_ is not None else None


def _given(tags: Sequence[contract.Tag] | None) -> Tags:
    return [(tag.key, tag.value) for tag in tags or ()]


def _tags(found: Mapping[str, str]) -> list[contract.Tag]:
    return [contract.Tag(key=key, value=value) for key, value in found.items()]
