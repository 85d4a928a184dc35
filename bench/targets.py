"""What is measured: servers that are started for the run, each with a directory of its own."""

from __future__ import annotations

import base64
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from support.oci import Oci
from support.ports import free_port
from support.server import with_models

REPOSITORY: Final = "bench"
_START_SECONDS: Final = 20


class Target:
    """A registry that runs; `oci` talks to its data plane."""

    name: str
    durability: str

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.authorization = ""
        self.environment = dict(os.environ)
        self._stack = ExitStack()
        self.directory = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        self.oci = Oci(self.address, None)

    def __enter__(self) -> Self:
        process = subprocess.Popen(
            self.command(),
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        self._wait()
        self.prepare()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def command(self) -> list[str]:
        raise NotImplementedError

    def version(self) -> str:
        raise NotImplementedError

    def prepare(self) -> None:
        """Log in and make the repository, where the target has such things."""

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/v2/")
                if connection.getresponse().status in {200, 401}:
                    return
            time.sleep(0.02)
        raise SystemExit(f"{self.name} did not start")


class Wharfinger(Target):
    """This registry with one worker, checking passwords and signatures."""

    name = "wharfinger"
    durability = "every acknowledged blob and row is synced"

    def command(self) -> list[str]:
        data = str(self.directory / "data")
        arguments = ["--data", data, "--port", str(self.port), "--log-level", "warning"]
        return [sys.executable, "-m", "wharfinger", "serve", *arguments]

    def version(self) -> str:
        from wharfinger import __version__  # noqa: PLC0415 - a target like the others

        return __version__

    def prepare(self) -> None:
        self.log_in()
        self.ecr.create_repository(repositoryName=REPOSITORY)

    def log_in(self) -> None:
        """As the root, at both doors."""
        command = [sys.executable, "-m", "wharfinger", "env", "--data", str(self.directory / "data")]
        printed = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout
        variables = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if "=" in line)
        self._root = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        self._region = variables["AWS_DEFAULT_REGION"]
        self.ecr = self.client("ecr")
        token = self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        self.authorization = f"Basic {token}"
        self.oci = Oci(self.address, base64.b64decode(token).decode().partition(":")[2])

    def client(self, service: str, *key: str) -> Any:
        """A boto3 client with an access key and its secret, without them the root's."""
        id_, secret = key or self._root
        return with_models().client(
            service,
            endpoint_url=self.address,
            region_name=self._region,
            aws_access_key_id=id_,
            aws_secret_access_key=secret,
        )


class DockerRegistry(Target):
    """Debian's docker-registry (distribution 2.8), without access control."""

    name = "docker-registry"
    durability = "files are synced, folders are not"
    program = "docker-registry"

    def storage(self) -> str:
        return f"{{filesystem: {{rootdirectory: {self.directory / 'data'}}}, delete: {{enabled: true}}}}"

    def command(self) -> list[str]:
        configuration = self.directory / "config.yml"
        configuration.write_text(
            "version: 0.1\n"
            "log: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {self.storage()}\n"
            f"http: {{addr: 127.0.0.1:{self.port}}}\n"
        )
        return [_program(self.program), "serve", str(configuration)]

    def version(self) -> str:
        command = [_program(self.program), "--version"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return printed.split()[-1]


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None
    return found


def available() -> tuple[list[type[Target]], list[str]]:
    """The targets that can be run here, and a line for each that cannot."""
    if shutil.which("docker-registry") is None:
        return [Wharfinger], ["docker-registry is not installed: apt-get install docker-registry"]
    return [Wharfinger, DockerRegistry], []


def conditions() -> str:
    """What a reader has to know of the machine."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, data under {tempfile.gettempdir()}"
