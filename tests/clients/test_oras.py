"""oras (the Go program): artifacts, what refers to them, and charts as helm pushes them."""

from __future__ import annotations

import tarfile

import pytest

from support.content import image, index, sha256
from support.shell import Shell, contents, read_layout, write_layout

pytestmark = pytest.mark.needs("oras")
SBOM = "application/vnd.example.sbom"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@pytest.fixture
def oras(shell: Shell) -> Shell:
    """A shell that is logged in, with a file to push and one to attach."""
    login = ("oras", "login", "--plain-http", "--username", "AWS", "--password-stdin", shell.registry)
    shell.run(*login, stdin=shell.password)
    (shell.home / "hello.txt").write_text("Hello")
    (shell.home / "sbom.json").write_text('{"parts": []}')
    return shell


def push(oras: Shell, name: str) -> str:
    """Push the file as an artifact; its digest."""
    pushed = oras.json(
        "oras", "push", "--format=json", name, "--artifact-type=application/vnd.example", "hello.txt:text/plain"
    )
    return str(pushed["digest"])


def attach(oras: Shell, name: str) -> str:
    """Attach the other file to an artifact; its digest."""
    attached = oras.json("oras", "attach", "--format=json", name, f"--artifact-type={SBOM}", "sbom.json:text/json")
    return str(attached["digest"])


def referrers(oras: Shell, name: str) -> list[str]:
    """The digests of what refers to an artifact."""
    return [item["digest"] for item in oras.json("oras", "discover", "--format=json", name)["manifests"]]


def push_chart(oras: Shell, name: str) -> bytes:
    """Push a chart in the form that `helm push` gives it; its bytes."""
    (oras.home / "Chart.yaml").write_text("apiVersion: v2\nname: hello\nversion: 0.1.0\n")
    (oras.home / "config.json").write_text('{"apiVersion":"v2","name":"hello","version":"0.1.0"}')
    with tarfile.open(oras.home / "hello-0.1.0.tgz", "w:gz") as chart:
        chart.add(oras.home / "Chart.yaml", "hello/Chart.yaml")
    files = (f"--config=config.json:{CHART_CONFIG}", f"hello-0.1.0.tgz:{CHART_LAYER}")
    oras.run("oras", "push", name, *files)
    return (oras.home / "hello-0.1.0.tgz").read_bytes()


def test_oras_pulls_back_the_file_that_it_pushed(oras: Shell) -> None:
    name = f"{oras.create()}:1"
    push(oras, name)
    oras.run("oras", "pull", name, "--output", "back")
    assert (oras.home / "back" / "hello.txt").read_text() == "Hello"


def test_an_artifact_of_oras_is_described_with_its_type(oras: Shell) -> None:
    digest = push(oras, f"{oras.create()}:1")
    details = oras.details("1")
    assert (details["imageDigest"], details["artifactMediaType"]) == (digest, "application/vnd.example")


def test_oras_discovers_what_it_attached(oras: Shell) -> None:
    name = f"{oras.create()}:1"
    push(oras, name)
    attached = attach(oras, name)
    assert referrers(oras, name) == [attached]


def test_what_oras_attached_names_its_subject_in_the_api(oras: Shell) -> None:
    name = f"{oras.create()}:1"
    subject = push(oras, name)
    attached = attach(oras, name)
    assert oras.details(attached)["subjectManifestDigest"] == subject


def test_oras_discovers_only_the_type_that_it_asks_for(oras: Shell) -> None:
    name = f"{oras.create()}:1"
    push(oras, name)
    attach(oras, name)
    found = oras.json("oras", "discover", "--format=json", "--artifact-type=application/vnd.other", name)
    assert found["manifests"] in (None, [])


def test_oras_copies_an_artifact_with_what_is_attached_to_it(oras: Shell) -> None:
    source, target = f"{oras.create('source')}:1", f"{oras.create('target')}:1"
    push(oras, source)
    attached = attach(oras, source)
    oras.run("oras", "copy", "--recursive", source, target)
    assert referrers(oras, target) == [attached]
    assert oras.tags("target") == oras.tags("source")


def test_oras_copies_an_index_to_a_layout_byte_for_byte(oras: Shell) -> None:
    multi = index(image(), image(architecture="arm64"))
    source, name = write_layout(oras.home / "source", multi, "1"), f"{oras.create()}:1"
    oras.run("oras", "copy", "--from-oci-layout", f"{source}:1", name)
    oras.run("oras", "copy", "--to-oci-layout", name, "back:1")
    assert read_layout(oras.home / "back") == contents(multi)


def test_a_chart_comes_back_as_it_was_pushed(oras: Shell) -> None:
    name = f"{oras.create('hello')}:0.1.0"
    chart = push_chart(oras, name)
    oras.run("oras", "pull", name, "--output", "back")
    assert (oras.home / "back" / "hello-0.1.0.tgz").read_bytes() == chart


def test_a_chart_is_described_with_helm_s_media_types(oras: Shell) -> None:
    chart = push_chart(oras, f"{oras.create('hello')}:0.1.0")
    assert oras.details("0.1.0", "hello")["artifactMediaType"] == CHART_CONFIG
    [layer] = oras.manifest("0.1.0", "hello")["layers"]
    assert (layer["mediaType"], layer["digest"]) == (CHART_LAYER, sha256(chart))


def test_oras_lists_repositories_and_tags(oras: Shell) -> None:
    name = f"{oras.create('team/app')}:1"
    push(oras, name)
    assert oras.run("oras", "repo", "ls", oras.registry).split() == ["team/app"]
    assert oras.run("oras", "repo", "tags", f"{oras.registry}/team/app").split() == ["1"]


def test_oras_deletes_an_artifact_and_what_is_attached_stays(oras: Shell) -> None:
    name = f"{oras.create()}:1"
    push(oras, name)
    attached = attach(oras, name)
    oras.run("oras", "manifest", "delete", "--force", name)
    assert oras.images() == [{"imageDigest": attached}]
    assert "not found" in oras.refused("oras", "pull", name)


def test_oras_says_that_the_repository_does_not_exist(oras: Shell) -> None:
    told = oras.refused("oras", "push", f"{oras.registry}/nope:1", "hello.txt")
    assert "The repository with name 'nope' does not exist" in told


def test_oras_login_with_a_wrong_password_is_refused(shell: Shell) -> None:
    login = ("oras", "login", "--plain-http", "--username", "AWS", "--password-stdin", shell.registry)
    assert "the password an authorization token of this server" in shell.refused(*login, stdin="wrong")
