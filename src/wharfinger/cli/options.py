"""The settings as options of a command: made from the one struct, so that none is forgotten."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from msgspec import inspect

from wharfinger.server.settings import PREFIX, Settings, SettingsInvalid, load

F = TypeVar("F", bound=Callable[..., Any])


def settings_options(*names: str) -> Callable[[F], F]:
    """Options for these settings, or for all, and `--config`."""

    def decorate(command: F) -> F:
        for field in reversed(setting_fields()):
            if not names or field.name in names:
                command = _option(field)(command)
        return click.option(
            "--config",
            type=click.Path(dir_okay=False, path_type=Path),
            help=f"TOML file with settings.  [variable: {PREFIX}CONFIG]",
        )(command)

    return decorate


def settings_from(options: dict[str, Any]) -> Settings:
    """What the options, the variables and the file say together; ends the program if they are wrong."""
    config = options.pop("config", None)
    flags = {name: value for name, value in options.items() if value is not None}
    try:
        return load(flags, os.environ, config)
    except SettingsInvalid as error:
        raise click.UsageError(str(error)) from None


def setting_fields() -> tuple[inspect.Field, ...]:
    """The settings, as the struct has them."""
    kind = inspect.type_info(Settings)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - it is one
    return kind.fields


def _option(field: inspect.Field) -> Callable[[F], F]:
    flag = "--" + field.name.replace("_", "-")
    text = f"{description(field)}  [variable: {PREFIX}{field.name.upper()}]"
    if isinstance(field.type, inspect.Metadata) and isinstance(field.type.type, inspect.BoolType):
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=None, help=text)
    return click.option(flag, field.name, metavar="VALUE", help=f"{text}  [default: {shown_default(field)}]")


def description(field: inspect.Field) -> str:
    """What the struct says of a setting."""
    schema = field.type.extra_json_schema if isinstance(field.type, inspect.Metadata) else None
    return str((schema or {}).get("description", ""))


def shown_default(field: inspect.Field) -> str:
    """The default as it is written in a file."""
    return msgspec.json.encode(field.default).decode().strip('"') or "empty"
