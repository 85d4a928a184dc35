"""`wharfinger serve`."""

from __future__ import annotations

import sys
from typing import Any

import click

from wharfinger.cli.options import settings_from, settings_options
from wharfinger.server.settings import Settings


@click.command()
@settings_options()
def serve(**options: Any) -> None:
    """Start the registry; Ctrl-C or SIGTERM stops it when the requests in flight are answered."""
    from wharfinger.domain.access_file import AccessFileInvalid  # noqa: PLC0415 - help and errors need no server
    from wharfinger.domain.faults import Unavailable  # noqa: PLC0415
    from wharfinger.server.data import DirectoryInUse  # noqa: PLC0415
    from wharfinger.server.queues import PortTaken  # noqa: PLC0415
    from wharfinger.server.serve import serve as run  # noqa: PLC0415
    from wharfinger.server.tls import CertificateUnusable  # noqa: PLC0415
    from wharfinger.server.traces import TracesUnusable  # noqa: PLC0415
    from wharfinger.services.copy import CopyUnfinished  # noqa: PLC0415
    from wharfinger.state.blobs.store import StoreMisconfigured  # noqa: PLC0415
    from wharfinger.state.db.schema import SchemaTooNew, SchemaTooOld  # noqa: PLC0415
    from wharfinger.state.secrets import SecretsUnreadable  # noqa: PLC0415

    settings = settings_from(options)
    try:
        run(settings, lambda: _print_ready(settings))
    except DirectoryInUse as error:
        raise click.ClickException(
            f"{error} is serving {settings.directory} already. Stop it, give this one another directory with --data, "
            "or use --workers for more processes on the same data."
        ) from None
    except PortTaken:
        raise click.ClickException(
            f"something listens on {settings.host}:{settings.port} already. Choose another port with --port."
        ) from None
    except AccessFileInvalid as error:
        raise click.ClickException(f"the access file {settings.access_file} cannot be used: {error}.") from None
    except (CertificateUnusable, StoreMisconfigured, TracesUnusable) as error:
        raise click.ClickException(f"{error}.") from None
    except CopyUnfinished:
        raise click.ClickException(
            f"the copy into {settings.directory} is not finished: run the same `wharfinger copy` again."
        ) from None
    except SchemaTooNew as error:
        raise click.ClickException(
            f"{settings.directory} is from a newer Wharfinger: {error}. Update this one."
        ) from None
    except SchemaTooOld as error:
        raise click.ClickException(f"{error}. Run `wharfinger migrate` once, with the same database.") from None
    except Unavailable as fault:
        raise click.ClickException(f"the database cannot be used: {fault.reason}.") from None
    except (SecretsUnreadable, PermissionError) as error:
        raise click.ClickException(f"{settings.directory} cannot be used: {error}") from None


def _print_ready(settings: Settings) -> None:
    address = settings.addresses.base
    docker = address.partition("://")[2]
    where = "" if settings.data == Settings().data else f" --data {settings.directory}"
    where += f" --master-key {settings.master_key_file}" if settings.master_key else ""
    lines = [
        "Wharfinger is ready.",
        "",
        f"  ECR API and registry   {address}",
        f"  listening on           {settings.host}:{settings.port}, {settings.workers} worker(s)",
        f"  data                   {settings.directory}",
    ]
    if settings.open:
        lines.append("  open                   any signature is accepted; a 12-digit access key is the account")
    lines += [
        "",
        "To log in, in another shell:",
        "",
        f'  eval "$(wharfinger env{where})"',
        "  aws ecr get-login-password | docker login --username AWS --password-stdin " + docker,
        "  aws ecr create-repository --repository-name hello",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
