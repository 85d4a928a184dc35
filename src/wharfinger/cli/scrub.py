"""`wharfinger scrub`."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from wharfinger.cli import show
from wharfinger.cli.access import readable, running_server
from wharfinger.cli.client import printable
from wharfinger.cli.options import settings_from, settings_options
from wharfinger.server.settings import Settings

if TYPE_CHECKING:
    from wharfinger.services.scrub import Found, Hit, Progress, Rot

_MEBIBYTE: Final = 1024 * 1024
DAMAGE: Final = {
    "missing": "its file is missing",
    "size": "its file has another size",
    "content": "its bytes are not those that were pushed",
    "unreadable": "its file cannot be read",
}


@click.command()
@settings_options("data", "database", "master_key")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="MIB", help="Read so much per second.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document on each line.")
def scrub(*, rate: float | None, as_json: bool, **options: Any) -> None:
    """Read all layers and manifests again, and say which are rotten and which images that hits.

    A rotten layer is taken for one that is not there until its bytes are pushed again. The server may run meanwhile.
    The exit status is 1 if something is rotten.
    """
    from wharfinger.domain.faults import Unavailable  # noqa: PLC0415 - help and errors need no database

    settings = settings_from(options)
    try:
        rotten = asyncio.run(_scrub(settings, rate, as_json=as_json))
    except Unavailable as fault:
        raise click.ClickException(f"{settings.directory} cannot be read to the end: {fault.reason}.") from None
    if rotten:
        raise SystemExit(1)


async def _scrub(settings: Settings, rate: float | None, *, as_json: bool) -> int:
    """How much is rotten."""
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no database
    from wharfinger.services import health  # noqa: PLC0415
    from wharfinger.services import scrub as service  # noqa: PLC0415

    running_server(settings)
    with readable(settings):
        state = await data.open_state(settings)
    try:
        missing = await health.missing(state)
        if missing is not None:
            raise click.ClickException(f"{settings.directory} cannot be used: {missing}.")
        report = _Report(as_json=as_json)
        async for found in service.run(state, rate * _MEBIBYTE if rate else None):
            report.tell(found)
        report.end()
        return report.rotten
    finally:
        await state.db.close()


class _Report:
    """What is printed while it is found, so that none of it has to be kept."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._shows_progress = not as_json and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._is_hit = True
        self.rotten = 0

    def tell(self, found: Found) -> None:
        """Print something that was found."""
        from wharfinger.services import scrub as service  # noqa: PLC0415

        if not isinstance(found, service.Hit):
            self._end_of_hits()
        match found:
            case service.Progress():
                self._progress = found
                if self._shows_progress:
                    click.echo(f"\r{show.size(found.bytes)} read ", err=True, nl=False)
            case service.Rot():
                self.rotten += 1
                self._is_hit = False
                self._rot(found)
            case service.Hit():
                self._is_hit = True
                self._hit(found)
            case service.Recovery() if self._as_json:
                show.document({"type": "recovery", "digest": found.digest})
            case service.Recovery():
                click.echo(f"good again  blob {found.digest}")

    def end(self) -> None:
        """Print the figures."""
        self._end_of_hits()
        done = self._progress
        if done is None:
            return
        if self._as_json:
            show.document({"type": "summary", **done._asdict(), "rotten": self.rotten})
            return
        if self._shows_progress:
            click.echo("\r", err=True, nl=False)
        read = f"{done.blobs} blobs and {done.manifests} manifests read, {show.size(done.bytes)}"
        click.echo(f"{read}: {f'{self.rotten} rotten.' if self.rotten else 'all is well.'}")
        if self.rotten:
            click.echo("Push the images again: clients send what is rotten, and leave out what is not.")

    def _rot(self, found: Rot) -> None:
        if self._as_json:
            show.document({"type": "rot", "kind": found.kind, "digest": found.digest, "damage": found.damage})
        else:
            click.echo(f"rotten      {found.kind} {found.digest}: {DAMAGE[found.damage]}")

    def _hit(self, found: Hit) -> None:
        place = found.place
        if self._as_json:
            show.document(
                {
                    "type": "image",
                    "digest": found.rot.digest,
                    "registryId": place.registry.account,
                    "region": place.registry.region,
                    "repositoryName": place.repository,
                    "imageDigest": place.digest,
                    "imageTags": list(place.tags),
                    "deletionId": str(place.deletion) if place.deletion is not None else None,
                }
            )
            return
        click.echo(described(found))

    def _end_of_hits(self) -> None:
        if not self._is_hit and not self._as_json:
            click.echo("            no image refers to it")
        self._is_hit = True


def described(hit: Hit) -> str:
    """An image with damaged bytes, on a line of its own."""
    from wharfinger.server.audit import named  # noqa: PLC0415 - help and errors need no database

    tags = f"  tags {', '.join(hit.place.tags)}" if hit.place.tags else ""
    return printable(f"            {named(hit.place)}{tags}")
