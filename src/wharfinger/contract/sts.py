"""The service model of AWS STS as types: one struct per shape, one row per operation.

Generated from botocore 1.44.8 by `python -m wharfinger.contract.generate`. Do not edit.
Timestamps are seconds since 1970 as numbers, blobs are bytes (base64 on the wire), absent members are None.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wharfinger.contract.service import Operation, Service, Shape

API_VERSION = "2011-06-15"

Audience = str
InvalidContextAssertionMessage = str
Issuer = str
ProvidedContextsListType = Annotated[list["ProvidedContext"], Meta(min_length=1, max_length=5)]
accessKeyIdType = Annotated[str, Meta(min_length=16, max_length=128, pattern="^(?:[A-Za-z0-9_]*)\\Z")]
accessKeySecretType = str
accountType = str
arnType = Annotated[
    str,
    Meta(
        min_length=20,
        max_length=2048,
        pattern="^(?:[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+)\\Z",
    ),
]
assumedRoleIdType = Annotated[str, Meta(min_length=2, max_length=193, pattern="^(?:[A-Za-z0-9_+=,.@:-]*)\\Z")]
clientTokenType = Annotated[str, Meta(min_length=4, max_length=20000)]
contextAssertionType = Annotated[str, Meta(min_length=4, max_length=3072)]
dateType = float
durationSecondsType = Annotated[int, Meta(ge=900, le=129600)]
expiredIdentityTokenMessage = str
externalIdType = Annotated[str, Meta(min_length=2, max_length=1224, pattern="^(?:[A-Za-z0-9_+=,.@:/-]*)\\Z")]
idpCommunicationErrorMessage = str
idpRejectedClaimMessage = str
invalidIdentityTokenMessage = str
malformedPolicyDocumentMessage = str
minimumSessionTokenSizeType = Annotated[int, Meta(ge=0, le=4096)]
nonNegativeIntegerType = Annotated[int, Meta(ge=0)]
originIdentityIssuerType = str
originIdentitySubjectType = str
originIdentitySubjectTypeType = str
packedPolicyTooLargeMessage = str
policyDescriptorListType = list["PolicyDescriptorType"]
regionDisabledMessage = str
roleDurationSecondsType = Annotated[int, Meta(ge=900, le=43200)]
roleSessionNameType = Annotated[str, Meta(min_length=2, max_length=64, pattern="^(?:[A-Za-z0-9_+=,.@-]*)\\Z")]
serialNumberType = Annotated[str, Meta(min_length=9, max_length=256, pattern="^(?:[A-Za-z0-9_+=/:,.@-]*)\\Z")]
sessionPolicyDocumentType = Annotated[
    str, Meta(min_length=1, max_length=2048, pattern="^(?:[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+)\\Z")
]
sessionTokenSizeType = Annotated[int, Meta(ge=0)]
sessionTokenUtilizationType = Annotated[int, Meta(ge=0)]
sourceIdentityType = Annotated[str, Meta(min_length=2, max_length=256, pattern="^(?:[A-Za-z0-9_+=,.@-]*)\\Z")]
tagKeyType = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern="^(?:[\\w \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000.:/=+\\-@]+)\\Z",
    ),
]
tagKeyListType = Annotated[list["tagKeyType"], Meta(max_length=50)]
tagListType = Annotated[list["Tag"], Meta(max_length=50)]
tagValueType = Annotated[
    str,
    Meta(
        max_length=256,
        pattern="^(?:[\\w \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000.:/=+\\-@]*)\\Z",
    ),
]
tokenCodeType = Annotated[str, Meta(min_length=6, max_length=6, pattern="^(?:[0-9]*)\\Z")]
tokenType = str
transactionContextKeyType = str
transactionContextValueType = Annotated[str, Meta(max_length=128)]
transactionContextIdentityProviderMapType = dict["transactionContextKeyType", "transactionContextValueType"]
unrestrictedSessionPolicyDocumentType = Annotated[
    str, Meta(min_length=1, pattern="^(?:[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+)\\Z")
]
urlType = Annotated[str, Meta(min_length=4, max_length=2048)]
userIdType = str
webIdentitySubjectType = Annotated[str, Meta(min_length=6, max_length=255)]


class AssumeRoleRequest(Shape, kw_only=True):
    role_arn: arnType = msgspec.field(name="RoleArn")
    role_session_name: roleSessionNameType = msgspec.field(name="RoleSessionName")
    policy_arns: policyDescriptorListType | None = msgspec.field(default=None, name="PolicyArns")
    policy: unrestrictedSessionPolicyDocumentType | None = msgspec.field(default=None, name="Policy")
    duration_seconds: roleDurationSecondsType | None = msgspec.field(default=None, name="DurationSeconds")
    tags: tagListType | None = msgspec.field(default=None, name="Tags")
    transitive_tag_keys: tagKeyListType | None = msgspec.field(default=None, name="TransitiveTagKeys")
    external_id: externalIdType | None = msgspec.field(default=None, name="ExternalId")
    serial_number: serialNumberType | None = msgspec.field(default=None, name="SerialNumber")
    token_code: tokenCodeType | None = msgspec.field(default=None, name="TokenCode")
    source_identity: sourceIdentityType | None = msgspec.field(default=None, name="SourceIdentity")
    provided_contexts: ProvidedContextsListType | None = msgspec.field(default=None, name="ProvidedContexts")
    minimum_session_token_size: minimumSessionTokenSizeType | None = msgspec.field(
        default=None, name="MinimumSessionTokenSize"
    )

    SENSITIVE = frozenset({"token_code"})


class AssumeRoleResponse(Shape, kw_only=True):
    credentials: Credentials | None = msgspec.field(default=None, name="Credentials")
    assumed_role_user: AssumedRoleUser | None = msgspec.field(default=None, name="AssumedRoleUser")
    packed_policy_size: nonNegativeIntegerType | None = msgspec.field(default=None, name="PackedPolicySize")
    source_identity: sourceIdentityType | None = msgspec.field(default=None, name="SourceIdentity")
    session_token_utilization: sessionTokenUtilizationType | None = msgspec.field(
        default=None, name="SessionTokenUtilization"
    )
    session_token_size: sessionTokenSizeType | None = msgspec.field(default=None, name="SessionTokenSize")


class AssumeRoleWithWebIdentityRequest(Shape, kw_only=True):
    role_arn: arnType = msgspec.field(name="RoleArn")
    role_session_name: roleSessionNameType = msgspec.field(name="RoleSessionName")
    web_identity_token: clientTokenType = msgspec.field(name="WebIdentityToken")
    provider_id: urlType | None = msgspec.field(default=None, name="ProviderId")
    policy_arns: policyDescriptorListType | None = msgspec.field(default=None, name="PolicyArns")
    policy: sessionPolicyDocumentType | None = msgspec.field(default=None, name="Policy")
    duration_seconds: roleDurationSecondsType | None = msgspec.field(default=None, name="DurationSeconds")
    minimum_session_token_size: minimumSessionTokenSizeType | None = msgspec.field(
        default=None, name="MinimumSessionTokenSize"
    )

    SENSITIVE = frozenset({"web_identity_token"})


class AssumeRoleWithWebIdentityResponse(Shape, kw_only=True):
    credentials: Credentials | None = msgspec.field(default=None, name="Credentials")
    subject_from_web_identity_token: webIdentitySubjectType | None = msgspec.field(
        default=None, name="SubjectFromWebIdentityToken"
    )
    assumed_role_user: AssumedRoleUser | None = msgspec.field(default=None, name="AssumedRoleUser")
    packed_policy_size: nonNegativeIntegerType | None = msgspec.field(default=None, name="PackedPolicySize")
    provider: Issuer | None = msgspec.field(default=None, name="Provider")
    audience: Audience | None = msgspec.field(default=None, name="Audience")
    source_identity: sourceIdentityType | None = msgspec.field(default=None, name="SourceIdentity")
    session_token_utilization: sessionTokenUtilizationType | None = msgspec.field(
        default=None, name="SessionTokenUtilization"
    )
    session_token_size: sessionTokenSizeType | None = msgspec.field(default=None, name="SessionTokenSize")
    trusted_identity_propagation_context: TrustedIdentityPropagationContext | None = msgspec.field(
        default=None, name="TrustedIdentityPropagationContext"
    )

    SENSITIVE = frozenset({"trusted_identity_propagation_context"})


class AssumedRoleUser(Shape, kw_only=True):
    assumed_role_id: assumedRoleIdType = msgspec.field(name="AssumedRoleId")
    arn: arnType = msgspec.field(name="Arn")


class Credentials(Shape, kw_only=True):
    access_key_id: accessKeyIdType = msgspec.field(name="AccessKeyId")
    secret_access_key: accessKeySecretType = msgspec.field(name="SecretAccessKey")
    session_token: tokenType = msgspec.field(name="SessionToken")
    expiration: dateType = msgspec.field(name="Expiration")

    SENSITIVE = frozenset({"secret_access_key", "session_token"})


class GetCallerIdentityRequest(Shape, kw_only=True):
    """No members."""


class GetCallerIdentityResponse(Shape, kw_only=True):
    user_id: userIdType | None = msgspec.field(default=None, name="UserId")
    account: accountType | None = msgspec.field(default=None, name="Account")
    arn: arnType | None = msgspec.field(default=None, name="Arn")


class GetSessionTokenRequest(Shape, kw_only=True):
    duration_seconds: durationSecondsType | None = msgspec.field(default=None, name="DurationSeconds")
    serial_number: serialNumberType | None = msgspec.field(default=None, name="SerialNumber")
    token_code: tokenCodeType | None = msgspec.field(default=None, name="TokenCode")
    minimum_session_token_size: minimumSessionTokenSizeType | None = msgspec.field(
        default=None, name="MinimumSessionTokenSize"
    )

    SENSITIVE = frozenset({"token_code"})


class GetSessionTokenResponse(Shape, kw_only=True):
    credentials: Credentials | None = msgspec.field(default=None, name="Credentials")
    session_token_utilization: sessionTokenUtilizationType | None = msgspec.field(
        default=None, name="SessionTokenUtilization"
    )
    session_token_size: sessionTokenSizeType | None = msgspec.field(default=None, name="SessionTokenSize")


class OriginIdentity(Shape, kw_only=True):
    subject: originIdentitySubjectType | None = msgspec.field(default=None, name="Subject")
    subject_type: originIdentitySubjectTypeType | None = msgspec.field(default=None, name="SubjectType")
    issuer: originIdentityIssuerType | None = msgspec.field(default=None, name="Issuer")
    federated_provider_arn: arnType | None = msgspec.field(default=None, name="FederatedProviderArn")

    SENSITIVE = frozenset({"subject", "subject_type", "issuer"})


class PolicyDescriptorType(Shape, kw_only=True):
    arn: arnType | None = None


class ProvidedContext(Shape, kw_only=True):
    provider_arn: arnType | None = msgspec.field(default=None, name="ProviderArn")
    context_assertion: contextAssertionType | None = msgspec.field(default=None, name="ContextAssertion")

    SENSITIVE = frozenset({"context_assertion"})


class Tag(Shape, kw_only=True):
    key: tagKeyType = msgspec.field(name="Key")
    value: tagValueType = msgspec.field(name="Value")


class TransactionContext(Shape, kw_only=True):
    identity_provider: transactionContextIdentityProviderMapType | None = msgspec.field(
        default=None, name="IdentityProvider"
    )


class TrustedIdentityPropagationContext(Shape, kw_only=True):
    origin_identity: OriginIdentity | None = msgspec.field(default=None, name="OriginIdentity")
    transaction_context: TransactionContext | None = msgspec.field(default=None, name="TransactionContext")


OPERATIONS: dict[str, Operation] = {
    "AssumeRole": Operation(
        "AssumeRole",
        AssumeRoleRequest,
        AssumeRoleResponse,
        (
            "MalformedPolicyDocumentException",
            "PackedPolicyTooLargeException",
            "RegionDisabledException",
            "ExpiredTokenException",
            "InvalidContextAssertionException",
        ),
        "sts:AssumeRole",
        None,
    ),
    "AssumeRoleWithWebIdentity": Operation(
        "AssumeRoleWithWebIdentity",
        AssumeRoleWithWebIdentityRequest,
        AssumeRoleWithWebIdentityResponse,
        (
            "MalformedPolicyDocumentException",
            "PackedPolicyTooLargeException",
            "IDPRejectedClaimException",
            "IDPCommunicationErrorException",
            "InvalidIdentityTokenException",
            "ExpiredTokenException",
            "RegionDisabledException",
        ),
        "sts:AssumeRoleWithWebIdentity",
        None,
    ),
    "GetCallerIdentity": Operation(
        "GetCallerIdentity",
        GetCallerIdentityRequest,
        GetCallerIdentityResponse,
        (),
        "sts:GetCallerIdentity",
        None,
    ),
    "GetSessionToken": Operation(
        "GetSessionToken",
        GetSessionTokenRequest,
        GetSessionTokenResponse,
        ("RegionDisabledException",),
        "sts:GetSessionToken",
        None,
    ),
}

SERVICE = Service("AWS STS", "", "sts", OPERATIONS)
# the exceptions of the model, each with the members it has besides its message
EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "ExpiredTokenException": (),
    "IDPCommunicationErrorException": (),
    "IDPRejectedClaimException": (),
    "InvalidContextAssertionException": (),
    "InvalidIdentityTokenException": (),
    "MalformedPolicyDocumentException": (),
    "PackedPolicyTooLargeException": (),
    "RegionDisabledException": (),
}
