"""The docker engine, told nothing but the address and the password."""

from __future__ import annotations

import asyncio
import re

import pytest

from support.content import DOCKER_IMAGE, DOCKER_LIST
from support.engines import build, tree
from support.server import Server
from support.shell import Shell
from support.state import collect_later
from wharfinger.state.clock import DAY

pytestmark = pytest.mark.needs("docker", "dockerd", "root")


@pytest.fixture
def docker(engine: Shell) -> Shell:
    """A shell that is logged in; the engine has no images before and after."""
    login(engine)
    return engine


def login(shell: Shell) -> None:
    """As `docker login` is told to do it."""
    shell.run("docker", "login", "--username", "AWS", "--password-stdin", shell.registry, stdin=shell.password)


def pushed_digest(output: str) -> str:
    """The digest that a push prints at its end."""
    found = re.search(r"digest: (sha256:[0-9a-f]{64})", output)
    assert found is not None, output
    return found[1]


def test_docker_pulls_back_the_image_that_it_pushed(docker: Shell) -> None:
    name = f"{docker.create()}:1"
    built = build(docker, name, tree())
    docker.run("docker", "push", name)
    docker.run("docker", "image", "rm", name)
    docker.run("docker", "pull", name)
    assert docker.run("docker", "image", "inspect", "--format", "{{.Id}}", name).strip() == built


def test_a_docker_push_is_seen_by_the_api_under_the_digest_that_docker_prints(docker: Shell) -> None:
    name = f"{docker.create()}:1"
    built = build(docker, name, tree())
    digest = pushed_digest(docker.run("docker", "push", name))
    assert docker.tags() == {"1": digest}
    assert docker.details("1")["imageManifestMediaType"] == DOCKER_IMAGE
    assert docker.manifest("1")["config"]["digest"] == built


def test_a_docker_push_repeated_changes_nothing(docker: Shell) -> None:
    name = f"{docker.create(imageTagMutability='IMMUTABLE')}:1"
    build(docker, name, tree())
    first = pushed_digest(docker.run("docker", "push", name))
    assert pushed_digest(docker.run("docker", "push", name)) == first


def test_docker_does_not_send_a_layer_that_the_repository_has(docker: Shell) -> None:
    repository, files = docker.create(), tree()
    build(docker, f"{repository}:1", files)
    build(docker, f"{repository}:2", files, second="yes")
    docker.run("docker", "push", f"{repository}:1")
    assert "Layer already exists" in docker.run("docker", "push", f"{repository}:2")
    assert docker.manifest("1")["layers"] == docker.manifest("2")["layers"]


def test_docker_pulls_all_tags_of_a_repository(docker: Shell) -> None:
    repository = docker.create()
    for tag in ("1", "2"):
        build(docker, f"{repository}:{tag}", tree())
        docker.run("docker", "push", f"{repository}:{tag}")
        docker.run("docker", "image", "rm", f"{repository}:{tag}")
    docker.run("docker", "pull", "--all-tags", repository)
    listed = docker.run("docker", "image", "ls", "--format", "{{.Tag}}", repository)
    assert sorted(listed.split()) == ["1", "2"]


def test_docker_mounts_a_layer_of_another_repository_where_the_account_lets_it(docker: Shell) -> None:
    docker.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    one, other = f"{docker.create('one')}:1", f"{docker.create('other')}:1"
    build(docker, one, tree())
    docker.run("docker", "push", one)
    docker.run("docker", "tag", one, other)
    assert "Mounted from one" in docker.run("docker", "push", other)


def test_a_manifest_list_made_by_docker_has_an_image_for_each_platform(docker: Shell) -> None:
    repository = docker.create()
    ids = {platform: build(docker, f"{repository}:{platform}", tree()) for platform in ("amd64", "arm64")}
    names = [f"{repository}:{platform}" for platform in ids]
    for name in names:
        docker.run("docker", "push", name)
    multi = f"{repository}:multi"
    docker.run("docker", "manifest", "create", "--insecure", multi, *names)
    docker.run("docker", "manifest", "annotate", multi, names[1], "--arch", "arm64")
    digest = docker.run("docker", "manifest", "push", "--insecure", multi).strip()
    details = docker.details("multi")
    assert (details["imageDigest"], details["imageManifestMediaType"]) == (digest, DOCKER_LIST)
    for platform, built in ids.items():
        docker.run("docker", "pull", "--platform", f"linux/{platform}", multi)
        assert docker.run("docker", "image", "inspect", "--format", "{{.Id}}", multi).strip() == built


def test_docker_says_why_an_immutable_tag_is_not_moved(docker: Shell) -> None:
    name = f"{docker.create(imageTagMutability='IMMUTABLE')}:1"
    build(docker, name, tree())
    docker.run("docker", "push", name)
    build(docker, name, tree())
    told = docker.refused("docker", "push", name)
    assert "tag invalid: The image tag '1' already exists in the 'app' repository" in told
    assert "cannot be overwritten because the tag is immutable." in told


def test_docker_does_not_find_a_deleted_image(docker: Shell) -> None:
    name = f"{docker.create()}:1"
    build(docker, name, tree())
    docker.run("docker", "push", name)
    docker.run("docker", "image", "rm", name)
    docker.delete("1")
    assert f"manifest for {name} not found: manifest unknown" in docker.refused("docker", "pull", name)


def test_docker_pushes_again_what_was_deleted(docker: Shell) -> None:
    name = f"{docker.create()}:1"
    build(docker, name, tree())
    digest = pushed_digest(docker.run("docker", "push", name))
    docker.delete("1")
    docker.run("docker", "push", name)
    assert docker.tags() == {"1": digest}


def test_docker_pushes_again_what_was_deleted_and_collected(docker: Shell, strict_server: Server) -> None:
    name = f"{docker.create()}:1"
    build(docker, name, tree())
    digest = pushed_digest(docker.run("docker", "push", name))
    layer = docker.manifest("1")["layers"][0]["digest"]
    docker.delete("1")
    asyncio.run(collect_later(strict_server.directory, 8 * DAY))
    checked = docker.ecr.batch_check_layer_availability(repositoryName="app", layerDigests=[layer])["layers"]
    assert [item["layerAvailability"] for item in checked] == ["UNAVAILABLE"]
    docker.run("docker", "push", name)
    docker.run("docker", "image", "rm", name)
    docker.run("docker", "pull", name)
    assert docker.tags() == {"1": digest}


def test_docker_pulls_both_platforms_of_a_manifest_list_that_was_restored(docker: Shell) -> None:
    repository = docker.create()
    ids = {platform: build(docker, f"{repository}:{platform}", tree()) for platform in ("amd64", "arm64")}
    names = [f"{repository}:{platform}" for platform in ids]
    for name in names:
        docker.run("docker", "push", name)
    multi = f"{repository}:multi"
    docker.run("docker", "manifest", "create", "--insecure", multi, *names)
    docker.run("docker", "manifest", "annotate", multi, names[1], "--arch", "arm64")
    digest = docker.run("docker", "manifest", "push", "--insecure", multi).strip()
    before = docker.tags()
    docker.delete(digest)
    docker.delete(*ids)
    assert docker.tags() == {}
    for deletion in docker.json("aws", "wharfinger", "list-deletions")["deletions"]:
        docker.run("aws", "wharfinger", "restore-deletion", "--deletion-id", deletion["deletionId"])
    assert docker.tags() == before
    for platform, built in ids.items():
        docker.run("docker", "pull", "--platform", f"linux/{platform}", multi)
        assert docker.run("docker", "image", "inspect", "--format", "{{.Id}}", multi).strip() == built


@pytest.mark.parametrize("command", ["push", "pull"])
def test_docker_names_the_repository_that_does_not_exist(docker: Shell, command: str) -> None:
    name = f"{docker.registry}/nope:1"
    build(docker, name, tree())
    told = docker.refused("docker", command, name)
    assert "The repository with name 'nope' does not exist in the registry with id '000000000000'" in told


@pytest.mark.parametrize(("user", "password"), [("AWS", "wrong"), ("root", None)])
def test_docker_login_with_a_wrong_user_or_password_is_refused(docker: Shell, user: str, password: str | None) -> None:
    command = ("docker", "login", "--username", user, "--password-stdin", docker.registry)
    assert "401 Unauthorized" in docker.refused(*command, stdin=password or docker.password)


def test_docker_cannot_pull_after_logout(docker: Shell) -> None:
    name = f"{docker.create()}:1"
    build(docker, name, tree())
    docker.run("docker", "push", name)
    docker.run("docker", "logout", docker.registry)
    assert "no basic auth credentials" in docker.refused("docker", "pull", name)
