"""Operations on what is taken up."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler
from wharfinger.contract import wharfinger as contract
from wharfinger.services import usage
from wharfinger.services.usage import ImageUsage, RepositoryUsage


async def get_usage(call: Call, request: contract.GetUsageRequest) -> contract.GetUsageResponse:  # noqa: ARG001 - handlers look alike
    """GetUsage."""
    found = await usage.of_registry(call.state, call.registry)
    return contract.GetUsageResponse(
        repository_count=found.repository_count,
        image_count=found.image_count,
        logical_bytes=found.usage.logical,
        stored_bytes=found.usage.stored,
        unique_bytes=found.usage.unique,
        shared_bytes=found.usage.shared,
        bin_bytes=found.usage.bin,
        waiting_bytes=found.waiting,
    )


async def list_repository_usage(
    call: Call, request: contract.ListRepositoryUsageRequest
) -> contract.ListRepositoryUsageResponse:
    """ListRepositoryUsage."""
    page = await usage.of_repositories(call.state, call.caller, call.registry, request.next_token, request.max_results)
    return contract.ListRepositoryUsageResponse(
        repositories=[_repository(item) for item in page.items], next_token=page.next_token
    )


async def list_image_usage(call: Call, request: contract.ListImageUsageRequest) -> contract.ListImageUsageResponse:
    """ListImageUsage."""
    page = await usage.of_images(
        call.state, call.caller, call.registry, request.repository_name, request.next_token, request.max_results
    )
    return contract.ListImageUsageResponse(images=[_image(item) for item in page.items], next_token=page.next_token)


HANDLERS: Final[dict[str, Handler]] = {
    "GetUsage": get_usage,
    "ListRepositoryUsage": list_repository_usage,
    "ListImageUsage": list_image_usage,
}


def _repository(found: RepositoryUsage) -> contract.RepositoryUsage:
    return contract.RepositoryUsage(
        repository_name=found.name,
        image_count=found.image_count,
        logical_bytes=found.usage.logical,
        stored_bytes=found.usage.stored,
        unique_bytes=found.usage.unique,
        shared_bytes=found.usage.shared,
        freed_bytes=found.usage.unique,
        bin_bytes=found.usage.bin,
    )


def _image(found: ImageUsage) -> contract.ImageUsage:
    return contract.ImageUsage(
        image_digest=found.digest,
        image_tags=list(found.tags) or None,
        logical_bytes=found.usage.logical,
        unique_bytes=found.usage.unique,
        shared_bytes=found.usage.shared,
        freed_bytes=found.freed,
    )
