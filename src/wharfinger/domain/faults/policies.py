"""What can be wrong with policies."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault


class PolicyInvalid(Fault):
    """Not a policy that is understood here; `reason` is a sentence that says where and what, without a full stop."""

    reason: str
