"""A running server keeps in step with its access file, on every worker and without a restart."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.poll import until
from support.server import Server

KEY = "KEY0000000000000"
SECRET = "s3cret-of-20-letters-or-more"
USER = f"""
[users.alice]
policies = ["AmazonEC2ContainerRegistryReadOnly"]
keys = [{{ id = "{KEY}", secret_file = "alice.secret" }}]
"""
WORKERS = 3


class Declared:
    """A directory with an access file, and a server that was told of it."""

    def __init__(self, directory: Path, data: Path) -> None:
        self.directory = directory
        self.file = directory / "access.toml"
        self.secret = directory / "alice.secret"
        self.server = Server(data, access_file=self.file, workers=WORKERS)

    def write(self, text: str) -> None:
        """Put other contents into the file, as an editor does it."""
        draft = self.directory / "draft"
        draft.write_text(text)
        draft.rename(self.file)

    def write_secret(self) -> None:
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)

    def code(self) -> str:
        """What alice is answered, over a connection of its own."""
        try:
            self.server.ecr(KEY, SECRET).describe_repositories()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "served"

    def is_logged(self, text: str) -> bool:
        return text in self.server.log.read_text()


@pytest.fixture
def declared(tmp_path: Path, directory: Path) -> Iterator[Declared]:
    made = Declared(tmp_path, directory)
    made.write_secret()
    made.write(USER)
    yield made
    made.server.__exit__(None, None, None)


def test_a_user_of_the_file_is_known_from_the_start(declared: Declared) -> None:
    declared.server.start()
    assert declared.code() == "served"
    with pytest.raises(ClientError, match="not authorized to perform: ecr:CreateRepository"):
        declared.server.ecr(KEY, SECRET).create_repository(repositoryName="app")


def test_a_user_that_was_removed_is_refused_on_every_worker(declared: Declared) -> None:
    declared.server.start()
    assert declared.code() == "served"
    password = declared.server.ecr(KEY, SECRET).get_authorization_token()["authorizationData"][0]["authorizationToken"]
    declared.write("")
    until(lambda: declared.code() != "served", "alice to be gone")
    # connections of their own reach all workers
    assert {declared.code() for _ in range(WORKERS * 8)} == {"UnrecognizedClientException"}
    assert {_status(declared.server, password) for _ in range(WORKERS * 8)} == {401}


def test_a_bad_change_is_kept_out_and_told_once(declared: Declared) -> None:
    declared.server.start()
    declared.write(USER.replace("alice]", "bob]").replace("ReadOnly", "Readonly"))
    until(lambda: declared.is_logged("is left aside"), "the refusal")
    assert declared.code() == "served"
    declared.write(USER + "# mended")
    declared.write(USER.replace("ReadOnly", "FullAccess"))
    until(lambda: declared.is_logged("user alice is changed"), "the change")
    told = declared.server.log.read_text()
    assert told.count("is left aside") == 1
    assert "there is no policy 'AmazonEC2ContainerRegistryReadonly'" in told
    assert SECRET not in told


def test_a_mounted_file_is_followed_when_its_link_is_swapped(declared: Declared) -> None:
    """As Kubernetes updates a ConfigMap: the file is a link through a link, which another takes the place of."""
    for version, text in (("1", USER), ("2", "")):
        (declared.directory / version).mkdir()
        (declared.directory / version / "access.toml").write_text(text)
    (declared.directory / "..data").symlink_to("1")
    declared.file.unlink()
    declared.file.symlink_to("..data/access.toml")
    declared.server.start()
    assert declared.code() == "served"
    (declared.directory / "..new").symlink_to("2")
    (declared.directory / "..new").rename(declared.directory / "..data")
    until(lambda: declared.code() == "UnrecognizedClientException", "alice to be gone")


def test_a_server_does_not_start_with_a_bad_file(declared: Declared) -> None:
    declared.secret.chmod(0o644)
    options = ("--data", str(declared.server.directory), "--access-file", str(declared.file))
    ended = subprocess.run(
        [sys.executable, "-m", "wharfinger", "serve", *options], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr == (
        f"Error: the access file {declared.file} cannot be used: users.alice: the secret of {KEY}: the file "
        "alice.secret can be read by others, or written by its group: run chmod g-w,o-rwx on it.\n"
    )


def test_the_doctor_says_whether_file_and_database_are_in_step(declared: Declared) -> None:
    declared.server.start()
    option = ("--access-file", str(declared.file))
    assert f"ok    access file {declared.file}" in declared.server.told("doctor", *option).stdout
    declared.write("users = [")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        declared.server.told("doctor", *option)
    assert "It cannot be used: it is no TOML" in caught.value.stdout


def _status(server: Server, password: str) -> Any:
    connection = http.client.HTTPConnection(server.address, server.port, timeout=30)
    try:
        connection.request("GET", "/v2/", headers={"authorization": f"Basic {password}"})
        return connection.getresponse().status
    finally:
        connection.close()
