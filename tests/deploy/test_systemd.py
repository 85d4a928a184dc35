"""deploy/systemd/wharfinger.service: systemd takes it, it is closed, and what it forbids the server does not need."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from support.content import image, layer
from support.poll import until
from support.programs import need
from support.registry import Registry
from support.server import Server
from wharfinger.server.serve import DRAIN_SECONDS
from wharfinger.server.settings import NAMES, NOT_SETTINGS

UNIT = Path(__file__).parents[2] / "deploy/systemd/wharfinger.service"
_MOST_EXPOSED = 15  # tenths; systemd says OK up to 49
_CALL = re.compile(r"^\d+ +(\w+)\(")
_WRITTEN_AND_RUN = re.compile(r"mmap\(.*PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC")


def values(name: str) -> list[str]:
    """What the unit says of one thing, in its order."""
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


@pytest.mark.needs("systemd-analyze")
def test_systemd_takes_it(tmp_path: Path) -> None:
    # what it starts is not installed here
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/wharfinger/bin/wharfinger", "/bin/true"))
    told = subprocess.run([need("systemd-analyze"), "verify", copy], check=False, capture_output=True, text=True)
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.needs("systemd-analyze")
def test_it_is_hardly_exposed() -> None:
    how = ("security", "--offline=true", f"--threshold={_MOST_EXPOSED}", "--no-pager")
    told = subprocess.run([need("systemd-analyze"), *how, UNIT], check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


def test_it_has_longer_to_stop_than_the_server_drains() -> None:
    [seconds] = values("TimeoutStopSec")
    assert int(seconds.removesuffix("s")) > DRAIN_SECONDS


def test_its_variables_are_settings() -> None:
    named = {line.partition("=")[0] for line in values("Environment")}
    assert named - NOT_SETTINGS <= {f"WHARFINGER_{name.upper()}" for name in NAMES}


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The system calls of a server that took a push, a pull and a deletion, replaced its workers and stopped."""
    directory = tmp_path_factory.mktemp("traced")
    written = directory / "calls"
    server = Server(directory / "data", open=True, workers=2)
    # as a grandchild, so that signals reach the server
    server.inside = (need("strace"), "-D", "-f", "-qq", "--signal=none", "--output", str(written))
    with server:
        registry = Registry(server, "123456789012")
        app, one = registry.create(), image(layer(100_000))
        registry.oci.push(app, one, "1")
        assert registry.oci.get(f"/v2/{app}/blobs/{next(iter(one.blobs))}").status == 200
        registry.delete(app, "1")
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: "the workers were replaced" in server.log.read_text(), "other workers answer")
        last = server.pid
    until(lambda: re.search(rf"^{last} +exit_group", written.read_text(), re.MULTILINE) is not None, "it is written")
    return written.read_text().splitlines()


@pytest.mark.needs("systemd-analyze", "strace")
def test_the_server_makes_no_system_call_that_it_forbids(traced: list[str]) -> None:
    made = {found[1] for line in traced if (found := _CALL.match(line))}
    assert {"execve", "accept4", "fsync"} <= made
    assert made - allowed() == set()


@pytest.mark.needs("systemd-analyze", "strace")
def test_nothing_in_it_runs_what_it_has_written_to_memory(traced: list[str]) -> None:
    assert values("MemoryDenyWriteExecute") == ["yes"]
    assert [line for line in traced if _WRITTEN_AND_RUN.search(line)] == []


def allowed() -> set[str]:
    """The system calls that the unit allows."""
    found: set[str] = set()
    for line in values("SystemCallFilter"):
        named = set().union(*(members(name) for name in line.removeprefix("~").split()))
        found = found - named if line.startswith("~") else found | named
    return found


def members(name: str) -> set[str]:
    """The system calls of a set, those of the sets in it included."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        [need("systemd-analyze"), "syscall-filter", "--no-pager", name], check=True, capture_output=True, text=True
    ).stdout
    lines = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(members(line) for line in lines if line and not line.startswith("#")))
