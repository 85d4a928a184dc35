"""Registries that others made. They are asked for no password, so they have less to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

import boto3

from bench.targets.target import REPOSITORY, TOOLS, Missing, Server, printed, program

_PEERS: Final = "make peers"


class DockerRegistry(Server):
    """Debian's docker-registry (distribution 2.8), with the settings that Debian ships but the password."""

    name = "docker-registry"
    durability = "files are synced, folders are not"
    doors = frozenset({"pull", "push", "delete", "start"})
    program = "docker-registry"
    remedy = "apt-get install docker-registry"

    def storage(self) -> str:
        return (
            "{cache: {blobdescriptor: inmemory}, "
            f"filesystem: {{rootdirectory: {self.directory / 'data'}}}, delete: {{enabled: true}}}}"
        )

    def command(self) -> list[str]:
        configuration = self.directory / "config.yml"
        configuration.write_text(
            "version: 0.1\n"
            "log: {level: error, accesslog: {disabled: true}}\n"
            f"storage: {self.storage()}\n"
            f"http: {{addr: 127.0.0.1:{self.port}}}\n"
        )
        return [program(self.program, self.remedy), "serve", str(configuration)]

    @classmethod
    def version(cls) -> str:
        return printed(program(cls.program, cls.remedy), "--version").split()[-1]


class Distribution(DockerRegistry):
    """The release that `make peers` builds."""

    name = "distribution v3"
    durability = "files are synced, folders of links and manifests too, the folder that a layer moves to is not"
    program = "distribution"
    remedy = _PEERS

    def __init__(self) -> None:
        super().__init__()
        self.environment["OTEL_TRACES_EXPORTER"] = "none"

    @classmethod
    def version(cls) -> str:
        return _module_version(program(cls.program, cls.remedy), "github.com/distribution/distribution/v3")


class Zot(Server):
    """Its minimal build, told to sync what it commits."""

    name = "zot"
    durability = "files are synced, because `commit` is set, which is off by default; folders are not"
    # it writes its whole index with each tag, so 10,000 of them take too long to be deleted from
    doors = frozenset({"pull", "push", "post", "start"})
    remedy = "put the program `zot-linux-amd64-minimal` of a release on the PATH as `zot`"

    def command(self) -> list[str]:
        configuration = self.directory / "config.json"
        written = {
            "distSpecVersion": "1.1.1",
            "storage": {"rootDirectory": str(self.directory / "data"), "commit": True},
            "http": {"address": "127.0.0.1", "port": str(self.port)},
            "log": {"level": "error", "output": "/dev/null"},
        }
        configuration.write_text(json.dumps(written))
        return [program("zot", self.remedy), "serve", str(configuration)]

    @classmethod
    def version(cls) -> str:
        found = re.search(r"v\d+\.\d+\.\d+", printed(program("zot", cls.remedy), "--version"))
        return found[0].removeprefix("v") if found else "unknown"


class Moto(Server):
    """The server that simulates AWS for tests."""

    name = "moto"
    durability = "nothing is kept, all is in memory"
    doors = frozenset({"ecr"})
    ready = "/moto-api/"
    key: Final = ("testing", "testing")
    region: Final = "us-east-1"

    def command(self) -> list[str]:
        return [_moto("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]

    @classmethod
    def version(cls) -> str:
        _moto("moto_server")
        return printed(_moto("python"), "-c", "import moto; print(moto.__version__)").split()[-1]

    def prepare(self) -> None:
        self.ecr = boto3.client(
            "ecr",
            endpoint_url=self.address,
            region_name=self.region,
            aws_access_key_id=self.key[0],
            aws_secret_access_key=self.key[1],
        )
        self.create(REPOSITORY)

    def create(self, repository: str) -> None:
        self.ecr.create_repository(repositoryName=repository)


def _moto(name: str) -> str:
    path = TOOLS / "moto" / "bin" / name
    if not path.exists():
        raise Missing(f"moto is not installed: {_PEERS}")
    return str(path)


def _module_version(path: str, module: str, run: Callable[..., str] = printed) -> str:
    """Of a program that `go install` built, which notes it itself."""
    found = re.search(rf"{re.escape(module)}\s+v(\S+)", run("go", "version", "-m", path))
    return found[1] if found else "unknown"
