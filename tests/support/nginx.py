"""nginx before servers under test, set up by one of the samples of this project."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from support.daemons import short_directory
from support.poll import until_listening
from support.programs import need

# what the samples are included into, as Debian's own file does it
_AROUND: Final = """
daemon off;
worker_processes 1;
pid {home}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    include {home}/sample.conf;
}}
"""


@contextmanager
def nginx(sample: str, port: int) -> Iterator[None]:
    """One that does what a sample says, whose names and addresses were fitted, and listens on a port."""
    with short_directory() as home:
        (home / "sample.conf").write_text(sample)
        (home / "nginx.conf").write_text(_AROUND.format(home=home))
        command = [need("nginx"), "-e", "stderr", "-p", str(home), "-c", str(home / "nginx.conf")]
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log)
        try:
            until_listening(port, home / "log")
            yield
        finally:
            process.terminate()
            process.wait()


def fitted(sample: str, changes: dict[str, str]) -> str:
    """A sample with what a test has in the place of names and addresses; each of them is there once."""
    for old, new in changes.items():
        assert sample.count(old) == 1, old
        sample = sample.replace(old, new)
    return sample
