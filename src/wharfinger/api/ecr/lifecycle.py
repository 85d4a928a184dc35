"""Operations on lifecycle policies and their previews."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, refuse_paging, seconds
from wharfinger.contract import ecr
from wharfinger.domain.images import ImageId
from wharfinger.services import lifecycle, previews
from wharfinger.services.listing import Repo
from wharfinger.state.db.lifecycle import PreviewImage


async def put_lifecycle_policy(call: Call, request: ecr.PutLifecyclePolicyRequest) -> ecr.PutLifecyclePolicyResponse:
    """PutLifecyclePolicy."""
    name = request.repository_name
    text = await lifecycle.put(call.state, call.registry, name, request.lifecycle_policy_text, call.caller.principal)
    return ecr.PutLifecyclePolicyResponse(
        registry_id=call.registry.account, repository_name=name, lifecycle_policy_text=text
    )


async def get_lifecycle_policy(call: Call, request: ecr.GetLifecyclePolicyRequest) -> ecr.GetLifecyclePolicyResponse:
    """GetLifecyclePolicy."""
    found = await lifecycle.find(call.state, call.registry, request.repository_name)
    return ecr.GetLifecyclePolicyResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        lifecycle_policy_text=found.text,
        last_evaluated_at=seconds(found.evaluated_at),
    )


async def delete_lifecycle_policy(
    call: Call, request: ecr.DeleteLifecyclePolicyRequest
) -> ecr.DeleteLifecyclePolicyResponse:
    """DeleteLifecyclePolicy."""
    deleted = await lifecycle.delete(call.state, call.registry, request.repository_name)
    return ecr.DeleteLifecyclePolicyResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        lifecycle_policy_text=deleted.text,
        last_evaluated_at=seconds(deleted.evaluated_at),
    )


async def start_lifecycle_policy_preview(
    call: Call, request: ecr.StartLifecyclePolicyPreviewRequest
) -> ecr.StartLifecyclePolicyPreviewResponse:
    """StartLifecyclePolicyPreview."""
    text = await previews.start(call.state, _repo(call, request), request.lifecycle_policy_text)
    return ecr.StartLifecyclePolicyPreviewResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        lifecycle_policy_text=text,
        status="IN_PROGRESS",
    )


async def get_lifecycle_policy_preview(
    call: Call, request: ecr.GetLifecyclePolicyPreviewRequest
) -> ecr.GetLifecyclePolicyPreviewResponse:
    """GetLifecyclePolicyPreview. A filter beside ids is ignored."""
    if request.image_ids is not None:
        refuse_paging("imageIds", next_token=request.next_token, limit=request.max_results)
        asked = [ImageId(item.image_digest, item.image_tag) for item in request.image_ids]
        found = await previews.images_of(call.state, _repo(call, request), asked)
    else:
        status = (request.filter and request.filter.tag_status) or "ANY"
        found = await previews.page(call.state, _repo(call, request), status, request.next_token, request.max_results)
    count = found.preview.image_count
    is_complete = found.preview.status == "COMPLETE"
    return ecr.GetLifecyclePolicyPreviewResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        lifecycle_policy_text=found.preview.text,
        status=found.preview.status,
        next_token=found.images.next_token,
        preview_results=[_result(image) for image in found.images.items],
        summary=ecr.LifecyclePolicyPreviewSummary(expiring_image_total_count=count) if is_complete else None,
    )


HANDLERS: Final[dict[str, Handler]] = {
    "PutLifecyclePolicy": put_lifecycle_policy,
    "GetLifecyclePolicy": get_lifecycle_policy,
    "DeleteLifecyclePolicy": delete_lifecycle_policy,
    "StartLifecyclePolicyPreview": start_lifecycle_policy_preview,
    "GetLifecyclePolicyPreview": get_lifecycle_policy_preview,
}


def _repo(call: Call, request: ecr.StartLifecyclePolicyPreviewRequest | ecr.GetLifecyclePolicyPreviewRequest) -> Repo:
    return Repo(call.caller, call.registry, request.repository_name)


def _result(image: PreviewImage) -> ecr.LifecyclePolicyPreviewResult:
    return ecr.LifecyclePolicyPreviewResult(
        image_tags=list(image.tags) or None,
        image_digest=image.digest,
        image_pushed_at=seconds(image.pushed_at),
        action=ecr.LifecyclePolicyRuleAction(type="EXPIRE"),
        applied_rule_priority=image.priority,
        storage_class="STANDARD",
    )
