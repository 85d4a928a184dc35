"""podman, which has the same library as buildah and CRI-O: images, manifest lists and searches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.content import image, layer
from support.daemons import short_directory
from support.shell import Shell, write_layout

pytestmark = pytest.mark.needs("podman", "root")
PLAIN = "--tls-verify=false"


class Podman:
    """podman with a storage of its own; commands that talk to the registry are given `PLAIN`."""

    def __init__(self, shell: Shell, home: Path) -> None:
        self.shell = shell
        directories = (f"--root={home}/root", f"--runroot={home}/run", f"--tmpdir={home}/tmp")
        # nothing is run here, so what a machine has for that does not matter
        self._command = ("podman", *directories, "--storage-driver=vfs", "--cgroup-manager=cgroupfs")

    def __call__(self, *words: str, stdin: str = "") -> str:
        return self.shell.run(*self._command, *words, stdin=stdin)

    def refused(self, *words: str) -> str:
        return self.shell.refused(*self._command, *words)

    def forget(self) -> None:
        """Remove all images."""
        self("image", "rm", "--all", "--force")

    def id_of(self, name: str) -> str:
        """The digest of an image's config."""
        return "sha256:" + self("image", "inspect", "--format", "{{.Id}}", name).strip()


@pytest.fixture
def podman(shell: Shell) -> Iterator[Podman]:
    """podman, logged in."""
    with short_directory() as home:
        podman = Podman(shell, home)
        podman("login", PLAIN, "--username=AWS", "--password-stdin", shell.registry, stdin=shell.password)
        yield podman
        podman.forget()


def load(podman: Podman, name: str, directory: str, architecture: str = "amd64") -> str:
    """A new image in podman's storage, under a name; its id."""
    source = write_layout(podman.shell.home / directory, image(layer(), architecture=architecture), "1")
    loaded = podman("pull", "--quiet", f"--arch={architecture}", f"oci:{source}:1").strip()
    podman("tag", loaded, name)
    return f"sha256:{loaded}"


def test_podman_pulls_back_the_image_that_it_pushed(podman: Podman) -> None:
    name = f"{podman.shell.create()}:1"
    loaded = load(podman, name, "source")
    podman("push", PLAIN, name)
    podman.forget()
    podman("pull", PLAIN, name)
    assert podman.id_of(name) == loaded
    assert podman.shell.manifest("1")["config"]["digest"] == loaded


def test_podman_pulls_back_layers_that_it_compressed_with_zstd(podman: Podman) -> None:
    name = f"{podman.shell.create()}:1"
    loaded = load(podman, name, "source")
    podman("push", PLAIN, "--format=oci", "--compression-format=zstd", name)
    podman.forget()
    podman("pull", PLAIN, name)
    assert podman.id_of(name) == loaded
    [sent] = podman.shell.manifest("1")["layers"]
    assert sent["mediaType"] == "application/vnd.oci.image.layer.v1.tar+zstd"


def test_a_manifest_list_made_by_podman_has_an_image_for_each_platform(podman: Podman) -> None:
    repository = podman.shell.create()
    ids = {name: load(podman, f"{repository}:{name}", name, architecture=name) for name in ("amd64", "arm64")}
    multi = f"{repository}:multi"
    podman("manifest", "create", multi)
    for name in ids:
        podman("manifest", "add", f"--arch={name}", multi, f"containers-storage:{repository}:{name}")
    podman("manifest", "push", PLAIN, "--all", multi, f"docker://{multi}")
    for name, loaded in ids.items():
        podman.forget()
        podman("pull", PLAIN, f"--arch={name}", multi)
        assert podman.id_of(multi) == loaded


def test_podman_searches_the_repositories_of_a_registry(podman: Podman) -> None:
    podman.shell.create("app")
    podman.shell.create("team/app")
    found = podman("search", PLAIN, "--format", "{{.Name}}", f"{podman.shell.registry}/")
    assert found.split() == [f"{podman.shell.registry}/app", f"{podman.shell.registry}/team/app"]


def test_podman_lists_the_tags_of_a_repository(podman: Podman) -> None:
    repository = podman.shell.create()
    load(podman, f"{repository}:a", "source")
    for tag in ("a", "b"):
        podman("push", PLAIN, f"{repository}:a", f"{repository}:{tag}")
    [found] = json.loads(podman("search", PLAIN, "--list-tags", "--format=json", repository))
    assert found["Tags"] == ["a", "b"]


def test_podman_does_not_find_a_deleted_image(podman: Podman) -> None:
    name = f"{podman.shell.create()}:1"
    load(podman, name, "source")
    podman("push", PLAIN, name)
    podman.shell.delete("1")
    assert "manifest unknown" in podman.refused("pull", PLAIN, name)


def test_podman_says_why_an_immutable_tag_is_not_moved(podman: Podman) -> None:
    name = f"{podman.shell.create(imageTagMutability='IMMUTABLE')}:1"
    for directory in ("first", "second"):
        load(podman, name, directory)
        if directory == "first":
            podman("push", PLAIN, name)
    assert "cannot be overwritten because the tag is immutable" in podman.refused("push", PLAIN, name)
