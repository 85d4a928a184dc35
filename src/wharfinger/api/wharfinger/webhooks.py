"""Operations on web hooks."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, seconds
from wharfinger.api.wording import delivery_reason
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.receivers import failure, receiver
from wharfinger.services import webhooks
from wharfinger.state.db.webhooks import Webhook


async def put_webhook(call: Call, request: contract.PutWebhookRequest) -> contract.PutWebhookResponse:
    """PutWebhook."""
    put = await webhooks.put(
        call.state, call.registry, request.name, request.url, secret=request.secret, repositories=request.repositories
    )
    return contract.PutWebhookResponse(webhook=_webhook(put, await webhooks.waiting(call.state, put)))


async def list_webhooks(call: Call, request: contract.ListWebhooksRequest) -> contract.ListWebhooksResponse:
    """ListWebhooks."""
    page = await webhooks.page(call.state, call.caller, call.registry, request.next_token, request.max_results)
    return contract.ListWebhooksResponse(
        webhooks=[_webhook(found, waiting) for found, waiting in page.items], next_token=page.next_token
    )


async def delete_webhook(call: Call, request: contract.DeleteWebhookRequest) -> contract.DeleteWebhookResponse:
    """DeleteWebhook."""
    deleted = await webhooks.delete(call.state, call.registry, request.name)
    return contract.DeleteWebhookResponse(webhook=_webhook(deleted, await webhooks.waiting(call.state, deleted)))


HANDLERS: Final[dict[str, Handler]] = {
    "PutWebhook": put_webhook,
    "ListWebhooks": list_webhooks,
    "DeleteWebhook": delete_webhook,
}


def _webhook(found: Webhook, waiting: int) -> contract.Webhook:
    return contract.Webhook(
        name=found.name,
        url=found.url,
        repositories=found.repositories,
        created_at=seconds(found.created_at),
        is_signed=found.secret is not None,
        waiting_events=waiting,
        failed_attempts=found.attempts,
        last_failure=_words(found),
        next_attempt_at=seconds(found.due_at) if found.attempts else None,
    )


def _words(found: Webhook) -> str | None:
    to = receiver(found.url)
    if found.failure is None or to is None:
        return None
    return delivery_reason(*failure(found.failure), to.host)
