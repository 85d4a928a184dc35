"""Container engines of the tests' own: each in a directory of its own, ended by process id whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from support.programs import need

_START_SECONDS = 60
_STOP_SECONDS = 30
_CONTAINERD = """
version = 2
root = "{home}/root"
state = "{home}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{home}/socket"
[ttrpc]
  address = "{home}/ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "{home}/opt"
"""


@contextmanager
def docker_engine(inside: Sequence[str] = ()) -> Iterator[str]:
    """A docker engine without networks, started by a command that may begin with others: the value of DOCKER_HOST."""
    with short_directory() as home:
        host = f"unix://{home}/socket"
        command = [*inside, need("dockerd"), "--iptables=false", "--bridge=none", "--storage-driver=vfs"]
        command += ["--data-root", f"{home}/data", "--exec-root", f"{home}/exec"]
        command += ["--host", host, "--pidfile", f"{home}/pid"]
        try:
            with _daemon(command, home, [need("docker"), "--host", host, "version"]):
                yield host
        finally:
            _end_left_over(home, home / "exec" / "containerd" / "containerd.pid")


@contextmanager
def containerd() -> Iterator[str]:
    """A containerd: its address."""
    with short_directory() as home:
        (home / "config.toml").write_text(_CONTAINERD.format(home=home))
        address = f"{home}/socket"
        command = [need("containerd"), "--config", f"{home}/config.toml"]
        with _daemon(command, home, [need("ctr"), "--address", address, "version"]):
            yield address


@contextmanager
def short_directory() -> Iterator[Path]:
    """Not under pytest's own: the path of a socket has at most 107 bytes, that of podman's runroot 50."""
    home = Path(tempfile.mkdtemp(prefix="wharfinger-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _daemon(command: Sequence[str], home: Path, probe: Sequence[str]) -> Iterator[None]:
    log = home / "log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while subprocess.run(probe, check=False, capture_output=True, timeout=_START_SECONDS).returncode != 0:
            assert daemon.poll() is None, f"{command[0]} ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"{command[0]} did not get ready:\n{log.read_text()}"
            time.sleep(0.05)
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _end_left_over(home: Path, pid_file: Path) -> None:
    """An engine ends the containerd that it started, but one that was killed could not."""
    with suppress(OSError, ValueError):
        pid = int(pid_file.read_text())
        if str(home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
