"""Operations on identity policies."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.faults import InvalidParameter
from wharfinger.services import identity_policies
from wharfinger.services.identity_policies import IdentityPolicy
from wharfinger.state.db.principals import Kind


async def put_policy(call: Call, request: contract.PutPolicyRequest) -> contract.PutPolicyResponse:
    """PutPolicy."""
    put = await identity_policies.put(call.state, call.caller, request.policy_name, request.policy_document)
    return contract.PutPolicyResponse(policy=_policy(put))


async def get_policy(call: Call, request: contract.GetPolicyRequest) -> contract.GetPolicyResponse:
    """GetPolicy."""
    found = await identity_policies.get(call.state, call.caller, request.policy_name)
    return contract.GetPolicyResponse(policy=_policy(found))


async def list_policies(call: Call, request: contract.ListPoliciesRequest) -> contract.ListPoliciesResponse:
    """ListPolicies."""
    page = await identity_policies.page(call.state, call.caller, request.next_token, request.max_results)
    return contract.ListPoliciesResponse(
        policies=[_policy(found, with_document=False) for found in page.items], next_token=page.next_token
    )


async def delete_policy(call: Call, request: contract.DeletePolicyRequest) -> contract.DeletePolicyResponse:
    """DeletePolicy."""
    deleted = await identity_policies.delete(call.state, call.caller, request.policy_name)
    return contract.DeletePolicyResponse(policy=_policy(deleted))


async def attach_policy(call: Call, request: contract.AttachPolicyRequest) -> contract.AttachPolicyResponse:
    """AttachPolicy."""
    names = await identity_policies.attach(call.state, call.caller, request.policy_name, *_holder(request))
    return contract.AttachPolicyResponse(policy_names=names)


async def detach_policy(call: Call, request: contract.DetachPolicyRequest) -> contract.DetachPolicyResponse:
    """DetachPolicy."""
    names = await identity_policies.detach(call.state, call.caller, request.policy_name, *_holder(request))
    return contract.DetachPolicyResponse(policy_names=names)


HANDLERS: Final[dict[str, Handler]] = {
    "PutPolicy": put_policy,
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
    "DeletePolicy": delete_policy,
    "AttachPolicy": attach_policy,
    "DetachPolicy": detach_policy,
}


def _holder(request: contract.AttachPolicyRequest | contract.DetachPolicyRequest) -> tuple[Kind, str]:
    match request.user_name, request.role_name:
        case str(user), None:
            return "user", user
        case None, str(role):
            return "role", role
    raise InvalidParameter("userName", "Member must be given, or else roleName, and not both")


def _policy(found: IdentityPolicy, *, with_document: bool = True) -> contract.IdentityPolicy:
    return contract.IdentityPolicy(
        policy_name=found.name,
        policy_document=found.document if with_document else None,
        is_built_in=found.is_built_in,
        is_declared=found.is_declared,
        changed_at=seconds(found.changed_at) if found.changed_at is not None else None,
    )
