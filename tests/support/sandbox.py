"""A machine within the machine: an /etc and a network of its own, in which a name leads to the server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from support.daemons import short_directory

# an address that docker does not take for this machine: to those it speaks without looking at certificates
_ADDRESS = "192.0.2.1"
_SETUP = """
set -e
ip link set lo up
ip address add {address}/32 dev lo
cp -a /etc/. {home}/etc
echo "{address} {name}" >> {home}/etc/hosts
mount --bind {home}/etc /etc
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib/containers
echo ready
exec sleep infinity
"""


@contextmanager
def sandbox(name: str) -> Iterator[Sequence[str]]:
    """What to write before a command that is to run in it; it needs root, and goes with all that was changed in it."""
    with short_directory() as home:
        (home / "etc").mkdir()
        script = _SETUP.format(home=home, address=_ADDRESS, name=name)
        inside = subprocess.Popen(["unshare", "--mount", "--net", "sh", "-c", script], stdout=subprocess.PIPE)
        try:
            assert inside.stdout is not None
            assert inside.stdout.readline() == b"ready\n"
            yield ("nsenter", f"--target={inside.pid}", "--mount", "--net", "--")
        finally:
            inside.kill()
            inside.communicate()
