"""What happens to images, in the words of EventBridge's `ECR Image Action`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from wharfinger.domain.images import ImageId
from wharfinger.state.db import events
from wharfinger.state.db.database import Tx
from wharfinger.state.db.repositories import Repository


async def image_action(
    tx: Tx, repository: Repository, action: Literal["PUSH", "DELETE"], images: Sequence[ImageId], now: int
) -> None:
    """One event for each pair of digest and tag, in the transaction that pushed or deleted it."""
    details = [
        {
            "action-type": action,
            "result": "SUCCESS",
            "repository-name": repository.name,
            "image-digest": image.digest or "",
            **({"image-tag": image.tag} if image.tag is not None else {}),
        }
        for image in images
    ]
    if details:
        await events.add(tx, repository.registry, repository.name, details, now)
