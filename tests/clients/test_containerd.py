"""containerd, whose resolver is that of Kubernetes' nodes."""

from __future__ import annotations

import tarfile

import pytest

from support.content import Image, image, index
from support.shell import Shell, contents, read_layout, write_layout

pytestmark = pytest.mark.needs("containerd", "ctr", "root")


class Ctr:
    """ctr in a namespace of its own."""

    def __init__(self, shell: Shell, address: str) -> None:
        self.shell = shell
        self._command = ("ctr", "--address", address, "--namespace", shell.region)
        # ctr takes a password from its command line or from a terminal only
        self._login = ("--plain-http", "--user", f"AWS:{shell.password}")

    def __call__(self, *words: str) -> str:
        __tracebackhide__ = True
        return self.shell.run(*self._command, *words)

    def load(self, root: Image, name: str) -> None:
        """Bring an image or index into containerd's store."""
        repository, _, tag = name.rpartition(":")
        layout = write_layout(self.shell.home / "source", root, tag)
        archive = self.shell.home / "source.tar"
        with tarfile.open(archive, "w") as packed:
            packed.add(layout, ".")
        self("images", "import", "--no-unpack", "--all-platforms", "--base-name", repository, str(archive))

    def push(self, name: str) -> None:
        self("images", "push", *self._login, name)

    def pull(self, name: str, *options: str) -> None:
        self("images", "pull", *self._login, "--snapshotter=native", *options, name)

    def refused_pull(self, name: str, *login: str) -> str:
        __tracebackhide__ = True
        words = ("images", "pull", *(login or self._login), "--snapshotter=native", name)
        return self.shell.refused(*self._command, *words)

    def forget(self, name: str) -> None:
        """Remove an image; its contents are gone when this returns."""
        self("images", "rm", "--sync", name)
        assert self("content", "ls", "--quiet") == ""

    def export(self, name: str) -> dict[str, bytes]:
        """All bytes of an image or index, by digest."""
        archive, back = self.shell.home / "back.tar", self.shell.home / "back"
        self("images", "export", "--all-platforms", str(archive), name)
        with tarfile.open(archive) as packed:
            # Debian 12's Python knows no filters yet; archives of containerd are ours
            packed.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
            packed.extractall(back)
        return read_layout(back)


@pytest.fixture
def ctr(shell: Shell, containerd_address: str) -> Ctr:
    """ctr with a login, and nothing in its store."""
    return Ctr(shell, containerd_address)


def test_containerd_pulls_back_all_platforms_byte_for_byte(ctr: Ctr) -> None:
    multi, name = index(image(), image(architecture="arm64")), f"{ctr.shell.create()}:multi"
    ctr.load(multi, name)
    ctr.push(name)
    ctr.forget(name)
    ctr.pull(name, "--all-platforms")
    assert ctr.export(name) == contents(multi)


def test_containerd_pushes_an_index_that_the_api_lists_with_its_images(ctr: Ctr) -> None:
    multi, name = index(image(), image(architecture="arm64")), f"{ctr.shell.create()}:multi"
    ctr.load(multi, name)
    ctr.push(name)
    assert ctr.shell.tags() == {"multi": multi.digest}
    assert {item["imageDigest"] for item in ctr.shell.images()} == {root.digest for root in (multi, *multi.children)}


def test_containerd_pulls_one_platform_of_an_index(ctr: Ctr) -> None:
    arm = image(architecture="arm64")
    name = f"{ctr.shell.create()}:multi"
    ctr.load(index(image(), arm), name)
    ctr.push(name)
    ctr.forget(name)
    ctr.pull(name, "--platform=linux/arm64")
    assert contents(arm).keys() <= set(ctr("content", "ls", "--quiet").split())


def test_containerd_pulls_by_digest(ctr: Ctr) -> None:
    one, repository = image(), ctr.shell.create()
    ctr.load(one, f"{repository}:1")
    ctr.push(f"{repository}:1")
    ctr.forget(f"{repository}:1")
    ctr.pull(f"{repository}@{one.digest}")
    assert ctr.export(f"{repository}@{one.digest}") == contents(one)


def test_containerd_does_not_find_a_deleted_image(ctr: Ctr) -> None:
    name = f"{ctr.shell.create()}:1"
    ctr.load(image(), name)
    ctr.push(name)
    ctr.forget(name)
    ctr.shell.delete("1")
    assert f"{name}: not found" in ctr.refused_pull(name)


@pytest.mark.parametrize("login", [("--plain-http",), ("--plain-http", "--user", "AWS:wrong")], ids=["none", "wrong"])
def test_containerd_pulls_nothing_without_a_login(ctr: Ctr, login: tuple[str, ...]) -> None:
    assert "401 Unauthorized" in ctr.refused_pull(f"{ctr.shell.create()}:1", *login)
