"""`wharfinger user`."""

from __future__ import annotations

import click

from wharfinger.cli import show
from wharfinger.cli.keys import COLUMNS as KEY_COLUMNS
from wharfinger.cli.kinds import tags
from wharfinger.cli.session import Session, client_command, tag_option
from wharfinger.cli.show import DECLARED, TAGS
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("USER", "userName"),
    show.words("ARN", "arn"),
    show.moment("CREATED", "createdAt"),
    DECLARED,
    TAGS,
)


@click.group()
def user() -> None:
    """People and programs that have access keys."""


@user.command("create")
@click.argument("name")
@tag_option
@client_command
def create(session: Session, name: str, tag: tuple[str, ...]) -> None:
    """Make the user NAME, who may do nothing yet: `key create` and `policy attach` come next."""
    answer = session.call(contract.CreateUserRequest(user_name=name, tags=tags(tag) or None))
    session.listing([answer["user"]], _COLUMNS)


@user.command("list")
@client_command
def list_users(session: Session) -> None:
    """List the users of the account."""
    session.listing(session.pages(contract.ListUsersRequest(), "users"), _COLUMNS)


@user.command("show")
@click.argument("name")
@client_command
def show_user(session: Session, name: str) -> None:
    """Show the user NAME with policies and access keys, not their secrets."""
    answer = session.call(contract.DescribeUserRequest(user_name=name))
    if session.as_json:
        show.document(answer)
        return
    session.details({**answer["user"], **answer}, (*_COLUMNS, show.names("POLICIES", "policyNames")))
    if answer["accessKeys"]:
        click.echo()
        session.listing(answer["accessKeys"], KEY_COLUMNS)


@user.command("delete")
@click.argument("name")
@client_command
def delete(session: Session, name: str) -> None:
    """Remove the user NAME with all access keys. Passwords that it got are refused from then on."""
    session.listing([session.call(contract.DeleteUserRequest(user_name=name))["user"]], _COLUMNS)
