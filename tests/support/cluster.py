"""Three nodes behind nginx, which sends each request to the next one; PostgreSQL and an S3 server hold all they have.

A node is a process of its own with its own data directory, and shares nothing with the others but the master key.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from support import nginx, postgresql, stores
from support.server import Server

NODES: Final = 3
PROGRAMS: Final = ("nginx",)
SAMPLE: Final = Path(__file__).parents[2] / "deploy/compose/nginx.conf"


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

    def _proxy(self) -> AbstractContextManager[None]:
        nodes = "\n".join(f"server {node.host} max_fails=1 fail_timeout=2s;" for node in self.nodes)
        changes = {
            "server node:5050 max_fails=1 fail_timeout=2s;": nodes,
            "listen 8080;": f"listen 127.0.0.1:{self.port};",
        }
        return nginx.nginx(nginx.fitted(SAMPLE.read_text(), changes), self.port)


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
