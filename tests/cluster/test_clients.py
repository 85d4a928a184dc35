"""Real clients, each of whose requests goes to another node, and who get the layers from the store."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from support.cluster import PROGRAMS, Cluster
from support.content import image, index, layer
from support.engines import build, tree
from support.shell import Shell, contents, read_layout, write_layout

pytestmark = pytest.mark.needs(*PROGRAMS)
_numbers = itertools.count(1)


@pytest.fixture
def shell(nodes: Cluster, tmp_path: Path) -> Shell:
    """A shell in a region that no other test uses."""
    return Shell(tmp_path / "home", nodes.environment(), region=f"eu-north-{next(_numbers)}")


@pytest.mark.needs("docker", "dockerd", "root")
def test_docker_pulls_what_it_pushed(shell: Shell, docker_host: str) -> None:
    shell.environment["DOCKER_HOST"] = docker_host
    shell.run("docker", "login", "--username", "AWS", "--password-stdin", shell.registry, stdin=shell.password)
    name = f"{shell.create()}:1"
    built = build(shell, name, tree())
    shell.run("docker", "push", name)
    shell.run("docker", "image", "rm", name)
    shell.run("docker", "pull", name)
    assert shell.run("docker", "image", "inspect", "--format", "{{.Id}}", name).strip() == built
    shell.run("docker", "image", "rm", name)


@pytest.mark.needs("skopeo")
def test_skopeo_copies_there_and_back_all_that_an_index_has(shell: Shell) -> None:
    both = index(*(image(*[layer(50_000) for _ in range(5)]) for _ in range(2)))
    shell.run(
        "skopeo", "login", "--tls-verify=false", "-u", "AWS", "--password-stdin", shell.registry, stdin=shell.password
    )
    source, repository = write_layout(shell.home / "source", both, "1"), shell.create()
    shell.run("skopeo", "copy", "--all", "--dest-tls-verify=false", f"oci:{source}:1", f"docker://{repository}:1")
    shell.run("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{repository}:1", "oci:back:1")
    assert read_layout(shell.home / "back") == contents(both)
