"""`wharfinger policy`."""

from __future__ import annotations

from typing import IO

import click

from wharfinger.cli import show
from wharfinger.cli.explain import explain
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("POLICY", "policyName"),
    show.Column("BUILT IN", lambda item: "yes" if item.get("isBuiltIn") else "no"),
    show.DECLARED,
    show.moment("CHANGED", "changedAt"),
)


@click.group()
def policy() -> None:
    """What users and roles may do."""


@policy.command("put")
@click.argument("name")
@click.argument("file", type=click.File("r"))
@client_command
def put(session: Session, name: str, file: IO[str]) -> None:
    """Make the policy NAME, or change it for all who have it. FILE is a policy as IAM has them; - is stdin."""
    request = contract.PutPolicyRequest(policy_name=name, policy_document=file.read())
    session.listing([session.call(request)["policy"]], _COLUMNS)


@policy.command("get")
@click.argument("name")
@client_command
def get(session: Session, name: str) -> None:
    """Print the document of the policy NAME."""
    found = session.call(contract.GetPolicyRequest(policy_name=name))["policy"]
    if session.as_json:
        show.document(found)
        return
    show.text(found["policyDocument"])


@policy.command("list")
@client_command
def list_policies(session: Session) -> None:
    """List the policies of the account, and those that are built in."""
    session.listing(session.pages(contract.ListPoliciesRequest(), "policies"), _COLUMNS)


@policy.command("delete")
@click.argument("name")
@client_command
def delete(session: Session, name: str) -> None:
    """Remove the policy NAME, which nobody may have any more."""
    session.listing([session.call(contract.DeletePolicyRequest(policy_name=name))["policy"]], _COLUMNS)


@policy.command("attach")
@click.argument("name")
@click.option("--user", metavar="USER", help="To a user.")
@click.option("--role", metavar="ROLE", help="To a role.")
@client_command
def attach(session: Session, name: str, user: str | None, role: str | None) -> None:
    """Give the policy NAME to a user or a role, and list what it has then."""
    _check_holder(user, role)
    _names(session, contract.AttachPolicyRequest(policy_name=name, user_name=user, role_name=role))


@policy.command("detach")
@click.argument("name")
@click.option("--user", metavar="USER", help="From a user.")
@click.option("--role", metavar="ROLE", help="From a role.")
@client_command
def detach(session: Session, name: str, user: str | None, role: str | None) -> None:
    """Take the policy NAME from a user or a role, and list what it has then."""
    _check_holder(user, role)
    _names(session, contract.DetachPolicyRequest(policy_name=name, user_name=user, role_name=role))


def _check_holder(user: str | None, role: str | None) -> None:
    if (user is None) == (role is None):
        raise click.UsageError("name a user with --user, or a role with --role.")


def _names(session: Session, request: contract.AttachPolicyRequest | contract.DetachPolicyRequest) -> None:
    names = session.call(request)["policyNames"]
    session.listing([{"policyName": name} for name in names], (show.words("POLICY", "policyName"),))


policy.add_command(explain)
