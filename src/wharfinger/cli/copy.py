"""`wharfinger copy`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wharfinger.cli import show
from wharfinger.cli.scrub import DAMAGE, described
from wharfinger.server.settings import Settings, SettingsInvalid, load

if TYPE_CHECKING:
    from wharfinger.server.copy import Made
    from wharfinger.services.copy import Told


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="What to copy: a data directory, or the file of settings that its server is started with. Without it, what "
    "the variables name.",
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="PLACE",
    help="Where to: a data directory, which is made, or a file of settings. Without it, what the variables name.",
)
@click.option(
    "--master-key",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The master key of a data directory that does not hold it.",
)
@click.option("--deep", is_flag=True, help="Also read all layers of the copy again, and mend what is damaged there.")
@click.option("--overwrite", is_flag=True, help="Let other data go that is there.")
def copy(*, source: Path | None, to: Path | None, master_key: Path | None, deep: bool, overwrite: bool) -> None:
    """Copy a whole installation into another place: database, layers and keys, but not the master key.

    The server of the source may run meanwhile. What is there from an earlier copy is not copied again, so it can be
    interrupted, and repeated as a backup. At the end both are compared: the exit status is 0 only if they are equal,
    and 3 if layers that are damaged at the source are all that is missing.
    """
    from wharfinger.domain.faults import Unavailable  # noqa: PLC0415 - help and errors need no database
    from wharfinger.server import copy as server  # noqa: PLC0415
    from wharfinger.server.data import DirectoryInUse  # noqa: PLC0415
    from wharfinger.services.copied_blobs import TooMuchDamage  # noqa: PLC0415
    from wharfinger.state.blobs.store import StoreMisconfigured  # noqa: PLC0415
    from wharfinger.state.db.schema import SchemaTooNew  # noqa: PLC0415
    from wharfinger.state.secrets import SecretsUnreadable  # noqa: PLC0415

    if source is None and to is None:
        raise click.UsageError("name what to copy with --from, or where to with --to")
    places = _place(source, master_key), _place(to, master_key)
    report = _Report()
    try:
        made = asyncio.run(server.run(*places, report.tell, deep=deep, overwrite=overwrite))
    except (server.CopyRefused, SecretsUnreadable, StoreMisconfigured) as error:
        raise click.ClickException(f"{error}.") from None
    except DirectoryInUse as error:
        raise click.ClickException(
            f"{error} uses {places[1].directory}: stop the server there, or name another place."
        ) from None
    except SchemaTooNew as error:
        raise click.ClickException(
            f"{places[1].directory} is from a newer Wharfinger: {error}. Update this one."
        ) from None
    except TooMuchDamage:
        raise click.ClickException(
            "more blobs are damaged than are worth a list: see whether the store of the source is whole."
        ) from None
    except Unavailable as fault:
        raise click.ClickException(
            f"it could not be done to the end: {fault.reason}. Run it again, it goes on where it was."
        ) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'a file'} cannot be used: {error.strerror}.") from None
    report.end(made, *places)
    if not made.outcome.is_equal:
        raise SystemExit(3 if made.outcome.is_done else 1)


def _place(path: Path | None, master_key: Path | None) -> Settings:
    try:
        if path is None:
            return load({}, os.environ)
        if path.is_file() or path.suffix == ".toml":
            return load({}, {}, path)
        return load({"data": str(path), "master_key": str(master_key or "")}, {})
    except SettingsInvalid as error:
        raise click.UsageError(f"{path or 'the variables'}: {error}") from None


class _Report:
    """What is printed while it is found."""

    def __init__(self) -> None:
        self._shows_progress = sys.stderr.isatty()

    def tell(self, told: Told) -> None:
        """Print something that was found or done."""
        from wharfinger.services.scrub import Hit, Rot  # noqa: PLC0415

        match told:
            case Rot():
                click.echo(f"damaged     {told.kind} {told.digest}: {DAMAGE[told.damage]}")
            case Hit():
                click.echo(described(told))
            case _ if self._shows_progress:
                click.echo(f"\r{told.blobs:,} blobs copied, {show.size(told.bytes)} ", err=True, nl=False)

    def end(self, made: Made, source: Settings, to: Settings) -> None:
        """Print how the two compare."""
        if self._shows_progress:
            click.echo("\r", err=True, nl=False)
        outcome = made.outcome
        if not outcome.is_done:
            what = [f"table {name}" for name in outcome.differences]
            what += [f"{outcome.blobs.missing:,} blobs"] if outcome.blobs.missing else []
            click.echo(f"not equal: {', '.join(what)}. Nothing of it can be seen yet; run it again.")
            return
        counts = outcome.source.counts
        held = f"{counts['images']:,} images, {len(counts)} tables, {outcome.blobs.there:,} blobs"
        if outcome.is_equal:
            click.echo(f"equal: {held}, digest sha256:{outcome.source.digest}")
        else:
            click.echo(f"not equal: {outcome.blobs.damaged:,} blobs are damaged at the source; else it has {held}")
            click.echo("Push the images again, to the source before the next copy or to a server on this one.")
        if made.lacks_master_key:
            click.echo(f"To serve it, put the master key into {to.master_key_file}; it is in {source.master_key_file}")
