"""What can be wrong with repositories."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault
from wharfinger.domain.names import Registry


class RepositoryNameInvalid(Fault):
    """A path names something that can be no repository."""

    name: str


class RepositoryNotFound(Fault):
    """No such repository in this registry, or none that the caller may know of."""

    registry: Registry
    repository: str


class RepositoryExists(Fault):
    """The name is taken."""

    registry: Registry
    repository: str


class RepositoryNotEmpty(Fault):
    """It holds images and was not to be deleted with them."""

    registry: Registry
    repository: str


class RepositoryProtected(Fault):
    """Somebody said that the repository must not be deleted, and why."""

    registry: Registry
    repository: str
    reason: str


class RepositoryHeld(Fault):
    """The repository cannot be deleted while one of its images is held: `hold` says which and why."""

    registry: Registry
    repository: str
    hold: str


class ResourceTagsInvalid(Fault):
    """A key or value of a resource tag breaks a rule."""


class TooManyResourceTags(Fault):
    """A repository would carry more than `limit` resource tags."""

    limit: int
