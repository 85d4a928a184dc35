"""How fast this machine can be at all: nginx for pulls, a digest and a synced write for pushes."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Final

from bench.targets.target import REPOSITORY, Server, Target, printed, program

MIB: Final = 1024 * 1024
_PIECE: Final = os.urandom(MIB)
_CONFIGURATION: Final = """
daemon off;
worker_processes auto;
pid {home}/pid;
error_log stderr crit;
worker_rlimit_nofile 10000;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    open_file_cache max=1000;
    default_type application/octet-stream;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    server {{ listen 127.0.0.1:{port} backlog=4096; root {home}/files; }}
}}
"""


class Nginx(Server):
    """Files from a directory under the paths that a registry has them at."""

    name = "nginx"
    kind = "ceiling"
    durability = "reads only"
    doors = frozenset({"pull"})
    ready = "/ready"
    _remedy = "apt-get install nginx-light"

    def command(self) -> list[str]:
        self._file(self.ready).write_bytes(b"")
        configuration = self.directory / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(home=self.directory, port=self.port))
        # started by root, its workers are another user's
        self.directory.chmod(0o755)
        return [program("nginx", self._remedy), "-e", "stderr", "-p", str(self.directory), "-c", str(configuration)]

    @classmethod
    def version(cls) -> str:
        return printed(program("nginx", cls._remedy), "-v").strip().rpartition("/")[2]

    def store_blob(self, content: bytes, digest: str, repository: str) -> None:
        self._file(f"/v2/{repository}/blobs/{digest}").write_bytes(content)

    def place_manifest(self, reference: str, content: bytes, media_type: str, repository: str = REPOSITORY) -> None:
        del media_type
        self._file(f"/v2/{repository}/manifests/{reference}").write_bytes(content)

    def _file(self, path: str) -> Path:
        file = self.directory / "files" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        return file


class Ceiling(Target):
    """What a push cannot be faster than."""

    kind = "ceiling"
    doors = frozenset({"ceiling"})

    def rate(self, size: int) -> float:
        """MiB/s with this many bytes."""
        raise NotImplementedError


class Sha256(Ceiling):
    """`openssl speed` on one core."""

    name = "sha256"
    durability = "writes nothing"
    _remedy = "apt-get install openssl"

    @classmethod
    def version(cls) -> str:
        return printed(program("openssl", cls._remedy), "version").split()[1]

    def rate(self, size: int) -> float:
        del size
        command = (program("openssl", self._remedy), "speed", "-seconds", "1", "-bytes", str(MIB), "-evp", "sha256")
        return speed(printed(*command))


class PlainWrite(Ceiling):
    """One file, written in pieces of 1 MiB and synced with its folder."""

    name = "write and fsync"
    durability = "the file and its folder are synced"

    @classmethod
    def version(cls) -> str:
        return os.uname().release

    def rate(self, size: int) -> float:
        path = self.directory / "file"
        began = time.perf_counter()
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        for _ in range(size // MIB):
            os.write(file, _PIECE)
        os.fsync(file)
        os.close(file)
        folder = os.open(self.directory, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        took = time.perf_counter() - began
        path.unlink()
        return size / MIB / took


def speed(output: str) -> float:
    """MiB/s from the last line that `openssl speed` prints, which has thousands of bytes a second."""
    found = re.findall(r"^\S*sha256\s+([\d.]+)k", output, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise ValueError(f"openssl speed printed no rate: {output!r}")
    return float(found[-1]) * 1000 / MIB
