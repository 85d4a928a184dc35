"""Words for what can be wrong with users, roles, keys, robots and policies."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f

_POLICY_TEXT: Final = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid {} policy provided'"


def _resource_policy(fault: f.ResourcePolicyInvalid) -> str:
    """ECR's own words, for which Terraform looks, and then what is wrong."""
    return f"{_POLICY_TEXT.format(fault.kind)} ({fault.reason})"


def _too_long(fault: f.SessionTooLong) -> str:
    whose = "roles assumed by role chaining" if fault.is_chained else "this role"
    return f"The requested DurationSeconds exceeds the limit of {fault.seconds} seconds for {whose}"


WORDS: Final[Table] = {
    f.PolicyInvalid: Words(
        INVALID, "UNSUPPORTED", 400, "The policy cannot be used: {reason}", sts="MalformedPolicyDocument"
    ),
    f.ResourcePolicyInvalid: Words(INVALID, "UNSUPPORTED", 400, _resource_policy),
    f.RepositoryPolicyNotFound: Words(
        "RepositoryPolicyNotFoundException",
        "UNSUPPORTED",
        404,
        "Repository policy does not exist for the repository with name '{repository}' in the registry with id "
        "'{registry.account}'",
    ),
    f.RegistryPolicyNotFound: Words(
        "RegistryPolicyNotFoundException",
        "UNSUPPORTED",
        404,
        "Registry policy does not exist in the registry with id '{registry.account}'",
    ),
    f.LockedOut: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "With this policy you could not set the policy of the repository '{repository}' any more: allow yourself "
        "ecr:SetRepositoryPolicy, or use force",
    ),
    f.PrincipalNotFound: Words("PrincipalNotFoundException", "UNSUPPORTED", 404, "There is no {kind} '{name}'"),
    f.PrincipalExists: Words(
        "PrincipalAlreadyExistsException", "UNSUPPORTED", 409, "There is a {kind} '{name}' already"
    ),
    f.IdentityPolicyNotFound: Words(
        "PolicyNotFoundException", "UNSUPPORTED", 404, "There is no policy '{name}' in the account"
    ),
    f.IdentityPolicyInUse: Words(
        "PolicyInUseException",
        "UNSUPPORTED",
        409,
        lambda fault: f"The policy '{fault.name}' is attached to {', '.join(fault.holders)}: detach it first",
    ),
    f.IdentityPolicyBuiltIn: Words(
        INVALID, "UNSUPPORTED", 400, "The policy '{name}' is built in: put one of your own under another name"
    ),
    f.IdentityPolicyNotAttached: Words(
        "PolicyNotFoundException", "UNSUPPORTED", 404, "The policy '{policy}' is not attached to the {kind} '{name}'"
    ),
    f.NameInvalid: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "'{name}' can be no name of a {kind}: 1 to 64 letters, digits and any of _ + = , . @ -",
    ),
    f.Declared: Words(
        "DeclaredException",
        "UNSUPPORTED",
        409,
        "The {kind} '{name}' stands in the access file: change it there",
    ),
    f.AccessKeyNotFound: Words("AccessKeyNotFoundException", "UNSUPPORTED", 404, "There is no access key {key}"),
    f.TooManyOf: Words("LimitExceededException", "UNSUPPORTED", 400, "There can be at most {limit} of these: {kind}"),
    # --- identity providers and sessions
    f.IssuerInvalid: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "'{issuer}' can be no identity provider: its URL has to be https://host/path, without a query; http only for "
        "this machine itself, with the setting webhook_private",
    ),
    f.KeySetInvalid: Words(INVALID, "UNSUPPORTED", 400, "The keys cannot be used: {reason}"),
    f.ProviderNotFound: Words(
        "IdentityProviderNotFoundException", "UNSUPPORTED", 404, "There is no identity provider '{issuer}'"
    ),
    f.IssuerUnreachable: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "The keys of the identity provider {issuer} cannot be had from it; the server's log says why",
        sts="IDPCommunicationError",
    ),
    f.WebTokenInvalid: Words(
        INVALID, "UNSUPPORTED", 400, "The token is not accepted: {reason}", sts="InvalidIdentityToken"
    ),
    f.WebTokenExpired: Words(
        INVALID, "UNSUPPORTED", 400, "The token has expired: ask its issuer for a new one", sts="ExpiredTokenException"
    ),
    f.WebTokenRejected: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "The token is not good yet: its claim '{claim}' is later than now",
        sts="IDPRejectedClaim",
        sts_status=403,
    ),
    f.SessionTooLarge: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "The session policies and tags need {percent} percent of the space that a session has",
        sts="PackedPolicyTooLarge",
    ),
    f.SessionTooLong: Words(INVALID, "UNSUPPORTED", 400, _too_long),
    f.SessionFromSession: Words(
        "AccessDeniedException",
        "DENIED",
        403,
        "Cannot call GetSessionToken with session credentials",
        sts="AccessDenied",
        sts_status=403,
    ),
}
