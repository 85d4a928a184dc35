"""The `wharfinger` command."""

from __future__ import annotations

import click

from wharfinger import __version__
from wharfinger.cli.bin import bin_, protect, unprotect
from wharfinger.cli.cert import cert
from wharfinger.cli.copy import copy
from wharfinger.cli.doctor import doctor
from wharfinger.cli.env import env
from wharfinger.cli.events import events
from wharfinger.cli.feeds import feed
from wharfinger.cli.health import health
from wharfinger.cli.holds import hold
from wharfinger.cli.images import images
from wharfinger.cli.keys import key
from wharfinger.cli.migrate import migrate
from wharfinger.cli.plans import plan
from wharfinger.cli.policies import policy
from wharfinger.cli.providers import provider
from wharfinger.cli.robots import robot
from wharfinger.cli.roles import role
from wharfinger.cli.rotate import rotate_master_key
from wharfinger.cli.scrub import scrub
from wharfinger.cli.serve import serve
from wharfinger.cli.tags import tags
from wharfinger.cli.trail import trail
from wharfinger.cli.usage import usage
from wharfinger.cli.users import user
from wharfinger.cli.webhooks import webhook

_STATUS = """
Exit status: 0 done, also where there was nothing to find; 1 refused or failed; 2 wrong usage; 3 done in part.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=_STATUS)
@click.version_option(__version__, prog_name="wharfinger")
def main() -> None:
    """A self-hosted container registry that speaks Amazon ECR.

    `serve` is the registry; `cert`, `env`, `doctor`, `health`, `scrub`, `copy`, `migrate` and `rotate-master-key` work
    on its data or this machine. All others are clients of it: they find it by the variables that `env` prints, or by
    its data directory on this machine.
    """


for command in (
    serve,
    cert,
    env,
    doctor,
    health,
    scrub,
    copy,
    migrate,
    rotate_master_key,
    images,
    bin_,
    tags,
    hold,
    feed,
    plan,
    usage,
    protect,
    unprotect,
    events,
    trail,
    webhook,
    user,
    role,
    provider,
    key,
    policy,
    robot,
):
    main.add_command(command)
