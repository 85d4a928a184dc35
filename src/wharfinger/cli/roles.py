"""`wharfinger role`."""

from __future__ import annotations

from typing import IO

import click

from wharfinger.cli import show
from wharfinger.cli.kinds import duration, tags
from wharfinger.cli.session import Session, client_command, tag_option
from wharfinger.cli.show import DECLARED, TAGS
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("ROLE", "roleName"),
    show.words("ARN", "arn"),
    show.moment("CREATED", "createdAt"),
    show.number("SESSION SECONDS", "sessionSeconds"),
    DECLARED,
    TAGS,
)
_session_option = click.option("--session", "term", type=duration, help="The longest session, as 1h; at most 12h.")


@click.group()
def role() -> None:
    """What people, programs and pipelines can be for a while."""


@role.command("create")
@click.argument("name")
@click.option(
    "--trust", type=click.File("r"), required=True, help="File with the policy that says who may have it; - is stdin."
)
@_session_option
@tag_option
@client_command
def create(session: Session, name: str, trust: IO[str], term: int | None, tag: tuple[str, ...]) -> None:
    """Make the role NAME, which may do nothing yet: `policy attach` comes next."""
    request = contract.CreateRoleRequest(
        role_name=name, trust_policy=trust.read(), session_seconds=term, tags=tags(tag) or None
    )
    session.listing([session.call(request)["role"]], _COLUMNS)


@role.command("update")
@click.argument("name")
@click.option("--trust", type=click.File("r"), help="File with the policy that takes the place of the present one.")
@_session_option
@tag_option
@client_command
def update(session: Session, name: str, trust: IO[str] | None, term: int | None, tag: tuple[str, ...]) -> None:
    """Change the role NAME: what is not given stays. Tags that are given take the place of all that it has."""
    request = contract.UpdateRoleRequest(
        role_name=name,
        trust_policy=trust.read() if trust is not None else None,
        session_seconds=term,
        tags=tags(tag) or None,
    )
    session.listing([session.call(request)["role"]], _COLUMNS)


@role.command("list")
@client_command
def list_roles(session: Session) -> None:
    """List the roles of the account."""
    session.listing(session.pages(contract.ListRolesRequest(), "roles"), _COLUMNS)


@role.command("show")
@click.argument("name")
@client_command
def show_role(session: Session, name: str) -> None:
    """Show the role NAME with its policies and its trust policy."""
    answer = session.call(contract.DescribeRoleRequest(role_name=name))
    if session.as_json:
        show.document(answer)
        return
    session.details({**answer["role"], **answer}, (*_COLUMNS, show.names("POLICIES", "policyNames")))
    click.echo()
    show.text(answer["role"]["trustPolicy"])


@role.command("delete")
@click.argument("name")
@client_command
def delete(session: Session, name: str) -> None:
    """Remove the role NAME. Its sessions are refused from then on."""
    session.listing([session.call(contract.DeleteRoleRequest(role_name=name))["role"]], _COLUMNS)
