"""Where the server is and with which key to speak to it: from variables, as AWS clients have it, or the data directory.

A flag goes before the variables: with `--data` or `--account` the key is the data directory's own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from wharfinger.cli.options import settings_from
from wharfinger.server.settings import Settings
from wharfinger.services.login import Credentials

if TYPE_CHECKING:
    from wharfinger.server.data import Running

_ADDRESSES: Final = ("AWS_ENDPOINT_URL_WHARFINGER", "AWS_ENDPOINT_URL_ECR")
_REGIONS: Final = ("AWS_DEFAULT_REGION", "AWS_REGION")


class Access(NamedTuple):
    """The address of a server, and who speaks to it."""

    address: str  # URL
    region: str
    key: str
    secret: str
    token: str | None = None
    authority: str | None = None  # file with the certificates to trust; None: those that the system trusts

    def __repr__(self) -> str:
        return f"Access({self.address}, {self.region}, {self.key}, …)"


def find(options: dict[str, Any]) -> Access:
    """What flags, variables and the data directory say together; ends the program if that is not enough."""
    asked = {name for name, value in options.items() if value is not None}
    settings = settings_from(options)
    address = None if "data" in asked else _variable(*_ADDRESSES)
    authority = _variable("AWS_CA_BUNDLE")
    if address is None:
        running = running_server(settings)
        address, authority = running.address, running.authority or authority
    region = None if "region" in asked else _variable(*_REGIONS)
    key, secret, token = _key(settings, asked)
    return Access(address, region or settings.region, key, secret, token, authority)


def running_server(settings: Settings) -> Running:
    """What the server on the data directory says of itself; ends the program if none was ever started there."""
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no server

    running = data.running(settings.directory)
    if running is None:
        raise click.ClickException(
            f"no server has been started on {settings.directory} yet: start one with `wharfinger serve`."
        )
    return running


def first_key(settings: Settings) -> Credentials:
    """The key of the default account, which the data directory holds; ends the program if it cannot be read."""
    from wharfinger.server import data  # noqa: PLC0415 - help and errors need no database
    from wharfinger.services import login  # noqa: PLC0415

    async def read() -> Credentials:
        state = await data.open_state(settings)
        try:
            return await login.first_key(state)
        finally:
            await state.db.close()

    running_server(settings)  # before there was a server there is nothing to open
    with readable(settings):
        return asyncio.run(read())


@contextmanager
def readable(settings: Settings) -> Iterator[None]:
    """Within the block the data directory is opened; ends the program if it cannot be."""
    from wharfinger.domain.faults import Unavailable  # noqa: PLC0415 - help and errors need no database
    from wharfinger.state.blobs.store import StoreMisconfigured  # noqa: PLC0415
    from wharfinger.state.secrets import SecretsUnreadable  # noqa: PLC0415

    try:
        yield
    except (SecretsUnreadable, PermissionError, StoreMisconfigured) as error:
        raise click.ClickException(f"{settings.directory} cannot be read: {error}") from None
    except Unavailable as fault:
        raise click.ClickException(f"the database cannot be used: {fault.reason}.") from None


def _key(settings: Settings, asked: AbstractSet[str]) -> tuple[str, str, str | None]:
    key, secret = _variable("AWS_ACCESS_KEY_ID"), _variable("AWS_SECRET_ACCESS_KEY")
    if key and secret and not asked & {"data", "account"}:
        return key, secret, _variable("AWS_SESSION_TOKEN")
    found = first_key(settings)
    return found.key, found.secret, None


def _variable(*names: str) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
