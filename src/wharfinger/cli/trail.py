"""`wharfinger trail`."""

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
@click.option("--since", type=moment, help="From then on: 2026-11-23T12:00, or 1h for an hour ago.")
@click.option("--until", type=moment, help="Up to then.")
@click.option("--event", help="Only this operation: PutImage, BatchDeleteImage, Login.")
@click.option("--principal", metavar="ARN", help="Only what this principal did.")
@click.option("--error", metavar="CODE", help="Only what failed with this code: AccessDeniedException.")
@click.option("--denied", is_flag=True, help="Only what was denied.")
@client_command
def trail(
    session: Session,
    repository: str | None,
    since: float | None,
    until: float | None,
    event: str | None,
    principal: str | None,
    error: str | None,
    *,
    denied: bool,
) -> None:
    """List who did what from where with which result, with one REPOSITORY or at all; oldest first.

    With --json, `record` is the record as AWS CloudTrail would have it.
    """
    columns = (
        show.moment("AT", "eventTime"),
        show.Column("WHO", lambda item: _who(item["record"]["userIdentity"])),
        _member("FROM", "sourceIPAddress"),
        _member("EVENT", "eventName"),
        show.Column("ON", lambda item: _on(item["record"])),
        show.Column("RESULT", lambda item: item["record"].get("errorCode") or "ok"),
    )
    request = contract.ListTrailRecordsRequest(
        repository_name=repository,
        since=since,
        until=until,
        event_name=event,
        principal=principal,
        error_code=error,
        denied=denied or None,
    )
    session.listing(_opened(session.pages(request, "records")), columns)


def _opened(items: Iterator[Document]) -> Iterator[Document]:
    for item in items:
        yield {**item, "record": json.loads(item["record"])}


def _member(heading: str, member: str) -> show.Column:
    return show.Column(heading, lambda item: item["record"].get(member))


def _who(identity: Document) -> str:
    """An ARN; of somebody whose login was not believed there may be a key."""
    found = identity.get("arn") or identity.get("accessKeyId")
    return str(found) if found else "anonymous" if identity["type"] == "AWSAccount" else "unknown"


def _on(record: Document) -> str | None:
    """The repository, and the images where the request names them."""
    asked = record.get("requestParameters") or {}
    resources = record.get("resources")
    if not resources:
        return None
    images = asked.get("imageIds") or [asked]
    names = [image.get("imageTag") or image.get("imageDigest") for image in images if isinstance(image, dict)]
    shown = ",".join(name for name in names if isinstance(name, str))
    repository = str(resources[0]["ARN"]).partition("/")[2]
    return f"{repository} {shown}" if shown else repository
