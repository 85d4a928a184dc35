"""The service model of Wharfinger as types: one struct per shape, one row per operation.

Generated from models/wharfinger by `python -m wharfinger.contract.generate`. Do not edit.
Timestamps are seconds since 1970 as numbers, blobs are bytes (base64 on the wire), absent members are None.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from wharfinger.contract.service import Operation, Service, Shape

API_VERSION = "2026-11-23"

AccessKeyId = Annotated[str, Meta(min_length=16, max_length=128, pattern="^(?:\\w+)\\Z")]
AccessKeyList = list["AccessKey"]
AccessKeyStatus = Literal["ACTIVE", "INACTIVE"]
AccessList = list["Access"]
ActionName = Annotated[str, Meta(min_length=1, max_length=128, pattern="^(?:[a-z]+:[A-Za-z]+)\\Z")]
Arn = Annotated[str, Meta(max_length=2048)]
Text = Annotated[str, Meta(max_length=4096)]
ArtifactTypeList = Annotated[list["Text"], Meta(max_length=20)]
Audience = Annotated[str, Meta(min_length=1, max_length=255)]
AudienceList = Annotated[list["Audience"], Meta(min_length=1, max_length=100)]
Bytes = Annotated[int, Meta(ge=0)]
ConditionKeyName = Annotated[str, Meta(min_length=1, max_length=256)]
ConditionKeyValue = Annotated[str, Meta(max_length=1024)]
ConditionKeyValueList = Annotated[list["ConditionKeyValue"], Meta(min_length=1, max_length=50)]
ConditionKeyMap = Annotated[dict["ConditionKeyName", "ConditionKeyValueList"], Meta(max_length=50)]
Count = Annotated[int, Meta(ge=0)]
Days = Annotated[int, Meta(ge=0, le=3650)]
DeletedImageList = list["DeletedImage"]
DeletionId = Annotated[str, Meta(pattern="^(?:[0-9]{1,19})\\Z")]
DeletionIdList = Annotated[list["DeletionId"], Meta(min_length=1, max_length=100)]
DeletionList = list["Deletion"]
ErrorCode = Annotated[str, Meta(min_length=1, max_length=128)]
EventAction = Literal["PUSH", "DELETE", "RESTORE", "EXPIRE"]
EventId = Annotated[str, Meta(pattern="^(?:[0-9]{1,19})\\Z")]
EventList = list["Event"]
ExplainedStatementList = list["ExplainedStatement"]
Flag = bool
HoldId = Annotated[str, Meta(pattern="^(?:[0-9]{1,19})\\Z")]
HoldList = list["Hold"]
IdentityPolicyList = list["IdentityPolicy"]
IdentityProviderList = list["IdentityProvider"]
ImageDigest = Annotated[str, Meta(max_length=512)]
ImageFailureList = list["ImageFailure"]
ImageFeedList = list["ImageFeed"]
ImageIdentifierList = Annotated[list["ImageIdentifier"], Meta(min_length=1, max_length=100)]
ImageIdentifiers = list["ImageIdentifier"]
ImagePattern = Annotated[str, Meta(min_length=1, max_length=512)]
ImageReference = Annotated[str, Meta(min_length=1, max_length=1024)]
ImageReferenceList = Annotated[list["ImageReference"], Meta(max_length=50000)]
ImageReferences = list["ImageReference"]
ImageTag = Annotated[str, Meta(min_length=1, max_length=300)]
ImageTagList = list["ImageTag"]
ImageUsageList = list["ImageUsage"]
KeepCount = Annotated[int, Meta(ge=0, le=100000)]
KeySet = Annotated[str, Meta(min_length=1, max_length=65536)]
LabelMap = Annotated[dict["Text", "Text"], Meta(max_length=20)]
MaxResults = Annotated[int, Meta(ge=1, le=1000)]
Message = str
Name = Annotated[str, Meta(min_length=1, max_length=128, pattern="^(?:[a-zA-Z0-9][a-zA-Z0-9._-]*)\\Z")]
NextToken = Annotated[str, Meta(max_length=4096)]
OperationName = Annotated[str, Meta(max_length=256)]
TagPattern = Annotated[str, Meta(min_length=1, max_length=512)]
PatternList = Annotated[list["TagPattern"], Meta(max_length=20)]
PlanId = Annotated[str, Meta(pattern="^(?:[0-9]{1,19})\\Z")]
PlanImageList = list["PlanImage"]
PlanList = list["Plan"]
PlanOutcome = Literal["DELETED", "SKIPPED", "RESTORED"]
PlanStatus = Literal["READY", "EXECUTING", "EXECUTED", "UNDOING", "UNDONE"]
PlanTagStatus = Literal["TAGGED", "UNTAGGED", "ORPHANED", "ANY"]
PlanVerdict = Literal["DELETE", "KEEP"]
PolicyDocument = Annotated[str, Meta(min_length=1, max_length=20480)]
PrincipalName = Annotated[str, Meta(min_length=1, max_length=64, pattern="^(?:[a-zA-Z0-9_+=,.@-]+)\\Z")]
PolicyNameList = list["PrincipalName"]
PolicySource = Literal["identity-based", "resource-based", "session", "root"]
Principal = Annotated[str, Meta(min_length=1, max_length=2048)]
PrincipalId = Annotated[str, Meta(max_length=64)]
PrincipalText = Annotated[str, Meta(min_length=1, max_length=2048)]
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
RegistryId = Annotated[str, Meta(pattern="^(?:[0-9]{12})\\Z")]
RepositoryName = Annotated[
    str,
    Meta(
        min_length=2, max_length=256, pattern="^(?:(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*)\\Z"
    ),
]
RepositoryPattern = Annotated[str, Meta(min_length=1, max_length=256, pattern="^(?:[a-z0-9._/*-]+)\\Z")]
RepositoryPatternList = Annotated[list["RepositoryPattern"], Meta(max_length=100)]
RepositoryUsageList = list["RepositoryUsage"]
RestoreFailureCode = Literal["ImageNotFound", "TagTaken", "ChildMissing"]
RestoreFailureList = list["RestoreFailure"]
RobotAction = Annotated[str, Meta(min_length=1, max_length=128)]
RobotActionList = Annotated[list["RobotAction"], Meta(min_length=1, max_length=50)]
RobotList = list["Robot"]
RobotRepositoryList = Annotated[list["RepositoryPattern"], Meta(min_length=1, max_length=100)]
RobotToken = Annotated[str, Meta(max_length=256)]
RoleList = list["Role"]
Seconds = Annotated[int, Meta(ge=1, le=31536000)]
Secret = Annotated[str, Meta(min_length=16, max_length=256)]
SecretAccessKey = Annotated[str, Meta(max_length=256)]
SessionSeconds = Annotated[int, Meta(ge=3600, le=43200)]
StatementEffect = Literal["Allow", "Deny"]
StatementElement = Literal["principal", "action", "resource", "condition"]
StatementNumber = int
TagChangeList = list["TagChange"]
TagKey = Annotated[str, Meta(min_length=1, max_length=128)]
TagList = Annotated[list["Tag"], Meta(max_length=50)]
TagValue = Annotated[str, Meta(max_length=256)]
Timestamp = float
TrailDocument = Annotated[str, Meta(max_length=65536)]
TrailRecordList = list["TrailRecord"]
Url = Annotated[str, Meta(min_length=8, max_length=2048, pattern="^(?:https?://.+)\\Z")]
UserList = list["User"]
WebhookList = list["Webhook"]
Whereabouts = Literal["PRESENT", "IN_BIN", "GONE"]


class Access(Shape, kw_only=True):
    principal: Arn | None = None
    allowed: Flag | None = None
    message: Message | None = None
    decided_by: AccessDecision | None = None


class AccessDecision(Shape, kw_only=True):
    source: PolicySource | None = None
    explicit: Flag | None = None
    policy_name: str | None = None
    statement: StatementNumber | None = None
    sid: str | None = None


class AccessKey(Shape, kw_only=True):
    access_key_id: AccessKeyId | None = None
    user_name: PrincipalName | None = None
    status: AccessKeyStatus | None = None
    created_at: Timestamp | None = None
    last_used_at: Timestamp | None = None


class AttachPolicyRequest(Shape, kw_only=True):
    policy_name: PrincipalName
    user_name: PrincipalName | None = None
    role_name: PrincipalName | None = None


class AttachPolicyResponse(Shape, kw_only=True):
    policy_names: PolicyNameList | None = None


class CreateAccessKeyRequest(Shape, kw_only=True):
    user_name: PrincipalName | None = None


class CreateAccessKeyResponse(Shape, kw_only=True):
    access_key: AccessKey | None = None
    secret_access_key: SecretAccessKey | None = None

    SENSITIVE = frozenset({"secret_access_key"})


class CreatePlanRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    filters: PlanFilters
    description: Reason | None = None


class CreatePlanResponse(Shape, kw_only=True):
    plan: Plan | None = None


class CreateRobotRequest(Shape, kw_only=True):
    robot_name: PrincipalName
    actions: RobotActionList
    repositories: RobotRepositoryList
    expires_at: Timestamp | None = None


class CreateRobotResponse(Shape, kw_only=True):
    robot: Robot | None = None
    token: RobotToken | None = None

    SENSITIVE = frozenset({"token"})


class CreateRoleRequest(Shape, kw_only=True):
    role_name: PrincipalName
    trust_policy: PolicyDocument
    session_seconds: SessionSeconds | None = None
    tags: TagList | None = None


class CreateRoleResponse(Shape, kw_only=True):
    role: Role | None = None


class CreateUserRequest(Shape, kw_only=True):
    user_name: PrincipalName
    tags: TagList | None = None


class CreateUserResponse(Shape, kw_only=True):
    user: User | None = None


class DeleteAccessKeyRequest(Shape, kw_only=True):
    access_key_id: AccessKeyId


class DeleteAccessKeyResponse(Shape, kw_only=True):
    access_key: AccessKey | None = None


class DeleteHoldRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    hold_id: HoldId


class DeleteHoldResponse(Shape, kw_only=True):
    hold: Hold | None = None


class DeleteIdentityProviderRequest(Shape, kw_only=True):
    issuer: Url


class DeleteIdentityProviderResponse(Shape, kw_only=True):
    identity_provider: IdentityProvider | None = None


class DeleteImageFeedRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    feed_name: Name


class DeleteImageFeedResponse(Shape, kw_only=True):
    feed: ImageFeed | None = None


class DeleteImagesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_ids: ImageIdentifierList
    reason: Reason | None = None
    dry_run: Flag | None = None


class DeleteImagesResponse(Shape, kw_only=True):
    image_ids: ImageIdentifiers | None = None
    failures: ImageFailureList | None = None
    deletion_id: DeletionId | None = None


class DeletePlanRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    plan_id: PlanId


class DeletePlanResponse(Shape, kw_only=True):
    plan: Plan | None = None


class DeletePolicyRequest(Shape, kw_only=True):
    policy_name: PrincipalName


class DeletePolicyResponse(Shape, kw_only=True):
    policy: IdentityPolicy | None = None


class DeleteRobotRequest(Shape, kw_only=True):
    robot_name: PrincipalName


class DeleteRobotResponse(Shape, kw_only=True):
    robot: Robot | None = None


class DeleteRoleRequest(Shape, kw_only=True):
    role_name: PrincipalName


class DeleteRoleResponse(Shape, kw_only=True):
    role: Role | None = None


class DeleteUserRequest(Shape, kw_only=True):
    user_name: PrincipalName


class DeleteUserResponse(Shape, kw_only=True):
    user: User | None = None


class DeleteWebhookRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    name: Name


class DeleteWebhookResponse(Shape, kw_only=True):
    webhook: Webhook | None = None


class DeletedImage(Shape, kw_only=True):
    deletion_id: DeletionId | None = None
    repository_name: RepositoryName | None = None
    image_digest: ImageDigest | None = None
    image_tags: ImageTagList | None = None
    image_manifest_media_type: Text | None = None
    artifact_type: Text | None = None
    image_size_in_bytes: Bytes | None = None
    image_pushed_at: Timestamp | None = None
    deleted_at: Timestamp | None = None
    deleted_by: Arn | None = None
    operation: OperationName | None = None
    reason: Reason | None = None
    expires_at: Timestamp | None = None


class Deletion(Shape, kw_only=True):
    deletion_id: DeletionId | None = None
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    deleted_at: Timestamp | None = None
    deleted_by: Arn | None = None
    operation: OperationName | None = None
    reason: Reason | None = None
    plan_id: PlanId | None = None
    expires_at: Timestamp | None = None
    whole_repository: Flag | None = None
    image_count: Count | None = None
    untagged: ImageIdentifiers | None = None


class DeletionSettings(Shape, kw_only=True):
    bin_days: Days | None = None
    protection: Reason | None = None


class DescribePlanRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    plan_id: PlanId


class DescribePlanResponse(Shape, kw_only=True):
    plan: Plan | None = None


class DescribeRoleRequest(Shape, kw_only=True):
    role_name: PrincipalName


class DescribeRoleResponse(Shape, kw_only=True):
    role: Role | None = None
    policy_names: PolicyNameList | None = None


class DescribeUserRequest(Shape, kw_only=True):
    user_name: PrincipalName


class DescribeUserResponse(Shape, kw_only=True):
    user: User | None = None
    policy_names: PolicyNameList | None = None
    access_keys: AccessKeyList | None = None


class DetachPolicyRequest(Shape, kw_only=True):
    policy_name: PrincipalName
    user_name: PrincipalName | None = None
    role_name: PrincipalName | None = None


class DetachPolicyResponse(Shape, kw_only=True):
    policy_names: PolicyNameList | None = None


class EmptyBinRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    deletion_ids: DeletionIdList | None = None
    all: Flag | None = None
    dry_run: Flag | None = None


class EmptyBinResponse(Shape, kw_only=True):
    deletion_count: Count | None = None
    image_count: Count | None = None
    freed_bytes: Bytes | None = None


class Event(Shape, kw_only=True):
    event_id: EventId | None = None
    at: Timestamp | None = None
    by: Arn | None = None
    operation: OperationName | None = None
    deletion_id: DeletionId | None = None
    event: Text | None = None


class ExecutePlanRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    plan_id: PlanId
    reason: Reason | None = None


class ExecutePlanResponse(Shape, kw_only=True):
    plan: Plan | None = None


class ExplainAccessRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    principal: PrincipalText | None = None
    action: ActionName
    repository_name: RepositoryName | None = None
    condition_keys: ConditionKeyMap | None = None


class ExplainAccessResponse(Shape, kw_only=True):
    principal: Arn | None = None
    allowed: Flag | None = None
    message: Message | None = None
    decided_by: AccessDecision | None = None
    action: ActionName | None = None
    resource: Arn | None = None
    statements: ExplainedStatementList | None = None


class ExplainedStatement(Shape, kw_only=True):
    policy_name: str | None = None
    source: PolicySource | None = None
    statement: StatementNumber | None = None
    sid: str | None = None
    effect: StatementEffect | None = None
    applies: Flag | None = None
    misfit: StatementElement | None = None
    operator: str | None = None
    condition_key: str | None = None


class GetDeletionSettingsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName


class GetDeletionSettingsResponse(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    settings: DeletionSettings | None = None
    effective_bin_days: Days | None = None


class GetImageAtTimeRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_tag: ImageTag
    time: Timestamp


class GetImageAtTimeResponse(Shape, kw_only=True):
    image_digest: ImageDigest | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    whereabouts: Whereabouts | None = None
    deletion_id: DeletionId | None = None


class GetPolicyRequest(Shape, kw_only=True):
    policy_name: PrincipalName


class GetPolicyResponse(Shape, kw_only=True):
    policy: IdentityPolicy | None = None


class GetUsageRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None


class GetUsageResponse(Shape, kw_only=True):
    repository_count: Count | None = None
    image_count: Count | None = None
    logical_bytes: Bytes | None = None
    stored_bytes: Bytes | None = None
    unique_bytes: Bytes | None = None
    shared_bytes: Bytes | None = None
    bin_bytes: Bytes | None = None
    waiting_bytes: Bytes | None = None


class Hold(Shape, kw_only=True):
    hold_id: HoldId | None = None
    repository_name: RepositoryPattern | None = None
    image: ImagePattern | None = None
    reason: Reason | None = None
    feed_name: Name | None = None
    created_at: Timestamp | None = None
    created_by: Arn | None = None
    expires_at: Timestamp | None = None


class IdentityPolicy(Shape, kw_only=True):
    policy_name: PrincipalName | None = None
    policy_document: PolicyDocument | None = None
    is_built_in: Flag | None = None
    is_declared: Flag | None = None
    changed_at: Timestamp | None = None


class IdentityProvider(Shape, kw_only=True):
    issuer: Url | None = None
    arn: Arn | None = None
    audiences: AudienceList | None = None
    has_own_keys: Flag | None = None
    is_declared: Flag | None = None
    created_at: Timestamp | None = None


class ImageFailure(Shape, kw_only=True):
    image_id: ImageIdentifier | None = None
    failure_code: Text | None = None
    failure_reason: Text | None = None


class ImageFeed(Shape, kw_only=True):
    feed_name: Name | None = None
    reported_at: Timestamp | None = None
    late_at: Timestamp | None = None
    is_late: Flag | None = None
    hold_count: Count | None = None


class ImageIdentifier(Shape, kw_only=True):
    image_digest: ImageDigest | None = None
    image_tag: ImageTag | None = None


class ImageUsage(Shape, kw_only=True):
    image_digest: ImageDigest | None = None
    image_tags: ImageTagList | None = None
    logical_bytes: Bytes | None = None
    unique_bytes: Bytes | None = None
    shared_bytes: Bytes | None = None
    freed_bytes: Bytes | None = None


class ListAccessKeysRequest(Shape, kw_only=True):
    user_name: PrincipalName | None = None


class ListAccessKeysResponse(Shape, kw_only=True):
    access_keys: AccessKeyList | None = None


class ListAccessRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    action: ActionName
    repository_name: RepositoryName | None = None
    condition_keys: ConditionKeyMap | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListAccessResponse(Shape, kw_only=True):
    access: AccessList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListDeletedImagesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    deletion_id: DeletionId | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListDeletedImagesResponse(Shape, kw_only=True):
    images: DeletedImageList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListDeletionsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListDeletionsResponse(Shape, kw_only=True):
    deletions: DeletionList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListEventsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    since: Timestamp | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListEventsResponse(Shape, kw_only=True):
    events: EventList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListHoldsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListHoldsResponse(Shape, kw_only=True):
    holds: HoldList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListIdentityProvidersRequest(Shape, kw_only=True):
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListIdentityProvidersResponse(Shape, kw_only=True):
    identity_providers: IdentityProviderList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImageFeedsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImageFeedsResponse(Shape, kw_only=True):
    feeds: ImageFeedList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImageUsageRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListImageUsageResponse(Shape, kw_only=True):
    images: ImageUsageList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPlanImagesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    plan_id: PlanId
    verdict: PlanVerdict | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPlanImagesResponse(Shape, kw_only=True):
    images: PlanImageList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPlansRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPlansResponse(Shape, kw_only=True):
    plans: PlanList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPoliciesRequest(Shape, kw_only=True):
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListPoliciesResponse(Shape, kw_only=True):
    policies: IdentityPolicyList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListRepositoryUsageRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListRepositoryUsageResponse(Shape, kw_only=True):
    repositories: RepositoryUsageList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListRobotsRequest(Shape, kw_only=True):
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListRobotsResponse(Shape, kw_only=True):
    robots: RobotList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListRolesRequest(Shape, kw_only=True):
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListRolesResponse(Shape, kw_only=True):
    roles: RoleList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListTagHistoryRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_tag: ImageTag | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListTagHistoryResponse(Shape, kw_only=True):
    changes: TagChangeList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListTrailRecordsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName | None = None
    since: Timestamp | None = None
    until: Timestamp | None = None
    event_name: OperationName | None = None
    principal: Principal | None = None
    error_code: ErrorCode | None = None
    denied: Flag | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListTrailRecordsResponse(Shape, kw_only=True):
    records: TrailRecordList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListUsersRequest(Shape, kw_only=True):
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListUsersResponse(Shape, kw_only=True):
    users: UserList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class ListWebhooksRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    next_token: NextToken | None = None
    max_results: MaxResults | None = None

    SENSITIVE = frozenset({"next_token"})


class ListWebhooksResponse(Shape, kw_only=True):
    webhooks: WebhookList | None = None
    next_token: NextToken | None = None

    SENSITIVE = frozenset({"next_token"})


class Plan(Shape, kw_only=True):
    plan_id: PlanId | None = None
    registry_id: RegistryId | None = None
    created_at: Timestamp | None = None
    created_by: Arn | None = None
    description: Reason | None = None
    filters: PlanFilters | None = None
    status: PlanStatus | None = None
    image_count: Count | None = None
    freed_bytes: Bytes | None = None
    executed_at: Timestamp | None = None
    executed_by: Arn | None = None
    deleted_count: Count | None = None
    skipped_count: Count | None = None


class PlanFilters(Shape, kw_only=True):
    repositories: RepositoryPatternList | None = None
    tag_status: PlanTagStatus | None = None
    include_tags: PatternList | None = None
    exclude_tags: PatternList | None = None
    pushed_before: Timestamp | None = None
    not_pulled_since: Timestamp | None = None
    keep_newest: KeepCount | None = None
    group_by: TagPattern | None = None
    larger_than: Bytes | None = None
    labels: LabelMap | None = None
    artifact_types: ArtifactTypeList | None = None


class PlanImage(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    image_digest: ImageDigest | None = None
    image_tags: ImageTagList | None = None
    image_size_in_bytes: Bytes | None = None
    verdict: PlanVerdict | None = None
    reason: Text | None = None
    outcome: PlanOutcome | None = None
    outcome_reason: Text | None = None


class PutDeletionSettingsRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    settings: DeletionSettings


class PutDeletionSettingsResponse(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    settings: DeletionSettings | None = None
    effective_bin_days: Days | None = None


class PutHoldRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryPattern
    image: ImagePattern
    reason: Reason
    expires_at: Timestamp | None = None


class PutHoldResponse(Shape, kw_only=True):
    hold: Hold | None = None


class PutIdentityProviderRequest(Shape, kw_only=True):
    issuer: Url
    audiences: AudienceList
    keys: KeySet | None = None


class PutIdentityProviderResponse(Shape, kw_only=True):
    identity_provider: IdentityProvider | None = None


class PutImageFeedRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    feed_name: Name
    images: ImageReferenceList
    time_to_live_seconds: Seconds


class PutImageFeedResponse(Shape, kw_only=True):
    feed: ImageFeed | None = None
    unknown_images: ImageReferences | None = None


class PutPolicyRequest(Shape, kw_only=True):
    policy_name: PrincipalName
    policy_document: PolicyDocument


class PutPolicyResponse(Shape, kw_only=True):
    policy: IdentityPolicy | None = None


class PutWebhookRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    name: Name
    url: Url
    secret: Secret | None = None
    repositories: RepositoryPattern | None = None

    SENSITIVE = frozenset({"secret"})


class PutWebhookResponse(Shape, kw_only=True):
    webhook: Webhook | None = None


class RepositoryUsage(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    image_count: Count | None = None
    logical_bytes: Bytes | None = None
    stored_bytes: Bytes | None = None
    unique_bytes: Bytes | None = None
    shared_bytes: Bytes | None = None
    freed_bytes: Bytes | None = None
    bin_bytes: Bytes | None = None


class RestoreDeletionRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    deletion_id: DeletionId


class RestoreDeletionResponse(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    image_ids: ImageIdentifiers | None = None
    failures: RestoreFailureList | None = None


class RestoreFailure(Shape, kw_only=True):
    image_id: ImageIdentifier | None = None
    failure_code: RestoreFailureCode | None = None
    failure_reason: Text | None = None
    holder_digest: ImageDigest | None = None


class RestoreImagesRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    repository_name: RepositoryName
    image_ids: ImageIdentifierList


class RestoreImagesResponse(Shape, kw_only=True):
    repository_name: RepositoryName | None = None
    image_ids: ImageIdentifiers | None = None
    failures: RestoreFailureList | None = None


class Robot(Shape, kw_only=True):
    robot_name: PrincipalName | None = None
    arn: Arn | None = None
    actions: RobotActionList | None = None
    repositories: RobotRepositoryList | None = None
    created_at: Timestamp | None = None
    created_by: Arn | None = None
    expires_at: Timestamp | None = None
    last_used_at: Timestamp | None = None


class Role(Shape, kw_only=True):
    role_name: PrincipalName | None = None
    role_id: PrincipalId | None = None
    arn: Arn | None = None
    created_at: Timestamp | None = None
    trust_policy: PolicyDocument | None = None
    session_seconds: SessionSeconds | None = None
    tags: TagList | None = None
    is_declared: Flag | None = None


class RotateRobotRequest(Shape, kw_only=True):
    robot_name: PrincipalName
    expires_at: Timestamp | None = None


class RotateRobotResponse(Shape, kw_only=True):
    robot: Robot | None = None
    token: RobotToken | None = None

    SENSITIVE = frozenset({"token"})


class Tag(Shape, kw_only=True):
    key: TagKey
    value: TagValue


class TagChange(Shape, kw_only=True):
    event_id: EventId | None = None
    image_tag: ImageTag | None = None
    image_digest: ImageDigest | None = None
    action: EventAction | None = None
    at: Timestamp | None = None
    by: Arn | None = None
    operation: OperationName | None = None
    deletion_id: DeletionId | None = None


class TrailRecord(Shape, kw_only=True):
    event_id: Text | None = None
    event_time: Timestamp | None = None
    record: TrailDocument | None = None


class UndoPlanRequest(Shape, kw_only=True):
    registry_id: RegistryId | None = None
    plan_id: PlanId


class UndoPlanResponse(Shape, kw_only=True):
    plan: Plan | None = None


class UpdateAccessKeyRequest(Shape, kw_only=True):
    access_key_id: AccessKeyId
    status: AccessKeyStatus


class UpdateAccessKeyResponse(Shape, kw_only=True):
    access_key: AccessKey | None = None


class UpdateRoleRequest(Shape, kw_only=True):
    role_name: PrincipalName
    trust_policy: PolicyDocument | None = None
    session_seconds: SessionSeconds | None = None
    tags: TagList | None = None


class UpdateRoleResponse(Shape, kw_only=True):
    role: Role | None = None


class User(Shape, kw_only=True):
    user_name: PrincipalName | None = None
    user_id: PrincipalId | None = None
    arn: Arn | None = None
    created_at: Timestamp | None = None
    tags: TagList | None = None
    is_declared: Flag | None = None


class Webhook(Shape, kw_only=True):
    name: Name | None = None
    url: Url | None = None
    repositories: RepositoryPattern | None = None
    created_at: Timestamp | None = None
    is_signed: Flag | None = None
    waiting_events: Count | None = None
    failed_attempts: Count | None = None
    last_failure: Text | None = None
    next_attempt_at: Timestamp | None = None


OPERATIONS: dict[str, Operation] = {
    "AttachPolicy": Operation(
        "AttachPolicy",
        AttachPolicyRequest,
        AttachPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
            "PolicyNotFoundException",
            "DeclaredException",
            "LimitExceededException",
        ),
        "wharfinger:AttachPolicy",
        None,
    ),
    "CreateAccessKey": Operation(
        "CreateAccessKey",
        CreateAccessKeyRequest,
        CreateAccessKeyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
            "LimitExceededException",
        ),
        "wharfinger:CreateAccessKey",
        None,
    ),
    "CreatePlan": Operation(
        "CreatePlan",
        CreatePlanRequest,
        CreatePlanResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:CreatePlan",
        None,
    ),
    "CreateRobot": Operation(
        "CreateRobot",
        CreateRobotRequest,
        CreateRobotResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalAlreadyExistsException",
            "LimitExceededException",
        ),
        "wharfinger:CreateRobot",
        None,
    ),
    "CreateRole": Operation(
        "CreateRole",
        CreateRoleRequest,
        CreateRoleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalAlreadyExistsException",
            "LimitExceededException",
            "InvalidTagParameterException",
        ),
        "wharfinger:CreateRole",
        None,
    ),
    "CreateUser": Operation(
        "CreateUser",
        CreateUserRequest,
        CreateUserResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalAlreadyExistsException",
            "LimitExceededException",
            "InvalidTagParameterException",
        ),
        "wharfinger:CreateUser",
        None,
    ),
    "DeleteAccessKey": Operation(
        "DeleteAccessKey",
        DeleteAccessKeyRequest,
        DeleteAccessKeyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "AccessKeyNotFoundException",
            "DeclaredException",
        ),
        "wharfinger:DeleteAccessKey",
        None,
    ),
    "DeleteHold": Operation(
        "DeleteHold",
        DeleteHoldRequest,
        DeleteHoldResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "HoldNotFoundException",
        ),
        "wharfinger:DeleteHold",
        None,
    ),
    "DeleteIdentityProvider": Operation(
        "DeleteIdentityProvider",
        DeleteIdentityProviderRequest,
        DeleteIdentityProviderResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "IdentityProviderNotFoundException",
            "DeclaredException",
        ),
        "wharfinger:DeleteIdentityProvider",
        None,
    ),
    "DeleteImageFeed": Operation(
        "DeleteImageFeed",
        DeleteImageFeedRequest,
        DeleteImageFeedResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "FeedNotFoundException",
        ),
        "wharfinger:DeleteImageFeed",
        None,
    ),
    "DeleteImages": Operation(
        "DeleteImages",
        DeleteImagesRequest,
        DeleteImagesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "ecr:BatchDeleteImage",
        "repository_name",
    ),
    "DeletePlan": Operation(
        "DeletePlan",
        DeletePlanRequest,
        DeletePlanResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PlanNotFoundException",
            "PlanStateException",
        ),
        "wharfinger:DeletePlan",
        None,
    ),
    "DeletePolicy": Operation(
        "DeletePolicy",
        DeletePolicyRequest,
        DeletePolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PolicyNotFoundException",
            "PolicyInUseException",
            "DeclaredException",
        ),
        "wharfinger:DeletePolicy",
        None,
    ),
    "DeleteRobot": Operation(
        "DeleteRobot",
        DeleteRobotRequest,
        DeleteRobotResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
        ),
        "wharfinger:DeleteRobot",
        None,
    ),
    "DeleteRole": Operation(
        "DeleteRole",
        DeleteRoleRequest,
        DeleteRoleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
            "DeclaredException",
        ),
        "wharfinger:DeleteRole",
        None,
    ),
    "DeleteUser": Operation(
        "DeleteUser",
        DeleteUserRequest,
        DeleteUserResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
            "DeclaredException",
        ),
        "wharfinger:DeleteUser",
        None,
    ),
    "DeleteWebhook": Operation(
        "DeleteWebhook",
        DeleteWebhookRequest,
        DeleteWebhookResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "WebhookNotFoundException",
        ),
        "wharfinger:DeleteWebhook",
        None,
    ),
    "DescribePlan": Operation(
        "DescribePlan",
        DescribePlanRequest,
        DescribePlanResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PlanNotFoundException",
        ),
        "wharfinger:DescribePlan",
        None,
    ),
    "DescribeRole": Operation(
        "DescribeRole",
        DescribeRoleRequest,
        DescribeRoleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
        ),
        "wharfinger:DescribeRole",
        None,
    ),
    "DescribeUser": Operation(
        "DescribeUser",
        DescribeUserRequest,
        DescribeUserResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
        ),
        "wharfinger:DescribeUser",
        None,
    ),
    "DetachPolicy": Operation(
        "DetachPolicy",
        DetachPolicyRequest,
        DetachPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
            "PolicyNotFoundException",
            "DeclaredException",
        ),
        "wharfinger:DetachPolicy",
        None,
    ),
    "EmptyBin": Operation(
        "EmptyBin",
        EmptyBinRequest,
        EmptyBinResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "DeletionNotFoundException",
        ),
        "wharfinger:EmptyBin",
        "repository_name",
    ),
    "ExecutePlan": Operation(
        "ExecutePlan",
        ExecutePlanRequest,
        ExecutePlanResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PlanNotFoundException",
            "PlanStateException",
        ),
        "wharfinger:ExecutePlan",
        None,
    ),
    "ExplainAccess": Operation(
        "ExplainAccess",
        ExplainAccessRequest,
        ExplainAccessResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
        ),
        "wharfinger:ExplainAccess",
        "repository_name",
    ),
    "GetDeletionSettings": Operation(
        "GetDeletionSettings",
        GetDeletionSettingsRequest,
        GetDeletionSettingsResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "wharfinger:GetDeletionSettings",
        "repository_name",
    ),
    "GetImageAtTime": Operation(
        "GetImageAtTime",
        GetImageAtTimeRequest,
        GetImageAtTimeResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "ImageNotFoundException",
        ),
        "wharfinger:GetImageAtTime",
        "repository_name",
    ),
    "GetPolicy": Operation(
        "GetPolicy",
        GetPolicyRequest,
        GetPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PolicyNotFoundException",
        ),
        "wharfinger:GetPolicy",
        None,
    ),
    "GetUsage": Operation(
        "GetUsage",
        GetUsageRequest,
        GetUsageResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:GetUsage",
        None,
    ),
    "ListAccess": Operation(
        "ListAccess",
        ListAccessRequest,
        ListAccessResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListAccess",
        "repository_name",
    ),
    "ListAccessKeys": Operation(
        "ListAccessKeys",
        ListAccessKeysRequest,
        ListAccessKeysResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
        ),
        "wharfinger:ListAccessKeys",
        None,
    ),
    "ListDeletedImages": Operation(
        "ListDeletedImages",
        ListDeletedImagesRequest,
        ListDeletedImagesResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListDeletedImages",
        "repository_name",
    ),
    "ListDeletions": Operation(
        "ListDeletions",
        ListDeletionsRequest,
        ListDeletionsResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListDeletions",
        "repository_name",
    ),
    "ListEvents": Operation(
        "ListEvents",
        ListEventsRequest,
        ListEventsResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListEvents",
        "repository_name",
    ),
    "ListHolds": Operation(
        "ListHolds",
        ListHoldsRequest,
        ListHoldsResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListHolds",
        "repository_name",
    ),
    "ListIdentityProviders": Operation(
        "ListIdentityProviders",
        ListIdentityProvidersRequest,
        ListIdentityProvidersResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListIdentityProviders",
        None,
    ),
    "ListImageFeeds": Operation(
        "ListImageFeeds",
        ListImageFeedsRequest,
        ListImageFeedsResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListImageFeeds",
        None,
    ),
    "ListImageUsage": Operation(
        "ListImageUsage",
        ListImageUsageRequest,
        ListImageUsageResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "wharfinger:ListImageUsage",
        "repository_name",
    ),
    "ListPlanImages": Operation(
        "ListPlanImages",
        ListPlanImagesRequest,
        ListPlanImagesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PlanNotFoundException",
        ),
        "wharfinger:ListPlanImages",
        None,
    ),
    "ListPlans": Operation(
        "ListPlans",
        ListPlansRequest,
        ListPlansResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListPlans",
        None,
    ),
    "ListPolicies": Operation(
        "ListPolicies",
        ListPoliciesRequest,
        ListPoliciesResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListPolicies",
        None,
    ),
    "ListRepositoryUsage": Operation(
        "ListRepositoryUsage",
        ListRepositoryUsageRequest,
        ListRepositoryUsageResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListRepositoryUsage",
        None,
    ),
    "ListRobots": Operation(
        "ListRobots",
        ListRobotsRequest,
        ListRobotsResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListRobots",
        None,
    ),
    "ListRoles": Operation(
        "ListRoles",
        ListRolesRequest,
        ListRolesResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListRoles",
        None,
    ),
    "ListTagHistory": Operation(
        "ListTagHistory",
        ListTagHistoryRequest,
        ListTagHistoryResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListTagHistory",
        "repository_name",
    ),
    "ListTrailRecords": Operation(
        "ListTrailRecords",
        ListTrailRecordsRequest,
        ListTrailRecordsResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListTrailRecords",
        "repository_name",
    ),
    "ListUsers": Operation(
        "ListUsers",
        ListUsersRequest,
        ListUsersResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListUsers",
        None,
    ),
    "ListWebhooks": Operation(
        "ListWebhooks",
        ListWebhooksRequest,
        ListWebhooksResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:ListWebhooks",
        None,
    ),
    "PutDeletionSettings": Operation(
        "PutDeletionSettings",
        PutDeletionSettingsRequest,
        PutDeletionSettingsResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "wharfinger:PutDeletionSettings",
        "repository_name",
    ),
    "PutHold": Operation(
        "PutHold",
        PutHoldRequest,
        PutHoldResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:PutHold",
        "repository_name",
    ),
    "PutIdentityProvider": Operation(
        "PutIdentityProvider",
        PutIdentityProviderRequest,
        PutIdentityProviderResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "DeclaredException",
            "LimitExceededException",
        ),
        "wharfinger:PutIdentityProvider",
        None,
    ),
    "PutImageFeed": Operation(
        "PutImageFeed",
        PutImageFeedRequest,
        PutImageFeedResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:PutImageFeed",
        None,
    ),
    "PutPolicy": Operation(
        "PutPolicy",
        PutPolicyRequest,
        PutPolicyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "DeclaredException",
            "LimitExceededException",
        ),
        "wharfinger:PutPolicy",
        None,
    ),
    "PutWebhook": Operation(
        "PutWebhook",
        PutWebhookRequest,
        PutWebhookResponse,
        (
            "ServerException",
            "InvalidParameterException",
        ),
        "wharfinger:PutWebhook",
        None,
    ),
    "RestoreDeletion": Operation(
        "RestoreDeletion",
        RestoreDeletionRequest,
        RestoreDeletionResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "DeletionNotFoundException",
            "RepositoryNotFoundException",
        ),
        "wharfinger:RestoreDeletion",
        None,
    ),
    "RestoreImages": Operation(
        "RestoreImages",
        RestoreImagesRequest,
        RestoreImagesResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "RepositoryNotFoundException",
        ),
        "wharfinger:RestoreImages",
        "repository_name",
    ),
    "RotateRobot": Operation(
        "RotateRobot",
        RotateRobotRequest,
        RotateRobotResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
        ),
        "wharfinger:RotateRobot",
        None,
    ),
    "UndoPlan": Operation(
        "UndoPlan",
        UndoPlanRequest,
        UndoPlanResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PlanNotFoundException",
            "PlanStateException",
        ),
        "wharfinger:UndoPlan",
        None,
    ),
    "UpdateAccessKey": Operation(
        "UpdateAccessKey",
        UpdateAccessKeyRequest,
        UpdateAccessKeyResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "AccessKeyNotFoundException",
        ),
        "wharfinger:UpdateAccessKey",
        None,
    ),
    "UpdateRole": Operation(
        "UpdateRole",
        UpdateRoleRequest,
        UpdateRoleResponse,
        (
            "ServerException",
            "InvalidParameterException",
            "PrincipalNotFoundException",
            "DeclaredException",
            "InvalidTagParameterException",
        ),
        "wharfinger:UpdateRole",
        None,
    ),
}

SERVICE = Service("Wharfinger", "Wharfinger_V20261123", "wharfinger", OPERATIONS)
# the exceptions of the model, each with the members it has besides its message
EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "AccessKeyNotFoundException": (),
    "DeclaredException": (),
    "DeletionNotFoundException": (),
    "FeedNotFoundException": (),
    "HoldNotFoundException": (),
    "IdentityProviderNotFoundException": (),
    "ImageNotFoundException": (),
    "InvalidParameterException": (),
    "InvalidTagParameterException": (),
    "LimitExceededException": (),
    "PlanNotFoundException": (),
    "PlanStateException": (),
    "PolicyInUseException": (),
    "PolicyNotFoundException": (),
    "PrincipalAlreadyExistsException": (),
    "PrincipalNotFoundException": (),
    "RepositoryNotFoundException": (),
    "ServerException": (),
    "WebhookNotFoundException": (),
}
