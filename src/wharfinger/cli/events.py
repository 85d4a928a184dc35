"""`wharfinger events`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from wharfinger.cli import show
from wharfinger.cli.client import Document
from wharfinger.cli.kinds import moment
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract


@click.command()
@click.argument("repository", required=False)
@click.option("--since", type=moment, help="From then on: 2026-11-23T12:00, or 3d for three days ago.")
@client_command
def events(session: Session, repository: str | None, since: float | None) -> None:
    """List what happened to images, of one REPOSITORY or of all; oldest first.

    With --json, `event` is the event as Amazon EventBridge would carry it.
    """
    columns = (
        show.moment("AT", "at"),
        _detail("ACTION", "action-type"),
        _detail("REPOSITORY", "repository-name"),
        _detail("TAG", "image-tag"),
        _detail("DIGEST", "image-digest"),
        show.words("BY", "by"),
        show.words("HOW", "operation"),
        show.words("DELETION", "deletionId"),
    )
    request = contract.ListEventsRequest(repository_name=repository, since=since)
    session.listing(_opened(session.pages(request, "events")), columns)


def _opened(items: Iterator[Document]) -> Iterator[Document]:
    for item in items:
        yield {**item, "event": json.loads(item["event"])}


def _detail(heading: str, member: str) -> show.Column:
    return show.Column(heading, lambda item: item["event"]["detail"].get(member))
