"""What a registry policy may speak of: scope V1 knows three actions, scope V2 all. Source: AWS's documentation."""

from __future__ import annotations

import json
from typing import Any, Final

from wharfinger.domain.faults import ResourcePolicyInvalid

SCOPE: Final = "REGISTRY_POLICY_SCOPE"
_FIRST: Final = ("ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
_FIRST_FOLDED: Final = frozenset(action.lower() for action in _FIRST)


def applies(scope: str | None, action: str) -> bool:
    """Whether the policy of a registry with this scope is asked about an action."""
    return scope != "V1" or action.lower() in _FIRST_FOLDED


def check(scope: str | None, policy: str) -> None:
    """Refuse what a policy that can be read cannot say under a scope. Raises ResourcePolicyInvalid."""
    if scope != "V1":
        return
    for number, statement in enumerate(_listed(json.loads(policy)["Statement"])):
        named = {action.lower() for action in _listed(statement.get("Action", "*"))}
        if not named <= _FIRST_FOLDED:
            reason = f"Statement[{number}]: under {SCOPE} V1 its Action is of {', '.join(_FIRST)}"
            raise ResourcePolicyInvalid("registry", reason)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
