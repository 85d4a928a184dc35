"""The image that deploy/Containerfile makes: it is built, runs as it should be run, and takes a push and a pull."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import boto3
import pytest

from support import base_image
from support.content import image, layer
from support.daemons import short_directory
from support.oci import Oci
from support.poll import until
from support.ports import free_port
from support.programs import need
from support.registry import new_password
from wharfinger import __version__

pytestmark = [pytest.mark.needs("buildah", "podman", "runc", "root"), pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]


class Engine:
    """buildah and podman with images and containers of their own."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def run(self, program: str, *arguments: str | Path, seconds: float = 500) -> str:
        """What a command prints; it has to succeed."""
        ended = self.attempt(program, *arguments, seconds=seconds)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout.strip()

    def attempt(self, program: str, *arguments: str | Path, seconds: float = 500) -> subprocess.CompletedProcess[str]:
        """A command that may fail."""
        command: list[str | Path] = [need(program), "--root", self._home / "root", "--runroot", self._home / "run"]
        return subprocess.run(
            [*command, "--storage-driver", "vfs", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds,
            cwd=ROOT,
        )


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with short_directory() as home:
        yield Engine(home)


@pytest.fixture(scope="module")
def built(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image's name."""
    base = tmp_path_factory.mktemp("base") / "base.tar"
    base_image.write(base)
    engine.run("podman", "import", base, "localhost/base")
    base.unlink()
    how = ("--format", "docker", "--isolation", "chroot", "--network", "host", "--layers=false")
    index = _own_index(base.parent)
    trust = f"{base_image.AUTHORITIES}:{base_image.AUTHORITIES}:ro"
    arguments = ("--build-arg", "BASE=localhost/base", "--secret", f"id=pip,src={index}", "--volume", trust)
    engine.run("buildah", "bud", *how, *arguments, "--file", "deploy/Containerfile", "--tag", "wharfinger", ".")
    return "localhost/wharfinger"


def _own_index(directory: Path) -> Path:
    """What pip is told on this machine, by files and variables, as one file."""
    listed = subprocess.run(["pip3", "config", "list"], check=True, capture_output=True, text=True).stdout
    lines = dict(line.split("=", 1) for line in listed.splitlines())
    options = {name.rpartition(".")[2]: value.strip("'\"") for name, value in lines.items()}
    wanted = ("index-url", "extra-index-url", "cert", "timeout", "trusted-host", "proxy")
    file = directory / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{name} = {options[name]}\n" for name in wanted if name in options))
    return file


@pytest.fixture(scope="module")
def facts(engine: Engine, built: str) -> Any:
    """What the image says of itself."""
    return json.loads(engine.run("podman", "image", "inspect", built))[0]


class Container:
    """A container of the image, without rights and with a root file system that cannot be written."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name
        self.port = free_port()

    def start(self, built: str) -> Self:
        """Start, and wait until it is ready."""
        # this machine may give no more than these
        limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
        closed = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
        where = ("--network", "host", "--env", "WHARFINGER_HOST=127.0.0.1", "--env", f"WHARFINGER_PORT={self.port}")
        options = ("--detach", "--name", self.name, "--no-healthcheck", *limits, *closed, *where)
        self._engine.run("podman", "run", *options, built)
        until(lambda: self.attempt("wharfinger", "health").returncode == 0, "it is ready")
        return self

    def run(self, *command: str) -> str:
        """What a command in it prints."""
        return self._engine.run("podman", "exec", self.name, *command)

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command in it that may fail."""
        return self._engine.attempt("podman", "exec", self.name, *command)

    def stop(self) -> str:
        """End by its stop signal; its exit status."""
        self._engine.run("podman", "stop", "--time", "40", self.name)
        return self._engine.run("podman", "inspect", "--format", "{{.State.ExitCode}}", self.name)


@pytest.fixture(scope="module")
def container(engine: Engine, built: str) -> Iterator[Container]:
    running = Container(engine, "one")
    try:
        yield running.start(built)
    finally:
        engine.attempt("podman", "rm", "--force", "--time", "40", "one")


def test_an_image_that_is_pushed_to_it_can_be_pulled(container: Container) -> None:
    lines = [line.removeprefix("export ") for line in container.run("wharfinger", "env").splitlines()]
    exported = dict(line.split("=", 1) for line in lines if "=" in line)
    ecr = boto3.client(
        "ecr",
        endpoint_url=exported["AWS_ENDPOINT_URL_ECR"],
        region_name=exported["AWS_REGION"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
    )
    ecr.create_repository(repositoryName="hello")
    oci = Oci(exported["AWS_ENDPOINT_URL_ECR"], new_password(ecr))
    one = image(layer(100_000))
    oci.push("hello", one, "1")
    assert oci.get("/v2/hello/manifests/1").body == one.manifest
    assert {digest: oci.get(f"/v2/hello/blobs/{digest}").body for digest in one.blobs} == one.blobs


def test_its_doctor_finds_nothing(container: Container) -> None:
    assert container.run("wharfinger", "doctor").endswith("All is well.")


def test_nobody_but_its_user_may_read_the_data(container: Container) -> None:
    how = "import os; found = os.stat('data'); print(os.getcwd(), found.st_uid, found.st_gid, oct(found.st_mode))"
    assert container.run("/opt/wharfinger/bin/python", "-c", how) == "/var/lib/wharfinger 10001 10001 0o40700"


def test_it_has_no_installer_beside_it(container: Container) -> None:
    assert "No module named pip" in container.attempt("/opt/wharfinger/bin/python", "-m", "pip").stderr


def test_it_says_that_it_is_not_ready_where_nothing_is(container: Container) -> None:
    told = container.attempt("wharfinger", "health", "--port", str(free_port()))
    assert told.returncode == 1
    assert "the server is not ready: it does not answer on 127.0.0.1:" in told.stderr


def test_it_stops_by_its_signal(engine: Engine, built: str) -> None:
    try:
        assert Container(engine, "two").start(built).stop() == "0"
    finally:
        engine.attempt("podman", "rm", "--force", "two")


def test_it_is_described(facts: Any) -> None:
    config = facts["Config"]
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    assert (labels["title"], labels["version"], labels["licenses"]) == ("Wharfinger", __version__, "Apache-2.0")
    assert (config["User"], config["StopSignal"]) == ("10001:10001", "SIGTERM")
    assert (list(config["Volumes"]), list(config["ExposedPorts"])) == (["/var/lib/wharfinger"], ["5050/tcp"])
    assert facts["Healthcheck"]["Test"] == ["CMD", "wharfinger", "health"]


def test_no_address_of_an_index_is_left_in_it(facts: Any) -> None:
    assert "pip.conf" not in json.dumps(facts["Config"])
    assert "://" not in json.dumps(facts["History"])
