"""`wharfinger provider`."""

from __future__ import annotations

from typing import IO

import click

from wharfinger.cli import show
from wharfinger.cli.session import Session, client_command
from wharfinger.cli.show import DECLARED
from wharfinger.contract import wharfinger as contract

_COLUMNS = (
    show.words("ISSUER", "issuer"),
    show.words("ARN", "arn"),
    show.names("AUDIENCES", "audiences"),
    show.Column("KEYS", lambda item: "given" if item.get("hasOwnKeys") else "asked for"),
    show.moment("CREATED", "createdAt"),
    DECLARED,
)


@click.group()
def provider() -> None:
    """Whose tokens are believed: roles can be assumed with those of GitHub Actions, Kubernetes and others."""


@provider.command("add")
@click.argument("issuer")
@click.option("--audience", "audiences", multiple=True, required=True, help="For whom tokens are made; repeatable.")
@click.option(
    "--keys", type=click.File("r"), help="File with its keys as JWKS, where it cannot be asked for them; - is stdin."
)
@client_command
def add(session: Session, issuer: str, audiences: tuple[str, ...], keys: IO[str] | None) -> None:
    """Believe the tokens of ISSUER, a URL. The same ISSUER again changes its audiences and keys."""
    request = contract.PutIdentityProviderRequest(
        issuer=issuer, audiences=list(audiences), keys=keys.read() if keys is not None else None
    )
    session.listing([session.call(request)["identityProvider"]], _COLUMNS)


@provider.command("list")
@client_command
def list_providers(session: Session) -> None:
    """List the identity providers of the account."""
    session.listing(session.pages(contract.ListIdentityProvidersRequest(), "identityProviders"), _COLUMNS)


@provider.command("delete")
@click.argument("issuer")
@client_command
def delete(session: Session, issuer: str) -> None:
    """Believe ISSUER no more. Sessions that began with its tokens end at once."""
    request = contract.DeleteIdentityProviderRequest(issuer=issuer)
    session.listing([session.call(request)["identityProvider"]], _COLUMNS)
