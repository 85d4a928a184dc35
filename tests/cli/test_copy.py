"""`wharfinger copy` beside a server that runs: what it says, and with which status it ends."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from support.content import image
from support.damage import file_of, flip_a_bit
from support.ports import free_port
from support.registry import Registry
from support.rows import run_sql
from support.server import Server
from wharfinger.cli.main import main
from wharfinger.services import copied_rows
from wharfinger.state.db.database import Tx

# its places are directories; of other kinds they are in tests/crash/test_copy.py
pytestmark = [pytest.mark.about_sqlite, pytest.mark.directory]

ACCOUNT = "000000000001"
ONE = image()
LAYER = list(ONE.blobs)[-1]


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with Server(directory, open=True) as running:
        registry = Registry(running, ACCOUNT)
        registry.create()
        registry.oci.push("app", ONE, "v1")
        yield running


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def copy(*options: object, **variables: str) -> Result:
    return CliRunner().invoke(main, ["copy", *map(str, options)], env=variables)


def test_at_the_end_it_says_that_both_are_equal_and_what_is_still_to_be_done(server: Server, to: Path) -> None:
    result = copy("--from", server.directory, "--to", to)
    assert result.exit_code == 0
    equal, key = result.output.splitlines()
    assert re.fullmatch(r"equal: 1 images, \d+ tables, 2 blobs, digest sha256:[0-9a-f]{64}", equal)
    assert f"put the master key into {to}/master.key; it is in {server.directory}/master.key" in key


def test_a_server_can_be_started_on_the_copy(server: Server, to: Path) -> None:
    assert copy("--from", server.directory, "--to", to).exit_code == 0
    with Server(to, open=True, master_key=server.directory / "master.key") as other:
        pulled = Registry(other, ACCOUNT).oci.get(f"/v2/app/blobs/{LAYER}")
    assert pulled.body == ONE.blobs[LAYER]


def test_a_place_is_a_file_of_settings_too_and_without_one_what_the_variables_name(server: Server, to: Path) -> None:
    settings = to.with_suffix(".toml")
    settings.write_text(f'data = "{to}"\nmaster_key = "{server.directory}/master.key"\n')
    result = copy("--to", settings, WHARFINGER_DATA=str(server.directory))
    assert (result.exit_code, len(result.output.splitlines())) == (0, 1)


def test_a_backup_without_its_master_key_is_restored_with_one_that_is_named(server: Server, to: Path) -> None:
    copy("--from", server.directory, "--to", to)
    restored = to.with_name("restored")
    refused = copy("--from", to, "--to", restored)
    assert (refused.exit_code, f"no master key at {to}/master.key" in refused.output) == (1, True)
    key = server.directory / "master.key"
    assert copy("--from", to, "--to", restored, "--master-key", key).output.startswith("equal: 1 images")


def test_damage_at_the_source_is_told_with_its_images_and_by_the_status(server: Server, to: Path) -> None:
    flip_a_bit(file_of(server.directory, LAYER))
    result = copy("--from", server.directory, "--to", to)
    assert result.exit_code == 3
    damaged, hit, summary, cure, _ = result.output.splitlines()
    assert damaged == f"damaged     blob {LAYER}: its bytes are not those that were pushed"
    assert f"app@{ONE.digest}  tags v1" in hit
    assert summary.startswith("not equal: 1 blobs are damaged at the source")
    assert cure.startswith("Push the images again")


def test_rows_that_are_not_equal_at_the_end_are_told_and_never_seen(
    server: Server, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = copied_rows.replace

    async def one_less(source: Tx, there: Tx) -> None:
        await replace(source, there)
        await there.run("DELETE FROM tags")

    monkeypatch.setattr(copied_rows, "replace", one_less)
    result = copy("--from", server.directory, "--to", to)
    assert (result.exit_code, result.output.startswith("not equal: table tags. ")) == (1, True)
    assert run_sql(to, "SELECT * FROM images") == []


def test_a_server_that_runs_at_the_destination_is_left_alone(server: Server, to: Path) -> None:
    copy("--from", server.directory, "--to", to)
    with Server(to, open=True, master_key=server.directory / "master.key") as other:
        result = copy("--from", server.directory, "--to", to)
        assert result.exit_code == 1
        assert f"process {other.pid} uses {to}: stop the server there" in result.output


def test_a_server_says_that_a_copy_is_not_finished(server: Server, to: Path) -> None:
    copy("--from", server.directory, "--to", to)
    run_sql(to, "UPDATE copies SET is_finished = 0")
    shutil.copy(server.directory / "master.key", to)
    result = CliRunner().invoke(main, ["serve", "--data", str(to), "--port", str(free_port())])
    assert (result.exit_code, "is not finished: run the same `wharfinger copy` again" in result.output) == (1, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "name what to copy with --from, or where to with --to"),
        (["--from", "missing.toml"], "missing.toml: the file missing.toml cannot be read"),
    ],
)
def test_what_is_named_wrongly_is_told(options: list[str], told: str) -> None:
    result = copy(*options)
    assert (result.exit_code, told in result.output) == (2, True)
