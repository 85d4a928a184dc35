"""What can be wrong with lifecycle policies, beside what their text may say."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault
from wharfinger.domain.names import Registry


class LifecyclePolicyNotFound(Fault):
    """The repository has no lifecycle policy."""

    registry: Registry
    repository: str


class LifecyclePreviewNotFound(Fault):
    """Nobody asked for a preview of the repository."""

    registry: Registry
    repository: str


class LifecyclePreviewInProgress(Fault):
    """The preview that was asked for before is not made yet."""

    registry: Registry
    repository: str
