"""`wharfinger env`."""

from __future__ import annotations

import asyncio
import shlex
from typing import Any

import click

from wharfinger.cli.options import settings_from, settings_options


@click.command()
@settings_options("data", "account", "region", "address", "port")
def env(**options: Any) -> None:
    """Print, for the shell, what AWS clients need to use this registry: eval "$(wharfinger env)"."""
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no database
    from wharfinger.services import access  # noqa: PLC0415
    from wharfinger.state.secrets import SecretsUnreadable  # noqa: PLC0415

    asked = {name for name, value in options.items() if value is not None}
    settings = settings_from(options)
    running = data.running(settings.directory)

    async def key() -> access.Credentials:
        state = data.open_state(settings)
        try:
            return await access.first_key(state)
        finally:
            await state.db.close()

    if running is None:
        raise click.ClickException(
            f"no server has been started on {settings.directory} yet: start one with `wharfinger serve`."
        )
    try:
        credentials = asyncio.run(key())
    except (SecretsUnreadable, PermissionError) as error:
        raise click.ClickException(f"{settings.directory} cannot be read: {error}") from None
    base = settings.addresses.base if asked & {"address", "port"} else running.address
    for name, value in {
        "AWS_ACCESS_KEY_ID": credentials.key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret,
        "AWS_DEFAULT_REGION": settings.region,  # read by the AWS CLI and boto3
        "AWS_REGION": settings.region,  # read by the other SDKs
        "AWS_ENDPOINT_URL_ECR": base,
        "WHARFINGER_REGISTRY": base.partition("://")[2],
    }.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_SESSION_TOKEN")  # one of another account would be sent along, and refused
