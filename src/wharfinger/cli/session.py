"""What the commands share that are clients of a running server."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import click

from wharfinger.cli import show
from wharfinger.cli.access import Access, find
from wharfinger.cli.client import Client, Document
from wharfinger.cli.show import Column

PARTLY: Final = 3
"""Exit status where something was done and something was not."""

dry_run_option: Final = click.option("--dry-run", is_flag=True, help="Tell what would go, and delete nothing.")

tag_option: Final = click.option("--tag", multiple=True, metavar="KEY=VALUE", help="A tag; more than once for more.")


class Session(Client):
    """A client whose answers are printed as the reader wants them."""

    def __init__(self, access: Access, *, as_json: bool) -> None:
        super().__init__(access)
        self.as_json = as_json

    def listing(self, items: Iterable[Document], columns: Sequence[Column]) -> None:
        """Print a list."""
        show.listing(items, columns, as_json=self.as_json)

    def details(self, item: Document, columns: Sequence[Column]) -> None:
        """Print one item."""
        show.details(item, columns, as_json=self.as_json)

    def say(self, sentence: str) -> None:
        """Tell a person something; machines have it in their document."""
        if not self.as_json:
            click.echo(sentence)


def client_command(function: Callable[..., None]) -> Callable[..., None]:
    """A command that gets a Session, and the options that say where the server is and how to print."""

    @click.option("--data", metavar="DIRECTORY", help="Find the server, and the key to it, by its data directory.")
    @click.option("--master-key", metavar="FILE", help="The master key of the data directory, if it is elsewhere.")
    @click.option("--account", help="Use the key of this account, which the data directory holds.")
    @click.option("--region", help="Registry of this region.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON documents, one on each line.")
    @functools.wraps(function)
    def run(*, as_json: bool, **arguments: Any) -> None:
        access = find({name: arguments.pop(name) for name in ("data", "master_key", "account", "region")})
        function(Session(access, as_json=as_json), **arguments)

    return run
