"""Words for what can be wrong with users, roles, keys, robots and policies."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f

_POLICY_TEXT: Final = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid {} policy provided'"


def _resource_policy(fault: f.ResourcePolicyInvalid) -> str:
    """ECR's own words, for which Terraform looks, and then what is wrong."""
    return f"{_POLICY_TEXT.format(fault.kind)} ({fault.reason})"


WORDS: Final[Table] = {
    f.PolicyInvalid: Words(INVALID, "UNSUPPORTED", 400, "The policy cannot be used: {reason}"),
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
}
