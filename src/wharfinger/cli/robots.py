"""`wharfinger robot`."""

from __future__ import annotations

from typing import Any

import click

from wharfinger.cli import show
from wharfinger.cli.kinds import duration, now
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("ROBOT", "robotName"),
    show.names("ALLOWED", "actions"),
    show.names("REPOSITORIES", "repositories"),
    show.moment("CREATED", "createdAt"),
    show.moment("UNTIL", "expiresAt"),
    show.moment("LAST USE", "lastUsedAt"),
)


@click.group()
def robot() -> None:
    """Logins of docker and other container clients, each for some actions in some repositories."""


@robot.command("create")
@click.argument("name")
@click.option(
    "--allow",
    "actions",
    multiple=True,
    required=True,
    metavar="ACTION",
    help="pull, push, delete, or an action as ecr:BatchGetImage; more than once for more.",
)
@click.option(
    "--repository",
    "repositories",
    multiple=True,
    required=True,
    metavar="PATTERN",
    help="Where: a name, or a pattern with *; more than once for more.",
)
@click.option("--for", "term", type=duration, help="How long, as 90d or 12h; without it until `robot delete`.")
@client_command
def create(
    session: Session, name: str, actions: tuple[str, ...], repositories: tuple[str, ...], term: int | None
) -> None:
    """Make the robot NAME and print its token, the password for the user NAME. It is shown now and never again.

    wharfinger robot create ci --allow push --repository "team/*" | docker login -u ci --password-stdin REGISTRY
    """
    request = contract.CreateRobotRequest(
        robot_name=name, actions=list(actions), repositories=list(repositories), expires_at=_end(term)
    )
    _token(session, session.call(request))


@robot.command("list")
@client_command
def list_robots(session: Session) -> None:
    """List the robots of the registry with their last use, not their tokens."""
    session.listing(session.pages(contract.ListRobotsRequest(), "robots"), _COLUMNS)


@robot.command("rotate")
@click.argument("name")
@click.option("--for", "term", type=duration, help="How long from now, as 90d or 12h; without it as before.")
@client_command
def rotate(session: Session, name: str, term: int | None) -> None:
    """Print a new token of the robot NAME. The one that it had is refused from now on."""
    _token(session, session.call(contract.RotateRobotRequest(robot_name=name, expires_at=_end(term))))


@robot.command("delete")
@click.argument("name")
@client_command
def delete(session: Session, name: str) -> None:
    """Remove the robot NAME. Its token is refused from then on."""
    session.listing([session.call(contract.DeleteRobotRequest(robot_name=name))["robot"]], _COLUMNS)


def _end(term: int | None) -> float | None:
    return None if term is None else now() + term


def _token(session: Session, answer: dict[str, Any]) -> None:
    """Nothing but the token, so that it can be piped to where it is needed."""
    if session.as_json:
        show.document(answer)
        return
    click.echo(answer["token"])
