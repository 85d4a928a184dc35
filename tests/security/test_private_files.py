"""Nobody but the server's own user can read what it keeps, also where its directory was made for all to read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.content import image
from support.registry import Registry
from support.server import Server


@pytest.fixture
def served(directory: Path) -> Iterator[Path]:
    """A data directory that was there before, on which a server runs that has something to keep."""
    directory.mkdir()
    directory.chmod(0o755)
    before = os.umask(0o022)
    try:
        server = Server(directory, open=True).start()
    finally:
        os.umask(before)
    with_upload = Registry(server, "000000000001")
    with_upload.oci.push(with_upload.create("app"), image(), "latest")
    assert with_upload.oci.call("PATCH", with_upload.oci.begin("app"), b"half").status == 202
    yield directory
    server.stop()


SQLITE = ("wharfinger.db", "wharfinger.db-wal", "write.lock")


def open_to_others(paths: Iterator[Path]) -> list[str]:
    return [f"{path} {path.stat().st_mode & 0o777:o}" for path in paths if path.stat().st_mode & 0o077]


@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.about_sqlite) for name in SQLITE),
        "server.json",
        "master.key",
        pytest.param("secrets.key", marks=pytest.mark.about_sqlite),
    ],
)
def test_a_file_that_the_server_keeps_is_for_its_user_alone(served: Path, name: str) -> None:
    assert open_to_others(iter([served / name])) == []


@pytest.mark.directory
def test_all_that_the_server_makes_is_for_its_user_alone(served: Path) -> None:
    assert list(served.glob("blobs/*/*")) != []
    assert open_to_others(served.rglob("*")) == []
