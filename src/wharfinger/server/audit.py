"""The deep checks of the doctor: what `services/audit.py` finds, in one sentence for each check."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from wharfinger.domain.faults import Unavailable
from wharfinger.server import data
from wharfinger.server.settings import Settings
from wharfinger.services import audit
from wharfinger.services.audit import Check, Disagreement, Stage
from wharfinger.state import State
from wharfinger.state.db.audit import Place

_SHOWN: Final = 5


class Words(NamedTuple):
    """What is looked at, and what is said if it is not so; `{}` stands for what it is not so with."""

    subject: str
    problem: str


_WORDS: Final[Mapping[Check, Words]] = {
    "database": Words("all pages of the database", "The database is damaged ({}): restore it from a backup."),
    "foreign keys": Words(
        "rows of the database refer to what is there",
        "Some do not ({}): restore the database from a backup.",
    ),
    "places": Words(
        "images are in a repository or in the bin",
        "Some are in both or in neither ({}): restore the database from a backup, or push them again.",
    ),
    "layers": Words(
        "images have their layers",
        "Some lack some ({}): push them again, or set sparse_manifests if that is how they came.",
    ),
    "references": Words(
        "references belong where their image is",
        "Some do not ({}): delete these images and push them again.",
    ),
    "children": Words(
        "indexes have their children",
        "Some lack some ({}): push them again, or set sparse_manifests if that is how they came.",
    ),
    "tags": Words("tags point to images of their repository", "Some do not ({}): push these tags again."),
    "manifests": Words(
        "manifests have their digests",
        "Some have other bytes than were pushed ({}): push these images again.",
    ),
    "contents": Words(
        "images refer to what their manifests say",
        "Some do not ({}): delete these images and push them again.",
    ),
    "unneeded": Words(
        "blobs are needed by something",
        "Some are not, and only take up room ({}): please report it, collection should have taken them.",
    ),
    "links": Words(
        "repositories have the blobs that they need",
        "Some have more, which only take up room ({}): please report it, collection should have taken them.",
    ),
    "rotten": Words(
        "blobs that were found to be rotten are pushed again",
        "Some are not yet ({}): run `wharfinger scrub`, it says which images to push again.",
    ),
    "bytes": Words(
        "blobs have their files",
        "Some have none, or one of another size ({}): run `wharfinger scrub`, it says which images to push again.",
    ),
    "files": Words(
        "files in blobs/ are known",
        "Some belong to nothing ({}): move them elsewhere, and delete them when nothing is missed.",
    ),
    "uploads": Words(
        "uploads have the bytes that were acknowledged",
        "Some have fewer ({}): look for what is wrong with the disk; their clients will have to begin again.",
    ),
    "claims": Words(
        "bytes belong to one thing only",
        "Some belong to two, and collection would remove what is needed ({}): stop the server and restore a backup.",
    ),
    "overdue": Words(
        "nothing is there for longer than it should be",
        "Some should have gone more than an hour ago ({}): see that a server runs, and what its log says of jobs.",
    ),
}
_DUE: Final = {
    "leases": "lease of {}",
    "terms": "term of deletion {}",
    "links": "links of deletion {}",
    "referrers": "referrers of deletion {}",
    "uploads": "upload {}",
    "unlinks": "file {}",
    "holds": "hold {}",
}


def examine(settings: Settings) -> Iterator[tuple[str, str | None]]:
    """Every check: what was looked at, and if it is not so, one sentence with the cure. The server may run."""
    with asyncio.Runner() as runner:
        state = runner.run(data.open_state(settings))
        try:
            for stage in audit.STAGES:
                yield from runner.run(_results(state, stage))
        finally:
            runner.run(state.db.close())


async def _results(state: State, stage: Stage) -> list[tuple[str, str | None]]:
    counts = dict.fromkeys(stage.checks, 0)
    names: dict[Check, list[str]] = {check: [] for check in stage.checks}
    failure: str | None = None
    try:
        async for found in stage.run(state):
            counts[found.check] += 1
            if len(names[found.check]) < _SHOWN:
                names[found.check].append(_named(found))
    except Exception as error:  # noqa: BLE001 - whatever it is, the user is to read it
        why = error.reason if isinstance(error, Unavailable) else error
        failure = f"It could not be looked at to the end ({why}): see whether the disk and the database are whole."
    results = []
    for check in stage.checks:
        more = counts[check] - len(names[check])
        listed = "; ".join(names[check]) + (f"; and {more} more" if more else "")
        problem = _WORDS[check].problem.replace("{}", listed) if counts[check] else failure
        results.append((_WORDS[check].subject, problem))
    return results


def _named(found: Disagreement) -> str:
    match found.check:
        case "foreign keys":
            return f"of {found.subject} to {found.detail}"
        case "overdue":
            return _DUE[found.detail].format(found.subject)
        case "bytes" | "files" | "uploads":
            return f"{found.subject} {found.detail if found.detail == 'missing' else f'{found.detail} bytes'}"
    if found.place is None:
        return found.subject
    return f"{named(found.place)}{f' {found.subject}' if found.subject else ''}"


def named(place: Place) -> str:
    """An image or a repository, in one word where it can be."""
    image = f"@{place.digest}" if place.digest else ""
    where = f" in the bin (deletion {place.deletion})" if place.deletion is not None else ""
    return "/".join([*place.registry, place.repository]) + image + where
