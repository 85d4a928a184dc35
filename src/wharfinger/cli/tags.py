"""`wharfinger tags`."""

from __future__ import annotations

import click

from wharfinger.cli import show
from wharfinger.cli.kinds import moment
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract


@click.group()
def tags() -> None:
    """What tags pointed to, and when."""


@tags.command("history")
@click.argument("repository")
@click.argument("tag", required=False)
@client_command
def history(session: Session, repository: str, tag: str | None) -> None:
    """List what happened to a TAG of REPOSITORY, or to all its tags; newest first."""
    columns = (
        show.moment("AT", "at"),
        show.words("TAG", "imageTag"),
        show.words("ACTION", "action"),
        show.words("DIGEST", "imageDigest"),
        show.words("BY", "by"),
        show.words("HOW", "operation"),
        show.words("DELETION", "deletionId"),
    )
    request = contract.ListTagHistoryRequest(repository_name=repository, image_tag=tag)
    session.listing(session.pages(request, "changes"), columns)


@tags.command("at")
@click.argument("repository")
@click.argument("tag")
@click.argument("time", type=moment)
@client_command
def at(session: Session, repository: str, tag: str, time: float) -> None:
    """Tell what a TAG of REPOSITORY pointed to at a TIME: 2026-11-23T12:00, or 3d for three days ago."""
    answer = session.call(contract.GetImageAtTimeRequest(repository_name=repository, image_tag=tag, time=time))
    columns = (
        show.words("digest", "imageDigest"),
        show.moment("since", "since"),
        show.moment("until", "until"),
        show.Column("now", lambda item: str(item["whereabouts"]).lower().replace("_", " ")),
        show.words("deletion", "deletionId"),
    )
    session.details(answer, columns)
