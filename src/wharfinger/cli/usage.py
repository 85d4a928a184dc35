"""`wharfinger usage`."""

from __future__ import annotations

import click

from wharfinger.cli import show
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_TOTALS = (
    show.number("repositories", "repositoryCount"),
    show.number("images", "imageCount"),
    show.amount("logical", "logicalBytes"),
    show.amount("stored", "storedBytes"),
    show.amount("unique", "uniqueBytes"),
    show.amount("shared", "sharedBytes"),
    show.amount("in the bin", "binBytes"),
    show.amount("waiting", "waitingBytes"),
)
_SIZES = (
    show.amount("LOGICAL", "logicalBytes"),
    show.amount("UNIQUE", "uniqueBytes"),
    show.amount("SHARED", "sharedBytes"),
    show.amount("FREED BY DELETING", "freedBytes"),
)
_REPOSITORY = (
    show.words("REPOSITORY", "repositoryName"),
    show.number("IMAGES", "imageCount"),
    *_SIZES,
    show.amount("IN THE BIN", "binBytes"),
)
_IMAGE = (show.names("TAGS", "imageTags"), *_SIZES, show.words("DIGEST", "imageDigest"))


@click.command()
@click.argument("repository", required=False)
@client_command
def usage(session: Session, repository: str | None) -> None:
    """Tell what the registry takes up, and each repository; or, of one REPOSITORY, each image.

    \b
    logical   layers and configurations, counted as often as they are used
    stored    the same, each counted once
    unique    those that nothing else refers to
    shared    those that something else refers to as well
    waiting   pushed for an image that has not come (yet)

    What deleting frees is given back once the bin has let go of it. With --json the registry is the first document.
    """
    if repository is not None:
        session.listing(session.pages(contract.ListImageUsageRequest(repository_name=repository), "images"), _IMAGE)
        return
    session.details(session.call(contract.GetUsageRequest()), _TOTALS)
    session.say("")
    session.listing(session.pages(contract.ListRepositoryUsageRequest(), "repositories"), _REPOSITORY)
