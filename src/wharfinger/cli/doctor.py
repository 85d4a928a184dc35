"""`wharfinger doctor`."""

from __future__ import annotations

from typing import Any

import click

from wharfinger.cli.options import settings_from, settings_options


@click.command()
@settings_options("data", "database", "master_key", "sparse_manifests", "account", "access_file")
@click.option("--deep", is_flag=True, help="Look at all rows and files, and name what does not agree.")
def doctor(*, deep: bool, **options: Any) -> None:
    """Check the installation, the data and the running server; explain each failure with its cure."""
    from wharfinger.server.doctor import examine  # noqa: PLC0415 - help and errors need no database

    failed = 0
    for finding in examine(settings_from(options), deep=deep):
        click.echo(f"{'ok  ' if finding.problem is None else 'FAIL'}  {finding.subject}")
        if finding.problem is not None:
            failed += 1
            click.echo(f"      {finding.problem}")
    if failed:
        click.echo(f"{failed} of the checks failed.")
        raise SystemExit(1)
    click.echo("All is well.")
