"""What robots may do: actions of container clients, or words for some of them, in repositories that patterns name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from wharfinger.contract.oci import ENDPOINTS
from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.names import Registry

ROBOTS: Final = 1000  # of a registry
_PULL: Final = (
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
    "ecr:ListImages",
)
# what a container client does under each word
WORDS: Final[Mapping[str, Sequence[str]]] = {
    "pull": _PULL,
    "push": (
        *_PULL,
        "ecr:InitiateLayerUpload",
        "ecr:UploadLayerPart",
        "ecr:CompleteLayerUpload",
        "ecr:PutImage",
    ),
    "delete": ("ecr:BatchDeleteImage", "ecr:BatchGetImage"),
}
# robots have no other door than that of container clients
_ACTIONS: Final = {action for endpoint in ENDPOINTS for action in endpoint.actions.values() if action is not None}
_PATTERN: Final = re.compile(r"[a-z0-9*._/-]{1,256}")


def check(actions: Sequence[str], repositories: Sequence[str]) -> None:
    """Refuse what a robot cannot be given. Raises InvalidParameter."""
    for number, action in enumerate(actions, 1):
        if action not in WORDS and action not in _ACTIONS:
            raise InvalidParameter(
                f"actions.{number}.member",
                f"Member must be one of {', '.join(WORDS)}, or of {', '.join(sorted(_ACTIONS))}",
            )
    for number, pattern in enumerate(repositories, 1):
        if not _PATTERN.fullmatch(pattern):
            raise InvalidParameter(
                f"repositories.{number}.member", "Member must be the name of a repository, or a pattern with *"
            )


def policy(registry: Registry, actions: Iterable[str], repositories: Iterable[str]) -> str:
    """The identity policy of a robot."""
    allowed = sorted({action for item in actions for action in WORDS.get(item, (item,))})
    resources = [registry.arn(pattern) for pattern in repositories]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
