"""`wharfinger rotate-master-key`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wharfinger.cli.options import settings_from, settings_options

if TYPE_CHECKING:
    from wharfinger.server.settings import Settings


@click.command()
@settings_options("data", "master_key")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The new master key; made if it is not there. Without it, the file of the present one gets the new one.",
)
@click.option("--finish", is_flag=True, help="Where nodes share a database: end all older master keys.")
def rotate_master_key(*, to: Path | None, finish: bool, **options: Any) -> None:
    """Put another master key in the place of the present one, while the server runs or not.

    Nothing is encrypted again, and all access keys and passwords stay good.
    """
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no server

    settings = settings_from(options)
    if not settings.directory.is_dir():
        raise click.ClickException(f"{settings.directory} does not exist: name the data directory with --data.")
    to = to.expanduser().absolute() if to is not None else None
    if data.is_shared(settings):
        with _refusals(settings):
            asyncio.run(_rotate_shared(settings, to, finish=finish))
        return
    if finish:
        raise click.UsageError("--finish is for nodes that share a database: here a start with the new key does it.")
    with _refusals(settings):
        data.key_files(settings).rotate(to)
    _tell(settings, to)


@contextmanager
def _refusals(settings: Settings) -> Iterator[None]:
    from wharfinger.domain.faults import Unavailable  # noqa: PLC0415 - help and errors need no server
    from wharfinger.state.keyfiles import RotationRefused  # noqa: PLC0415
    from wharfinger.state.secrets import SecretsUnreadable  # noqa: PLC0415

    good = f"the master key at {settings.master_key_file} is good as before"
    try:
        yield
    except (SecretsUnreadable, RotationRefused) as error:
        raise click.ClickException(f"{error}.") from None
    except Unavailable as error:
        raise click.ClickException(f"the database cannot be used ({error.reason}); {good}.") from None
    except OSError as error:
        where = error.filename or settings.directory
        raise click.ClickException(f"{where} cannot be written ({error.strerror}); {good}.") from None


def _tell(settings: Settings, to: Path | None) -> None:
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no server

    keys = data.key_files(settings)
    if to is None:
        click.echo(f"{keys.master} is new, and the one before it opens {keys.envelope} no more.")
        click.echo("Make a backup of both; in the backups before, the old one still opens what it did.")
        return
    click.echo(f"{to} opens {keys.envelope} now, and so does {keys.master}.")
    click.echo(f"Set master_key to {to} and start the server again: from then on the old one opens it no more.")
    click.echo(f"Then make a backup of the new one, and delete {keys.master}.")


async def _rotate_shared(settings: Settings, to: Path | None, *, finish: bool) -> None:
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no server

    if (to is None) != finish:
        raise click.UsageError(
            "each node has a copy of the master key: make the new one with --to, give it to every node, start them "
            "with it, then run this with --finish."
        )
    db = data.open_database(settings)
    try:
        keys = data.shared_keys(settings, db)
        if to is None:
            ended = await keys.finish()
            click.echo(f"{keys.master} opens the data key in the database; {ended} older master key(s) do so no more.")
            return
        await keys.rotate(to)
    finally:
        await db.close()
    click.echo(f"{to} opens the data key in the database now, and so does {settings.master_key_file}.")
    click.echo("Give every node a copy, set master_key to it and start them, one after the other.")
    click.echo("Then run `wharfinger rotate-master-key --finish` with the new one, and make a backup of it.")
