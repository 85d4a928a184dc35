"""skopeo: copies between layouts and the registry, looks, synchronises, deletes."""

from __future__ import annotations

import pytest

from support.content import DOCKER_IMAGE, image, index, layer
from support.shell import Shell, contents, read_layout, write_layout

pytestmark = pytest.mark.needs("skopeo")
PLAIN = "--tls-verify=false"
TO_PLAIN, FROM_PLAIN = "--dest-tls-verify=false", "--src-tls-verify=false"


@pytest.fixture
def skopeo(shell: Shell) -> Shell:
    """A shell that is logged in."""
    shell.run("skopeo", "login", PLAIN, "-u", "AWS", "--password-stdin", shell.registry, stdin=shell.password)
    return shell


def test_skopeo_copies_an_image_there_and_back_byte_for_byte(skopeo: Shell) -> None:
    one = image(layer(), layer())
    source, repository = write_layout(skopeo.home / "source", one, "1"), skopeo.create()
    skopeo.run("skopeo", "copy", TO_PLAIN, f"oci:{source}:1", f"docker://{repository}:1")
    skopeo.run("skopeo", "copy", FROM_PLAIN, f"docker://{repository}:1", "oci:back:1")
    assert read_layout(skopeo.home / "back") == contents(one)


def test_skopeo_copies_all_platforms_of_an_index_there_and_back(skopeo: Shell) -> None:
    multi = index(image(), image(architecture="arm64"), image(architecture="s390x"))
    source, repository = write_layout(skopeo.home / "source", multi, "1"), skopeo.create()
    skopeo.run("skopeo", "copy", "--all", TO_PLAIN, f"oci:{source}:1", f"docker://{repository}:1")
    skopeo.run("skopeo", "copy", "--all", FROM_PLAIN, f"docker://{repository}:1", "oci:back:1")
    assert read_layout(skopeo.home / "back") == contents(multi)


def test_skopeo_converts_an_image_to_docker_s_format_on_its_way(skopeo: Shell) -> None:
    source, repository = write_layout(skopeo.home / "source", image(), "1"), skopeo.create()
    skopeo.run("skopeo", "copy", TO_PLAIN, "--format", "v2s2", f"oci:{source}:1", f"docker://{repository}:1")
    assert skopeo.details("1")["imageManifestMediaType"] == DOCKER_IMAGE


def test_skopeo_copies_into_a_directory(skopeo: Shell) -> None:
    one = image()
    source, repository = write_layout(skopeo.home / "source", one, "1"), skopeo.create()
    skopeo.run("skopeo", "copy", TO_PLAIN, f"oci:{source}:1", f"docker://{repository}:1")
    skopeo.run("skopeo", "copy", FROM_PLAIN, f"docker://{repository}@{one.digest}", "dir:back")
    assert (skopeo.home / "back" / "manifest.json").read_bytes() == one.manifest
    for digest, content in one.blobs.items():
        assert (skopeo.home / "back" / digest.removeprefix("sha256:")).read_bytes() == content


def test_skopeo_inspects_an_image_and_the_tags_beside_it(skopeo: Shell) -> None:
    one = image(architecture="arm64")
    source, repository = write_layout(skopeo.home / "source", one, "1"), skopeo.create()
    for tag in ("1", "2"):
        skopeo.run("skopeo", "copy", TO_PLAIN, f"oci:{source}:1", f"docker://{repository}:{tag}")
    shown = skopeo.json("skopeo", "inspect", PLAIN, f"docker://{repository}:1")
    assert (shown["Digest"], shown["Architecture"], shown["RepoTags"]) == (one.digest, "arm64", ["1", "2"])


def test_skopeo_lists_the_tags_of_a_repository(skopeo: Shell) -> None:
    source, repository = write_layout(skopeo.home / "source", image(), "1"), skopeo.create("team/app")
    for tag in ("b", "a"):
        skopeo.run("skopeo", "copy", TO_PLAIN, f"oci:{source}:1", f"docker://{repository}:{tag}")
    assert skopeo.json("skopeo", "list-tags", PLAIN, f"docker://{repository}")["Tags"] == ["a", "b"]


def test_skopeo_deletes_an_image_with_all_its_tags(skopeo: Shell) -> None:
    source, repository = write_layout(skopeo.home / "source", image(), "1"), skopeo.create()
    for tag in ("1", "2"):
        skopeo.run("skopeo", "copy", TO_PLAIN, f"oci:{source}:1", f"docker://{repository}:{tag}")
    skopeo.run("skopeo", "delete", PLAIN, f"docker://{repository}:1")
    assert skopeo.images() == []
    assert "manifest unknown" in skopeo.refused("skopeo", "inspect", PLAIN, f"docker://{repository}:2")


def test_skopeo_synchronises_a_repository_with_another(skopeo: Shell) -> None:
    one, multi = image(), index(image(), image(architecture="arm64"))
    skopeo.create()
    skopeo.create("mirror/app")
    for tag, root in (("1", one), ("multi", multi)):
        source = write_layout(skopeo.home / tag, root, tag)
        skopeo.run("skopeo", "copy", "--all", TO_PLAIN, f"oci:{source}:{tag}", f"docker://{skopeo.registry}/app:{tag}")
    both = ("--src", "docker", "--dest", "docker", FROM_PLAIN, TO_PLAIN)
    skopeo.run("skopeo", "sync", "--all", *both, f"{skopeo.registry}/app", f"{skopeo.registry}/mirror")
    assert skopeo.tags("mirror/app") == skopeo.tags() == {"1": one.digest, "multi": multi.digest}


def test_skopeo_says_that_the_repository_does_not_exist(skopeo: Shell) -> None:
    source = write_layout(skopeo.home / "source", image(), "1")
    told = skopeo.refused("skopeo", "copy", TO_PLAIN, f"oci:{source}:1", f"docker://{skopeo.registry}/nope:1")
    assert "name unknown: The repository with name 'nope' does not exist" in told


def test_skopeo_login_with_a_wrong_password_is_refused(shell: Shell) -> None:
    login = ("skopeo", "login", PLAIN, "-u", "AWS", "--password-stdin", shell.registry)
    assert "invalid username/password" in shell.refused(*login, stdin="wrong")
