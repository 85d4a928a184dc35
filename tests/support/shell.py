"""A user's shell after `eval "$(wharfinger env)"`: clients run as processes, in a home that is the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3

from support.content import Image, descriptor
from support.programs import TOOLS
from support.registry import as_id, listed, new_password, tagged

_LONGEST = 60  # seconds that one command may take


class Shell:
    """`run` and `refused` start programs, `ecr` is a boto3 client of the same registry."""

    def __init__(self, home: Path, exported: Mapping[str, str], region: str) -> None:
        self.home = home
        self.exported = exported
        self.registry = exported["WHARFINGER_REGISTRY"]
        self.region = region
        for name in ("run", "tmp"):
            (home / name).mkdir(parents=True)
        programs = (str(TOOLS / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])
        self.environment = {
            "PATH": os.pathsep.join(programs),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(home / "tmp"),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "DOCKER_CONFIG": str(home / ".docker"),
            "REGISTRY_AUTH_FILE": str(home / "auth.json"),
            **exported,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
        }
        self.ecr = boto3.client(
            "ecr",
            endpoint_url=exported["AWS_ENDPOINT_URL_ECR"],
            region_name=region,
            aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
        )
        self._secrets = [exported["AWS_SECRET_ACCESS_KEY"]]

    @property
    def password(self) -> str:
        """A new authorization token; no failure of a command shows it."""
        password = new_password(self.ecr)
        self._secrets.append(password)
        return password

    def run(self, *command: str | Path, stdin: str | bytes = b"", cwd: Path | None = None) -> str:
        """What a command prints; it has to succeed."""
        __tracebackhide__ = True  # the arguments may hold a password
        status, printed, told = self.attempt(command, stdin, cwd)
        assert status == 0, self._shown(command, status, printed + told)
        return printed

    def json(self, *command: str | Path) -> Any:
        """The same, parsed."""
        return json.loads(self.run(*command))

    def refused(self, *command: str | Path, stdin: str | bytes = b"") -> str:
        """All that a command prints; it has to fail."""
        __tracebackhide__ = True  # the arguments may hold a password
        status, printed, told = self.attempt(command, stdin)
        assert status != 0, self._shown(command, status, printed + told)
        return printed + told

    def attempt(
        self, command: Sequence[str | Path], stdin: str | bytes = b"", cwd: Path | None = None
    ) -> tuple[int, str, str]:
        """Exit status, standard output and standard error of a command that may fail."""
        ended = subprocess.run(
            [str(word) for word in command],
            check=False,
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env=self.environment,
            cwd=cwd or self.home,
            timeout=_LONGEST,
        )
        return ended.returncode, ended.stdout.decode(), ended.stderr.decode()

    def create(self, name: str = "app", **settings: Any) -> str:
        """A new repository: what clients put before the tag."""
        self.ecr.create_repository(repositoryName=name, **settings)
        return f"{self.registry}/{name}"

    def tags(self, repository: str = "app") -> dict[str, str]:
        """Every tag with its digest, as ListImages has them."""
        return tagged(self.images(repository))

    def images(self, repository: str = "app") -> list[dict[str, str]]:
        """Every line of ListImages."""
        return listed(self.ecr, repository)

    def details(self, reference: str, repository: str = "app") -> dict[str, Any]:
        """What DescribeImages says of one image."""
        found = self.ecr.describe_images(repositoryName=repository, imageIds=[as_id(reference)])["imageDetails"]
        details: dict[str, Any] = found[0]
        return details

    def manifest(self, reference: str, repository: str = "app") -> Any:
        """A manifest, parsed."""
        answer = self.ecr.batch_get_image(repositoryName=repository, imageIds=[as_id(reference)])
        return json.loads(answer["images"][0]["imageManifest"])

    def delete(self, *references: str, repository: str = "app") -> None:
        """BatchDeleteImage, which has to remove all of them."""
        ids = [as_id(reference) for reference in references]
        assert self.ecr.batch_delete_image(repositoryName=repository, imageIds=ids)["failures"] == []

    def _shown(self, command: Iterable[str | Path], status: int, output: str) -> str:
        text = f"{' '.join(map(str, command))}\nended with {status}:\n{output}"
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def write_layout(directory: Path, root: Image, tag: str) -> Path:
    """An image or index as an OCI layout: what skopeo, crane, podman, oras and containerd read."""
    blobs = directory / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for digest, content in contents(root).items():
        (blobs / digest.removeprefix("sha256:")).write_bytes(content)
    (directory / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    named = descriptor(root.media_type, root.manifest, annotations={"org.opencontainers.image.ref.name": tag})
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    return directory


def read_layout(directory: Path) -> dict[str, bytes]:
    """All bytes of an OCI layout by digest."""
    return {f"sha256:{file.name}": file.read_bytes() for file in (directory / "blobs" / "sha256").iterdir()}


def contents(root: Image) -> dict[str, bytes]:
    """All bytes of an image or index by digest: manifests, configs, layers."""
    found = {root.digest: root.manifest, **root.blobs}
    for child in root.children:
        found.update(contents(child))
    return found
