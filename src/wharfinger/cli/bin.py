"""`wharfinger bin`, and the two commands that protect a repository."""

from __future__ import annotations

import click

from wharfinger.cli import show
from wharfinger.cli.client import Document
from wharfinger.cli.images import report
from wharfinger.cli.kinds import image_ids
from wharfinger.cli.session import PARTLY, Session, client_command, dry_run_option
from wharfinger.contract import wharfinger as contract


@click.group("bin")
def bin_() -> None:
    """What was deleted: look at it, bring it back, let it go."""


@bin_.command("ls")
@click.argument("repository", required=False)
@client_command
def list_deletions(session: Session, repository: str | None) -> None:
    """List what is in the bin, of one REPOSITORY or of all: a line for each call that deleted something."""
    columns = (
        show.words("DELETION", "deletionId"),
        show.moment("DELETED", "deletedAt"),
        show.words("REPOSITORY", "repositoryName"),
        show.Column("WHAT", _what),
        show.words("BY", "deletedBy"),
        show.words("HOW", "operation"),
        show.words("REASON", "reason"),
        show.moment("UNTIL", "expiresAt"),
    )
    session.listing(session.pages(contract.ListDeletionsRequest(repository_name=repository), "deletions"), columns)


@bin_.command("show")
@click.argument("deletion")
@client_command
def show_deletion(session: Session, deletion: str) -> None:
    """List the images that are in the bin by one DELETION."""
    columns = (
        show.words("REPOSITORY", "repositoryName"),
        show.names("TAGS", "imageTags"),
        show.amount("SIZE", "imageSizeInBytes"),
        show.moment("PUSHED", "imagePushedAt"),
        show.words("DIGEST", "imageDigest"),
    )
    session.listing(session.pages(contract.ListDeletedImagesRequest(deletion_id=deletion), "images"), columns)


@bin_.command("restore")
@click.argument("what")
@click.argument("image", nargs=-1)
@client_command
def restore(session: Session, what: str, image: tuple[str, ...]) -> None:
    """Bring back what was deleted: a DELETION with all that it took, or single images of a repository.

    \b
    wharfinger bin restore DELETION
    wharfinger bin restore REPOSITORY IMAGE...

    IMAGE is a tag or a digest. A tag that was pushed again meanwhile stays with its new image.

    Exit status 3 if something could not be brought back.
    """
    if image:
        answer = session.call(contract.RestoreImagesRequest(repository_name=what, image_ids=image_ids(image)))
    elif what.isdecimal():
        answer = session.call(contract.RestoreDeletionRequest(deletion_id=what))
    else:
        raise click.UsageError("name a deletion by its number, or a repository and the images that are to come back.")
    report(session, answer, "restored")
    if answer.get("failures"):
        raise SystemExit(PARTLY)


@bin_.command("empty")
@click.argument("deletion", nargs=-1)
@click.option("--repository", help="All that was deleted from this repository.")
@click.option("--all", "everything", is_flag=True, help="All that is in the bin of the registry.")
@dry_run_option
@client_command
def empty(
    session: Session, deletion: tuple[str, ...], repository: str | None, *, everything: bool, dry_run: bool
) -> None:
    """Let go, for good, of a DELETION or more; or of all that --repository or --all says.

    The space is freed within seconds. There is no way back.
    """
    if sum([bool(deletion), repository is not None, everything]) != 1:
        raise click.UsageError("say what is to go: deletions by their numbers, --repository or --all.")
    answer = session.call(
        contract.EmptyBinRequest(
            repository_name=repository,
            deletion_ids=list(deletion) or None,
            all=everything or None,
            dry_run=dry_run or None,
        )
    )
    columns = (
        show.number("deletions", "deletionCount"),
        show.number("images", "imageCount"),
        show.amount("would be freed" if dry_run else "freed", "freedBytes"),
    )
    session.details(answer, columns)


@bin_.command("term")
@click.argument("repository")
@click.argument("days", required=False)
@client_command
def term(session: Session, repository: str, days: str | None) -> None:
    """Show or set how many DAYS what is deleted from REPOSITORY stays in the bin.

    0 switches the bin off for the repository; `default` leaves it to the server. What is in the bin already keeps
    the term it has.
    """
    if days is not None and days != "default" and not days.isdecimal():
        raise click.UsageError(f"{days!r} is no number of days; `default` is as the server has it.")
    answer = _settings(session, repository)
    if days is not None:
        wanted = None if days == "default" else int(days)
        answer = _put(session, repository, wanted, answer["settings"].get("protection"))
    _show_settings(session, answer)


@click.command()
@click.argument("repository")
@click.argument("reason", required=False)
@client_command
def protect(session: Session, repository: str, reason: str | None) -> None:
    """Refuse to delete REPOSITORY, for a REASON that is told to whoever tries; without one, show what is set.

    Its images can be deleted all the same: `wharfinger hold` is for those.
    """
    answer = _settings(session, repository)
    if reason is not None:
        answer = _put(session, repository, answer["settings"].get("binDays"), reason)
    _show_settings(session, answer)


@click.command()
@click.argument("repository")
@client_command
def unprotect(session: Session, repository: str) -> None:
    """Let REPOSITORY be deleted again."""
    days = _settings(session, repository)["settings"].get("binDays")
    _show_settings(session, _put(session, repository, days, None))


def _what(item: Document) -> str:
    untagged = [entry.get("imageTag", "") for entry in item.get("untagged") or ()]
    count = item.get("imageCount", 0)
    parts = ["repository"] if item.get("wholeRepository") else []
    parts += [f"{count} image{'' if count == 1 else 's'}"] if count or not untagged else []
    parts += [f"tag {', '.join(untagged)}"] if untagged else []
    return ", ".join(parts)


def _settings(session: Session, repository: str) -> Document:
    return session.call(contract.GetDeletionSettingsRequest(repository_name=repository))


def _put(session: Session, repository: str, days: int | None, protection: str | None) -> Document:
    settings = contract.DeletionSettings(bin_days=days, protection=protection)
    return session.call(contract.PutDeletionSettingsRequest(repository_name=repository, settings=settings))


def _show_settings(session: Session, answer: Document) -> None:
    columns = (
        show.words("repository", "repositoryName"),
        show.Column("bin term", _term),
        show.Column("protected", lambda item: item["settings"].get("protection") or "no"),
    )
    session.details(answer, columns)


def _term(answer: Document) -> str:
    days = answer["effectiveBinDays"]
    shown = f"{days} day{'' if days == 1 else 's'}" if days else "no bin"
    return shown if "binDays" in answer["settings"] else f"{shown}, as the server has it"
