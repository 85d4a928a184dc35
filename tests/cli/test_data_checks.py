"""`wharfinger doctor --deep` and `wharfinger scrub` on the data of a server that runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.command_line import CommandLine
from support.content import Image, image, index, sha256
from support.damage import ORPHAN, damage_database, file_of, flip_a_bit, path_of, rot_manifest
from support.oci import Oci
from support.rows import run_sql
from support.server import REGION, Server
from support.shell import Shell
from wharfinger.cli.main import main

pytestmark = pytest.mark.directory

ONE, BOTH = image(), index(image(), image())
LAYER = list(ONE.blobs)[-1]


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with Server(directory) as running:
        yield running


@pytest.fixture
def shell(server: Server, tmp_path: Path) -> Shell:
    """Of a server of the test's own, for its data come to harm."""
    return Shell(tmp_path / "home", {**server.environment(), **server.where()}, REGION)


@pytest.fixture
def data(directory: Path, wharfinger: CommandLine, oci: Oci) -> str:
    """The data directory, with images in it."""
    oci.push("app", ONE, "v1")
    oci.push("app", BOTH, "multi")
    return str(directory)


def pulled(oci: Oci, one: Image) -> bool:
    """Whether an image comes with the bytes that were pushed."""
    found = [oci.get(f"/v2/app/manifests/{one.digest}").body]
    found += [oci.get(f"/v2/app/blobs/{digest}").body for digest in one.blobs]
    return found == [one.manifest, *one.blobs.values()] and all(pulled(oci, child) for child in one.children)


# --- the doctor ----------------------------------------------------------------------------------------------


def test_the_doctor_finds_nothing_where_all_is_well(wharfinger: CommandLine, data: str) -> None:
    printed = wharfinger.text("doctor", "--deep", "--data", data).splitlines()
    assert printed[-1] == "All is well."
    assert "ok    images have their layers" in printed


def test_without_deep_the_doctor_does_not_look_at_all_data(wharfinger: CommandLine, data: str) -> None:
    file_of(Path(data), LAYER).unlink()
    assert "All is well." in wharfinger.text("doctor", "--data", data)


def test_the_doctor_names_what_does_not_agree_and_is_content_after_another_push(
    wharfinger: CommandLine, oci: Oci, data: str
) -> None:
    directory = Path(data)
    missing, cut, *_ = (digest for child in BOTH.children for digest in child.blobs)
    file_of(directory, missing).unlink()
    os.truncate(file_of(directory, cut), 3)
    rot_manifest(directory, ONE.digest)
    orphan = path_of(directory, ORPHAN)
    orphan.write_bytes(b"12345")
    os.utime(orphan, (0, 0))
    lost = "DELETE FROM repository_blobs WHERE blob_id = (SELECT id FROM blobs WHERE digest = :layer)"
    run_sql(directory, lost, layer=LAYER)
    lines = wharfinger.text("doctor", "--deep", "--data", data, status=1).splitlines()
    told = {line[6:]: lines[number + 1].strip() for number, line in enumerate(lines) if line.startswith("FAIL")}
    where = f"000000000000/{REGION}/app@"
    assert f"{missing} missing" in told["blobs have their bytes"]
    assert f"{cut} 3 bytes" in told["blobs have their bytes"]
    assert told["files or objects in the store are known"].startswith(f"Some belong to nothing ({ORPHAN} 5 bytes): ")
    assert f"({where}{ONE.digest}): push" in told["manifests have their digests"]
    assert f"({where}{ONE.digest} {LAYER}): push" in told["images have their layers"]
    assert lines[-1] == f"{len(told)} of the checks failed."

    orphan.unlink()
    wharfinger.text("scrub", "--data", data, status=1)
    oci.push("app", ONE, "v1")
    oci.push("app", BOTH, "multi")
    wharfinger.text("scrub", "--data", data)
    assert wharfinger.text("doctor", "--deep", "--data", data).endswith("All is well.\n")
    assert pulled(oci, ONE)
    assert pulled(oci, BOTH)


def test_the_doctor_names_a_few_of_many(wharfinger: CommandLine, data: str) -> None:
    for file in Path(data).glob("blobs/*/*"):
        file.unlink()
    printed = wharfinger.text("doctor", "--deep", "--data", data, status=1)
    count = len(ONE.blobs) + sum(len(child.blobs) for child in BOTH.children)
    assert (printed.count(" missing"), f"; and {count - 5} more): run `wharfinger scrub`" in printed) == (5, True)


def test_the_doctor_goes_on_where_a_check_cannot_be_made(wharfinger: CommandLine, data: str) -> None:
    (Path(data) / "blobs").rename(Path(data) / "elsewhere")
    printed = wharfinger.text("doctor", "--deep", "--data", data, status=1)
    assert "FAIL  blobs have their bytes\n      It could not be looked at to the end (disk: ENOENT)" in printed
    assert "ok    nothing is there for longer than it should be" in printed


@pytest.mark.about_sqlite
def test_the_doctor_names_damage_of_the_database(wharfinger: CommandLine, data: str) -> None:
    damage_database(Path(data))
    printed = wharfinger.text("doctor", "--deep", "--data", data, status=1)
    assert "The database is damaged (NULL value in repositories.created_at): restore it from a backup." in printed


# --- scrub ---------------------------------------------------------------------------------------------------


def test_scrub_says_that_all_is_well(wharfinger: CommandLine, data: str) -> None:
    blobs = len(ONE.blobs) + sum(len(child.blobs) for child in BOTH.children)
    printed = wharfinger.text("scrub", "--data", data, "--rate", "1000")
    assert printed.startswith(f"{blobs} blobs and 4 manifests read, ")
    assert printed.endswith(": all is well.\n")


def test_scrub_names_rot_and_the_images_that_it_hits(wharfinger: CommandLine, data: str) -> None:
    flip_a_bit(file_of(Path(data), LAYER))
    first, second, total, cure = wharfinger.text("scrub", "--data", data, status=1).splitlines()
    assert first == f"rotten      blob {LAYER}: its bytes are not those that were pushed"
    assert second.split() == [f"000000000000/{REGION}/app@{ONE.digest}", "tags", "v1"]
    assert total.endswith(": 1 rotten.")
    assert cure.startswith("Push the images again")


def test_scrub_says_so_if_no_image_is_hit(wharfinger: CommandLine, oci: Oci, data: str) -> None:
    oci.push_blob("app", b"spare", sha256(b"spare"))
    flip_a_bit(file_of(Path(data), sha256(b"spare")))
    assert "\n            no image refers to it\n" in wharfinger.text("scrub", "--data", data, status=1)


def test_scrub_prints_documents(wharfinger: CommandLine, data: str) -> None:
    file_of(Path(data), LAYER).unlink()
    rot, hit, summary = wharfinger.documents("scrub", "--data", data, status=1)
    assert rot == {"type": "rot", "kind": "blob", "digest": LAYER, "damage": "missing"}
    assert hit == {
        "type": "image",
        "digest": LAYER,
        "registryId": "000000000000",
        "region": REGION,
        "repositoryName": "app",
        "imageDigest": ONE.digest,
        "imageTags": ["v1"],
        "deletionId": None,
    }
    assert (summary["type"], summary["rotten"], summary["manifests"]) == ("summary", 1, 4)


def test_scrub_says_what_is_good_again(wharfinger: CommandLine, data: str) -> None:
    file = file_of(Path(data), LAYER)
    flip_a_bit(file)
    wharfinger.text("scrub", "--data", data, status=1)
    flip_a_bit(file)
    assert wharfinger.text("scrub", "--data", data).startswith(f"good again  blob {LAYER}\n")


@pytest.mark.parametrize("rate", ["0", "-1", "fast"])
def test_scrub_refuses_a_rate_at_which_nothing_is_read(rate: str) -> None:
    result = CliRunner().invoke(main, ["scrub", "--rate", rate])
    assert (result.exit_code, "--rate" in result.output) == (2, True)


def test_scrub_looks_for_no_data_where_no_server_was(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["scrub", "--data", str(tmp_path)])
    assert (result.exit_code, "no server has been started" in result.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_scrub_marks_nothing_where_the_disk_is_not_there(wharfinger: CommandLine, oci: Oci, data: str) -> None:
    (Path(data) / "blobs").rename(Path(data) / "elsewhere")
    assert "disk: ENOENT" in wharfinger.refused("scrub", "--data", data)
    (Path(data) / "elsewhere").rename(Path(data) / "blobs")
    assert pulled(oci, ONE)
