"""Why something happens to images: who asked for it, by which way, and for what reason."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """Kept with every event and every deletion."""

    principal: str  # ARN
    operation: str  # of an API, or the registry's own
    reason: str | None = None
    plan: int | None = None
