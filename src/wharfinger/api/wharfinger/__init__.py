"""The operations of Wharfinger's own service: what Amazon ECR has no operation for."""

from typing import Final

from wharfinger.api.aws.call import Handler
from wharfinger.api.wharfinger import bin as bin_
from wharfinger.api.wharfinger import (
    events,
    explain,
    holds,
    keys,
    plans,
    policies,
    principals,
    providers,
    robots,
    trail,
    usage,
    webhooks,
)

HANDLERS: Final[dict[str, Handler]] = {
    **bin_.HANDLERS,
    **holds.HANDLERS,
    **plans.HANDLERS,
    **usage.HANDLERS,
    **events.HANDLERS,
    **webhooks.HANDLERS,
    **principals.HANDLERS,
    **keys.HANDLERS,
    **policies.HANDLERS,
    **robots.HANDLERS,
    **providers.HANDLERS,
    **explain.HANDLERS,
    **trail.HANDLERS,
}
