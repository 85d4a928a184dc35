"""`wharfinger key`."""

from __future__ import annotations

import shlex

import click

from wharfinger.cli import show
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

COLUMNS = (
    show.words("KEY", "accessKeyId"),
    show.words("USER", "userName"),
    show.Column("STATE", lambda item: str(item["status"]).lower()),
    show.moment("CREATED", "createdAt"),
    show.moment("LAST USE", "lastUsedAt"),
)
_user_option = click.option("--user", metavar="NAME", help="Whose; without it, the caller's own.")


@click.group()
def key() -> None:
    """Access keys of users, and of the root of the account."""


@key.command("create")
@_user_option
@client_command
def create(session: Session, user: str | None) -> None:
    """Make an access key, and print it for the shell. Its secret is shown now and never again.

    To change a key for another: create one, use it, disable the old one, and delete that when nothing misses it.
    """
    answer = session.call(contract.CreateAccessKeyRequest(user_name=user))
    if session.as_json:
        show.document(answer)
        return
    for name, value in (
        ("AWS_ACCESS_KEY_ID", answer["accessKey"]["accessKeyId"]),
        ("AWS_SECRET_ACCESS_KEY", answer["secretAccessKey"]),
    ):
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_SESSION_TOKEN")  # one of another key would be sent along, and refused


@key.command("list")
@_user_option
@client_command
def list_keys(session: Session, user: str | None) -> None:
    """List access keys with their last use, not their secrets."""
    session.listing(session.call(contract.ListAccessKeysRequest(user_name=user))["accessKeys"], COLUMNS)


@key.command("disable")
@click.argument("key_id", metavar="KEY")
@client_command
def disable(session: Session, key_id: str) -> None:
    """Refuse an access KEY, and all that was handed out for it, until it is enabled again."""
    request = contract.UpdateAccessKeyRequest(access_key_id=key_id, status="INACTIVE")
    session.listing([session.call(request)["accessKey"]], COLUMNS)


@key.command("enable")
@click.argument("key_id", metavar="KEY")
@client_command
def enable(session: Session, key_id: str) -> None:
    """Take an access KEY again that was disabled."""
    request = contract.UpdateAccessKeyRequest(access_key_id=key_id, status="ACTIVE")
    session.listing([session.call(request)["accessKey"]], COLUMNS)


@key.command("delete")
@click.argument("key_id", metavar="KEY")
@client_command
def delete(session: Session, key_id: str) -> None:
    """Remove an access KEY, and all that was handed out for it."""
    session.listing([session.call(contract.DeleteAccessKeyRequest(access_key_id=key_id))["accessKey"]], COLUMNS)
