"""Class S14, defaults: nothing that anybody could know beforehand opens a new server.

Advisory of another: an administrator's password that is the same in every installation (Harbor, CVE-2026-4404).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from support import postgresql
from support.oci import Oci
from support.registry import error_of
from support.server import Server
from support.state import opened
from wharfinger.domain.principals import root_arn
from wharfinger.server.settings import Settings
from wharfinger.state.db import keys, principals
from wharfinger.state.db.keys import AccessKey

ACCOUNT = "000000000000"
WELL_KNOWN = (
    ("admin", "admin"),
    ("admin", "Harbor12345"),
    ("admin", "password"),
    ("root", "root"),
    ("AWS", ""),
    ("AWS", "AWS"),
    ("AWS", "password"),
    ("", ""),
    ("wharfinger", "wharfinger"),
    (ACCOUNT, "secret"),
)
WELL_KNOWN_KEYS = (
    ("test", "test"),
    ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ("minioadmin", "minioadmin"),
    (ACCOUNT, "secret"),
    ("root", "root"),
)


class New:
    """A server that was started for the first time, and told nothing but where its data is."""

    def __init__(self, directory: Path) -> None:
        self.server = Server(directory)
        with self.server:
            self.statuses = [
                Oci(self.server.endpoint, password, user).get("/v2/").status for user, password in WELL_KNOWN
            ]
            self.codes = [_code(self.server, *key) for key in WELL_KNOWN_KEYS]
            # nobody has asked for the key yet
            self.roots = _keys(directory)
            printed = [self.server.environment() for _ in range(2)]
        self.exported, self.again = printed

    @property
    def key(self) -> tuple[str, str]:
        """The first access key with its secret."""
        return self.exported["AWS_ACCESS_KEY_ID"], self.exported["AWS_SECRET_ACCESS_KEY"]


def _code(server: Server, key: str, secret: str) -> str:
    with pytest.raises(ClientError) as caught:
        server.ecr(key, secret).describe_repositories()
    return error_of(caught)[0]


def _keys(directory: Path) -> list[AccessKey]:
    async def read() -> list[AccessKey]:
        state = await opened(directory, open=False)
        try:
            assert await state.db.read(principals.page, ACCOUNT, "user", "", 10) == []
            return await state.db.read(keys.of_root, ACCOUNT)
        finally:
            await state.db.close()

    return asyncio.run(read())


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[New, New]:
    """Two installations."""
    directory = tmp_path_factory.mktemp("defaults")
    return New(directory / "one"), New(directory / "two")


def test_no_well_known_password_lets_anybody_in(both: tuple[New, New]) -> None:
    assert set(both[0].statuses) == {401}


def test_no_well_known_access_key_is_taken(both: tuple[New, New]) -> None:
    assert set(both[0].codes) <= {"UnrecognizedClientException", "IncompleteSignatureException"}


def test_the_first_key_is_made_at_the_first_start_and_is_the_only_one(both: tuple[New, New]) -> None:
    [key] = both[0].roots
    assert (key.id, key.principal) == (both[0].key[0], root_arn(ACCOUNT))


def test_no_two_servers_have_the_same_first_key(both: tuple[New, New]) -> None:
    (one, secret), (two, other) = (new.key for new in both)
    assert one != two
    assert secret != other
    assert len(secret) == len(other) == 40


def test_the_first_key_stays_the_same(both: tuple[New, New]) -> None:
    assert both[0].again == both[0].exported


def test_the_secret_of_the_first_key_is_neither_logged_nor_kept_in_clear(both: tuple[New, New]) -> None:
    secret = both[0].key[1].encode()
    directory = both[0].server.directory
    files = [both[0].server.log, *(path for path in directory.rglob("*") if path.is_file())]
    assert [path.name for path in files if secret in path.read_bytes()] == []
    assert len(files) > 3


def test_what_keeps_secrets_is_for_the_servers_user_alone(both: tuple[New, New]) -> None:
    for new in both:
        modes = {path.name: path.stat().st_mode & 0o777 for path in new.server.directory.iterdir() if path.is_file()}
        # nodes have the data key in their database
        assert modes.keys() >= ({"master.key"} if postgresql.IN_USE else {"master.key", "secrets.key"})
        assert set(modes.values()) == {0o600}
        assert new.server.directory.stat().st_mode & 0o777 == 0o700


def test_a_server_that_is_told_nothing_checks_signatures_and_listens_to_this_machine_only() -> None:
    settings = Settings()
    assert (settings.open, settings.host) == (False, "127.0.0.1")
