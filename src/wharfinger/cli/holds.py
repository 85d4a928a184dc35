"""`wharfinger hold`."""

from __future__ import annotations

import click

from wharfinger.cli import show
from wharfinger.cli.kinds import duration, now
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("HOLD", "holdId"),
    show.words("REPOSITORY", "repositoryName"),
    show.words("IMAGE", "image"),
    show.words("FEED", "feedName"),
    show.moment("UNTIL", "expiresAt"),
    show.words("BY", "createdBy"),
    show.words("REASON", "reason"),
)


@click.group()
def hold() -> None:
    """Keep images from being deleted, by whichever way."""


@hold.command("add")
@click.argument("repository")
@click.argument("image")
@click.option("--reason", required=True, help="Why; it is told to whoever tries to delete what is held.")
@click.option("--for", "term", type=duration, help="How long, as 30d or 12h; without it until `hold rm`.")
@client_command
def add(session: Session, repository: str, image: str, reason: str, term: int | None) -> None:
    """Hold an IMAGE: a digest, a tag, or a pattern of tags with *. REPOSITORY may be a pattern too."""
    expires_at = None if term is None else now() + term
    request = contract.PutHoldRequest(repository_name=repository, image=image, reason=reason, expires_at=expires_at)
    session.listing([session.call(request)["hold"]], _COLUMNS)


@hold.command("ls")
@click.argument("repository", required=False)
@client_command
def list_holds(session: Session, repository: str | None) -> None:
    """List holds: all, or those that apply to REPOSITORY."""
    session.listing(session.pages(contract.ListHoldsRequest(repository_name=repository), "holds"), _COLUMNS)


@hold.command("rm")
@click.argument("hold_id", metavar="HOLD")
@client_command
def remove(session: Session, hold_id: str) -> None:
    """Take a HOLD away."""
    session.listing([session.call(contract.DeleteHoldRequest(hold_id=hold_id))["hold"]], _COLUMNS)
