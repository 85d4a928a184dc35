"""`wharfinger rotate-master-key`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wharfinger.cli.options import settings_from, settings_options


@click.command()
@settings_options("data", "master_key")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The new master key; made if it is not there. Without it, the file of the present one gets the new one.",
)
def rotate_master_key(*, to: Path | None, **options: Any) -> None:
    """Put another master key in the place of the present one, while the server runs or not.

    Nothing is encrypted again, and all access keys and passwords stay good.
    """
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no server
    from wharfinger.state.keyfiles import RotationRefused  # noqa: PLC0415
    from wharfinger.state.secrets import SecretsUnreadable  # noqa: PLC0415

    settings = settings_from(options)
    if not settings.directory.is_dir():
        raise click.ClickException(f"{settings.directory} does not exist: name the data directory with --data.")
    keys = data.key_files(settings)
    to = to.expanduser().absolute() if to is not None else None
    try:
        keys.rotate(to)
    except (SecretsUnreadable, RotationRefused) as error:
        raise click.ClickException(f"{error}.") from None
    except OSError as error:
        raise click.ClickException(
            f"{error.filename or keys.directory} cannot be written ({error.strerror}); "
            f"the master key at {keys.master} is good as before."
        ) from None
    if to is None:
        click.echo(f"{keys.master} is new, and the one before it opens {keys.envelope} no more.")
        click.echo("Make a backup of both; in the backups before, the old one still opens what it did.")
        return
    click.echo(f"{to} opens {keys.envelope} now, and so does {keys.master}.")
    click.echo(f"Set master_key to {to} and start the server again: from then on the old one opens it no more.")
    click.echo(f"Then make a backup of the new one, and delete {keys.master}.")
