"""`wharfinger health`."""

from __future__ import annotations

from typing import Any

import click

from wharfinger.cli.options import settings_from, settings_options


@click.command()
@settings_options("host", "port", "tls_cert", "tls_key")
def health(**options: Any) -> None:
    """Ask the server on this machine whether it is ready: exit status 0 if it is, 1 and what is missing if not."""
    from wharfinger.server.probe import missing  # noqa: PLC0415 - help and errors need no server

    found = missing(settings_from(options))
    if found is not None:
        raise click.ClickException(f"the server is not ready: {found}")
    click.echo("ready")
