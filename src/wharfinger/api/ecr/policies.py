"""Operations on the policies of repositories and registries."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler
from wharfinger.contract import ecr
from wharfinger.services import policies


async def set_repository_policy(call: Call, request: ecr.SetRepositoryPolicyRequest) -> ecr.SetRepositoryPolicyResponse:
    """SetRepositoryPolicy."""
    text = await policies.set_for_repository(
        call.state,
        call.caller,
        call.registry,
        request.repository_name,
        request.policy_text,
        force=bool(request.force),
    )
    return ecr.SetRepositoryPolicyResponse(
        registry_id=call.registry.account, repository_name=request.repository_name, policy_text=text
    )


async def get_repository_policy(call: Call, request: ecr.GetRepositoryPolicyRequest) -> ecr.GetRepositoryPolicyResponse:
    """GetRepositoryPolicy."""
    text = await policies.of_repository(call.state, call.registry, request.repository_name)
    return ecr.GetRepositoryPolicyResponse(
        registry_id=call.registry.account, repository_name=request.repository_name, policy_text=text
    )


async def delete_repository_policy(
    call: Call, request: ecr.DeleteRepositoryPolicyRequest
) -> ecr.DeleteRepositoryPolicyResponse:
    """DeleteRepositoryPolicy."""
    text = await policies.delete_for_repository(call.state, call.registry, request.repository_name)
    return ecr.DeleteRepositoryPolicyResponse(
        registry_id=call.registry.account, repository_name=request.repository_name, policy_text=text
    )


async def put_registry_policy(call: Call, request: ecr.PutRegistryPolicyRequest) -> ecr.PutRegistryPolicyResponse:
    """PutRegistryPolicy."""
    text = await policies.put_for_registry(call.state, call.registry, request.policy_text)
    return ecr.PutRegistryPolicyResponse(registry_id=call.registry.account, policy_text=text)


async def get_registry_policy(call: Call, request: ecr.GetRegistryPolicyRequest) -> ecr.GetRegistryPolicyResponse:  # noqa: ARG001
    """GetRegistryPolicy."""
    text = await policies.of_registry(call.state, call.registry)
    return ecr.GetRegistryPolicyResponse(registry_id=call.registry.account, policy_text=text)


async def delete_registry_policy(
    call: Call,
    request: ecr.DeleteRegistryPolicyRequest,  # noqa: ARG001 - it has no members
) -> ecr.DeleteRegistryPolicyResponse:
    """DeleteRegistryPolicy."""
    text = await policies.delete_for_registry(call.state, call.registry)
    return ecr.DeleteRegistryPolicyResponse(registry_id=call.registry.account, policy_text=text)


HANDLERS: Final[dict[str, Handler]] = {
    "SetRepositoryPolicy": set_repository_policy,
    "GetRepositoryPolicy": get_repository_policy,
    "DeleteRepositoryPolicy": delete_repository_policy,
    "PutRegistryPolicy": put_registry_policy,
    "GetRegistryPolicy": get_registry_policy,
    "DeleteRegistryPolicy": delete_registry_policy,
}
