"""Operations on plans."""

from __future__ import annotations

from typing import Final, cast

from wharfinger.api.aws.call import Call, Handler, milliseconds, number, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.filters import Filters
from wharfinger.services import access, plans
from wharfinger.services.access import Errand
from wharfinger.services.bin import RESTORING
from wharfinger.state.db.plans import Plan, PlanImage


async def create_plan(call: Call, request: contract.CreatePlanRequest) -> contract.CreatePlanResponse:
    """CreatePlan."""
    filters = _filters(request.filters)
    made = await plans.create(call.state, call.registry, filters, request.description, call.caller.principal)
    return contract.CreatePlanResponse(plan=_plan(made))


async def list_plans(call: Call, request: contract.ListPlansRequest) -> contract.ListPlansResponse:
    """ListPlans."""
    page = await plans.page(call.state, call.caller, call.registry, request.next_token, request.max_results)
    return contract.ListPlansResponse(plans=[_plan(found) for found in page.items], next_token=page.next_token)


async def describe_plan(call: Call, request: contract.DescribePlanRequest) -> contract.DescribePlanResponse:
    """DescribePlan."""
    return contract.DescribePlanResponse(
        plan=_plan(await plans.find(call.state, call.registry, number(request.plan_id)))
    )


async def list_plan_images(call: Call, request: contract.ListPlanImagesRequest) -> contract.ListPlanImagesResponse:
    """ListPlanImages."""
    page = await plans.images_page(
        call.state,
        call.caller,
        call.registry,
        number(request.plan_id),
        request.next_token,
        request.max_results,
        goes=None if request.verdict is None else request.verdict == "DELETE",
    )
    return contract.ListPlanImagesResponse(images=[_image(found) for found in page.items], next_token=page.next_token)


async def execute_plan(call: Call, request: contract.ExecutePlanRequest) -> contract.ExecutePlanResponse:
    """ExecutePlan, by who may delete images from all repositories that it is about."""
    plan = number(request.plan_id)
    await _check_may(call, "ecr:BatchDeleteImage", plan)
    begun = await plans.execute(call.state, call.registry, plan, request.reason, call.caller.principal)
    return contract.ExecutePlanResponse(plan=_plan(begun))


async def undo_plan(call: Call, request: contract.UndoPlanRequest) -> contract.UndoPlanResponse:
    """UndoPlan, by who may restore images in all of those repositories."""
    plan = number(request.plan_id)
    await _check_may(call, RESTORING, plan)
    begun = await plans.undo(call.state, call.registry, plan, call.caller.principal)
    return contract.UndoPlanResponse(plan=_plan(begun))


async def delete_plan(call: Call, request: contract.DeletePlanRequest) -> contract.DeletePlanResponse:
    """DeletePlan."""
    return contract.DeletePlanResponse(
        plan=_plan(await plans.delete(call.state, call.registry, number(request.plan_id)))
    )


HANDLERS: Final[dict[str, Handler]] = {
    "CreatePlan": create_plan,
    "ListPlans": list_plans,
    "DescribePlan": describe_plan,
    "ListPlanImages": list_plan_images,
    "ExecutePlan": execute_plan,
    "UndoPlan": undo_plan,
    "DeletePlan": delete_plan,
}


async def _check_may(call: Call, action: str, plan: int) -> None:
    names = await plans.repositories_of(call.state, call.registry, plan)
    if names:
        await access.require(call.state, call.caller, Errand(action, call.registry, tuple(names)))


def _filters(asked: contract.PlanFilters) -> Filters:
    return Filters(
        repositories=tuple(asked.repositories or ()),
        tag_status=asked.tag_status,
        include_tags=tuple(asked.include_tags or ()),
        exclude_tags=tuple(asked.exclude_tags or ()),
        pushed_before=milliseconds(asked.pushed_before, "filters.pushedBefore")
        if asked.pushed_before is not None
        else None,
        not_pulled_since=milliseconds(asked.not_pulled_since, "filters.notPulledSince")
        if asked.not_pulled_since is not None
        else None,
        keep_newest=asked.keep_newest,
        group_by=asked.group_by,
        larger_than=asked.larger_than,
        labels=asked.labels or {},
        artifact_types=tuple(asked.artifact_types or ()),
    )


def _asked(filters: Filters) -> contract.PlanFilters:
    return contract.PlanFilters(
        repositories=list(filters.repositories) or None,
        tag_status=filters.tag_status,
        include_tags=list(filters.include_tags) or None,
        exclude_tags=list(filters.exclude_tags) or None,
        pushed_before=seconds(filters.pushed_before) if filters.pushed_before is not None else None,
        not_pulled_since=seconds(filters.not_pulled_since) if filters.not_pulled_since is not None else None,
        keep_newest=filters.keep_newest,
        group_by=filters.group_by,
        larger_than=filters.larger_than,
        labels=dict(filters.labels) or None,
        artifact_types=list(filters.artifact_types) or None,
    )


def _plan(found: Plan) -> contract.Plan:
    return contract.Plan(
        plan_id=str(found.id),
        registry_id=found.registry.account,
        created_at=seconds(found.created_at),
        created_by=found.created_by,
        description=found.description,
        filters=_asked(found.filters),
        status=cast("contract.PlanStatus", found.status),  # the two other states are of plans that nobody can see
        image_count=found.image_count,
        freed_bytes=found.freed_bytes,
        executed_at=seconds(found.executed_at) if found.executed_at is not None else None,
        executed_by=found.executed_by,
        deleted_count=found.deleted_count,
        skipped_count=found.skipped_count,
    )


def _image(found: PlanImage) -> contract.PlanImage:
    return contract.PlanImage(
        repository_name=found.repository,
        image_digest=found.digest,
        image_tags=list(found.tags) or None,
        image_size_in_bytes=found.size,
        verdict="DELETE" if found.goes else "KEEP",
        reason=found.reason,
        outcome=found.outcome,
        outcome_reason=found.outcome_reason,
    )
