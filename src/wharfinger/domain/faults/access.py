"""What can be wrong with users, roles, keys, robots and policies."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault
from wharfinger.domain.names import Registry


class RepositoryPolicyNotFound(Fault):
    """The repository has no policy."""

    registry: Registry
    repository: str


class RegistryPolicyNotFound(Fault):
    """The registry has no policy."""

    registry: Registry


class ResourcePolicyInvalid(Fault):
    """The policy of a repository or a registry, as `kind` says, cannot be used: `reason` says where and what."""

    kind: str
    reason: str


class LockedOut(Fault):
    """The policy would keep the caller from setting it again."""

    registry: Registry
    repository: str


class PrincipalNotFound(Fault):
    """No such user, role or robot: `kind` says which."""

    kind: str
    name: str


class PrincipalExists(Fault):
    """The name is taken."""

    kind: str
    name: str


class IdentityPolicyNotFound(Fault):
    """No such policy in the account, nor one that is built in."""

    name: str


class IdentityPolicyInUse(Fault):
    """The policy is attached to `holders`."""

    name: str
    holders: tuple[str, ...]


class IdentityPolicyBuiltIn(Fault):
    """The policy is one of AWS's own, that nobody changes."""

    name: str


class IdentityPolicyNotAttached(Fault):
    """The user or role does not have the policy."""

    policy: str
    kind: str
    name: str


class NameInvalid(Fault):
    """Something that can be no name of a user, role, policy or robot."""

    kind: str
    name: str


class Declared(Fault):
    """It stands in the access file, which alone may change it."""

    kind: str
    name: str


class AccessKeyNotFound(Fault):
    """The caller's account has no such access key."""

    key: str


class TooManyOf(Fault):
    """There would be more than `limit` of `kind`."""

    kind: str
    limit: int


# --- identity providers and sessions -------------------------------------------------------------------------


class IssuerInvalid(Fault):
    """A URL that no identity provider can have here."""

    issuer: str


class KeySetInvalid(Fault):
    """Keys of an identity provider that cannot be used: `reason` is a clause."""

    reason: str


class ProviderNotFound(Fault):
    """The account has no such identity provider."""

    issuer: str


class IssuerUnreachable(Fault):
    """The keys of an identity provider cannot be had from it now."""

    issuer: str


class WebTokenInvalid(Fault):
    """A token of an identity provider that is not believed: `reason` is a clause about it."""

    reason: str


class WebTokenExpired(Fault):
    """A token of an identity provider that was good once."""


class WebTokenRejected(Fault):
    """A token of an identity provider from the future, as its `claim` says."""

    claim: str


class SessionTooLarge(Fault):
    """With its policies and tags the session would need a token of `percent` of what clients take."""

    percent: int


class SessionTooLong(Fault):
    """The session was to be longer than `seconds`: the role's limit, or that of a role assumed from another."""

    seconds: int
    is_chained: bool


class SessionFromSession(Fault):
    """Somebody with a session asked for another one of itself."""
