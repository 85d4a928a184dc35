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
