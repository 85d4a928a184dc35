"""Words for what can be wrong with the bin, holds, plans and web hooks."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f

HOST_REFUSED: Final = (
    "'{host}' cannot be found or is no public address (the setting webhook_private lets web hooks go to private and "
    "loopback addresses)"
)


WORDS: Final[Table] = {
    # --- the bin
    f.DeletionNotFound: Words(
        "DeletionNotFoundException",
        "UNSUPPORTED",
        404,
        "There is no deletion {deletion} in the bin of the registry, or its term is over",
    ),
    # --- holds
    f.HoldNotFound: Words(
        "HoldNotFoundException", "UNSUPPORTED", 404, "There is no hold {hold} in the registry, or its term is over"
    ),
    f.HoldOfFeed: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "The hold {hold} came with the feed '{feed}' and goes with it: leave the image out of the next report, or "
        "delete the feed",
    ),
    f.TooManyHolds: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "The registry has {limit} holds beside those of feeds, which is the most: delete some, hold a pattern, or "
        "report a feed",
    ),
    f.TooManyPatternHolds: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "The registry has {limit} holds with patterns, which is the most: delete some, or name what is to be held",
    ),
    f.FeedNotFound: Words("FeedNotFoundException", "UNSUPPORTED", 404, "There is no feed '{feed}' in the registry"),
    f.TooManyFeeds: Words(
        INVALID, "UNSUPPORTED", 400, "The registry has {limit} feeds, which is the most: delete one that is not needed"
    ),
    # --- web hooks
    f.WebhookUrlInvalid: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "Invalid parameter at 'url' failed to satisfy constraint: 'Member must be http:// or https:// with a host, in "
        "ASCII, without user, password and fragment'",
    ),
    f.WebhookHostRefused: Words(INVALID, "UNSUPPORTED", 400, "The web hook cannot go there: " + HOST_REFUSED),
    f.WebhookNotFound: Words(
        "WebhookNotFoundException", "UNSUPPORTED", 404, "There is no web hook '{name}' in the registry"
    ),
    f.TooManyWebhooks: Words(
        INVALID, "UNSUPPORTED", 400, "The registry has {limit} web hooks, which is the most: delete one"
    ),
    # --- plans
    f.PlanNotFound: Words("PlanNotFoundException", "UNSUPPORTED", 404, "There is no plan {plan} in the registry"),
    f.PlanStateUnfit: Words(
        "PlanStateException", "UNSUPPORTED", 409, "{operation} cannot be done with the plan {plan}: it is {status}"
    ),
    f.TooManyPlans: Words(
        INVALID, "UNSUPPORTED", 400, "The registry has {limit} plans, which is the most: delete some of them"
    ),
    f.TooManyPlansAtOnce: Words(
        INVALID,
        "UNSUPPORTED",
        400,
        "{limit} plans of the registry are being made at this moment, which is the most: try again when one is done",
    ),
}
