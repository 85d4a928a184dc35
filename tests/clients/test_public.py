"""What a policy gives to everybody, for container clients that have no login; and that a login still is one there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from support.content import image
from support.engines import build, tree
from support.oci import Oci
from support.registry import new_password
from support.server import Server
from support.shell import Shell

PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
POLICY = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": PULL}}


@pytest.fixture
def ecr(strict_server: Server, exported: Mapping[str, str]) -> Any:
    """The registry that is meant where nobody logs in and no host says which."""
    key, secret = exported["AWS_ACCESS_KEY_ID"], exported["AWS_SECRET_ACCESS_KEY"]
    return strict_server.ecr(key, secret, exported["AWS_DEFAULT_REGION"])


@pytest.fixture
def repository(ecr: Any) -> Iterator[str]:
    """A repository that everybody may pull from."""
    name = f"public-{uuid.uuid4().hex}"
    ecr.create_repository(repositoryName=name)
    ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(POLICY))
    yield name
    ecr.delete_repository(repositoryName=name, force=True)


def pushed(shell: Shell, ecr: Any, repository: str) -> str:
    """An image in the repository, by docker: what to pull."""
    name = f"{shell.registry}/{repository}:1"
    build(shell, name, tree())
    shell.run("docker", "login", "--username", "AWS", "--password-stdin", shell.registry, stdin=new_password(ecr))
    shell.run("docker", "push", name)
    shell.run("docker", "logout", shell.registry)
    shell.run("docker", "image", "rm", name)
    return name


@pytest.mark.needs("docker", "dockerd", "root")
def test_docker_pulls_without_a_login(engine: Shell, ecr: Any, repository: str) -> None:
    name = pushed(engine, ecr, repository)
    engine.run("docker", "pull", name)


@pytest.mark.needs("docker", "dockerd", "root")
def test_docker_pushes_nothing_without_a_login(engine: Shell, ecr: Any, repository: str) -> None:
    name = pushed(engine, ecr, repository)
    engine.run("docker", "pull", name)
    engine.run("docker", "tag", name, f"{name}-changed")
    engine.refused("docker", "push", f"{name}-changed")


@pytest.mark.needs("docker", "dockerd", "root")
def test_docker_is_told_that_a_password_is_wrong_there_too(engine: Shell, ecr: Any, repository: str) -> None:
    login = ("docker", "login", "--username", "AWS", "--password-stdin", engine.registry)
    assert "unauthorized" in engine.refused(*login, stdin="nonsense")


@pytest.mark.needs("skopeo")
def test_skopeo_looks_without_a_login(shell: Shell, strict_server: Server, ecr: Any, repository: str) -> None:
    one = image()
    Oci(strict_server.endpoint, new_password(ecr)).push(repository, one, "1")
    name = f"docker://{shell.registry}/{repository}:1"
    raw = shell.run("skopeo", "inspect", "--no-creds", "--tls-verify=false", "--raw", name)
    assert raw == one.text
