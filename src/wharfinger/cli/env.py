"""`wharfinger env`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

import click
import msgspec

from wharfinger import contract
from wharfinger.cli.access import first_key, running_server
from wharfinger.cli.options import settings_from, settings_options


@click.command()
@settings_options("data", "database", "master_key", "account", "region", "address", "port")
def env(**options: Any) -> None:
    """Print, for the shell, what AWS clients need to use this registry: eval "$(wharfinger env)"."""
    asked = {name for name, value in options.items() if value is not None}
    settings = settings_from(options)
    running = running_server(settings)
    credentials = first_key(settings)
    base = running.address
    if asked & {"address", "port"}:
        tls = {"tls_cert": "its own"} if running.tls else {}
        base = msgspec.structs.replace(settings, **tls).addresses.base
    for name, value in {
        "AWS_ACCESS_KEY_ID": credentials.key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret,
        "AWS_DEFAULT_REGION": settings.region,  # read by the AWS CLI and boto3
        "AWS_REGION": settings.region,  # read by the other SDKs
        "AWS_ENDPOINT_URL_ECR": base,
        "AWS_ENDPOINT_URL_STS": base,
        "AWS_ENDPOINT_URL_WHARFINGER": base,
        "AWS_DATA_PATH": _models(os.environ.get("AWS_DATA_PATH", "")),  # where they find the `wharfinger` service
        "WHARFINGER_REGISTRY": base.partition("://")[2],
        # in place of all that the system trusts; but these clients are to speak to this server only
        **({"AWS_CA_BUNDLE": running.authority} if running.authority else {}),
    }.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_SESSION_TOKEN")  # one of another account would be sent along, and refused


def _models(present: str) -> str:
    """Our models in front of those that are known already."""
    ours = str(Path(contract.__path__[0]) / "models")
    return os.pathsep.join([ours, *(path for path in present.split(os.pathsep) if path not in {"", ours})])
