"""What can be wrong with the bin, holds, plans and web hooks."""

from __future__ import annotations

from wharfinger.domain.faults.base import Fault

# --- the bin --------------------------------------------------------------------------------------------------


class DeletionNotFound(Fault):
    """The bin of the registry has no deletion of this number."""

    deletion: int


# --- holds ----------------------------------------------------------------------------------------------------


class HoldNotFound(Fault):
    """The registry has no hold of this number."""

    hold: int


class HoldOfFeed(Fault):
    """The hold came with a feed and can only go with it."""

    hold: int
    feed: str


class TooManyHolds(Fault):
    """The registry would have more than `limit` holds that came with no feed."""

    limit: int


class TooManyPatternHolds(Fault):
    """More than `limit` of them would have a pattern."""

    limit: int


class FeedNotFound(Fault):
    """The registry has no feed of this name."""

    feed: str


class TooManyFeeds(Fault):
    """The registry would have more than `limit` feeds."""

    limit: int


# --- web hooks ------------------------------------------------------------------------------------------------


class WebhookUrlInvalid(Fault):
    """Not a URL that a web hook can have."""


class WebhookHostRefused(Fault):
    """The host of a web hook has no address, or one that web hooks must not go to."""

    host: str


class WebhookNotFound(Fault):
    """The registry has no web hook of this name."""

    name: str


class TooManyWebhooks(Fault):
    """The registry would have more than `limit` web hooks."""

    limit: int


# --- plans ----------------------------------------------------------------------------------------------------


class PlanNotFound(Fault):
    """The registry has no plan of this number."""

    plan: int


class PlanStateUnfit(Fault):
    """What was asked of a plan cannot be done in the state that it is in."""

    plan: int
    operation: str
    status: str


class TooManyPlans(Fault):
    """The registry would have more than `limit` plans."""

    limit: int


class TooManyPlansAtOnce(Fault):
    """More than `limit` plans of a registry would be made at the same time."""

    limit: int
