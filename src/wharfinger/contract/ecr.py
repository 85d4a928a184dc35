"""The service model of Amazon ECR as types: one struct per shape, one row per operation.

Generated from botocore 1.44.8 by `python -m wharfinger.contract.generate`. Do not edit.
Timestamps are seconds since 1970 as numbers, blobs are bytes (base64 on the wire), absent members are None.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wharfinger.contract.service import Operation, Service, Shape

API_VERSION = "2015-09-21"

AccountSettingName = Annotated[str, Meta(min_length=1, max_length=64)]
AccountSettingValue = str
Annotations = dict[str, str]
Arch = str
Arn = str
ArtifactStatus = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]
ArtifactStatusFilter = Literal["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"]
ArtifactType = Annotated[str, Meta(min_length=1, max_length=255)]
ArtifactTypeList = Annotated[list["ArtifactType"], Meta(max_length=5)]
AttributeKey = Annotated[str, Meta(min_length=1, max_length=128)]
AttributeList = Annotated[list["Attribute"], Meta(max_length=50)]
AttributeValue = Annotated[str, Meta(min_length=1, max_length=256)]
Author = str
AuthorizationDataList = list["AuthorizationData"]
Base64 = Annotated[str, Meta(pattern="^(?:^\\S+$)\\Z")]
BaseScore = float
BatchedOperationLayerDigest = Annotated[str, Meta(max_length=1000)]
BatchedOperationLayerDigestList = Annotated[list["BatchedOperationLayerDigest"], Meta(min_length=1, max_length=100)]
CreationTimestamp = float
CredentialArn = Annotated[
    str,
    Meta(
        min_length=50,
        max_length=612,
        pattern="^(?:^arn:aws(-\\w+)*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr\\-pullthroughcache\\/[a-zA-Z0-9\\/_+=.@-]+$)\\Z",
    ),
]
CustomRoleArn = Annotated[str, Meta(max_length=2048)]
CvssScoreAdjustmentList = list["CvssScoreAdjustment"]
CvssScoreList = list["CvssScore"]
Date = float
DeleteReplicationFlag = bool
EncryptionType = Literal["AES256", "KMS", "KMS_DSSE"]
EnhancedImageScanFindingList = list["EnhancedImageScanFinding"]
Epoch = int
EvaluationTimestamp = float
ExceptionMessage = str
ExpirationTimestamp = float
ExploitAvailable = str
FiftyMaxResults = Annotated[int, Meta(ge=1, le=50)]
FilePath = str
FindingArn = str
FindingDescription = str
FindingName = str
FindingSeverity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNDEFINED"]
SeverityCount = Annotated[int, Meta(ge=0)]
FindingSeverityCounts = dict["FindingSeverity", "SeverityCount"]
FixAvailable = str
FixedInVersion = str
ForceFlag = bool
RegistryId = Annotated[str, Meta(pattern="^(?:[0-9]{12})\\Z")]
GetAuthorizationTokenRegistryIdList = Annotated[list["RegistryId"], Meta(min_length=1, max_length=10)]
ImageActionType = Literal["EXPIRE", "TRANSITION"]
ImageCount = Annotated[int, Meta(ge=0)]
ImageDetailList = list["ImageDetail"]
ImageDigest = str
ImageFailureCode = Literal[
    "InvalidImageDigest",
    "InvalidImageTag",
    "ImageTagDoesNotMatchDigest",
    "ImageNotFound",
    "MissingDigestAndTag",
    "ImageReferencedByManifestList",
    "KmsError",
    "UpstreamAccessDenied",
    "UpstreamTooManyRequests",
    "UpstreamUnavailable",
    "ImageInaccessible",
]
ImageFailureList = list["ImageFailure"]
ImageFailureReason = str
ImageIdentifierList = Annotated[list["ImageIdentifier"], Meta(min_length=1, max_length=100)]
ImageList = list["Image"]
ImageManifest = Annotated[str, Meta(min_length=1, max_length=4194304)]
ImageReferrerList = list["ImageReferrer"]
ImageReplicationStatusList = list["ImageReplicationStatus"]
ImageScanFindingList = list["ImageScanFinding"]
ImageSigningStatusList = list["ImageSigningStatus"]
ImageSizeInBytes = int
ImageStatus = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]
ImageStatusFilter = Literal["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"]
ImageTag = Annotated[str, Meta(min_length=1, max_length=300)]
ImageTagList = list["ImageTag"]
ImageTagMutability = Literal["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"]
ImageTagMutabilityExclusionFilterType = Literal["WILDCARD"]
ImageTagMutabilityExclusionFilterValue = Annotated[
    str, Meta(min_length=1, max_length=128, pattern="^(?:^[0-9a-zA-Z._*-]{1,128}$)\\Z")
]
ImageTagMutabilityExclusionFilters = Annotated[
    list["ImageTagMutabilityExclusionFilter"], Meta(min_length=1, max_length=5)
]
ImageTagsList = list["ImageTag"]
InUseCount = Annotated[int, Meta(ge=0)]
IsPTCRuleValid = bool
KmsError = str
KmsKey = Annotated[str, Meta(min_length=1, max_length=2048)]
KmsKeyForRepositoryCreationTemplate = Annotated[
    str, Meta(max_length=2048, pattern="^(?:^$|arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key\\/[a-z0-9-]+)\\Z")
]
LastActivatedAtTimestamp = float
LastArchivedAtTimestamp = float
LayerAvailability = Literal["AVAILABLE", "UNAVAILABLE", "ARCHIVED"]
LayerDigest = Annotated[str, Meta(pattern="^(?:[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+)\\Z")]
LayerDigestList = Annotated[list["LayerDigest"], Meta(min_length=1, max_length=100)]
LayerFailureCode = Literal["InvalidLayerDigest", "MissingLayerDigest"]
LayerFailureList = list["LayerFailure"]
LayerFailureReason = str
LayerList = list["Layer"]
LayerPartBlob = Annotated[bytes, Meta(max_length=20971520)]
LayerSizeInBytes = int
LifecyclePolicyPreviewResultList = list["LifecyclePolicyPreviewResult"]
LifecyclePolicyPreviewStatus = Literal["IN_PROGRESS", "COMPLETE", "EXPIRED", "FAILED"]
LifecyclePolicyRulePriority = Annotated[int, Meta(ge=1)]
LifecyclePolicyStorageClass = Literal["ARCHIVE", "STANDARD"]
LifecyclePolicyTargetStorageClass = Literal["ARCHIVE"]
LifecyclePolicyText = Annotated[str, Meta(min_length=100, max_length=30720)]
LifecyclePolicyTextForRepositoryCreationTemplate = Annotated[str, Meta(max_length=30720)]
LifecyclePreviewMaxResults = Annotated[int, Meta(ge=1, le=100)]
MaxResults = Annotated[int, Meta(ge=1, le=1000)]
MediaType = str
MediaTypeList = Annotated[list["MediaType"], Meta(min_length=1, max_length=100)]
Metric = str
NextToken = str
NonNegativeInteger = Annotated[int, Meta(ge=0)]
PTCValidateFailure = str
PackageManager = str
PartSize = Annotated[int, Meta(ge=0)]
Platform = str
Prefix = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern="^(?:^([a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*\\/?|ROOT)$)\\Z",
    ),
]
PrefixList = list["Prefix"]
PrincipalArn = Annotated[
    str,
    Meta(max_length=200, pattern="^(?:^arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\\w+=,.@-]+(/[\\w+=,.@-]+)*$)\\Z"),
]
ProxyEndpoint = str
PullThroughCacheRuleList = list["PullThroughCacheRule"]
PullThroughCacheRuleRepositoryPrefix = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=30,
        pattern="^(?:^([a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*\\/?|ROOT)$)\\Z",
    ),
]
PullThroughCacheRuleRepositoryPrefixList = Annotated[
    list["PullThroughCacheRuleRepositoryPrefix"], Meta(min_length=1, max_length=100)
]
PullTimeUpdateExclusionList = Annotated[list["PrincipalArn"], Meta(max_length=100)]
PushTimestamp = float
RCTAppliedFor = Literal["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"]
RCTAppliedForList = list["RCTAppliedFor"]
Reason = str
RecommendationText = str
RecordedPullTimestamp = float
Url = str
ReferenceUrlsList = list["Url"]
Region = Annotated[str, Meta(min_length=2, max_length=25, pattern="^(?:[0-9a-z-]{2,25})\\Z")]
RegistryPolicyText = Annotated[str, Meta(max_length=10240)]
RegistryScanningRuleList = Annotated[list["RegistryScanningRule"], Meta(max_length=2)]
RelatedVulnerability = str
RelatedVulnerabilitiesList = list["RelatedVulnerability"]
Release = str
ReplicationBackfillError = str
ReplicationBackfillId = Annotated[
    str, Meta(pattern="^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\\Z")
]
ReplicationBackfillResultList = list["ReplicationBackfillResult"]
ReplicationBackfillResultStatus = Literal["COMPLETE", "FAILED"]
ReplicationBackfillStatus = Literal["PREPARING", "IN_PROGRESS", "COMPLETE", "FAILED", "STOPPING", "STOPPED"]
ReplicationBackfillSummaryList = list["ReplicationBackfillSummary"]
ReplicationDestinationList = Annotated[list["ReplicationDestination"], Meta(max_length=100)]
ReplicationError = str
ReplicationErrorList = list["ReplicationError"]
ReplicationRuleList = Annotated[list["ReplicationRule"], Meta(max_length=25)]
ReplicationStatus = Literal["IN_PROGRESS", "COMPLETE", "FAILED"]
RepositoryCreationTemplateList = list["RepositoryCreationTemplate"]
RepositoryFilterList = Annotated[list["RepositoryFilter"], Meta(min_length=1, max_length=100)]
RepositoryFilterType = Literal["PREFIX_MATCH"]
RepositoryFilterValue = Annotated[
    str,
    Meta(
        min_length=2, max_length=256, pattern="^(?:^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$)\\Z"
    ),
]
RepositoryList = list["Repository"]
RepositoryName = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=256,
        pattern="^(?:[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*)\\Z",
    ),
]
RepositoryNameList = Annotated[list["RepositoryName"], Meta(min_length=1, max_length=100)]
RepositoryPolicyText = Annotated[str, Meta(max_length=10240)]
RepositoryScanningConfigurationFailureList = list["RepositoryScanningConfigurationFailure"]
RepositoryScanningConfigurationList = list["RepositoryScanningConfiguration"]
RepositoryTemplateDescription = Annotated[str, Meta(max_length=256)]
ResourceId = str
ResourceList = list["Resource"]
ScanFrequency = Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"]
ScanOnPushFlag = bool
ScanStatus = Literal[
    "IN_PROGRESS",
    "COMPLETE",
    "FAILED",
    "UNSUPPORTED_IMAGE",
    "ACTIVE",
    "PENDING",
    "SCAN_ELIGIBILITY_EXPIRED",
    "FINDINGS_UNAVAILABLE",
    "LIMIT_EXCEEDED",
    "IMAGE_ARCHIVED",
    "IMAGE_SIZE_EXCEEDED",
]
ScanStatusDescription = str
ScanTimestamp = float
ScanType = Literal["BASIC", "ENHANCED"]
ScanningConfigurationFailureCode = Literal["REPOSITORY_NOT_FOUND"]
ScanningConfigurationFailureReason = str
ScanningConfigurationRepositoryNameList = Annotated[list["RepositoryName"], Meta(min_length=1, max_length=25)]
ScanningRepositoryFilterList = Annotated[list["ScanningRepositoryFilter"], Meta(max_length=100)]
ScanningRepositoryFilterType = Literal["WILDCARD"]
ScanningRepositoryFilterValue = Annotated[
    str, Meta(min_length=1, max_length=255, pattern="^(?:^[a-z0-9*]+(?:[._\\-/][a-z0-9*]+)*$)\\Z")
]
Score = float
ScoringVector = str
Severity = str
SigningProfileArn = Annotated[
    str,
    Meta(
        max_length=200,
        pattern="^(?:^arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:\\/signing-profiles\\/[a-zA-Z0-9_]{2,}$)\\Z",
    ),
]
SigningRepositoryFilterList = Annotated[list["SigningRepositoryFilter"], Meta(min_length=1, max_length=100)]
SigningRepositoryFilterType = Literal["WILDCARD_MATCH"]
SigningRepositoryFilterValue = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern="^(?:^(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*$)\\Z",
    ),
]
SigningRuleList = Annotated[list["SigningRule"], Meta(max_length=10)]
SigningStatus = Literal["IN_PROGRESS", "COMPLETE", "FAILED"]
SigningStatusFailureCode = str
SigningStatusFailureReason = str
Source = str
SourceLayerHash = str
Status = str
TagKey = str
TagKeyList = list["TagKey"]
TagList = list["Tag"]
TagStatus = Literal["TAGGED", "UNTAGGED", "ANY"]
TagValue = str
Tags = dict["TagKey", "TagValue"]
TargetStorageClass = Literal["STANDARD", "ARCHIVE"]
Title = str
TransitioningImageTotalCounts = list["TransitioningImageTotalCount"]
Type = str
UpdatedTimestamp = float
UploadId = Annotated[
    str, Meta(pattern="^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\\Z")
]
UpstreamRegistry = Literal[
    "ecr",
    "ecr-public",
    "quay",
    "k8s",
    "docker-hub",
    "github-container-registry",
    "azure-container-registry",
    "gitlab-container-registry",
    "chainguard",
]
Version = str
VulnerabilityId = str
VulnerabilitySourceUpdateTimestamp = float
VulnerablePackageName = str
VulnerablePackagesList = list["VulnerablePackage"]


class Attribute(Shape, kw_only=True):
    key: AttributeKey
    value: AttributeValue | None = None


class AuthorizationData(Shape, kw_only=True):
    authorization_token: Base64 | None = None
    expires_at: ExpirationTimestamp | None = None
    proxy_endpoint: ProxyEndpoint | None = None

    SENSITIVE = frozenset({"authorization_token"})


class AwsEcrContainerImageDetails(Shape, kw_only=True):
    architecture: Arch | None = None
    author: Author | None = None
    image_hash: ImageDigest | None = None
    image_tags: ImageTagsList | None = None
    platform: Platform | None = None
    pushed_at: Date | None = None
    last_in_use_at: Date | None = None
    in_use_count: InUseCount | None = None
    registry: RegistryId | None = None
    repository_name: RepositoryName | None = None


class BatchCheckLayerAvailabilityRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    layer_digests: BatchedOperationLayerDigestList


class BatchCheckLayerAvailabilityResponse(Shape, kw_only=True):
    layers: LayerList | None = None
    failures: LayerFailureList | None = None


class BatchDeleteImageRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_ids: ImageIdentifierList


class BatchDeleteImageResponse(Shape, kw_only=True):
    image_ids: ImageIdentifierList | None = None
    failures: ImageFailureList | None = None


class BatchGetImageRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_ids: ImageIdentifierList
    accepted_media_types: MediaTypeList | None = None


class BatchGetImageResponse(Shape, kw_only=True):
    images: ImageList | None = None
    failures: ImageFailureList | None = None


class BatchGetRepositoryScanningConfigurationRequest(Shape, kw_only=True):
    repository_names: ScanningConfigurationRepositoryNameList


class BatchGetRepositoryScanningConfigurationResponse(Shape, kw_only=True):
    scanning_configurations: RepositoryScanningConfigurationList | None = None
    failures: RepositoryScanningConfigurationFailureList | None = None


class CompleteLayerUploadRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    upload_id: UploadId
    layer_digests: LayerDigestList


class CompleteLayerUploadResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    upload_id: UploadId | None = None
    layer_digest: LayerDigest | None = None


class CreatePullThroughCacheRuleRequest(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix
    upstream_registry_url: Url
    registry_id: RegistryId | None = None
    upstream_registry: UpstreamRegistry | None = None
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None
    upstream_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None


class CreatePullThroughCacheRuleResponse(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    upstream_registry_url: Url | None = None
    created_at: CreationTimestamp | None = None
    registry_id: RegistryId | None = None
    upstream_registry: UpstreamRegistry | None = None
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None
    upstream_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None


class CreateRepositoryCreationTemplateRequest(Shape, kw_only=True):
    prefix: Prefix
    description: RepositoryTemplateDescription | None = None
    encryption_configuration: EncryptionConfigurationForRepositoryCreationTemplate | None = None
    resource_tags: TagList | None = None
    image_tag_mutability: ImageTagMutability | None = None
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None
    repository_policy: RepositoryPolicyText | None = None
    lifecycle_policy: LifecyclePolicyTextForRepositoryCreationTemplate | None = None
    applied_for: RCTAppliedForList
    custom_role_arn: CustomRoleArn | None = None


class CreateRepositoryCreationTemplateResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_creation_template: RepositoryCreationTemplate | None = None


class CreateRepositoryRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    tags: TagList | None = None
    image_tag_mutability: ImageTagMutability | None = None
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None
    image_scanning_configuration: ImageScanningConfiguration | None = None
    encryption_configuration: EncryptionConfiguration | None = None


class CreateRepositoryResponse(Shape, kw_only=True):
    repository: Repository | None = None


class CvssScore(Shape, kw_only=True):
    base_score: BaseScore | None = None
    scoring_vector: ScoringVector | None = None
    source: Source | None = None
    version: Version | None = None


class CvssScoreAdjustment(Shape, kw_only=True):
    metric: Metric | None = None
    reason: Reason | None = None


class CvssScoreDetails(Shape, kw_only=True):
    adjustments: CvssScoreAdjustmentList | None = None
    score: Score | None = None
    score_source: Source | None = None
    scoring_vector: ScoringVector | None = None
    version: Version | None = None


class DeleteLifecyclePolicyRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName


class DeleteLifecyclePolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    lifecycle_policy_text: LifecyclePolicyText | None = None
    last_evaluated_at: EvaluationTimestamp | None = None


class DeletePullThroughCacheRuleRequest(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix
    registry_id: RegistryId | None = None


class DeletePullThroughCacheRuleResponse(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    upstream_registry_url: Url | None = None
    created_at: CreationTimestamp | None = None
    registry_id: RegistryId | None = None
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None
    upstream_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None


class DeleteRegistryPolicyRequest(Shape, kw_only=True):
    """No members."""


class DeleteRegistryPolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    policy_text: RegistryPolicyText | None = None


class DeleteReplication(Shape, kw_only=True):
    enabled: DeleteReplicationFlag


class DeleteRepositoryCreationTemplateRequest(Shape, kw_only=True):
    prefix: Prefix


class DeleteRepositoryCreationTemplateResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_creation_template: RepositoryCreationTemplate | None = None


class DeleteRepositoryPolicyRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName


class DeleteRepositoryPolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    policy_text: RepositoryPolicyText | None = None


class DeleteRepositoryRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    force: ForceFlag | None = None


class DeleteRepositoryResponse(Shape, kw_only=True):
    repository: Repository | None = None


class DeleteSigningConfigurationRequest(Shape, kw_only=True):
    """No members."""


class DeleteSigningConfigurationResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    signing_configuration: SigningConfiguration | None = None


class DeregisterPullTimeUpdateExclusionRequest(Shape, kw_only=True):
    principal_arn: PrincipalArn


class DeregisterPullTimeUpdateExclusionResponse(Shape, kw_only=True):
    principal_arn: PrincipalArn | None = None


class DescribeImageReplicationStatusRequest(Shape, kw_only=True):
    repository_name: RepositoryName
    image_id: ImageIdentifier
    registry_id: RegistryId | None = None


class DescribeImageReplicationStatusResponse(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    image_id: ImageIdentifier | None = None
    replication_statuses: ImageReplicationStatusList | None = None


class DescribeImageScanFindingsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_id: ImageIdentifier
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeImageScanFindingsResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_id: ImageIdentifier | None = None
    image_scan_status: ImageScanStatus | None = None
    image_scan_findings: ImageScanFindings | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeImageSigningStatusRequest(Shape, kw_only=True):
    repository_name: RepositoryName
    image_id: ImageIdentifier
    registry_id: RegistryId | None = None


class DescribeImageSigningStatusResponse(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    image_id: ImageIdentifier | None = None
    registry_id: RegistryId | None = None
    signing_statuses: ImageSigningStatusList | None = None


class DescribeImagesFilter(Shape, kw_only=True):
    tag_status: TagStatus | None = None
    image_status: ImageStatusFilter | None = None


class DescribeImagesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_ids: ImageIdentifierList | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None
    filter: DescribeImagesFilter | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeImagesResponse(Shape, kw_only=True):
    image_details: ImageDetailList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribePullThroughCacheRulesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    ecr_repository_prefixes: PullThroughCacheRuleRepositoryPrefixList | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribePullThroughCacheRulesResponse(Shape, kw_only=True):
    pull_through_cache_rules: PullThroughCacheRuleList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeRegistryRequest(Shape, kw_only=True):
    """No members."""


class DescribeRegistryResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    replication_configuration: ReplicationConfiguration | None = None


class DescribeReplicationBackfillResultsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    replication_backfill_id: ReplicationBackfillId
    result_status_filter: ReplicationBackfillResultStatus | None = None
    max_results: MaxResults | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeReplicationBackfillResultsResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    replication_backfill_id: ReplicationBackfillId | None = None
    destination: ReplicationDestination | None = None
    status: ReplicationBackfillStatus | None = None
    failure_code: ReplicationBackfillError | None = None
    progress: ReplicationBackfillProgress | None = None
    results: ReplicationBackfillResultList | None = None
    started_at: Date | None = None
    ended_at: Date | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeRepositoriesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_names: RepositoryNameList | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeRepositoriesResponse(Shape, kw_only=True):
    repositories: RepositoryList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeRepositoryCreationTemplatesRequest(Shape, kw_only=True):
    prefixes: PrefixList | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class DescribeRepositoryCreationTemplatesResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_creation_templates: RepositoryCreationTemplateList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class EncryptionConfiguration(Shape, kw_only=True):
    encryption_type: EncryptionType
    kms_key: KmsKey | None = None


class EncryptionConfigurationForRepositoryCreationTemplate(Shape, kw_only=True):
    encryption_type: EncryptionType
    kms_key: KmsKeyForRepositoryCreationTemplate | None = None


class EnhancedImageScanFinding(Shape, kw_only=True):
    aws_account_id: RegistryId | None = None
    description: FindingDescription | None = None
    finding_arn: FindingArn | None = None
    first_observed_at: Date | None = None
    last_observed_at: Date | None = None
    package_vulnerability_details: PackageVulnerabilityDetails | None = None
    remediation: Remediation | None = None
    resources: ResourceList | None = None
    score: Score | None = None
    score_details: ScoreDetails | None = None
    severity: Severity | None = None
    status: Status | None = None
    title: Title | None = None
    type: Type | None = None
    updated_at: Date | None = None
    fix_available: FixAvailable | None = None
    exploit_available: ExploitAvailable | None = None


class GetAccountSettingRequest(Shape, kw_only=True):
    name: AccountSettingName


class GetAccountSettingResponse(Shape, kw_only=True):
    name: AccountSettingName | None = None
    value: AccountSettingName | None = None


class GetAuthorizationTokenRequest(Shape, kw_only=True):
    registry_ids: GetAuthorizationTokenRegistryIdList | None = None


class GetAuthorizationTokenResponse(Shape, kw_only=True):
    authorization_data: AuthorizationDataList | None = None


class GetDownloadUrlForLayerRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    layer_digest: LayerDigest


class GetDownloadUrlForLayerResponse(Shape, kw_only=True):
    download_url: Url | None = None
    layer_digest: LayerDigest | None = None

    SENSITIVE = frozenset({"download_url"})


class GetLifecyclePolicyPreviewRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_ids: ImageIdentifierList | None = None
    next_token: NextToken | None = None
    max_results: LifecyclePreviewMaxResults | None = None
    filter: LifecyclePolicyPreviewFilter | None = None

    SENSITIVE = frozenset({"next_token"})


class GetLifecyclePolicyPreviewResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    lifecycle_policy_text: LifecyclePolicyText | None = None
    status: LifecyclePolicyPreviewStatus | None = None
    next_token: NextToken | None = None
    preview_results: LifecyclePolicyPreviewResultList | None = None
    summary: LifecyclePolicyPreviewSummary | None = None

    SENSITIVE = frozenset({"next_token"})


class GetLifecyclePolicyRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName


class GetLifecyclePolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    lifecycle_policy_text: LifecyclePolicyText | None = None
    last_evaluated_at: EvaluationTimestamp | None = None


class GetRegistryPolicyRequest(Shape, kw_only=True):
    """No members."""


class GetRegistryPolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    policy_text: RegistryPolicyText | None = None


class GetRegistryScanningConfigurationRequest(Shape, kw_only=True):
    """No members."""


class GetRegistryScanningConfigurationResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    scanning_configuration: RegistryScanningConfiguration | None = None


class GetRepositoryPolicyRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName


class GetRepositoryPolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    policy_text: RepositoryPolicyText | None = None


class GetSigningConfigurationRequest(Shape, kw_only=True):
    """No members."""


class GetSigningConfigurationResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    signing_configuration: SigningConfiguration | None = None


class Image(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_id: ImageIdentifier | None = None
    image_manifest: ImageManifest | None = None
    image_manifest_media_type: MediaType | None = None


class ImageDetail(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_digest: ImageDigest | None = None
    image_tags: ImageTagList | None = None
    image_size_in_bytes: ImageSizeInBytes | None = None
    image_pushed_at: PushTimestamp | None = None
    image_scan_status: ImageScanStatus | None = None
    image_scan_findings_summary: ImageScanFindingsSummary | None = None
    image_manifest_media_type: MediaType | None = None
    artifact_media_type: MediaType | None = None
    last_recorded_pull_time: RecordedPullTimestamp | None = None
    subject_manifest_digest: ImageDigest | None = None
    image_status: ImageStatus | None = None
    last_archived_at: LastArchivedAtTimestamp | None = None
    last_activated_at: LastActivatedAtTimestamp | None = None


class ImageFailure(Shape, kw_only=True):
    image_id: ImageIdentifier | None = None
    failure_code: ImageFailureCode | None = None
    failure_reason: ImageFailureReason | None = None


class ImageIdentifier(Shape, kw_only=True):
    image_digest: ImageDigest | None = None
    image_tag: ImageTag | None = None


class ImageReferrer(Shape, kw_only=True):
    digest: ImageDigest
    media_type: MediaType
    artifact_type: ArtifactType | None = None
    size: ImageSizeInBytes
    annotations: Annotations | None = None
    artifact_status: ArtifactStatus | None = None


class ImageReplicationStatus(Shape, kw_only=True):
    region: Region | None = None
    registry_id: RegistryId | None = None
    status: ReplicationStatus | None = None
    failure_code: ReplicationError | None = None


class ImageScanFinding(Shape, kw_only=True):
    name: FindingName | None = None
    description: FindingDescription | None = None
    uri: Url | None = None
    severity: FindingSeverity | None = None
    attributes: AttributeList | None = None


class ImageScanFindings(Shape, kw_only=True):
    image_scan_completed_at: ScanTimestamp | None = None
    vulnerability_source_updated_at: VulnerabilitySourceUpdateTimestamp | None = None
    finding_severity_counts: FindingSeverityCounts | None = None
    findings: ImageScanFindingList | None = None
    enhanced_findings: EnhancedImageScanFindingList | None = None


class ImageScanFindingsSummary(Shape, kw_only=True):
    image_scan_completed_at: ScanTimestamp | None = None
    vulnerability_source_updated_at: VulnerabilitySourceUpdateTimestamp | None = None
    finding_severity_counts: FindingSeverityCounts | None = None


class ImageScanStatus(Shape, kw_only=True):
    status: ScanStatus | None = None
    description: ScanStatusDescription | None = None


class ImageScanningConfiguration(Shape, kw_only=True):
    scan_on_push: ScanOnPushFlag | None = None


class ImageSigningStatus(Shape, kw_only=True):
    signing_profile_arn: SigningProfileArn | None = None
    failure_code: SigningStatusFailureCode | None = None
    failure_reason: SigningStatusFailureReason | None = None
    status: SigningStatus | None = None


class ImageTagMutabilityExclusionFilter(Shape, kw_only=True):
    filter_type: ImageTagMutabilityExclusionFilterType
    filter: ImageTagMutabilityExclusionFilterValue


class InitiateLayerUploadRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName


class InitiateLayerUploadResponse(Shape, kw_only=True):
    upload_id: UploadId | None = None
    part_size: PartSize | None = None


class Layer(Shape, kw_only=True):
    layer_digest: LayerDigest | None = None
    layer_availability: LayerAvailability | None = None
    layer_size: LayerSizeInBytes | None = None
    media_type: MediaType | None = None


class LayerFailure(Shape, kw_only=True):
    layer_digest: BatchedOperationLayerDigest | None = None
    failure_code: LayerFailureCode | None = None
    failure_reason: LayerFailureReason | None = None


class LifecyclePolicyPreviewFilter(Shape, kw_only=True):
    tag_status: TagStatus | None = None


class LifecyclePolicyPreviewResult(Shape, kw_only=True):
    image_tags: ImageTagList | None = None
    image_digest: ImageDigest | None = None
    image_pushed_at: PushTimestamp | None = None
    action: LifecyclePolicyRuleAction | None = None
    applied_rule_priority: LifecyclePolicyRulePriority | None = None
    storage_class: LifecyclePolicyStorageClass | None = None


class LifecyclePolicyPreviewSummary(Shape, kw_only=True):
    expiring_image_total_count: ImageCount | None = None
    transitioning_image_total_counts: TransitioningImageTotalCounts | None = None


class LifecyclePolicyRuleAction(Shape, kw_only=True):
    type: ImageActionType | None = None
    target_storage_class: LifecyclePolicyTargetStorageClass | None = None


class ListImageReferrersFilter(Shape, kw_only=True):
    artifact_types: ArtifactTypeList | None = None
    artifact_status: ArtifactStatusFilter | None = None


class ListImageReferrersRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    subject_id: SubjectIdentifier
    filter: ListImageReferrersFilter | None = None
    next_token: NextToken | None = None
    max_results: FiftyMaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImageReferrersResponse(Shape, kw_only=True):
    referrers: ImageReferrerList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImagesFilter(Shape, kw_only=True):
    tag_status: TagStatus | None = None
    image_status: ImageStatusFilter | None = None


class ListImagesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    next_token: NextToken | None = None
    max_results: MaxResults | None = None
    filter: ListImagesFilter | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImagesResponse(Shape, kw_only=True):
    image_ids: ImageIdentifierList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPullTimeUpdateExclusionsRequest(Shape, kw_only=True):
    max_results: MaxResults | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPullTimeUpdateExclusionsResponse(Shape, kw_only=True):
    pull_time_update_exclusions: PullTimeUpdateExclusionList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListReplicationBackfillsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    max_results: FiftyMaxResults | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListReplicationBackfillsResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    backfills: ReplicationBackfillSummaryList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListTagsForResourceRequest(Shape, kw_only=True):
    resource_arn: Arn


class ListTagsForResourceResponse(Shape, kw_only=True):
    tags: TagList | None = None


class PackageVulnerabilityDetails(Shape, kw_only=True):
    cvss: CvssScoreList | None = None
    reference_urls: ReferenceUrlsList | None = None
    related_vulnerabilities: RelatedVulnerabilitiesList | None = None
    source: Source | None = None
    source_url: Url | None = None
    vendor_created_at: Date | None = None
    vendor_severity: Severity | None = None
    vendor_updated_at: Date | None = None
    vulnerability_id: VulnerabilityId | None = None
    vulnerable_packages: VulnerablePackagesList | None = None


class PullThroughCacheRule(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    upstream_registry_url: Url | None = None
    created_at: CreationTimestamp | None = None
    registry_id: RegistryId | None = None
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None
    upstream_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    upstream_registry: UpstreamRegistry | None = None
    updated_at: UpdatedTimestamp | None = None


class PutAccountSettingRequest(Shape, kw_only=True):
    name: AccountSettingName
    value: AccountSettingValue


class PutAccountSettingResponse(Shape, kw_only=True):
    name: AccountSettingName | None = None
    value: AccountSettingValue | None = None


class PutImageRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_manifest: ImageManifest
    image_manifest_media_type: MediaType | None = None
    image_tag: ImageTag | None = None
    image_digest: ImageDigest | None = None


class PutImageResponse(Shape, kw_only=True):
    image: Image | None = None


class PutImageScanningConfigurationRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_scanning_configuration: ImageScanningConfiguration


class PutImageScanningConfigurationResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_scanning_configuration: ImageScanningConfiguration | None = None


class PutImageTagMutabilityRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_tag_mutability: ImageTagMutability
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None


class PutImageTagMutabilityResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_tag_mutability: ImageTagMutability | None = None
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None


class PutLifecyclePolicyRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    lifecycle_policy_text: LifecyclePolicyText


class PutLifecyclePolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    lifecycle_policy_text: LifecyclePolicyText | None = None


class PutRegistryPolicyRequest(Shape, kw_only=True):
    policy_text: RegistryPolicyText


class PutRegistryPolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    policy_text: RegistryPolicyText | None = None


class PutRegistryScanningConfigurationRequest(Shape, kw_only=True):
    scan_type: ScanType | None = None
    rules: RegistryScanningRuleList | None = None


class PutRegistryScanningConfigurationResponse(Shape, kw_only=True):
    registry_scanning_configuration: RegistryScanningConfiguration | None = None


class PutReplicationConfigurationRequest(Shape, kw_only=True):
    replication_configuration: ReplicationConfiguration


class PutReplicationConfigurationResponse(Shape, kw_only=True):
    replication_configuration: ReplicationConfiguration | None = None


class PutSigningConfigurationRequest(Shape, kw_only=True):
    signing_configuration: SigningConfiguration


class PutSigningConfigurationResponse(Shape, kw_only=True):
    signing_configuration: SigningConfiguration | None = None


class Recommendation(Shape, kw_only=True):
    url: Url | None = None
    text: RecommendationText | None = None


class RegisterPullTimeUpdateExclusionRequest(Shape, kw_only=True):
    principal_arn: PrincipalArn


class RegisterPullTimeUpdateExclusionResponse(Shape, kw_only=True):
    principal_arn: PrincipalArn | None = None
    created_at: CreationTimestamp | None = None


class RegistryScanningConfiguration(Shape, kw_only=True):
    scan_type: ScanType | None = None
    rules: RegistryScanningRuleList | None = None


class RegistryScanningRule(Shape, kw_only=True):
    scan_frequency: ScanFrequency
    repository_filters: ScanningRepositoryFilterList


class Remediation(Shape, kw_only=True):
    recommendation: Recommendation | None = None


class ReplicationBackfillProgress(Shape, kw_only=True):
    total_replication_count: NonNegativeInteger
    completed_replication_count: NonNegativeInteger
    failed_replication_count: NonNegativeInteger
    failure_codes: ReplicationErrorList


class ReplicationBackfillResult(Shape, kw_only=True):
    repository_name: RepositoryName
    image_id: ImageIdentifier
    status: ReplicationBackfillResultStatus
    failure_code: ReplicationError | None = None
    sub_image_failure_codes: ReplicationErrorList | None = None


class ReplicationBackfillSummary(Shape, kw_only=True):
    replication_backfill_id: ReplicationBackfillId
    destination: ReplicationDestination
    status: ReplicationBackfillStatus
    failure_code: ReplicationBackfillError | None = None
    progress: ReplicationBackfillProgress | None = None
    started_at: Date
    ended_at: Date | None = None


class ReplicationConfiguration(Shape, kw_only=True):
    rules: ReplicationRuleList


class ReplicationDestination(Shape, kw_only=True):
    region: Region
    registry_id: RegistryId


class ReplicationRule(Shape, kw_only=True):
    destinations: ReplicationDestinationList
    repository_filters: RepositoryFilterList | None = None
    delete_replication: DeleteReplication | None = None


class Repository(Shape, kw_only=True):
    repository_arn: Arn | None = None
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    repository_uri: Url | None = None
    created_at: CreationTimestamp | None = None
    image_tag_mutability: ImageTagMutability | None = None
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None
    image_scanning_configuration: ImageScanningConfiguration | None = None
    encryption_configuration: EncryptionConfiguration | None = None


class RepositoryCreationTemplate(Shape, kw_only=True):
    prefix: Prefix | None = None
    description: RepositoryTemplateDescription | None = None
    encryption_configuration: EncryptionConfigurationForRepositoryCreationTemplate | None = None
    resource_tags: TagList | None = None
    image_tag_mutability: ImageTagMutability | None = None
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None
    repository_policy: RepositoryPolicyText | None = None
    lifecycle_policy: LifecyclePolicyTextForRepositoryCreationTemplate | None = None
    applied_for: RCTAppliedForList | None = None
    custom_role_arn: CustomRoleArn | None = None
    created_at: Date | None = None
    updated_at: Date | None = None


class RepositoryFilter(Shape, kw_only=True):
    filter: RepositoryFilterValue
    filter_type: RepositoryFilterType


class RepositoryScanningConfiguration(Shape, kw_only=True):
    repository_arn: Arn | None = None
    repository_name: RepositoryName | None = None
    scan_on_push: ScanOnPushFlag | None = None
    scan_frequency: ScanFrequency | None = None
    applied_scan_filters: ScanningRepositoryFilterList | None = None


class RepositoryScanningConfigurationFailure(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    failure_code: ScanningConfigurationFailureCode | None = None
    failure_reason: ScanningConfigurationFailureReason | None = None


class Resource(Shape, kw_only=True):
    details: ResourceDetails | None = None
    id: ResourceId | None = None
    tags: Tags | None = None
    type: Type | None = None


class ResourceDetails(Shape, kw_only=True):
    aws_ecr_container_image: AwsEcrContainerImageDetails | None = None


class ScanningRepositoryFilter(Shape, kw_only=True):
    filter: ScanningRepositoryFilterValue
    filter_type: ScanningRepositoryFilterType


class ScoreDetails(Shape, kw_only=True):
    cvss: CvssScoreDetails | None = None


class SetRepositoryPolicyRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    policy_text: RepositoryPolicyText
    force: ForceFlag | None = None


class SetRepositoryPolicyResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    policy_text: RepositoryPolicyText | None = None


class SigningConfiguration(Shape, kw_only=True):
    rules: SigningRuleList


class SigningRepositoryFilter(Shape, kw_only=True):
    filter: SigningRepositoryFilterValue
    filter_type: SigningRepositoryFilterType


class SigningRule(Shape, kw_only=True):
    signing_profile_arn: SigningProfileArn
    repository_filters: SigningRepositoryFilterList | None = None


class StartImageScanRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_id: ImageIdentifier


class StartImageScanResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_id: ImageIdentifier | None = None
    image_scan_status: ImageScanStatus | None = None


class StartLifecyclePolicyPreviewRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    lifecycle_policy_text: LifecyclePolicyText | None = None


class StartLifecyclePolicyPreviewResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    lifecycle_policy_text: LifecyclePolicyText | None = None
    status: LifecyclePolicyPreviewStatus | None = None


class StartReplicationBackfillRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    destination: ReplicationDestination


class StartReplicationBackfillResponse(Shape, kw_only=True):
    replication_backfill_id: ReplicationBackfillId | None = None
    registry_id: RegistryId | None = None
    destination: ReplicationDestination | None = None
    status: ReplicationBackfillStatus | None = None
    started_at: Date | None = None


class StopReplicationBackfillRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    replication_backfill_id: ReplicationBackfillId


class StopReplicationBackfillResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    replication_backfill_id: ReplicationBackfillId | None = None
    destination: ReplicationDestination | None = None
    status: ReplicationBackfillStatus | None = None
    started_at: Date | None = None


class SubjectIdentifier(Shape, kw_only=True):
    image_digest: ImageDigest


class Tag(Shape, kw_only=True):
    key: TagKey = msgspec.field(name="Key")
    value: TagValue = msgspec.field(name="Value")


class TagResourceRequest(Shape, kw_only=True):
    resource_arn: Arn
    tags: TagList


class TagResourceResponse(Shape, kw_only=True):
    """No members."""


class TransitioningImageTotalCount(Shape, kw_only=True):
    target_storage_class: LifecyclePolicyTargetStorageClass | None = None
    image_total_count: ImageCount | None = None


class UntagResourceRequest(Shape, kw_only=True):
    resource_arn: Arn
    tag_keys: TagKeyList


class UntagResourceResponse(Shape, kw_only=True):
    """No members."""


class UpdateImageStorageClassRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_id: ImageIdentifier
    target_storage_class: TargetStorageClass


class UpdateImageStorageClassResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    image_id: ImageIdentifier | None = None
    image_status: ImageStatus | None = None


class UpdatePullThroughCacheRuleRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None


class UpdatePullThroughCacheRuleResponse(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    registry_id: RegistryId | None = None
    updated_at: UpdatedTimestamp | None = None
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None
    upstream_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None


class UpdateRepositoryCreationTemplateRequest(Shape, kw_only=True):
    prefix: Prefix
    description: RepositoryTemplateDescription | None = None
    encryption_configuration: EncryptionConfigurationForRepositoryCreationTemplate | None = None
    resource_tags: TagList | None = None
    image_tag_mutability: ImageTagMutability | None = None
    image_tag_mutability_exclusion_filters: ImageTagMutabilityExclusionFilters | None = None
    repository_policy: RepositoryPolicyText | None = None
    lifecycle_policy: LifecyclePolicyTextForRepositoryCreationTemplate | None = None
    applied_for: RCTAppliedForList | None = None
    custom_role_arn: CustomRoleArn | None = None


class UpdateRepositoryCreationTemplateResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_creation_template: RepositoryCreationTemplate | None = None


class UploadLayerPartRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    upload_id: UploadId
    part_first_byte: PartSize
    part_last_byte: PartSize
    layer_part_blob: LayerPartBlob

    SENSITIVE = frozenset({"layer_part_blob"})


class UploadLayerPartResponse(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    upload_id: UploadId | None = None
    last_byte_received: PartSize | None = None


class ValidatePullThroughCacheRuleRequest(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix
    registry_id: RegistryId | None = None


class ValidatePullThroughCacheRuleResponse(Shape, kw_only=True):
    ecr_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    registry_id: RegistryId | None = None
    upstream_registry_url: Url | None = None
    credential_arn: CredentialArn | None = None
    custom_role_arn: CustomRoleArn | None = None
    upstream_repository_prefix: PullThroughCacheRuleRepositoryPrefix | None = None
    is_valid: IsPTCRuleValid | None = None
    failure: PTCValidateFailure | None = None


class VulnerablePackage(Shape, kw_only=True):
    arch: Arch | None = None
    epoch: Epoch | None = None
    file_path: FilePath | None = None
    name: VulnerablePackageName | None = None
    package_manager: PackageManager | None = None
    release: Release | None = None
    source_layer_hash: SourceLayerHash | None = None
    version: Version | None = None
    fixed_in_version: FixedInVersion | None = None


OPERATIONS: dict[str, Operation] = {
    "BatchCheckLayerAvailability": Operation(
        "BatchCheckLayerAvailability",
        BatchCheckLayerAvailabilityRequest,
        BatchCheckLayerAvailabilityResponse,
        (
            "RepositoryNotFoundException",
            "InvalidParameterException",
            "ServerException",
        ),
        "ecr:BatchCheckLayerAvailability",
        "repository_name",
    ),
    "BatchDeleteImage": Operation(
        "BatchDeleteImage",
        BatchDeleteImageRequest,
        BatchDeleteImageResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "ecr:BatchDeleteImage",
        "repository_name",
    ),
    "BatchGetImage": Operation(
        "BatchGetImage",
        BatchGetImageRequest,
        BatchGetImageResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "LimitExceededException",
            "UnableToGetUpstreamImageException",
        ),
        "ecr:BatchGetImage",
        "repository_name",
    ),
    "BatchGetRepositoryScanningConfiguration": Operation(
        "BatchGetRepositoryScanningConfiguration",
        BatchGetRepositoryScanningConfigurationRequest,
        BatchGetRepositoryScanningConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ValidationException",
        ),
        "ecr:BatchGetRepositoryScanningConfiguration",
        "repository_names",
    ),
    "CompleteLayerUpload": Operation(
        "CompleteLayerUpload",
        CompleteLayerUploadRequest,
        CompleteLayerUploadResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "UploadNotFoundException",
            "InvalidLayerException",
            "LayerPartTooSmallException",
            "LayerAlreadyExistsException",
            "EmptyUploadException",
            "KmsException",
        ),
        "ecr:CompleteLayerUpload",
        "repository_name",
    ),
    "CreatePullThroughCacheRule": Operation(
        "CreatePullThroughCacheRule",
        CreatePullThroughCacheRuleRequest,
        CreatePullThroughCacheRuleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "PullThroughCacheRuleAlreadyExistsException",
            "UnsupportedUpstreamRegistryException",
            "LimitExceededException",
            "UnableToAccessSecretException",
            "SecretNotFoundException",
            "UnableToDecryptSecretValueException",
        ),
        "ecr:CreatePullThroughCacheRule",
        None,
    ),
    "CreateRepository": Operation(
        "CreateRepository",
        CreateRepositoryRequest,
        CreateRepositoryResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "InvalidTagParameterException",
            "TooManyTagsException",
            "RepositoryAlreadyExistsException",
            "LimitExceededException",
            "KmsException",
        ),
        "ecr:CreateRepository",
        "repository_name",
    ),
    "CreateRepositoryCreationTemplate": Operation(
        "CreateRepositoryCreationTemplate",
        CreateRepositoryCreationTemplateRequest,
        CreateRepositoryCreationTemplateResponse,
        (
            "ServerException",
            "ValidationException",
            "InvalidParameterException",
            "LimitExceededException",
            "TemplateAlreadyExistsException",
        ),
        "ecr:CreateRepositoryCreationTemplate",
        None,
    ),
    "DeleteLifecyclePolicy": Operation(
        "DeleteLifecyclePolicy",
        DeleteLifecyclePolicyRequest,
        DeleteLifecyclePolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "LifecyclePolicyNotFoundException",
            "ValidationException",
        ),
        "ecr:DeleteLifecyclePolicy",
        "repository_name",
    ),
    "DeletePullThroughCacheRule": Operation(
        "DeletePullThroughCacheRule",
        DeletePullThroughCacheRuleRequest,
        DeletePullThroughCacheRuleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "PullThroughCacheRuleNotFoundException",
        ),
        "ecr:DeletePullThroughCacheRule",
        None,
    ),
    "DeleteRegistryPolicy": Operation(
        "DeleteRegistryPolicy",
        DeleteRegistryPolicyRequest,
        DeleteRegistryPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RegistryPolicyNotFoundException",
            "ValidationException",
        ),
        "ecr:DeleteRegistryPolicy",
        None,
    ),
    "DeleteRepository": Operation(
        "DeleteRepository",
        DeleteRepositoryRequest,
        DeleteRepositoryResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "RepositoryNotEmptyException",
            "KmsException",
        ),
        "ecr:DeleteRepository",
        "repository_name",
    ),
    "DeleteRepositoryCreationTemplate": Operation(
        "DeleteRepositoryCreationTemplate",
        DeleteRepositoryCreationTemplateRequest,
        DeleteRepositoryCreationTemplateResponse,
        (
            "ServerException",
            "ValidationException",
            "InvalidParameterException",
            "TemplateNotFoundException",
        ),
        "ecr:DeleteRepositoryCreationTemplate",
        None,
    ),
    "DeleteRepositoryPolicy": Operation(
        "DeleteRepositoryPolicy",
        DeleteRepositoryPolicyRequest,
        DeleteRepositoryPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "RepositoryPolicyNotFoundException",
        ),
        "ecr:DeleteRepositoryPolicy",
        "repository_name",
    ),
    "DeleteSigningConfiguration": Operation(
        "DeleteSigningConfiguration",
        DeleteSigningConfigurationRequest,
        DeleteSigningConfigurationResponse,
        (
            "ServerException",
            "ValidationException",
            "SigningConfigurationNotFoundException",
        ),
        "ecr:DeleteSigningConfiguration",
        None,
    ),
    "DeregisterPullTimeUpdateExclusion": Operation(
        "DeregisterPullTimeUpdateExclusion",
        DeregisterPullTimeUpdateExclusionRequest,
        DeregisterPullTimeUpdateExclusionResponse,
        (
            "InvalidParameterException",
            "ExclusionNotFoundException",
            "LimitExceededException",
            "ValidationException",
            "ServerException",
        ),
        "ecr:DeregisterPullTimeUpdateExclusion",
        None,
    ),
    "DescribeImageReplicationStatus": Operation(
        "DescribeImageReplicationStatus",
        DescribeImageReplicationStatusRequest,
        DescribeImageReplicationStatusResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ImageNotFoundException",
            "RepositoryNotFoundException",
            "ValidationException",
        ),
        "ecr:DescribeImageReplicationStatus",
        "repository_name",
    ),
    "DescribeImageScanFindings": Operation(
        "DescribeImageScanFindings",
        DescribeImageScanFindingsRequest,
        DescribeImageScanFindingsResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ImageNotFoundException",
            "ScanNotFoundException",
            "ValidationException",
        ),
        "ecr:DescribeImageScanFindings",
        "repository_name",
    ),
    "DescribeImageSigningStatus": Operation(
        "DescribeImageSigningStatus",
        DescribeImageSigningStatusRequest,
        DescribeImageSigningStatusResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "ImageNotFoundException",
            "RepositoryNotFoundException",
        ),
        "ecr:DescribeImageSigningStatus",
        "repository_name",
    ),
    "DescribeImages": Operation(
        "DescribeImages",
        DescribeImagesRequest,
        DescribeImagesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ImageNotFoundException",
        ),
        "ecr:DescribeImages",
        "repository_name",
    ),
    "DescribePullThroughCacheRules": Operation(
        "DescribePullThroughCacheRules",
        DescribePullThroughCacheRulesRequest,
        DescribePullThroughCacheRulesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "PullThroughCacheRuleNotFoundException",
        ),
        "ecr:DescribePullThroughCacheRules",
        None,
    ),
    "DescribeRegistry": Operation(
        "DescribeRegistry",
        DescribeRegistryRequest,
        DescribeRegistryResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
        ),
        "ecr:DescribeRegistry",
        None,
    ),
    "DescribeReplicationBackfillResults": Operation(
        "DescribeReplicationBackfillResults",
        DescribeReplicationBackfillResultsRequest,
        DescribeReplicationBackfillResultsResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "ReplicationBackfillNotFoundException",
        ),
        "ecr:DescribeReplicationBackfillResults",
        None,
    ),
    "DescribeRepositories": Operation(
        "DescribeRepositories",
        DescribeRepositoriesRequest,
        DescribeRepositoriesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "ecr:DescribeRepositories",
        "repository_names",
    ),
    "DescribeRepositoryCreationTemplates": Operation(
        "DescribeRepositoryCreationTemplates",
        DescribeRepositoryCreationTemplatesRequest,
        DescribeRepositoryCreationTemplatesResponse,
        (
            "ServerException",
            "ValidationException",
            "InvalidParameterException",
        ),
        "ecr:DescribeRepositoryCreationTemplates",
        None,
    ),
    "GetAccountSetting": Operation(
        "GetAccountSetting",
        GetAccountSettingRequest,
        GetAccountSettingResponse,
        (
            "ServerException",
            "ValidationException",
            "InvalidParameterException",
        ),
        "ecr:GetAccountSetting",
        None,
    ),
    "GetAuthorizationToken": Operation(
        "GetAuthorizationToken",
        GetAuthorizationTokenRequest,
        GetAuthorizationTokenResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "ecr:GetAuthorizationToken",
        None,
    ),
    "GetDownloadUrlForLayer": Operation(
        "GetDownloadUrlForLayer",
        GetDownloadUrlForLayerRequest,
        GetDownloadUrlForLayerResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "LayersNotFoundException",
            "LayerInaccessibleException",
            "RepositoryNotFoundException",
            "UnableToGetUpstreamLayerException",
        ),
        "ecr:GetDownloadUrlForLayer",
        "repository_name",
    ),
    "GetLifecyclePolicy": Operation(
        "GetLifecyclePolicy",
        GetLifecyclePolicyRequest,
        GetLifecyclePolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "LifecyclePolicyNotFoundException",
            "ValidationException",
        ),
        "ecr:GetLifecyclePolicy",
        "repository_name",
    ),
    "GetLifecyclePolicyPreview": Operation(
        "GetLifecyclePolicyPreview",
        GetLifecyclePolicyPreviewRequest,
        GetLifecyclePolicyPreviewResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "LifecyclePolicyPreviewNotFoundException",
            "ValidationException",
        ),
        "ecr:GetLifecyclePolicyPreview",
        "repository_name",
    ),
    "GetRegistryPolicy": Operation(
        "GetRegistryPolicy",
        GetRegistryPolicyRequest,
        GetRegistryPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RegistryPolicyNotFoundException",
            "ValidationException",
        ),
        "ecr:GetRegistryPolicy",
        None,
    ),
    "GetRegistryScanningConfiguration": Operation(
        "GetRegistryScanningConfiguration",
        GetRegistryScanningConfigurationRequest,
        GetRegistryScanningConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
        ),
        "ecr:GetRegistryScanningConfiguration",
        None,
    ),
    "GetRepositoryPolicy": Operation(
        "GetRepositoryPolicy",
        GetRepositoryPolicyRequest,
        GetRepositoryPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "RepositoryPolicyNotFoundException",
        ),
        "ecr:GetRepositoryPolicy",
        "repository_name",
    ),
    "GetSigningConfiguration": Operation(
        "GetSigningConfiguration",
        GetSigningConfigurationRequest,
        GetSigningConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "SigningConfigurationNotFoundException",
        ),
        "ecr:GetSigningConfiguration",
        None,
    ),
    "InitiateLayerUpload": Operation(
        "InitiateLayerUpload",
        InitiateLayerUploadRequest,
        InitiateLayerUploadResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "KmsException",
        ),
        "ecr:InitiateLayerUpload",
        "repository_name",
    ),
    "ListImageReferrers": Operation(
        "ListImageReferrers",
        ListImageReferrersRequest,
        ListImageReferrersResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ValidationException",
            "UnableToListUpstreamImageReferrersException",
        ),
        "ecr:BatchGetImage",
        "repository_name",
    ),
    "ListImages": Operation(
        "ListImages",
        ListImagesRequest,
        ListImagesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "ecr:ListImages",
        "repository_name",
    ),
    "ListPullTimeUpdateExclusions": Operation(
        "ListPullTimeUpdateExclusions",
        ListPullTimeUpdateExclusionsRequest,
        ListPullTimeUpdateExclusionsResponse,
        (
            "InvalidParameterException",
            "ValidationException",
            "LimitExceededException",
            "ServerException",
        ),
        "ecr:ListPullTimeUpdateExclusions",
        None,
    ),
    "ListReplicationBackfills": Operation(
        "ListReplicationBackfills",
        ListReplicationBackfillsRequest,
        ListReplicationBackfillsResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
        ),
        "ecr:ListReplicationBackfills",
        None,
    ),
    "ListTagsForResource": Operation(
        "ListTagsForResource",
        ListTagsForResourceRequest,
        ListTagsForResourceResponse,
        (
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ServerException",
        ),
        "ecr:ListTagsForResource",
        "resource_arn",
    ),
    "PutAccountSetting": Operation(
        "PutAccountSetting",
        PutAccountSettingRequest,
        PutAccountSettingResponse,
        (
            "ServerException",
            "ValidationException",
            "InvalidParameterException",
            "LimitExceededException",
        ),
        "ecr:PutAccountSetting",
        None,
    ),
    "PutImage": Operation(
        "PutImage",
        PutImageRequest,
        PutImageResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ImageAlreadyExistsException",
            "LayersNotFoundException",
            "ReferencedImagesNotFoundException",
            "LimitExceededException",
            "ImageTagAlreadyExistsException",
            "ImageDigestDoesNotMatchException",
            "KmsException",
        ),
        "ecr:PutImage",
        "repository_name",
    ),
    "PutImageScanningConfiguration": Operation(
        "PutImageScanningConfiguration",
        PutImageScanningConfigurationRequest,
        PutImageScanningConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ValidationException",
        ),
        "ecr:PutImageScanningConfiguration",
        "repository_name",
    ),
    "PutImageTagMutability": Operation(
        "PutImageTagMutability",
        PutImageTagMutabilityRequest,
        PutImageTagMutabilityResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "ecr:PutImageTagMutability",
        "repository_name",
    ),
    "PutLifecyclePolicy": Operation(
        "PutLifecyclePolicy",
        PutLifecyclePolicyRequest,
        PutLifecyclePolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "ValidationException",
        ),
        "ecr:PutLifecyclePolicy",
        "repository_name",
    ),
    "PutRegistryPolicy": Operation(
        "PutRegistryPolicy",
        PutRegistryPolicyRequest,
        PutRegistryPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
        ),
        "ecr:PutRegistryPolicy",
        None,
    ),
    "PutRegistryScanningConfiguration": Operation(
        "PutRegistryScanningConfiguration",
        PutRegistryScanningConfigurationRequest,
        PutRegistryScanningConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "BlockedByOrganizationPolicyException",
        ),
        "ecr:PutRegistryScanningConfiguration",
        None,
    ),
    "PutReplicationConfiguration": Operation(
        "PutReplicationConfiguration",
        PutReplicationConfigurationRequest,
        PutReplicationConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
        ),
        "ecr:PutReplicationConfiguration",
        None,
    ),
    "PutSigningConfiguration": Operation(
        "PutSigningConfiguration",
        PutSigningConfigurationRequest,
        PutSigningConfigurationResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
        ),
        "ecr:PutSigningConfiguration",
        None,
    ),
    "RegisterPullTimeUpdateExclusion": Operation(
        "RegisterPullTimeUpdateExclusion",
        RegisterPullTimeUpdateExclusionRequest,
        RegisterPullTimeUpdateExclusionResponse,
        (
            "InvalidParameterException",
            "ExclusionAlreadyExistsException",
            "LimitExceededException",
            "ValidationException",
            "ServerException",
        ),
        "ecr:RegisterPullTimeUpdateExclusion",
        None,
    ),
    "SetRepositoryPolicy": Operation(
        "SetRepositoryPolicy",
        SetRepositoryPolicyRequest,
        SetRepositoryPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "ecr:SetRepositoryPolicy",
        "repository_name",
    ),
    "StartImageScan": Operation(
        "StartImageScan",
        StartImageScanRequest,
        StartImageScanResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "UnsupportedImageTypeException",
            "LimitExceededException",
            "RepositoryNotFoundException",
            "ImageNotFoundException",
            "ValidationException",
            "ImageArchivedException",
        ),
        "ecr:StartImageScan",
        "repository_name",
    ),
    "StartLifecyclePolicyPreview": Operation(
        "StartLifecyclePolicyPreview",
        StartLifecyclePolicyPreviewRequest,
        StartLifecyclePolicyPreviewResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
            "LifecyclePolicyNotFoundException",
            "LifecyclePolicyPreviewInProgressException",
            "ValidationException",
        ),
        "ecr:StartLifecyclePolicyPreview",
        "repository_name",
    ),
    "StartReplicationBackfill": Operation(
        "StartReplicationBackfill",
        StartReplicationBackfillRequest,
        StartReplicationBackfillResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "LimitExceededException",
            "ReplicationBackfillInProgressException",
        ),
        "ecr:StartReplicationBackfill",
        None,
    ),
    "StopReplicationBackfill": Operation(
        "StopReplicationBackfill",
        StopReplicationBackfillRequest,
        StopReplicationBackfillResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "ReplicationBackfillNotFoundException",
            "ReplicationBackfillInvalidStatusException",
        ),
        "ecr:StopReplicationBackfill",
        None,
    ),
    "TagResource": Operation(
        "TagResource",
        TagResourceRequest,
        TagResourceResponse,
        (
            "InvalidParameterException",
            "InvalidTagParameterException",
            "TooManyTagsException",
            "RepositoryNotFoundException",
            "ServerException",
        ),
        "ecr:TagResource",
        "resource_arn",
    ),
    "UntagResource": Operation(
        "UntagResource",
        UntagResourceRequest,
        UntagResourceResponse,
        (
            "InvalidParameterException",
            "InvalidTagParameterException",
            "TooManyTagsException",
            "RepositoryNotFoundException",
            "ServerException",
        ),
        "ecr:UntagResource",
        "resource_arn",
    ),
    "UpdateImageStorageClass": Operation(
        "UpdateImageStorageClass",
        UpdateImageStorageClassRequest,
        UpdateImageStorageClassResponse,
        (
            "InvalidParameterException",
            "ImageNotFoundException",
            "ImageStorageClassUpdateNotSupportedException",
            "RepositoryNotFoundException",
            "ServerException",
            "ValidationException",
        ),
        "ecr:UpdateImageStorageClass",
        "repository_name",
    ),
    "UpdatePullThroughCacheRule": Operation(
        "UpdatePullThroughCacheRule",
        UpdatePullThroughCacheRuleRequest,
        UpdatePullThroughCacheRuleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "UnableToAccessSecretException",
            "PullThroughCacheRuleNotFoundException",
            "SecretNotFoundException",
            "UnableToDecryptSecretValueException",
        ),
        "ecr:UpdatePullThroughCacheRule",
        None,
    ),
    "UpdateRepositoryCreationTemplate": Operation(
        "UpdateRepositoryCreationTemplate",
        UpdateRepositoryCreationTemplateRequest,
        UpdateRepositoryCreationTemplateResponse,
        (
            "ServerException",
            "ValidationException",
            "InvalidParameterException",
            "TemplateNotFoundException",
        ),
        "ecr:UpdateRepositoryCreationTemplate",
        None,
    ),
    "UploadLayerPart": Operation(
        "UploadLayerPart",
        UploadLayerPartRequest,
        UploadLayerPartResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "InvalidLayerPartException",
            "RepositoryNotFoundException",
            "UploadNotFoundException",
            "LimitExceededException",
            "KmsException",
        ),
        "ecr:UploadLayerPart",
        "repository_name",
    ),
    "ValidatePullThroughCacheRule": Operation(
        "ValidatePullThroughCacheRule",
        ValidatePullThroughCacheRuleRequest,
        ValidatePullThroughCacheRuleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ValidationException",
            "PullThroughCacheRuleNotFoundException",
        ),
        "ecr:ValidatePullThroughCacheRule",
        None,
    ),
}

SERVICE = Service("Amazon ECR", "AmazonEC2ContainerRegistry_V20150921", "ecr", OPERATIONS)
# the exceptions of the model, each with the members it has besides its message
EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "BlockedByOrganizationPolicyException": (),
    "EmptyUploadException": (),
    "ExclusionAlreadyExistsException": (),
    "ExclusionNotFoundException": (),
    "ImageAlreadyExistsException": (),
    "ImageArchivedException": (),
    "ImageDigestDoesNotMatchException": (),
    "ImageNotFoundException": (),
    "ImageStorageClassUpdateNotSupportedException": (),
    "ImageTagAlreadyExistsException": (),
    "InvalidLayerException": (),
    "InvalidLayerPartException": (
        "registryId",
        "repositoryName",
        "uploadId",
        "lastValidByteReceived",
    ),
    "InvalidParameterException": (),
    "InvalidTagParameterException": (),
    "KmsException": ("kmsError",),
    "LayerAlreadyExistsException": (),
    "LayerInaccessibleException": (),
    "LayerPartTooSmallException": (),
    "LayersNotFoundException": (),
    "LifecyclePolicyNotFoundException": (),
    "LifecyclePolicyPreviewInProgressException": (),
    "LifecyclePolicyPreviewNotFoundException": (),
    "LimitExceededException": (),
    "PullThroughCacheRuleAlreadyExistsException": (),
    "PullThroughCacheRuleNotFoundException": (),
    "ReferencedImagesNotFoundException": (),
    "RegistryPolicyNotFoundException": (),
    "ReplicationBackfillInProgressException": (),
    "ReplicationBackfillInvalidStatusException": (),
    "ReplicationBackfillNotFoundException": (),
    "RepositoryAlreadyExistsException": (),
    "RepositoryNotEmptyException": (),
    "RepositoryNotFoundException": (),
    "RepositoryPolicyNotFoundException": (),
    "ScanNotFoundException": (),
    "SecretNotFoundException": (),
    "ServerException": (),
    "SigningConfigurationNotFoundException": (),
    "TemplateAlreadyExistsException": (),
    "TemplateNotFoundException": (),
    "TooManyTagsException": (),
    "UnableToAccessSecretException": (),
    "UnableToDecryptSecretValueException": (),
    "UnableToGetUpstreamImageException": (),
    "UnableToGetUpstreamLayerException": (),
    "UnableToListUpstreamImageReferrersException": (),
    "UnsupportedImageTypeException": (),
    "UnsupportedUpstreamRegistryException": (),
    "UploadNotFoundException": (),
    "ValidationException": (),
}
