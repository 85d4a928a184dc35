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
from wharfinger.services.pages import DEFAULT, Pages
from wharfinger.state import State
from wharfinger.state.db import images
from wharfinger.state.db.database import Tx
from wharfinger.state.db.images import Details, Listed, Referrer, TagStatus

REFERRERS: Final = 20  # what a page of referrers holds if nothing is said
_PAGE_BYTES: Final = 3 * 1024 * 1024
_DESCRIPTOR: Final = 1000  # more than a descriptor has besides its annotations
_FIRST: Final = (0, "")


class Repo(NamedTuple):
    """The repository that is looked at, and by whom."""

    caller: Caller
    registry: Registry
    name: str


class ImagePage(NamedTuple):
    """Pairs of digest and tag, and the token of the next page."""

    images: Sequence[Listed]
    next_token: str | None


class DetailsPage(NamedTuple):
    """Images with all that is known of them, and the token of the next page."""

    images: Sequence[Details]
    next_token: str | None


class ReferrerPage(NamedTuple):
    """Images with one subject, and the token of the next page."""

    referrers: Sequence[Referrer]
    next_token: str | None


async def images_of(
    state: State, repo: Repo, status: TagStatus, next_token: str | None, limit: int | None
) -> ImagePage:
    """Images in the order of pushing, once for each tag. Raises RepositoryNotFound, InvalidParameter."""
    pages = Pages(state, repo.caller, "images", *repo.registry, repo.name, status)
    image, tag = pages.position(next_token) if next_token else _FIRST
    wanted = limit or DEFAULT

    async def work(tx: Tx) -> list[Listed]:
        found = await access.repository(tx, repo.registry, repo.name)
        return await images.listed(tx, found.id, status, (image, tag), wanted + 1)

    rows = await state.db.read(work)
    shown = rows[:wanted]
    return ImagePage(shown, pages.token(shown[-1].id, shown[-1].tag or "") if len(rows) > wanted else None)


async def details(
    state: State, repo: Repo, status: TagStatus, next_token: str | None, limit: int | None
) -> DetailsPage:
    """Images in the order of pushing. Raises RepositoryNotFound, InvalidParameter."""
    pages = Pages(state, repo.caller, "details", *repo.registry, repo.name, status)
    after = pages.position(next_token)[0] if next_token else 0
    wanted = limit or DEFAULT

    async def work(tx: Tx) -> list[Details]:
        found = await access.repository(tx, repo.registry, repo.name)
        return await images.details_page(tx, found.id, status, after, wanted + 1)

    rows = await state.db.read(work)
    shown = rows[:wanted]
    return DetailsPage(shown, pages.token(shown[-1].id) if len(rows) > wanted else None)


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
) -> ReferrerPage:
    """Images that name `subject`, which need not exist. Raises DigestInvalid, RepositoryNotFound."""
    digests.check(subject)
    pages = Pages(state, repo.caller, "referrers", *repo.registry, repo.name, subject, *sorted(artifact_types))
    after = pages.position(next_token)[0] if next_token else 0
    wanted = limit or REFERRERS

    async def work(tx: Tx) -> tuple[list[Referrer], bool]:
        found = await access.repository(tx, repo.registry, repo.name)
        lengths = await images.referrer_lengths(tx, found.id, subject, artifact_types, after, wanted + 1)
        shown = _fitting(lengths[:wanted])
        return await images.referrers(tx, shown), len(lengths) > len(shown)

    shown, has_more = await state.db.read(work)
    return ReferrerPage(shown, pages.token(shown[-1].id) if has_more else None)


async def tags(state: State, registry: Registry, repository: str, after: str, limit: int) -> list[str]:
    """Tags in ASCII order after `after`. Raises RepositoryNotFound."""

    async def work(tx: Tx) -> list[str]:
        found = await access.repository(tx, registry, repository)
        return await images.tag_names(tx, found.id, after, limit)

    return await state.db.read(work)


def _fitting(lengths: Sequence[tuple[int, int]]) -> list[int]:
    """As many as a page may have bytes, at least one: their annotations can be as long as manifests."""
    shown: list[int] = []
    total = 0
    for key, length in lengths:
        total += length + _DESCRIPTOR
        if shown and total > _PAGE_BYTES:
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
