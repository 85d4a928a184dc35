"""`wharfinger webhook`."""

from __future__ import annotations

from typing import IO

import click

from wharfinger.cli import show
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("WEBHOOK", "name"),
    show.words("URL", "url"),
    show.words("REPOSITORIES", "repositories"),
    show.Column("SIGNED", lambda item: "yes" if item.get("isSigned") else "no"),
    show.number("WAITING", "waitingEvents"),
    show.number("FAILED", "failedAttempts"),
    show.words("LAST FAILURE", "lastFailure"),
    show.moment("NEXT TRY", "nextAttemptAt"),
)


@click.group()
def webhook() -> None:
    """Have events delivered to an address."""


@webhook.command("add")
@click.argument("name")
@click.argument("url")
@click.option(
    "--secret-file",
    type=click.File("r"),
    help="File with the secret that signs deliveries, 16 characters at least; - is stdin.",
)
@click.option("--repositories", metavar="PATTERN", help="Only events of these; without it, of all.")
@client_command
def add(session: Session, name: str, url: str, secret_file: IO[str] | None, repositories: str | None) -> None:
    """Deliver every event from now on to URL, at least once and in order. The same NAME again replaces it.

    With a secret, the header x-wharfinger-signature is the HMAC-SHA256 of time and body.
    """
    secret = secret_file.read().strip() if secret_file is not None else None
    request = contract.PutWebhookRequest(name=name, url=url, secret=secret, repositories=repositories)
    session.listing([session.call(request)["webhook"]], _COLUMNS)


@webhook.command("ls")
@client_command
def list_webhooks(session: Session) -> None:
    """List webhooks, and how their deliveries go."""
    session.listing(session.pages(contract.ListWebhooksRequest(), "webhooks"), _COLUMNS)


@webhook.command("rm")
@click.argument("name")
@client_command
def remove(session: Session, name: str) -> None:
    """End the deliveries to the webhook NAME."""
    session.listing([session.call(contract.DeleteWebhookRequest(name=name))["webhook"]], _COLUMNS)
