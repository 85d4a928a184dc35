"""The `wharfinger` command."""

from __future__ import annotations

import click

from wharfinger import __version__
from wharfinger.cli.doctor import doctor
from wharfinger.cli.env import env
from wharfinger.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wharfinger")
def main() -> None:
    """A self-hosted container registry that speaks Amazon ECR."""


main.add_command(serve)
main.add_command(env)
main.add_command(doctor)
