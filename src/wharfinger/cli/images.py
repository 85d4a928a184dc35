"""`wharfinger images`."""

from __future__ import annotations

import click

from wharfinger.cli import show
from wharfinger.cli.client import Document
from wharfinger.cli.kinds import image_ids
from wharfinger.cli.session import PARTLY, Session, client_command, dry_run_option
from wharfinger.contract import wharfinger as contract


@click.group()
def images() -> None:
    """Look at images, and delete them."""


@images.command("ls")
@click.argument("repository")
@click.option("--tagged", "status", flag_value="TAGGED", help="Only images that have a tag.")
@click.option("--untagged", "status", flag_value="UNTAGGED", help="Only images that have none.")
@client_command
def list_images(session: Session, repository: str, status: str | None) -> None:
    """List the images of REPOSITORY."""
    from wharfinger.contract import ecr  # noqa: PLC0415 - no other command needs it

    wanted = ecr.DescribeImagesFilter(tag_status=status) if status else None  # type: ignore[arg-type]  # one of them
    request = ecr.DescribeImagesRequest(repository_name=repository, filter=wanted)
    columns = (
        show.names("TAGS", "imageTags"),
        show.amount("SIZE", "imageSizeInBytes"),
        show.moment("PUSHED", "imagePushedAt"),
        show.moment("LAST PULL", "lastRecordedPullTime"),
        show.words("DIGEST", "imageDigest"),
    )
    session.listing(session.pages(request, "imageDetails", ecr.SERVICE), columns)


@images.command("rm")
@click.argument("repository")
@click.argument("image", nargs=-1, required=True)
@click.option("--reason", help="Why; it is kept with what goes to the bin.")
@dry_run_option
@client_command
def remove_images(
    session: Session, repository: str, image: tuple[str, ...], reason: str | None, *, dry_run: bool
) -> None:
    """Delete images from REPOSITORY, as one call: each IMAGE is a tag, a digest, or <tag>@<digest>.

    A tag goes alone while its image has others; a digest goes with all its tags. What goes is in the bin for a while:
    `wharfinger bin restore` brings it back.

    Exit status 3 if some of them could not be deleted.
    """
    answer = session.call(
        contract.DeleteImagesRequest(
            repository_name=repository, image_ids=image_ids(image), reason=reason, dry_run=dry_run or None
        )
    )
    report(session, answer, "would go" if dry_run else "deleted")
    if answer.get("deletionId"):
        session.say(f"\nTo undo it: wharfinger bin restore {answer['deletionId']}")
    if answer.get("failures"):
        raise SystemExit(PARTLY)


def report(session: Session, answer: Document, done: str) -> None:
    """Print what happened to images, and what did not."""
    if session.as_json:
        show.document(answer)
        return
    entries = [{"result": done, **item} for item in answer.get("imageIds") or ()]
    failures = [
        {"result": "failed", "why": item.get("failureReason"), **item.get("imageId", {})}
        for item in answer.get("failures") or ()
    ]
    columns = [show.words("RESULT", "result"), show.words("TAG", "imageTag"), show.words("DIGEST", "imageDigest")]
    if failures:
        columns.append(show.words("WHY", "why"))
    session.listing([*entries, *failures], columns)
