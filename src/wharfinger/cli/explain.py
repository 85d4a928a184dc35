"""`wharfinger policy explain`."""

from __future__ import annotations

from typing import Final

import click

from wharfinger.cli import show
from wharfinger.cli.client import Document
from wharfinger.cli.kinds import condition_keys
from wharfinger.cli.session import Session, client_command
from wharfinger.contract import wharfinger as contract

_DENIED: Final = 1


def _statement(item: Document) -> str:
    sid = f" ({item['sid']})" if item.get("sid") else ""
    return f"{item['statement']}{sid}"


def _misfit(item: Document) -> str | None:
    """What does not fit, a condition with its operator and key."""
    condition = " ".join(filter(None, (item.get("operator"), item.get("conditionKey"))))
    return f"{item['misfit']} {condition}".strip() if item.get("misfit") else None


def _why(item: Document) -> str:
    """What decided, in a few words."""
    decided = item["decidedBy"]
    if "policyName" in decided:
        return f"statement {_statement(decided)} of {decided['policyName']}, {decided['source']}"
    return "root of the account" if item["allowed"] else f"no {decided['source']} policy allows it"


_STATEMENTS: Final = (
    show.words("POLICY", "policyName"),
    show.words("SOURCE", "source"),
    show.Column("STATEMENT", _statement),
    show.words("EFFECT", "effect"),
    show.Column("APPLIES", lambda item: "yes" if item["applies"] else "no"),
    show.Column("DOES NOT FIT", _misfit),
)
_EVERYBODY: Final = (
    show.words("PRINCIPAL", "principal"),
    show.Column("MAY", lambda item: "yes" if item["allowed"] else "no"),
    show.Column("WHY", _why),
)


@click.command()
@click.option("--action", required=True, help="What would be done, as ecr:PutImage.")
@click.option("--repository", metavar="NAME", help="On which repository, also one that is not there yet; without: all.")
@click.option(
    "--principal", metavar="WHO", help="user/NAME, role/NAME, robot/NAME, root, an ARN, or * for who has no login."
)
@click.option("--everybody", is_flag=True, help="Tell it of each user, role and robot, and of who has no login.")
@click.option(
    "--condition", "conditions", multiple=True, metavar="KEY=VALUE", help="What the request says, as aws:SourceIp=…"
)
@client_command
def explain(
    session: Session,
    action: str,
    repository: str | None,
    principal: str | None,
    everybody: bool,
    conditions: tuple[str, ...],
) -> None:
    """Say whether somebody may do something, and why; nothing is tried. Without --principal, whether you may.

    The exit status is 1 if not.
    """
    if everybody and principal is not None:
        raise click.UsageError("--everybody is instead of --principal.")
    keys = condition_keys(conditions) or None
    if everybody:
        request = contract.ListAccessRequest(action=action, repository_name=repository, condition_keys=keys)
        session.listing(session.pages(request, "access"), _EVERYBODY)
        return
    found = session.call(
        contract.ExplainAccessRequest(
            principal=principal, action=action, repository_name=repository, condition_keys=keys
        )
    )
    _tell(session, found)
    if not found["allowed"]:
        raise SystemExit(_DENIED)


def _tell(session: Session, found: Document) -> None:
    if session.as_json:
        show.document(found)
        return
    session.say(
        f"{found['principal']} may perform {found['action']} on {found['resource']}."
        if found["allowed"]
        else found["message"]
    )
    session.say(f"Decided by: {_why(found)}.")
    if found["statements"]:
        session.say("")
        session.listing(found["statements"], _STATEMENTS)
