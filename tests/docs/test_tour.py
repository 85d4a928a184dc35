"""The README's five-minute tour works word for word: its blocks are run as they stand there."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from support.daemons import docker_engine
from support.ports import free_port
from support.readme import commands

ROOT = Path(__file__).parents[2]
_SECONDS = 60
_SAMPLE = """
# Title
## Other
```shell
never this
```
## Five minutes
```shell
make run
```
Text.
### More of it
```console
# a comment
one
two
```
```json
{}
```
## Next
```shell
nor this
```
"""
# ends at the first command that fails, and says which it was
_STRICT = """
set -eo pipefail
trap 'echo "failed: $BASH_COMMAND"' ERR
"""


class Toured(NamedTuple):
    """What the second shell was told to do, what both shells printed, and the port of the server, now ended."""

    commands: list[str]
    output: str
    server_output: str
    port: int

    @property
    def failed(self) -> list[str]:
        """The commands that failed."""
        lines = self.output.splitlines()
        return [line.removeprefix("failed: ") for line in lines if line.startswith("failed: ")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory to run the tour in: the environment of these tests stands in for the one that make would set up."""
    clone = tmp_path_factory.mktemp("clone")
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, clone / name)
    programs = Path(sys.executable).parent
    ours = clone / ".venv" / "bin"
    ours.mkdir(parents=True)
    (ours / "wharfinger").symlink_to(programs / "wharfinger")
    (ours / "activate").write_text(f'PATH="{programs}:$PATH"\n')
    (clone / ".venv" / "ready").touch()
    return clone


@pytest.fixture(scope="module")
def toured(clone: Path) -> Toured:
    """The tour, made once."""
    port = free_port()
    first, *others = commands((ROOT / "README.md").read_text(), "Five minutes")
    with docker_engine() as host:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(clone / "home"),
            "LANG": "C.UTF-8",
            "DOCKER_HOST": host,
            # somebody may have a registry running where the tour would start one
            "WHARFINGER_PORT": str(port),
        }
        with _first_shell(first, clone, environment) as log:
            second = subprocess.run(
                ["bash", "-c", _STRICT + "".join(others)],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                env=environment,
                cwd=clone,
                timeout=_SECONDS,
            )
    lines = [line for block in others for line in block.splitlines() if line]
    return Toured(lines, second.stdout, log.read_text(), port)


@contextmanager
def _first_shell(block: str, clone: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    log = clone / "first.log"
    with log.open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-c", block],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=clone,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _SECONDS
        while "ready" not in log.read_text():
            assert shell.poll() is None, f"the first shell ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server did not get ready:\n{log.read_text()}"
            time.sleep(0.05)
        yield log
    finally:
        # Ctrl-C reaches all that runs in a shell
        os.killpg(shell.pid, signal.SIGINT)
        shell.wait(_SECONDS)


def test_the_blocks_of_a_section_are_found_in_their_order() -> None:
    assert commands(_SAMPLE, "Five minutes") == ["make run\n", "# a comment\none\ntwo\n"]


@pytest.mark.needs("docker", "dockerd", "root")
def test_every_command_of_the_tour_succeeds_but_the_last(toured: Toured) -> None:
    assert toured.failed == toured.commands[-1:], toured.output


@pytest.mark.needs("docker", "dockerd", "root")
def test_the_tour_ends_with_the_image_gone(toured: Toured) -> None:
    assert "manifest unknown" in toured.output.splitlines()[-2]


@pytest.mark.needs("docker", "dockerd", "root")
def test_ctrl_c_ends_the_server_of_the_tour_quietly(toured: Toured) -> None:
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", toured.port)) != 0
    assert "Traceback" not in toured.server_output
