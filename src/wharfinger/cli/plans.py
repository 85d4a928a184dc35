"""`wharfinger plan`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import click

from wharfinger.cli import show
from wharfinger.cli.client import Document
from wharfinger.cli.kinds import duration, now, size
from wharfinger.cli.session import PARTLY, Session, client_command, dry_run_option
from wharfinger.contract import wharfinger as contract

_POLL_SECONDS: Final = 0.3
_BUSY: Final = {"EXECUTING", "UNDOING"}
_PLAN: Final = (
    show.words("plan", "planId"),
    show.words("description", "description"),
    show.Column("status", lambda item: str(item["status"]).lower()),
    show.moment("created", "createdAt"),
    show.words("by", "createdBy"),
    show.number("images that go", "imageCount"),
    show.amount("space it frees", "freedBytes"),
    show.moment("executed", "executedAt"),
    show.words("by", "executedBy"),
    show.number("deleted", "deletedCount"),
    show.number("skipped", "skippedCount"),
)
_PLANS: Final = (
    show.words("PLAN", "planId"),
    show.moment("CREATED", "createdAt"),
    show.Column("STATUS", lambda item: str(item["status"]).lower()),
    show.number("IMAGES", "imageCount"),
    show.amount("FREES", "freedBytes"),
    show.number("DELETED", "deletedCount"),
    show.number("SKIPPED", "skippedCount"),
    show.words("DESCRIPTION", "description"),
)
_IMAGES: Final = (
    show.Column("VERDICT", lambda item: str(item["verdict"]).lower()),
    show.words("REPOSITORY", "repositoryName"),
    show.names("TAGS", "imageTags"),
    show.amount("SIZE", "imageSizeInBytes"),
    show.words("DIGEST", "imageDigest"),
    show.words("REASON", "reason"),
)
_OUTCOMES: Final = (
    *_IMAGES,
    show.Column("OUTCOME", lambda item: str(item["outcome"]).lower() if "outcome" in item else None),
    show.words("WHY", "outcomeReason"),
)


@click.group()
def plan() -> None:
    """Delete more than a few images, and only after looking: make a plan, read it, run it, undo it."""


@plan.command("create")
@click.option("--repository", "repositories", multiple=True, help="Only these: a name, or a pattern with *.")
@click.option(
    "--tag-status",
    type=click.Choice(["tagged", "untagged", "orphaned", "any"]),
    help="orphaned: untagged, and pushed as a child of an index that is gone.",
)
@click.option("--include-tag", "include_tags", multiple=True, help="Only images with a tag like this: glob or /regex/.")
@click.option("--exclude-tag", "exclude_tags", multiple=True, help="Never images with a tag like this.")
@click.option("--older-than", type=duration, help="Only images pushed longer ago, as 30d.")
@click.option("--not-pulled-for", type=duration, help="Only images that nobody pulled (or pushed) for so long.")
@click.option("--keep-newest", type=click.IntRange(min=0), help="So many of the newest of the selected stay.")
@click.option(
    "--group-by",
    help="`pattern`, or /regex/ with a group: --keep-newest counts for each pattern, or each value of the group.",
)
@click.option("--larger-than", type=size, help="Only larger images, as 100MiB.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Only images with this label.")
@click.option("--artifact-type", "artifact_types", multiple=True, help="Only images of this artifact type.")
@click.option("--description", help="What the plan is for.")
@client_command
def create(session: Session, description: str | None, **options: Any) -> None:
    """Decide which images go, and store it with a reason for each. Nothing is deleted.

    What all given filters select goes; options that can be given several times select what any of them does, only
    --label has to fit each time.
    """
    request = contract.CreatePlanRequest(filters=_filters(options), description=description)
    made = session.call(request)["plan"]
    session.details(made, _PLAN)
    number = made["planId"]
    session.say(f"\nTo see each image: wharfinger plan show {number}\nTo delete them: wharfinger plan run {number}")


@plan.command("ls")
@client_command
def list_plans(session: Session) -> None:
    """List plans, newest first."""
    session.listing(session.pages(contract.ListPlansRequest(), "plans"), _PLANS)


@plan.command("show")
@click.argument("plan_id", metavar="PLAN")
@click.option("--going", "verdict", flag_value="DELETE", help="Only images that go.")
@click.option("--staying", "verdict", flag_value="KEEP", help="Only images that stay.")
@client_command
def show_plan(session: Session, plan_id: str, verdict: str | None) -> None:
    """Show a PLAN with every image that it looked at, why it goes or stays, and what became of it.

    With --json the plan is the first document.
    """
    found = _described(session, plan_id)
    session.details(found, _PLAN)
    session.say("")
    session.listing(_images(session, plan_id, verdict), _IMAGES if found["status"] == "READY" else _OUTCOMES)


@plan.command("run")
@click.argument("plan_id", metavar="PLAN")
@click.option("--reason", help="Why; it is kept with what goes to the bin.")
@click.option("--no-wait", is_flag=True, help="Begin, and leave it to the server.")
@dry_run_option
@client_command
def run(session: Session, plan_id: str, reason: str | None, *, no_wait: bool, dry_run: bool) -> None:
    """Delete exactly what a PLAN says.

    Images that were pushed, retagged or held since are skipped. A plan is run once; when it is undone, again.

    Exit status 3 if images were skipped.
    """
    if dry_run:
        session.listing(_images(session, plan_id, "DELETE"), _IMAGES)
        return
    begun = session.call(contract.ExecutePlanRequest(plan_id=plan_id, reason=reason))["plan"]
    if no_wait:
        session.details(begun, _PLAN)
        return
    done = _finished(session, begun)
    _end(session, done, "SKIPPED", done.get("skippedCount", 0))
    session.say(f"\nTo undo it: wharfinger plan undo {plan_id}")
    if done.get("skippedCount"):
        raise SystemExit(PARTLY)


@plan.command("undo")
@click.argument("plan_id", metavar="PLAN")
@click.option("--no-wait", is_flag=True, help="Begin, and leave it to the server.")
@client_command
def undo(session: Session, plan_id: str, *, no_wait: bool) -> None:
    """Bring back all that a PLAN deleted.

    Exit status 3 if some of it could not be brought back.
    """
    begun = session.call(contract.UndoPlanRequest(plan_id=plan_id))["plan"]
    if no_wait:
        session.details(begun, _PLAN)
        return
    done = _finished(session, begun)
    _end(session, done, "DELETED", done.get("deletedCount", 0))
    if done.get("deletedCount"):
        raise SystemExit(PARTLY)


@plan.command("rm")
@click.argument("plan_id", metavar="PLAN")
@client_command
def remove(session: Session, plan_id: str) -> None:
    """Forget a PLAN. What it deleted stays deleted."""
    session.listing([session.call(contract.DeletePlanRequest(plan_id=plan_id))["plan"]], _PLANS)


def _filters(options: dict[str, Any]) -> contract.PlanFilters:
    """The filters that the options say."""
    status = options["tag_status"]
    return contract.PlanFilters(
        repositories=list(options["repositories"]) or None,
        tag_status=status.upper() if status else None,
        include_tags=list(options["include_tags"]) or None,
        exclude_tags=list(options["exclude_tags"]) or None,
        pushed_before=_ago(options["older_than"]),
        not_pulled_since=_ago(options["not_pulled_for"]),
        keep_newest=options["keep_newest"],
        group_by=options["group_by"],
        larger_than=options["larger_than"],
        labels=dict(map(_label, options["labels"])) or None,
        artifact_types=list(options["artifact_types"]) or None,
    )


def _ago(seconds: int | None) -> float | None:
    return None if seconds is None else max(0.0, now() - seconds)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--label {text}: a label is NAME=VALUE.")
    return name, value


def _described(session: Session, plan_id: str) -> Document:
    found: Document = session.call(contract.DescribePlanRequest(plan_id=plan_id))["plan"]
    return found


def _images(session: Session, plan_id: str, verdict: str | None) -> Iterator[Document]:
    request = contract.ListPlanImagesRequest(plan_id=plan_id, verdict=verdict)  # type: ignore[arg-type]  # one of them
    return session.pages(request, "images")


def _finished(session: Session, begun: Document) -> Document:
    """The plan when the server is done with it; until then its progress is shown to whoever looks at a terminal."""
    found, shown = begun, 0
    while found["status"] in _BUSY:
        if sys.stderr.isatty():
            line = f"{found['status'].lower()}: {_progress(found)}"
            click.echo(f"\r{line:<{shown}}", nl=False, err=True)
            shown = len(line)
        time.sleep(_POLL_SECONDS)
        found = _described(session, begun["planId"])
    if shown:
        click.echo("\r" + " " * shown + "\r", nl=False, err=True)
    return found


def _end(session: Session, done: Document, outcome: str, count: int) -> None:
    """Print what became of a plan, and the images with the outcome that nobody asked for."""
    session.details(done, _PLAN)
    if count and not session.as_json:
        session.say("")
        others = (item for item in _images(session, done["planId"], "DELETE") if item.get("outcome") == outcome)
        session.listing(others, _OUTCOMES)


def _progress(found: Document) -> str:
    deleted, skipped = found.get("deletedCount", 0), found.get("skippedCount", 0)
    return f"{deleted} of {found.get('imageCount', 0)} in the bin, {skipped} skipped"
