"""Operations on the bin, and on the history of tags."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, milliseconds, number, seconds
from wharfinger.api.wharfinger.images import failures, identifier, ids
from wharfinger.api.wording import restore_reason
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.images import ImageId
from wharfinger.services import bin as bin_
from wharfinger.services import events, remove, repositories
from wharfinger.services.bin import Restored
from wharfinger.state.db.deletions import BinnedImage, Deletion
from wharfinger.state.db.events import Event
from wharfinger.state.db.repositories import Repository


async def delete_images(call: Call, request: contract.DeleteImagesRequest) -> contract.DeleteImagesResponse:
    """DeleteImages."""
    removed = await remove.batch(
        call.state,
        call.registry,
        request.repository_name,
        ids(request.image_ids),
        call.cause._replace(reason=request.reason),
        dry_run=bool(request.dry_run),
    )
    return contract.DeleteImagesResponse(
        image_ids=[identifier(item) for item in removed.removal.entries],
        failures=failures(removed.removal.failures),
        deletion_id=str(removed.deletion) if removed.deletion is not None else None,
    )


async def list_deletions(call: Call, request: contract.ListDeletionsRequest) -> contract.ListDeletionsResponse:
    """ListDeletions."""
    page = await bin_.page(
        call.state, call.caller, call.registry, request.repository_name, request.next_token, request.max_results
    )
    return contract.ListDeletionsResponse(
        deletions=[_deletion(deletion, count) for deletion, count in page.items], next_token=page.next_token
    )


async def list_deleted_images(
    call: Call, request: contract.ListDeletedImagesRequest
) -> contract.ListDeletedImagesResponse:
    """ListDeletedImages."""
    page = await bin_.images_page(
        call.state,
        call.caller,
        call.registry,
        request.repository_name,
        number(request.deletion_id) if request.deletion_id is not None else None,
        request.next_token,
        request.max_results,
    )
    return contract.ListDeletedImagesResponse(
        images=[_deleted_image(item) for item in page.items], next_token=page.next_token
    )


async def restore_images(call: Call, request: contract.RestoreImagesRequest) -> contract.RestoreImagesResponse:
    """RestoreImages."""
    restored = await bin_.restore_images(
        call.state, call.registry, request.repository_name, ids(request.image_ids), call.cause
    )
    return contract.RestoreImagesResponse(
        repository_name=restored.repository,
        image_ids=[identifier(item) for item in restored.entries],
        failures=_restore_failures(restored),
    )


async def restore_deletion(call: Call, request: contract.RestoreDeletionRequest) -> contract.RestoreDeletionResponse:
    """RestoreDeletion."""
    restored = await bin_.restore_deletion(
        call.state, call.caller, call.registry, number(request.deletion_id), call.cause
    )
    return contract.RestoreDeletionResponse(
        repository_name=restored.repository,
        image_ids=[identifier(item) for item in restored.entries],
        failures=_restore_failures(restored),
    )


async def empty_bin(call: Call, request: contract.EmptyBinRequest) -> contract.EmptyBinResponse:
    """EmptyBin. What is meant has to be said, so that an empty request empties nothing."""
    said = [request.repository_name is not None, request.deletion_ids is not None, bool(request.all)]
    if sum(said) != 1:
        raise InvalidParameter("all", "Exactly one of repositoryName, deletionIds and all must be given")
    emptied = await bin_.empty(
        call.state,
        call.caller,
        call.registry,
        request.repository_name,
        [number(item) for item in request.deletion_ids] if request.deletion_ids is not None else None,
        dry_run=bool(request.dry_run),
    )
    return contract.EmptyBinResponse(
        deletion_count=emptied.deletions, image_count=emptied.images, freed_bytes=emptied.bytes
    )


async def list_tag_history(call: Call, request: contract.ListTagHistoryRequest) -> contract.ListTagHistoryResponse:
    """ListTagHistory."""
    page = await events.history(
        call.state,
        call.caller,
        call.registry,
        request.repository_name,
        request.image_tag,
        request.next_token,
        request.max_results,
    )
    return contract.ListTagHistoryResponse(changes=[_change(item) for item in page.items], next_token=page.next_token)


async def get_image_at_time(call: Call, request: contract.GetImageAtTimeRequest) -> contract.GetImageAtTimeResponse:
    """GetImageAtTime."""
    at = milliseconds(request.time)
    moment = await events.at_time(call.state, call.registry, request.repository_name, request.image_tag, at)
    return contract.GetImageAtTimeResponse(
        image_digest=moment.digest,
        since=seconds(moment.since),
        until=seconds(moment.until) if moment.until is not None else None,
        whereabouts=moment.whereabouts,
        deletion_id=str(moment.deletion) if moment.deletion is not None else None,
    )


async def get_deletion_settings(
    call: Call, request: contract.GetDeletionSettingsRequest
) -> contract.GetDeletionSettingsResponse:
    """GetDeletionSettings."""
    found = await repositories.get(call.state, call.registry, request.repository_name)
    return contract.GetDeletionSettingsResponse(
        repository_name=found.name, settings=_settings(found), effective_bin_days=_effective(call, found)
    )


async def put_deletion_settings(
    call: Call, request: contract.PutDeletionSettingsRequest
) -> contract.PutDeletionSettingsResponse:
    """PutDeletionSettings."""
    found = await repositories.set_deletion_settings(
        call.state,
        call.registry,
        request.repository_name,
        bin_days=request.settings.bin_days,
        protection=request.settings.protection,
    )
    return contract.PutDeletionSettingsResponse(
        repository_name=found.name, settings=_settings(found), effective_bin_days=_effective(call, found)
    )


HANDLERS: Final[dict[str, Handler]] = {
    "DeleteImages": delete_images,
    "ListDeletions": list_deletions,
    "ListDeletedImages": list_deleted_images,
    "RestoreImages": restore_images,
    "RestoreDeletion": restore_deletion,
    "EmptyBin": empty_bin,
    "ListTagHistory": list_tag_history,
    "GetImageAtTime": get_image_at_time,
    "GetDeletionSettings": get_deletion_settings,
    "PutDeletionSettings": put_deletion_settings,
}


def _settings(found: Repository) -> contract.DeletionSettings:
    return contract.DeletionSettings(bin_days=found.bin_days, protection=found.protection)


def _effective(call: Call, found: Repository) -> int:
    return call.state.rules.bin_days if found.bin_days is None else found.bin_days


def _deletion(found: Deletion, image_count: int) -> contract.Deletion:
    return contract.Deletion(
        deletion_id=str(found.id),
        registry_id=found.registry.account,
        repository_name=found.repository,
        deleted_at=seconds(found.at),
        deleted_by=found.cause.principal,
        operation=found.cause.operation,
        reason=found.cause.reason,
        plan_id=str(found.cause.plan) if found.cause.plan is not None else None,
        expires_at=seconds(found.expires_at),
        whole_repository=found.settings is not None,
        image_count=image_count,
        untagged=[identifier(ImageId(digest, tag)) for tag, digest in found.untagged] or None,
    )


def _deleted_image(found: BinnedImage) -> contract.DeletedImage:
    return contract.DeletedImage(
        deletion_id=str(found.deletion.id),
        repository_name=found.deletion.repository,
        image_digest=found.digest,
        image_tags=list(found.tags) or None,
        image_manifest_media_type=found.media_type,
        artifact_type=found.artifact_type,
        image_size_in_bytes=found.size,
        image_pushed_at=seconds(found.pushed_at),
        deleted_at=seconds(found.deletion.at),
        deleted_by=found.deletion.cause.principal,
        operation=found.deletion.cause.operation,
        reason=found.deletion.cause.reason,
        expires_at=seconds(found.deletion.expires_at),
    )


def _restore_failures(restored: Restored) -> list[contract.RestoreFailure]:
    return [
        contract.RestoreFailure(
            image_id=identifier(item.id),
            failure_code=item.code,
            failure_reason=restore_reason(item.code, item.holder),
            holder_digest=item.holder,
        )
        for item in restored.failures
    ]


def _change(event: Event) -> contract.TagChange:
    return contract.TagChange(
        event_id=str(event.id),
        image_tag=event.tag,
        image_digest=event.digest,
        action=event.action,
        at=seconds(event.at),
        by=event.principal,
        operation=event.operation,
        deletion_id=str(event.deletion) if event.deletion is not None else None,
    )
