"""What a lifecycle policy makes of the images of a repository.

Every rule ranks all images that it sees. An image is then left to the first rule that sees it, whether that rule lets
it expire or not, so no rule acts on what one of a lower priority number has seen; yet all count it. An image that
belongs to another one, as a child of an index or a referrer of a subject, is seen by no rule.

Specification for users: docs/guides/lifecycle.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from wharfinger.domain.lifecycle import Rule

_DAY: Final = 24 * 60 * 60 * 1000


class Seen(NamedTuple):
    """An image with the rules that see it."""

    key: int  # a larger one was stored later
    pushed_at: int
    rules: tuple[int, ...]  # places in the policy, in order


class Expiry(NamedTuple):
    """An image that is to go, and the rule that says so."""

    key: int
    rule: int  # its place in the policy


class Evaluation(NamedTuple):
    """What a policy says of a repository."""

    expiries: Sequence[Expiry]  # oldest image first
    # for each rule that lets images go because of their number, those that it counts as the newest
    newest: Mapping[int, Sequence[int]]


def seen_by(rules: Sequence[Rule], tags: Sequence[str], *, is_part: bool) -> tuple[int, ...]:
    """The rules that see an image: their places in the policy, in order."""
    return () if is_part else tuple(place for place, rule in enumerate(rules) if rule.selects(tags))


def evaluate(rules: Sequence[Rule], images: Sequence[Seen], now: int) -> Evaluation:
    """Which images are to go. Among images pushed at the same time, the one stored later is the newer one."""
    newest: dict[int, list[int]] = {place: [] for place, rule in enumerate(rules) if rule.counts_images}
    expiries: list[Expiry] = []
    for image in sorted(images, key=lambda image: (image.pushed_at, image.key), reverse=True):
        is_over = False
        for number, place in enumerate(image.rules):
            expires = _expires(rules[place], image, newest.get(place, ()), now)
            if place in newest and not expires:
                newest[place].append(image.key)
            is_over = is_over or (number == 0 and expires)
        if is_over:
            expiries.append(Expiry(image.key, image.rules[0]))
    acting = {expiry.rule for expiry in expiries}
    return Evaluation(expiries[::-1], {place: keys for place, keys in newest.items() if place in acting})


def _expires(rule: Rule, image: Seen, newer: Sequence[int], now: int) -> bool:
    if rule.counts_images:
        return len(newer) >= rule.number
    return image.pushed_at < now - rule.number * _DAY
