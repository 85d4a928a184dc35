"""Previews of lifecycle policies: which images would expire, found by a job and kept for a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from wharfinger.domain import lifecycle as rules
from wharfinger.domain.expiry import Expiry
from wharfinger.domain.faults import LifecyclePreviewInProgress, LifecyclePreviewNotFound
from wharfinger.domain.images import ImageId, StoredImage
from wharfinger.domain.lifecycle import Policy
from wharfinger.services import access
from wharfinger.services.lifecycle import evaluate, policy_of
from wharfinger.services.listing import Repo
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.clock import DAY
from wharfinger.state.db import images, jobs, lifecycle, repositories
from wharfinger.state.db.database import Tx
from wharfinger.state.db.lifecycle import Preview, PreviewImage, TagStatus

JOB: Final = "lifecycle preview"
TERM: Final = DAY
STEP: Final = 500  # images in a transaction
_DROP_STEP: Final = 1000


class Looked(NamedTuple):
    """A preview with some of its images; with none while it is not complete."""

    preview: Preview
    images: Page[PreviewImage]


# --- use cases -----------------------------------------------------------------------------------------------


async def start(state: State, repo: Repo, text: str | None) -> str:
    """Begin a preview of a policy, or of the one that the repository has: its text as it was given.

    Raises InvalidParameter, RepositoryNotFound, LifecyclePolicyNotFound, LifecyclePreviewInProgress.
    """
    if text is not None:
        rules.read(text)

    async def work(tx: Tx) -> str:
        found = await access.repository(tx, repo.registry, repo.name)
        shown = text if text is not None else (await policy_of(tx, found)).text
        present = await lifecycle.preview(tx, found.id)
        if present is not None and present.status == "IN_PROGRESS":
            raise LifecyclePreviewInProgress(repo.registry, repo.name)
        await lifecycle.begin_preview(tx, found.id, shown)
        await jobs.begin(tx, JOB, str(found.id), state.clock())
        return shown

    return await state.db.write(work)


async def page(state: State, repo: Repo, status: TagStatus, token: str | None, limit: int | None) -> Looked:
    """The preview of a repository, and some of its images, oldest first.

    Raises RepositoryNotFound, LifecyclePreviewNotFound, InvalidParameter.
    """
    pages = Pages(state, repo.caller, "lifecycle preview", *repo.registry, repo.name, status)
    after = pages.position(token)[0] if token else 0
    most = limit or DEFAULT

    async def work(tx: Tx) -> tuple[Preview, list[PreviewImage]]:
        repository, preview = await _preview(tx, state, repo)
        if preview.status != "COMPLETE":
            return preview, []
        return preview, await lifecycle.preview_page(tx, repository, status, after, most + 1)

    preview, found = await state.db.read(work)
    shown = pages.page(found[:most], has_more=len(found) > most, position=lambda image: (image.number,))
    return Looked(preview, shown)


async def images_of(state: State, repo: Repo, asked: Sequence[ImageId]) -> Looked:
    """The preview of a repository, and those of some images that would expire.

    Raises RepositoryNotFound, LifecyclePreviewNotFound.
    """

    async def work(tx: Tx) -> Looked:
        repository, preview = await _preview(tx, state, repo)
        if preview.status != "COMPLETE":
            return Looked(preview, Page([], None))
        tagged = await images.select(tx, repository, [ImageId(tag=item.tag) for item in asked if not item.digest])
        digests = [image.digest for image in tagged] + [item.digest for item in asked if item.digest]
        return Looked(preview, Page(await lifecycle.preview_images(tx, repository, digests), None))

    return await state.db.read(work)


async def _preview(tx: Tx, state: State, repo: Repo) -> tuple[int, Preview]:
    """The last preview of a repository, whose number comes with it."""
    found = await access.repository(tx, repo.registry, repo.name)
    preview = await lifecycle.preview(tx, found.id)
    if preview is None:
        raise LifecyclePreviewNotFound(repo.registry, repo.name)
    if preview.expires_at is not None and preview.expires_at <= state.clock():
        preview = preview._replace(status="EXPIRED")
    return found.id, preview


# --- making --------------------------------------------------------------------------------------------------


class _Making(NamedTuple):
    """A preview while it is made."""

    repository: int
    attempt: int
    policy: Policy


async def go_on(state: State, key: str) -> bool:
    """Make the preview of a repository. Bears repetition: whoever began before is out of it."""
    repository = int(key)
    taken = await state.db.write(lifecycle.take_preview, repository)
    if taken is None:
        return False
    making = _Making(repository, taken.attempt, rules.read(taken.text))
    while await state.db.write(_clear, making):
        pass
    now = state.clock()
    expiries = (await evaluate(state, repository, making.policy, now)).expiries
    count = 0
    for at in range(0, len(expiries), STEP):
        added = await state.db.write(_add, making, expiries[at : at + STEP], count, now)
        if added is None:
            return False
        count += added
    await state.db.write(_end, making, count, state.clock() + TERM)
    return False


async def _clear(tx: Tx, making: _Making) -> bool:
    """Drop some images of the preview before it: whether there were any."""
    return await _is_own(tx, making) and await lifecycle.drop_preview_images(tx, making.repository, _DROP_STEP)


async def _add(tx: Tx, making: _Making, expiries: Sequence[Expiry], count: int, now: int) -> int | None:
    """Store some images that nothing holds, after `count` others: how many, None if somebody else makes it now."""
    repository = await repositories.get(tx, making.repository)
    if repository is None or not await _is_own(tx, making):
        return None
    rows = {row.id: row for row in await images.details(tx, [found.key for found in expiries])}
    stored = [StoredImage(row.id, row.digest, row.tags) for row in rows.values()]
    holds = (await images.guards(tx, repository, stored, now)).holds
    held = {image.key for image in stored if holds.of_image(image)}
    going = [(rows[found.key], found.rule) for found in expiries if found.key in rows and found.key not in held]
    new = [
        PreviewImage(number, row.digest, row.tags, row.pushed_at, making.policy.rules[rule].priority)
        for number, (row, rule) in enumerate(going, count + 1)
    ]
    await lifecycle.add_preview_images(tx, making.repository, new)
    return len(new)


async def _end(tx: Tx, making: _Making, count: int, expires_at: int) -> None:
    if await _is_own(tx, making):
        await lifecycle.preview_made(tx, making.repository, count, expires_at)


async def _is_own(tx: Tx, making: _Making) -> bool:
    found = await lifecycle.preview(tx, making.repository)
    return found is not None and found.status == "IN_PROGRESS" and found.attempt == making.attempt
