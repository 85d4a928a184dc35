"""Operations on repositories and their resource tags."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, refuse_paging, seconds
from wharfinger.contract import ecr
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.mutability import Mutability, mutability
from wharfinger.domain.names import repository_arn
from wharfinger.services import repositories
from wharfinger.state.db.repositories import Repository


async def create_repository(call: Call, request: ecr.CreateRepositoryRequest) -> ecr.CreateRepositoryResponse:
    """CreateRepository."""
    encryption = request.encryption_configuration
    scanning = request.image_scanning_configuration
    encryption_type = encryption.encryption_type if encryption else "AES256"
    created = await repositories.create(
        call.state,
        call.registry,
        request.repository_name,
        mutability=_mutability(request.image_tag_mutability, request.image_tag_mutability_exclusion_filters),
        scan_on_push=bool(scanning and scanning.scan_on_push),
        encryption_type=encryption_type,
        kms_key=_kms_key(call, encryption_type, encryption.kms_key if encryption else None),
        resource_tags=[(tag.key, tag.value) for tag in request.tags or ()],
    )
    return ecr.CreateRepositoryResponse(repository=_repository(call, created))


async def describe_repositories(
    call: Call, request: ecr.DescribeRepositoriesRequest
) -> ecr.DescribeRepositoriesResponse:
    """DescribeRepositories."""
    if request.repository_names is not None:
        refuse_paging("repositoryNames", next_token=request.next_token, limit=request.max_results)
        found = await repositories.get_all(call.state, call.registry, request.repository_names)
        return ecr.DescribeRepositoriesResponse(repositories=[_repository(call, item) for item in found])
    page = await repositories.page(call.state, call.caller, call.registry, request.next_token, request.max_results)
    return ecr.DescribeRepositoriesResponse(
        repositories=[_repository(call, item) for item in page.items], next_token=page.next_token
    )


async def delete_repository(call: Call, request: ecr.DeleteRepositoryRequest) -> ecr.DeleteRepositoryResponse:
    """DeleteRepository."""
    deleted = await repositories.delete(
        call.state, call.registry, request.repository_name, call.cause, force=bool(request.force)
    )
    return ecr.DeleteRepositoryResponse(repository=_repository(call, deleted))


async def put_image_tag_mutability(
    call: Call, request: ecr.PutImageTagMutabilityRequest
) -> ecr.PutImageTagMutabilityResponse:
    """PutImageTagMutability."""
    new = _mutability(request.image_tag_mutability, request.image_tag_mutability_exclusion_filters)
    await repositories.set_mutability(call.state, call.registry, request.repository_name, new)
    return ecr.PutImageTagMutabilityResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        image_tag_mutability=new.setting,
        image_tag_mutability_exclusion_filters=_filters(new),
    )


async def put_image_scanning_configuration(
    call: Call, request: ecr.PutImageScanningConfigurationRequest
) -> ecr.PutImageScanningConfigurationResponse:
    """PutImageScanningConfiguration."""
    scan_on_push = bool(request.image_scanning_configuration.scan_on_push)
    await repositories.set_scan_on_push(call.state, call.registry, request.repository_name, scan_on_push=scan_on_push)
    return ecr.PutImageScanningConfigurationResponse(
        registry_id=call.registry.account,
        repository_name=request.repository_name,
        image_scanning_configuration=ecr.ImageScanningConfiguration(scan_on_push=scan_on_push),
    )


async def tag_resource(call: Call, request: ecr.TagResourceRequest) -> ecr.TagResourceResponse:
    """TagResource."""
    name = _repository_of(request.resource_arn)
    await repositories.add_tags(call.state, call.registry, name, [(tag.key, tag.value) for tag in request.tags])
    return ecr.TagResourceResponse()


async def untag_resource(call: Call, request: ecr.UntagResourceRequest) -> ecr.UntagResourceResponse:
    """UntagResource."""
    name = _repository_of(request.resource_arn)
    await repositories.remove_tags(call.state, call.registry, name, request.tag_keys)
    return ecr.UntagResourceResponse()


async def list_tags_for_resource(
    call: Call, request: ecr.ListTagsForResourceRequest
) -> ecr.ListTagsForResourceResponse:
    """ListTagsForResource."""
    name = _repository_of(request.resource_arn)
    found = await repositories.get(call.state, call.registry, name)
    return ecr.ListTagsForResourceResponse(
        tags=[ecr.Tag(key=key, value=value) for key, value in found.resource_tags.items()]
    )


HANDLERS: Final[dict[str, Handler]] = {
    "CreateRepository": create_repository,
    "DescribeRepositories": describe_repositories,
    "DeleteRepository": delete_repository,
    "PutImageTagMutability": put_image_tag_mutability,
    "PutImageScanningConfiguration": put_image_scanning_configuration,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}


def _repository_of(arn: str) -> str:
    """The repository that an ARN names; the call is for the registry that it names."""
    named = repository_arn(arn)
    if named is None:
        raise InvalidParameter("resourceArn", "Invalid ARN")
    return named.repository


def _mutability(
    setting: ecr.ImageTagMutability | None, filters: list[ecr.ImageTagMutabilityExclusionFilter] | None
) -> Mutability:
    return mutability(setting or "MUTABLE", tuple(item.filter for item in filters or ()))


def _filters(found: Mutability) -> list[ecr.ImageTagMutabilityExclusionFilter] | None:
    return [
        ecr.ImageTagMutabilityExclusionFilter(filter_type="WILDCARD", filter=pattern) for pattern in found.exclusions
    ] or None


def _kms_key(call: Call, encryption_type: str, key: str | None) -> str | None:
    """KMS without a key means the key that the account has for ECR."""
    if encryption_type == "AES256":
        return None
    return key or f"arn:{call.registry.partition}:kms:{call.registry.region}:{call.registry.account}:alias/aws/ecr"


def _repository(call: Call, found: Repository) -> ecr.Repository:
    return ecr.Repository(
        repository_arn=found.registry.arn(found.name),
        registry_id=found.registry.account,
        repository_name=found.name,
        repository_uri=call.addresses.repository(found.registry, found.name),
        created_at=seconds(found.created_at),
        image_tag_mutability=found.mutability.setting,
        image_tag_mutability_exclusion_filters=_filters(found.mutability),
        image_scanning_configuration=ecr.ImageScanningConfiguration(scan_on_push=found.scan_on_push),
        encryption_configuration=ecr.EncryptionConfiguration(
            encryption_type=found.encryption_type,  # type: ignore[arg-type]  # stored as the contract let it in
            kms_key=found.kms_key,
        ),
    )
