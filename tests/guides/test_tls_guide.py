"""The guide to TLS is true: its commands are run as they stand there, by clients that do look at certificates."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.daemons import docker_engine
from support.guide import Followed, ends_with, follow
from support.sandbox import sandbox

pytestmark = pytest.mark.needs("docker", "dockerd", "podman", "skopeo", "buildah", "root")
GUIDE = Path(__file__).parents[2] / "docs/guides/tls.md"
_SERVING = re.compile(r"^```console\n(wharfinger serve .*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = 60


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """The guide, followed once: what comes before the server is started, and then what comes after."""
    directory = tmp_path_factory.mktemp("tls")
    home = directory / "home"
    before, command, after = _SERVING.split(GUIDE.read_text())
    with sandbox("registry.internal") as inside, docker_engine(inside) as host:
        variables = {"DOCKER_HOST": host, "STORAGE_DRIVER": "vfs"}
        first = follow(_page(directory, before), home, variables, inside)
        with _serving(command, home, inside):
            second = follow(_page(directory, after), home, variables, inside)
    return Followed([*first.blocks, *second.blocks], [*first.printed, *second.printed])


def _page(directory: Path, text: str) -> Path:
    page = directory / "page.md"
    page.write_text(text)
    return page


@contextmanager
def _serving(command: str, home: Path, inside: Sequence[str]) -> Iterator[None]:
    log = home / "server.log"
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment: Mapping[str, str] = {"PATH": programs, "HOME": str(home), "LANG": "C.UTF-8"}
    with log.open("wb") as output:
        shell = subprocess.Popen(
            [*inside, "bash", "-c", command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _SECONDS
        while "ready" not in log.read_text():
            assert shell.poll() is None, f"the server ended:\n{log.read_text()}"
            assert time.monotonic() < deadline, f"the server did not get ready:\n{log.read_text()}"
            time.sleep(0.05)
        yield
    finally:
        os.killpg(shell.pid, signal.SIGINT)
        shell.wait(_SECONDS)


def test_each_command_succeeds_but_those_that_are_said_to_fail(followed: Followed) -> None:
    assert len(followed.printed) == len(followed.blocks) > 0
    assert followed.failed == followed.marked, "\n".join(followed.printed)


def test_clients_that_do_not_trust_the_authority_refuse_for_that_reason(followed: Followed) -> None:
    [refused] = [
        printed for block, printed in zip(followed.blocks, followed.printed, strict=True) if "refused" in block.commands
    ]
    assert refused.count("x509: certificate signed by unknown authority") == 3


def test_what_is_shown_is_printed(followed: Followed) -> None:
    for block, printed in zip(followed.blocks, followed.printed, strict=True):
        assert block.shown is None or ends_with(printed, block.shown), printed


def test_what_the_command_says_of_clients_is_what_the_guide_does(followed: Followed) -> None:
    said = followed.printed[0]
    assert "/etc/docker/certs.d/registry.internal:5050/ca.crt" in said
    assert "/tls/trust, or as for docker under /etc/containers/certs.d" in said


def test_nothing_of_it_is_left_on_the_machine(followed: Followed) -> None:
    assert not Path("/etc/docker/certs.d/registry.internal:5050").exists()
    assert not Path("/etc/containers/certs.d/registry.internal:5050").exists()
