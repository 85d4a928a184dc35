"""Operations on layers: upload by parts, look-up and download."""

from __future__ import annotations

from typing import Final

from wharfinger.api import wording
from wharfinger.api.aws.call import Call, Handler
from wharfinger.contract import ecr
from wharfinger.domain.uploads import PART_SIZE
from wharfinger.services import blobs, pull, uploads
from wharfinger.services.uploads import Target


async def initiate_layer_upload(call: Call, request: ecr.InitiateLayerUploadRequest) -> ecr.InitiateLayerUploadResponse:
    """InitiateLayerUpload."""
    upload = await uploads.begin(call.state, call.caller, call.registry, request.repository_name)
    return ecr.InitiateLayerUploadResponse(upload_id=upload.id, part_size=PART_SIZE)


async def upload_layer_part(call: Call, request: ecr.UploadLayerPartRequest) -> ecr.UploadLayerPartResponse:
    """UploadLayerPart."""
    upload = await uploads.add_part(
        call.state,
        _target(call, request),
        request.part_first_byte,
        request.part_last_byte,
        request.layer_part_blob,
    )
    return ecr.UploadLayerPartResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        upload_id=request.upload_id,
        last_byte_received=upload.size - 1,
    )


async def complete_layer_upload(call: Call, request: ecr.CompleteLayerUploadRequest) -> ecr.CompleteLayerUploadResponse:
    """CompleteLayerUpload."""
    digest = await uploads.complete(call.state, _target(call, request), request.layer_digests)
    return ecr.CompleteLayerUploadResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        upload_id=request.upload_id,
        layer_digest=digest,
    )


async def batch_check_layer_availability(
    call: Call, request: ecr.BatchCheckLayerAvailabilityRequest
) -> ecr.BatchCheckLayerAvailabilityResponse:
    """BatchCheckLayerAvailability."""
    found = await blobs.availability(call.state, call.registry, request.repository_name, request.layer_digests)
    return ecr.BatchCheckLayerAvailabilityResponse(
        layers=[
            ecr.Layer(
                layer_digest=digest,
                layer_availability="AVAILABLE" if layer else "UNAVAILABLE",
                layer_size=layer.size if layer else None,
                media_type=(layer.media_type or None) if layer else None,
            )
            for digest, layer in found.layers
        ],
        failures=[
            ecr.LayerFailure(
                layer_digest=digest or None, failure_code=code, failure_reason=wording.LAYER_FAILURES[code]
            )
            for digest, code in found.failures
        ],
    )


async def get_download_url_for_layer(
    call: Call, request: ecr.GetDownloadUrlForLayerRequest
) -> ecr.GetDownloadUrlForLayerResponse:
    """GetDownloadUrlForLayer: an address in the data plane that needs no login for an hour."""
    name, digest = request.repository_name, request.layer_digest
    query = await pull.download_query(call.state, call.caller, call.registry, name, digest)
    address = f"{call.addresses.endpoint(call.registry)}/v2/{name}/blobs/{digest}?{query}"
    return ecr.GetDownloadUrlForLayerResponse(download_url=address, layer_digest=digest)


HANDLERS: Final[dict[str, Handler]] = {
    "InitiateLayerUpload": initiate_layer_upload,
    "UploadLayerPart": upload_layer_part,
    "CompleteLayerUpload": complete_layer_upload,
    "BatchCheckLayerAvailability": batch_check_layer_availability,
    "GetDownloadUrlForLayer": get_download_url_for_layer,
}


def _target(call: Call, request: ecr.UploadLayerPartRequest | ecr.CompleteLayerUploadRequest) -> Target:
    return Target(call.caller, call.registry, request.repository_name, request.upload_id.lower())
