"""`wharfinger migrate`."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from wharfinger.cli.options import settings_from, settings_options


@click.command()
@settings_options("data", "database")
def migrate(**options: Any) -> None:
    """Bring the tables of the database up to date for this version; servers of the version before may be running.

    Needed on PostgreSQL, before servers of a new version are started. On SQLite `serve` does it.
    """
    from wharfinger.domain.faults import Unavailable  # noqa: PLC0415 - help and errors need no database
    from wharfinger.server import data  # noqa: PLC0415
    from wharfinger.state.blobs.store import StoreMisconfigured  # noqa: PLC0415
    from wharfinger.state.db.schema import SchemaTooNew  # noqa: PLC0415

    settings = settings_from(options)
    if not settings.database and not settings.directory.is_dir():
        raise click.ClickException(f"{settings.directory} does not exist: name the data directory with --data.")
    try:
        before, after = asyncio.run(data.bring_up_to_date(settings))
    except SchemaTooNew as error:
        raise click.ClickException(f"the database is from a newer Wharfinger: {error}. Update this one.") from None
    except StoreMisconfigured as error:
        raise click.ClickException(f"{error}.") from None
    except Unavailable as fault:
        raise click.ClickException(f"the tables stay as they are: {fault.reason}.") from None
    if before == after:
        click.echo(f"Nothing to do: the tables have version {after}.")
    else:
        click.echo(f"The tables have version {after}; before it was {before or 'none'}.")
