"""Three nodes behind nginx, which sends each request to the next one; PostgreSQL and an S3 server hold all they have.

A node is a process of its own with its own data directory, and shares nothing with the others but the master key.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from support import postgresql, stores
from support.daemons import short_directory
from support.poll import until_listening
from support.programs import need
from support.server import Server

NODES: Final = 3
PROGRAMS: Final = ("nginx",)
SAMPLE: Final = Path(__file__).parents[2] / "deploy/compose/nginx.conf"
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


class Cluster(Server):
    """What clients take for one server: the proxy, and the nodes behind it.

    Its directory is the first node's; the rows and the bytes are looked up by it.
    """

    def __init__(self, root: Path, **settings: Any) -> None:
        directory = root / "node-0"
        stores.belongs(directory, "s3")
        shared = {"database": postgresql.database_of(directory), **stores.settings_for(directory)}
        super().__init__(directory, **{**shared, "master_key": _master_key(root), **settings})
        self.settings["address"] = f"http://localhost:{self.port}"
        of_nodes = {name: value for name, value in self.settings.items() if name not in {"data", "port"}}
        self.nodes = [Server(root / f"node-{number}", **of_nodes) for number in range(NODES)]

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of it, within the block."""
        with ExitStack() as stack:
            for node in self.nodes:  # the first one makes the tables
                stack.enter_context(node)
            stack.enter_context(self._proxy())
            yield

    @contextmanager
    def _proxy(self) -> Iterator[None]:
        with short_directory() as home:
            (home / "sample.conf").write_text(self._fitted(SAMPLE.read_text()))
            (home / "nginx.conf").write_text(_AROUND.format(home=home))
            command = [need("nginx"), "-e", "stderr", "-p", str(home), "-c", str(home / "nginx.conf")]
            with (home / "log").open("wb") as log:
                nginx = subprocess.Popen(command, stderr=log)
            try:
                until_listening(self.port, home / "log")
                yield
            finally:
                nginx.terminate()
                nginx.wait()

    def _fitted(self, sample: str) -> str:
        """The sample of deploy/compose with the addresses of this test; each that is to be changed is there once."""
        nodes = "\n".join(f"server {node.host} max_fails=1 fail_timeout=2s;" for node in self.nodes)
        for old, new in {
            "server node:5050 max_fails=1 fail_timeout=2s;": nodes,
            "listen 8080;": f"listen 127.0.0.1:{self.port};",
        }.items():
            assert sample.count(old) == 1, old
            sample = sample.replace(old, new)
        return sample


@contextmanager
def cluster(**settings: Any) -> Iterator[Cluster]:
    """One that runs within the block, and leaves no files."""
    with tempfile.TemporaryDirectory(prefix="wharfinger-cluster-") as root:
        made = Cluster(Path(root), **settings)
        with made.running():
            yield made


def _master_key(root: Path) -> Path:
    file = root / "master.key"
    file.write_bytes(os.urandom(32))
    file.chmod(0o600)
    return file
