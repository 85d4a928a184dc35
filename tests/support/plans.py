"""Plans in a short notation: images have names, `@name` stands for the digest of one, ages are in days."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from support.doors import Doors
from support.removal import digest_of, name_of
from wharfinger.domain.filters import Candidate, Filters, Sieve
from wharfinger.domain.labels import Labels
from wharfinger.domain.plans import Family, Verdict, decide, wanted_labels
from wharfinger.services import jobs
from wharfinger.state import State
from wharfinger.state.clock import DAY

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z
_keys = itertools.count(1)
_DIGEST = re.compile(r"sha256:[0-9a-f]+")


def image(
    name: str,
    *tags: str,
    lists: Sequence[str] | None = None,
    subject: str | None = None,
    age: int = 100,
    pulled: int | None = None,
    size: int = 1000,
    artifact_type: str | None = None,
    hold: str | None = None,
) -> Candidate:
    """An image pushed `age` and pulled `pulled` days ago; an index if it lists something."""
    return Candidate(
        key=next(_keys),
        digest=digest_of(name),
        is_index=lists is not None,
        artifact_type=artifact_type,
        size=size,
        subject=digest_of(subject) if subject is not None else None,
        pushed_at=NOW - age * DAY,
        pulled_at=None if pulled is None else NOW - pulled * DAY,
        tags=tags,
        children=tuple(digest_of(child) for child in lists or ()),
        hold=hold,
    )


def verdicts(
    images: Sequence[Candidate], found: Mapping[str, Labels | None] | None = None, **filters: Any
) -> Sequence[Verdict]:
    """What is decided, where these labels were found in the configurations of images, by name."""
    family, sieve = Family(images), Sieve(Filters(**filters))
    known = {one.key: (found or {}).get(name_of(one.digest), {}) for one in wanted_labels(family, sieve)}
    return decide(family, sieve, known)


def going(images: Sequence[Candidate], found: Mapping[str, Labels | None] | None = None, **filters: Any) -> set[str]:
    """The names of the images that go."""
    return {name_of(one.image.digest) for one in verdicts(images, found, **filters) if one.goes}


def reasons(
    images: Sequence[Candidate], found: Mapping[str, Labels | None] | None = None, **filters: Any
) -> dict[str, str]:
    """Why each image goes or stays, by name."""
    return {name_of(one.image.digest): named(one.reason) for one in verdicts(images, found, **filters)}


def named(reason: str) -> str:
    """A sentence with names for digests."""
    return _DIGEST.sub(lambda found: f"@{name_of(found[0])}", reason)


# --- plans of a registry -------------------------------------------------------------------------------------


async def made(doors: Doors, **filters: Any) -> Any:
    """A new plan, as CreatePlan answers it."""
    return (await doors.served("CreatePlan", filters=filters))["plan"]


async def done(doors: Doors, operation: str, plan: Any, **more: Any) -> Any:
    """ExecutePlan, UndoPlan or DeletePlan, and all jobs that are due: the plan after that, if it is still there."""
    await doors.served(operation, planId=plan["planId"], **more)
    await run_jobs(doors.state)
    return (await doors.wharfinger("DescribePlan", planId=plan["planId"])).json.get("plan")


async def run_jobs(state: State) -> None:
    """Whatever is due."""
    while await jobs.run_one(state):
        pass


async def looked_at(doors: Doors, plan: Any, **more: Any) -> list[Any]:
    """The images of a plan, page by page."""
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = await doors.served("ListPlanImages", planId=plan["planId"], **token, **more)
        found += page["images"]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


async def outcomes(doors: Doors, plan: Any) -> dict[str, tuple[str | None, str | None]]:
    """What became of each image that goes, and why, by digest."""
    images = await looked_at(doors, plan, verdict="DELETE")
    return {one["imageDigest"]: (one.get("outcome"), one.get("outcomeReason")) for one in images}


async def tags_in(doors: Doors, repository: str = "app") -> dict[str, set[str]]:
    """The images that a repository has, by digest, with their tags."""
    found: dict[str, set[str]] = {}
    for item in (await doors.served("ListImages", repositoryName=repository, maxResults=1000))["imageIds"]:
        found.setdefault(item["imageDigest"], set()).update({item["imageTag"]} if "imageTag" in item else ())
    return found
