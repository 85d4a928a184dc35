"""crane: moves, lists, changes and deletes images without an engine."""

from __future__ import annotations

import tarfile

import pytest

from support.content import image, index, layer
from support.shell import Shell, contents, read_layout, write_layout

pytestmark = pytest.mark.needs("crane")


@pytest.fixture
def crane(shell: Shell) -> Shell:
    """A shell that is logged in."""
    login = ("crane", "auth", "login", "--username", "AWS", "--password-stdin", shell.registry)
    shell.run(*login, stdin=shell.password)
    return shell


def append(crane: Shell, name: str, text: str = "Hello") -> str:
    """Push an image with one file, as `crane append` makes it; its digest."""
    (crane.home / "file").write_text(text)
    with tarfile.open(crane.home / "layer.tar", "w") as packed:
        packed.add(crane.home / "file", "file")
    return crane.run("crane", "append", "--new_layer", "layer.tar", "--new_tag", name).strip().rpartition("@")[2]


def test_crane_pushes_and_pulls_an_image_byte_for_byte(crane: Shell) -> None:
    one = image(layer(), layer())
    source, name = write_layout(crane.home / "source", one, "1"), f"{crane.create()}:1"
    crane.run("crane", "push", source, name)
    crane.run("crane", "pull", "--format=oci", name, "back")
    assert read_layout(crane.home / "back") == contents(one)


def test_crane_pushes_and_pulls_an_index_byte_for_byte(crane: Shell) -> None:
    # crane pushes a layout's own index.json, so that is one index more
    multi = index(image(), image(architecture="arm64"))
    source, name = write_layout(crane.home / "source", multi, "1"), f"{crane.create()}:1"
    crane.run("crane", "push", "--index", source, name)
    crane.run("crane", "pull", "--format=oci", f"{name.removesuffix(':1')}@{multi.digest}", "back")
    assert read_layout(crane.home / "back") == contents(multi)


def test_crane_copies_an_index_to_another_repository(crane: Shell) -> None:
    multi = index(image(), image(architecture="arm64"))
    source, one, other = write_layout(crane.home / "source", multi, "1"), crane.create("one"), crane.create("other")
    crane.run("crane", "push", "--index", source, f"{one}:1")
    crane.run("crane", "copy", f"{one}@{multi.digest}", f"{other}:1")
    assert crane.tags("other") == {"1": multi.digest}
    crane.run("crane", "validate", "--remote", f"{other}:1")


def test_crane_lists_the_repositories_of_the_registry(crane: Shell) -> None:
    crane.create("team/app")
    crane.create("app")
    assert crane.run("crane", "catalog", crane.registry).split() == ["app", "team/app"]


def test_crane_lists_the_tags_of_a_repository(crane: Shell) -> None:
    repository = crane.create()
    append(crane, f"{repository}:b")
    crane.run("crane", "tag", f"{repository}:b", "a")
    assert crane.run("crane", "ls", repository).split() == ["a", "b"]


def test_crane_tells_the_digest_that_the_api_tells(crane: Shell) -> None:
    name = f"{crane.create()}:1"
    digest = append(crane, name)
    assert crane.run("crane", "digest", name).strip() == digest == crane.details("1")["imageDigest"]


def test_crane_changes_an_image_and_pushes_it_beside_the_old_one(crane: Shell) -> None:
    repository = crane.create()
    append(crane, f"{repository}:1")
    crane.run("crane", "mutate", "--label=team=harbour", "--tag", f"{repository}:2", f"{repository}:1")
    config = crane.json("crane", "config", f"{repository}:2")
    assert config["config"]["Labels"] == {"team": "harbour"}
    assert crane.manifest("1")["layers"] == crane.manifest("2")["layers"]


def test_crane_appends_to_an_image_of_the_registry(crane: Shell) -> None:
    repository = crane.create()
    append(crane, f"{repository}:1")
    crane.run("crane", "append", "--base", f"{repository}:1", "-f", "layer.tar", "-t", f"{repository}:2")
    assert len(crane.manifest("2")["layers"]) == 2


def test_crane_makes_an_index_of_images_that_are_there(crane: Shell) -> None:
    repository = crane.create()
    digests = [append(crane, f"{repository}:{tag}", text=tag) for tag in ("1", "2")]
    members = [word for tag in ("1", "2") for word in ("-m", f"{repository}:{tag}")]
    crane.run("crane", "index", "append", *members, "-t", f"{repository}:index")
    assert [child["digest"] for child in crane.manifest("index")["manifests"]] == digests


def test_crane_reads_the_files_of_an_image(crane: Shell) -> None:
    name = f"{crane.create()}:1"
    append(crane, name, text="Hello from the harbour")
    crane.run("crane", "export", name, "files.tar")
    with tarfile.open(crane.home / "files.tar") as files:
        file = files.extractfile("file")
        assert file is not None
        assert file.read() == b"Hello from the harbour"


def test_crane_deletes_a_tag_and_leaves_the_image_with_its_other_tag(crane: Shell) -> None:
    repository = crane.create()
    digest = append(crane, f"{repository}:1")
    crane.run("crane", "tag", f"{repository}:1", "2")
    crane.run("crane", "delete", f"{repository}:1")
    assert crane.tags() == {"2": digest}


def test_crane_deletes_an_image_by_digest(crane: Shell) -> None:
    repository = crane.create()
    digest = append(crane, f"{repository}:1")
    crane.run("crane", "delete", f"{repository}@{digest}")
    assert crane.images() == []
    assert "MANIFEST_UNKNOWN" in crane.refused("crane", "digest", f"{repository}:1")


def test_crane_says_which_index_holds_an_image_that_it_cannot_delete(crane: Shell) -> None:
    repository = crane.create()
    digest = append(crane, f"{repository}:1")
    crane.run("crane", "index", "append", "-m", f"{repository}:1", "-t", f"{repository}:index")
    told = crane.refused("crane", "delete", f"{repository}@{digest}")
    assert f"Requested image referenced by manifest list: [{crane.tags()['index']}]" in told


def test_crane_says_that_the_repository_does_not_exist(crane: Shell) -> None:
    source = write_layout(crane.home / "source", image(), "1")
    told = crane.refused("crane", "push", source, f"{crane.registry}/nope:1")
    assert "NAME_UNKNOWN: The repository with name 'nope' does not exist" in told
