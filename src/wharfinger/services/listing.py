"""Looking at the images of a repository, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from wharfinger.domain import digests
from wharfinger.domain import tags as tag_rules
from wharfinger.domain.faults import ImageNotFound, InvalidParameter
from wharfinger.domain.images import FailureCode, ImageId, Selection, StoredImage
from wharfinger.domain.names import Registry
from wharfinger.services import access
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import images
from wharfinger.state.db.database import Tx
from wharfinger.state.db.images import Details, Listed, Referrer, TagStatus

REFERRERS: Final = 20  # what a page of referrers holds if nothing is said
_PAGE_BYTES: Final = 3 * 1024 * 1024  # of annotations
_PAGE_TAGS: Final = 20_000
_FIRST: Final = (0, "")


class Repo(NamedTuple):
    """The repository that is looked at, and by whom."""

    caller: Caller
    registry: Registry
    name: str


class Wanted(NamedTuple):
    """Which images to show."""

    tag_status: TagStatus = "ANY"
    # no image is archived until there is a storage class for that, so such a filter shows none
    is_archived: bool = False


async def images_of(
    state: State, repo: Repo, wanted: Wanted, next_token: str | None, limit: int | None
) -> Page[Listed]:
    """Images in the order of pushing, once for each tag. Raises RepositoryNotFound, InvalidParameter."""
    pages = Pages(state, repo.caller, "images", *repo.registry, repo.name, *map(str, wanted))
    image, tag = pages.position(next_token) if next_token else _FIRST
    most = limit or DEFAULT

    async def work(tx: Tx) -> list[Listed]:
        found = await access.repository(tx, repo.registry, repo.name)
        if wanted.is_archived:
            return []
        return await images.listed(tx, found.id, wanted.tag_status, (image, tag), most + 1)

    rows = await state.db.read(work)
    return pages.page(rows[:most], has_more=len(rows) > most, position=lambda row: (row.id, row.tag or ""))


async def details(state: State, repo: Repo, wanted: Wanted, next_token: str | None, limit: int | None) -> Page[Details]:
    """Images in the order of pushing. Raises RepositoryNotFound, InvalidParameter."""
    pages = Pages(state, repo.caller, "details", *repo.registry, repo.name, *map(str, wanted))
    after = pages.position(next_token)[0] if next_token else 0
    most = limit or DEFAULT

    async def work(tx: Tx) -> tuple[list[Details], bool]:
        found = await access.repository(tx, repo.registry, repo.name)
        if wanted.is_archived:
            return [], False
        counts = await images.tag_counts(tx, found.id, wanted.tag_status, after, most + 1)
        shown = _fitting(counts[:most], _PAGE_TAGS)
        return await images.details(tx, shown), len(counts) > len(shown)

    shown, has_more = await state.db.read(work)
    return pages.page(shown, has_more=has_more, position=lambda row: (row.id,))


async def details_of(state: State, repo: Repo, asked: Sequence[ImageId]) -> list[Details]:
    """The images that ids name, each once. Raises RepositoryNotFound, ImageNotFound, InvalidParameter."""

    async def work(tx: Tx) -> list[Details]:
        found = await access.repository(tx, repo.registry, repo.name)
        selection = Selection(await images.select(tx, found.id, asked))
        keys: dict[int, None] = {}
        for item in asked:
            image = selection.find(item)
            if not isinstance(image, StoredImage):
                raise _refused(repo, item, image)
            keys[image.key] = None
        rows = {row.id: row for row in await images.details(tx, list(keys))}
        return [rows[key] for key in keys]

    return await state.db.read(work)


async def referrers(
    state: State,
    repo: Repo,
    subject: str,
    artifact_types: Sequence[str],
    next_token: str | None,
    limit: int | None,
    *,
    is_archived: bool = False,
) -> Page[Referrer]:
    """Images that name `subject`, which need not exist. Raises DigestInvalid, RepositoryNotFound, InvalidParameter."""
    digests.check(subject)
    scope = ("referrers", *repo.registry, repo.name, subject, str(is_archived), *sorted(artifact_types))
    pages = Pages(state, repo.caller, *scope)
    after = pages.position(next_token)[0] if next_token else 0
    most = limit or REFERRERS

    async def work(tx: Tx) -> tuple[list[Referrer], bool]:
        found = await access.repository(tx, repo.registry, repo.name)
        if is_archived:
            return [], False
        lengths = await images.referrer_lengths(tx, found.id, subject, artifact_types, after, most + 1)
        shown = _fitting(lengths[:most], _PAGE_BYTES)
        return await images.referrers(tx, shown), len(lengths) > len(shown)

    shown, has_more = await state.db.read(work)
    return pages.page(shown, has_more=has_more, position=lambda row: (row.id,))


async def tags(state: State, registry: Registry, repository: str, after: str, limit: int) -> list[str]:
    """Tags in ASCII order after `after`. Raises RepositoryNotFound."""

    async def work(tx: Tx) -> list[str]:
        found = await access.repository(tx, registry, repository)
        return await images.tag_names(tx, found.id, after, limit)

    return await state.db.read(work)


def _fitting(weights: Sequence[tuple[int, int]], most: int) -> list[int]:
    """As many keys as a page may weigh, at least one: a few of them can be as heavy as a thousand others."""
    shown: list[int] = []
    total = 0
    for key, weight in weights:
        total += weight
        if shown and total > most:
            break
        shown.append(key)
    return shown


def _refused(repo: Repo, asked: ImageId, code: FailureCode) -> ImageNotFound | InvalidParameter:
    match code:
        case "MissingDigestAndTag":
            return InvalidParameter("imageIds", "Member must have an imageDigest or an imageTag")
        case "InvalidImageDigest":
            return InvalidParameter("imageDigest", f"must satisfy regular expression '{digests.ECR_FORM}'")
        case "InvalidImageTag":
            return InvalidParameter("imageTag", f"must satisfy regular expression '{tag_rules.PATTERN}'")
        case _:
            return ImageNotFound(repo.registry, repo.name, asked.digest, asked.tag)
