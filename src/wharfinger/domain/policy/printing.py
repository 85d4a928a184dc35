"""Policies as ECR gives them back: written anew, two blanks a level, lists in one line."""

from __future__ import annotations

import json
from typing import Any

from wharfinger.domain.policy.reading import parsed


def pretty(text: str) -> str:
    """The same JSON in ECR's writing. Raises PolicyInvalid if it is none."""
    return _written(parsed(text), "")


def _written(value: Any, margin: str) -> str:
    if isinstance(value, list):
        return f"[ {', '.join(_written(one, margin) for one in value)} ]" if value else "[ ]"
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if not value:
        return "{ }"
    inner = margin + "  "
    members = [f"{inner}{json.dumps(key, ensure_ascii=False)} : {_written(one, inner)}" for key, one in value.items()]
    return "{\n" + ",\n".join(members) + f"\n{margin}}}"
