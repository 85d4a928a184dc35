"""Operations on images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wharfinger.api import wording
from wharfinger.api.aws.call import Call, Handler, refuse_paging, seconds
from wharfinger.contract import ecr
from wharfinger.domain import manifests, tags
from wharfinger.domain.images import Failure, ImageId
from wharfinger.services import listing, pull, push, remove
from wharfinger.services.listing import Repo, Wanted
from wharfinger.state.db.images import Details, Referrer

_ARCHIVED: Final = {"ARCHIVED", "ACTIVATING"}


async def put_image(call: Call, request: ecr.PutImageRequest) -> ecr.PutImageResponse:
    """PutImage."""
    if request.image_tag is not None:
        tags.check(request.image_tag)
    manifest = manifests.read(request.image_manifest.encode(), request.image_manifest_media_type, request.image_digest)
    await push.image(
        call.state,
        call.registry,
        request.repository_name,
        manifest,
        [request.image_tag] if request.image_tag is not None else [],
        call.cause,
        refuse_repetition=True,
    )
    return ecr.PutImageResponse(
        image=ecr.Image(
            registry_id=call.registry.account,
            repository_name=request.repository_name,
            image_id=ecr.ImageIdentifier(image_digest=manifest.digest, image_tag=request.image_tag),
            image_manifest=request.image_manifest,
            image_manifest_media_type=manifest.media_type,
        )
    )


async def batch_get_image(call: Call, request: ecr.BatchGetImageRequest) -> ecr.BatchGetImageResponse:
    """BatchGetImage. The stored bytes are returned whatever media types are accepted: nothing is converted."""
    found = await pull.batch(call.state, call.registry, request.repository_name, _ids(request.image_ids))
    return ecr.BatchGetImageResponse(
        images=[
            ecr.Image(
                registry_id=call.registry.account,
                repository_name=request.repository_name,
                image_id=_identifier(item.id),
                image_manifest=item.content.manifest.decode(),
                image_manifest_media_type=item.content.media_type,
            )
            for item in found.images
        ],
        failures=_failures(found.failures),
    )


async def batch_delete_image(call: Call, request: ecr.BatchDeleteImageRequest) -> ecr.BatchDeleteImageResponse:
    """BatchDeleteImage."""
    removed = await remove.batch(
        call.state, call.registry, request.repository_name, _ids(request.image_ids), call.cause
    )
    return ecr.BatchDeleteImageResponse(
        image_ids=[_identifier(item) for item in removed.removal.entries],
        failures=_failures(removed.removal.failures),
    )


async def list_images(call: Call, request: ecr.ListImagesRequest) -> ecr.ListImagesResponse:
    """ListImages."""
    page = await listing.images_of(
        call.state,
        Repo(call.caller, call.registry, request.repository_name),
        _wanted(request.filter),
        request.next_token,
        request.max_results,
    )
    return ecr.ListImagesResponse(
        image_ids=[ecr.ImageIdentifier(image_digest=item.digest, image_tag=item.tag) for item in page.items],
        next_token=page.next_token,
    )


async def describe_images(call: Call, request: ecr.DescribeImagesRequest) -> ecr.DescribeImagesResponse:
    """DescribeImages. A filter beside ids is ignored."""
    repo = Repo(call.caller, call.registry, request.repository_name)
    if request.image_ids is not None:
        refuse_paging("imageIds", next_token=request.next_token, limit=request.max_results)
        found = await listing.details_of(call.state, repo, _ids(request.image_ids))
        return ecr.DescribeImagesResponse(image_details=[_detail(call, repo.name, item) for item in found])
    page = await listing.details(
        call.state,
        repo,
        _wanted(request.filter),
        request.next_token,
        request.max_results,
    )
    return ecr.DescribeImagesResponse(
        image_details=[_detail(call, repo.name, item) for item in page.items], next_token=page.next_token
    )


async def list_image_referrers(call: Call, request: ecr.ListImageReferrersRequest) -> ecr.ListImageReferrersResponse:
    """ListImageReferrers."""
    page = await listing.referrers(
        call.state,
        Repo(call.caller, call.registry, request.repository_name),
        request.subject_id.image_digest,
        (request.filter and request.filter.artifact_types) or [],
        request.next_token,
        request.max_results,
        is_archived=bool(request.filter and request.filter.artifact_status in _ARCHIVED),
    )
    return ecr.ListImageReferrersResponse(
        referrers=[_referrer(item) for item in page.items], next_token=page.next_token
    )


HANDLERS: Final[dict[str, Handler]] = {
    "PutImage": put_image,
    "BatchGetImage": batch_get_image,
    "BatchDeleteImage": batch_delete_image,
    "ListImages": list_images,
    "DescribeImages": describe_images,
    "ListImageReferrers": list_image_referrers,
}


def _ids(identifiers: Sequence[ecr.ImageIdentifier]) -> list[ImageId]:
    return [ImageId(item.image_digest, item.image_tag) for item in identifiers]


def _identifier(image: ImageId) -> ecr.ImageIdentifier:
    return ecr.ImageIdentifier(image_digest=image.digest, image_tag=image.tag)


def _wanted(asked: ecr.ListImagesFilter | ecr.DescribeImagesFilter | None) -> Wanted:
    if asked is None:
        return Wanted()
    return Wanted(asked.tag_status or "ANY", asked.image_status in _ARCHIVED)


def _failures(failures: Sequence[Failure]) -> list[ecr.ImageFailure]:
    return [
        ecr.ImageFailure(
            image_id=_identifier(item.id),
            failure_code=item.code,  # type: ignore[arg-type]  # one code of our own: the model has none for holds
            failure_reason=wording.reason(item),
        )
        for item in failures
    ]


def _detail(call: Call, repository: str, found: Details) -> ecr.ImageDetail:
    return ecr.ImageDetail(
        registry_id=call.registry.account,
        repository_name=repository,
        image_digest=found.digest,
        image_tags=list(found.tags) or None,
        image_size_in_bytes=found.size,
        image_pushed_at=seconds(found.pushed_at),
        image_manifest_media_type=found.media_type,
        artifact_media_type=None if found.is_index else found.artifact_type,
        last_recorded_pull_time=seconds(found.pulled_at) if found.pulled_at is not None else None,
        subject_manifest_digest=found.subject,
        image_status="ACTIVE",
    )


def _referrer(found: Referrer) -> ecr.ImageReferrer:
    return ecr.ImageReferrer(
        digest=found.digest,
        media_type=found.media_type,
        artifact_type=found.artifact_type,
        size=found.length,
        annotations=dict(found.annotations) or None,
        artifact_status="ACTIVE",
    )
