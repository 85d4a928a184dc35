"""Clients that are sent to an S3 server for the layers: they follow, and what they get is what was pushed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import swift
from support.between import Asked, Between, between
from support.content import image, layer
from support.engines import build, tree
from support.server import Server
from support.shell import Shell, contents, read_layout, write_layout
from support.stores import new_address

LAYERS = 5


@pytest.fixture
def store() -> Iterator[Between]:
    """What is between; the clients come through it too."""
    with between(swift.endpoint()) as made:
        yield made


@pytest.fixture
def server(directory: Path, store: Between) -> Iterator[Server]:
    with Server(directory, store=new_address("s3", store.address)) as running:
        store.asked.clear()
        yield running


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Shell:
    """A shell in whose registry nothing is."""
    return Shell(tmp_path / "home", server.environment(), region="eu-central-1")


@pytest.mark.needs("skopeo")
def test_skopeo_needs_one_request_for_each_blob_both_ways(shell: Shell, store: Between) -> None:
    one = image(*[layer() for _ in range(LAYERS)])
    shell.run(
        "skopeo", "login", "--tls-verify=false", "-u", "AWS", "--password-stdin", shell.registry, stdin=shell.password
    )
    source, repository = write_layout(shell.home / "source", one, "1"), shell.create()
    shell.run("skopeo", "copy", "--dest-tls-verify=false", f"oci:{source}:1", f"docker://{repository}:1")
    assert store.asked == [Asked("PUT", "object")] * (LAYERS + 1)
    store.asked.clear()
    shell.run("skopeo", "copy", "--src-tls-verify=false", f"docker://{repository}:1", "oci:back:1")
    assert read_layout(shell.home / "back") == contents(one)
    assert store.asked == [Asked("GET", "object")] * (LAYERS + 1)


@pytest.mark.needs("docker", "dockerd", "root")
def test_docker_pulls_from_the_store_what_it_pushed(shell: Shell, docker_host: str, store: Between) -> None:
    shell.environment["DOCKER_HOST"] = docker_host
    shell.run("docker", "login", "--username", "AWS", "--password-stdin", shell.registry, stdin=shell.password)
    name = f"{shell.create()}:1"
    built = build(shell, name, tree())
    shell.run("docker", "push", name)
    assert store.asked == [Asked("PUT", "object")] * 2
    shell.run("docker", "image", "rm", name)
    shell.run("docker", "pull", name)
    assert shell.run("docker", "image", "inspect", "--format", "{{.Id}}", name).strip() == built
    assert store.asked[2:] == [Asked("GET", "object")] * 2
    shell.run("docker", "image", "rm", name)
