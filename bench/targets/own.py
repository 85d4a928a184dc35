"""This registry, with access control and everything durable."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from typing import Any

from bench.targets.target import REPOSITORY, Server
from support.oci import Oci
from support.server import with_models


class Wharfinger(Server):
    """With one worker, checking passwords and signatures."""

    name = "wharfinger, 1 worker"
    kind = "own"
    durability = "every acknowledged blob and row is synced, files and folders"
    doors = frozenset({"pull", "push", "post", "delete", "ecr", "start"})
    workers = 1

    def command(self) -> list[str]:
        data = str(self.directory / "data")
        arguments = ["--data", data, "--port", str(self.port), "--log-level", "warning", "--workers", str(self.workers)]
        return [sys.executable, "-m", "wharfinger", "serve", *arguments]

    @classmethod
    def version(cls) -> str:
        from wharfinger import __version__  # noqa: PLC0415 - a target like the others

        return __version__

    def prepare(self) -> None:
        self.log_in()
        self.create(REPOSITORY)

    def create(self, repository: str) -> None:
        self.ecr.create_repository(repositoryName=repository)

    def log_in(self) -> None:
        """As the root, at both doors."""
        command = [sys.executable, "-m", "wharfinger", "env", "--data", str(self.directory / "data")]
        printed = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout
        variables = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if "=" in line)
        self.key = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        self.region = variables["AWS_DEFAULT_REGION"]
        self.ecr = self.client("ecr")
        token = self.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        self.authorization = f"Basic {token}"
        self.oci = Oci(self.address, base64.b64decode(token).decode().partition(":")[2])

    def client(self, service: str, *key: str) -> Any:
        """A boto3 client with an access key and its secret, without them the root's."""
        id_, secret = key or self.key
        return with_models().client(
            service,
            endpoint_url=self.address,
            region_name=self.region,
            aws_access_key_id=id_,
            aws_secret_access_key=secret,
        )


class PerCore(Wharfinger):
    """With a worker for each core."""

    name = "wharfinger, per core"
    workers = os.cpu_count() or 1
