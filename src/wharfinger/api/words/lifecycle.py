"""Words for what can be wrong with lifecycle policies."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import Table, Words
from wharfinger.domain import faults as f

_WHERE: Final = "for the repository with name '{repository}' in the registry with id '{registry.account}'"


WORDS: Final[Table] = {
    f.LifecyclePolicyNotFound: Words(
        "LifecyclePolicyNotFoundException", "UNSUPPORTED", 404, f"Lifecycle policy does not exist {_WHERE}"
    ),
    f.LifecyclePreviewNotFound: Words(
        "LifecyclePolicyPreviewNotFoundException",
        "UNSUPPORTED",
        404,
        f"Lifecycle policy preview does not exist {_WHERE}",
    ),
    f.LifecyclePreviewInProgress: Words(
        "LifecyclePolicyPreviewInProgressException",
        "UNSUPPORTED",
        409,
        f"A lifecycle policy preview is in progress {_WHERE}: wait until it is complete",
    ),
}
