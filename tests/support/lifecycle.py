"""Lifecycle policies in a short notation."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from support.doors import Doors
from support.plans import run_jobs
from wharfinger.services import lifecycle

APP: Final = {"repositoryName": "app"}
FAILURE: Final = "Lifecycle policy validation failure: "


def rule(
    priority: int = 1,
    status: str | Sequence[str] = "any",
    *,
    keep: int | None = None,
    days: int | None = None,
    prefixes: Sequence[str] | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """A rule that lets expire what is beyond the newest `keep`, or older than `days`; a list is one of patterns."""
    if prefixes is not None:
        selection: dict[str, Any] = {"tagStatus": "tagged", "tagPrefixList": prefixes}
    elif isinstance(status, str):
        selection = {"tagStatus": status}
    else:
        selection = {"tagStatus": "tagged", "tagPatternList": status}
    if keep is not None:
        selection |= {"countType": "imageCountMoreThan", "countNumber": keep}
    else:
        selection |= {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    found = {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
    return found if description is None else {**found, "description": description}


def policy(*rules: Mapping[str, Any]) -> str:
    """The text of a policy."""
    return json.dumps({"rules": rules})


async def put(doors: Doors, *rules: Mapping[str, Any]) -> str:
    """PutLifecyclePolicy of the repository `app`: the text that it answers."""
    answer = await doors.served("PutLifecyclePolicy", **APP, lifecyclePolicyText=policy(*rules))
    return str(answer["lifecyclePolicyText"])


async def applied(doors: Doors, *rules: Mapping[str, Any]) -> None:
    """The same, and all jobs that are due."""
    await put(doors, *rules)
    await run_jobs(doors.state)


async def preview(doors: Doors, text: str | None = None) -> Any:
    """StartLifecyclePolicyPreview, all jobs that are due, and what GetLifecyclePolicyPreview answers then."""
    await doors.served("StartLifecyclePolicyPreview", **APP, **({"lifecyclePolicyText": text} if text else {}))
    await run_jobs(doors.state)
    return await doors.served("GetLifecyclePolicyPreview", **APP)


@asynccontextmanager
async def between_look_and_act(happens: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
    """Let something happen once, after a job has looked at a repository and before it deletes anything there."""
    evaluate = lifecycle.evaluate

    async def then(*arguments: Any) -> Any:
        found = await evaluate(*arguments)
        patch.setattr(lifecycle, "evaluate", evaluate)
        await happens()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "evaluate", then)
        yield
