"""`wharfinger feed`."""

from __future__ import annotations

from typing import IO

import click
import msgspec

from wharfinger.cli import show
from wharfinger.cli.client import printable
from wharfinger.cli.kinds import duration
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("FEED", "feedName"),
    show.moment("REPORTED", "reportedAt"),
    show.moment("NEXT DUE", "lateAt"),
    show.Column("LATE", lambda item: "late" if item.get("isLate") else None),
    show.number("HOLDS", "holdCount"),
)


@click.group()
def feed() -> None:
    """Hold the images that are in use somewhere, by lists that anything can produce."""


@feed.command("put")
@click.argument("name")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--ttl", type=duration, required=True, help="When the next list is due at the latest, as 2h or 1d.")
@client_command
def put(session: Session, name: str, file: IO[bytes], ttl: int) -> None:
    """Report all images that are in use: FILE is a JSON list of references as in `docker pull`, by default stdin.

    They are held until a later list of the same NAME leaves them out. When a list is late, the holds stay.
    """
    try:
        images = msgspec.json.decode(file.read(), type=list[str])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file.name} is no JSON list of image references: {error}") from None
    answer = session.call(contract.PutImageFeedRequest(feed_name=name, images=images, time_to_live_seconds=ttl))
    if session.as_json:
        show.document(answer)
        return
    session.listing([answer["feed"]], _COLUMNS)
    for reference in answer.get("unknownImages") or ():
        click.echo(f"not here: {printable(reference)}")


@feed.command("ls")
@client_command
def list_feeds(session: Session) -> None:
    """List feeds, and which are late."""
    session.listing(session.pages(contract.ListImageFeedsRequest(), "feeds"), _COLUMNS)


@feed.command("rm")
@click.argument("name")
@client_command
def remove(session: Session, name: str) -> None:
    """Take the feed NAME away, with all its holds."""
    session.listing([session.call(contract.DeleteImageFeedRequest(feed_name=name))["feed"]], _COLUMNS)
