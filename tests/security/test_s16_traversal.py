"""S16: no name, digest, tag or id becomes the path of a file, and the store is never left.

Attacks: Kraken CVE-2022-47747 (a file of the server read by its path), the traversals of oras-go, regclient and
containerd by names and links.

Files have names that the server makes; what clients name is a value in the database. Who can write to the data
directory is trusted, so a link that somebody puts there is not looked for: see `docs/operations/threat-model.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from support.content import OCI_IMAGE, image, sha256
from support.doors import Doors
from support.registry import Registry
from support.somebody import OPERATIONS, least, members
from support.wire import Wire
from wharfinger.state.blobs.directory import DirectoryStore

pytestmark = pytest.mark.directory

UP: Final = "../../../../../../../../etc/passwd"
NAMES: Final = (
    UP,
    quote(UP, safe=""),
    quote(quote(UP, safe=""), safe=""),
    "/etc/passwd",
    "..",
    ".",
    "....//....//etc/passwd",
    "..\\..\\etc\\passwd",
    "%c0%ae%c0%ae/etc/passwd",
    "app\0/../../secrets.key",
    "sha256:../../../../secrets.key",
    "../wharfinger.db",
    "file:///etc/passwd",
)
SECRETS: Final = (b"root:", b"SQLite format")


def everything_under(path: Path) -> set[Path]:
    return set(path.rglob("*"))


def _paths(name: str) -> Iterator[str]:
    """A name in each place of each path."""
    yield from (f"/v2/{name}/manifests/v1", f"/v2/app/manifests/{name}", f"/v2/app/blobs/{name}")
    yield from (f"/v2/app/blobs/uploads/{name}", f"/v2/{name}/tags/list", f"/v2/app/referrers/{name}")
    yield from (f"/v2/{name}", f"/{name}", f"/v2/../{name}", f"/v2/app/blobs/uploads/{name}?digest={name}")
    yield from (f"/v2/app/blobs/{sha256(b'')}/{name}", f"/v2/_catalog?last={name}", f"/healthz/{name}")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_no_path_of_a_request_leads_to_a_file(doors: Doors, tmp_path: Path, method: str, name: str) -> None:
    """As bytes on the wire, which no client library tidies up."""
    before = everything_under(tmp_path)
    authorization = {"authorization": doors._login()}
    for path in _paths(name):
        raw, _, query = path.partition("?")
        answer = await doors.request(method, f"/?{query}", b"content", authorization, raw_path=raw.encode())
        assert answer.status < 500, (path, answer)
        assert answer.file is None
        assert not any(secret in answer.body for secret in SECRETS)
    assert everything_under(tmp_path) == before


@pytest.mark.parametrize("name", NAMES, ids=ascii)
async def test_no_name_in_a_call_leads_to_a_file(doors: Doors, tmp_path: Path, name: str) -> None:
    before = everything_under(tmp_path)
    for operation in sorted(OPERATIONS):
        for member in members(operation):
            if not member.endswith(("Name", "Id", "Digest", "Tag", "name", "image")):
                continue
            answer = await doors.asked(operation, **{**least(operation), member: name})
            assert answer.status < 500, (operation, member, answer)
            assert not any(secret in answer.body for secret in SECRETS)
    made = {path for path in everything_under(tmp_path) - before if "blobs" not in path.parts}
    assert made == set()


@pytest.mark.parametrize("digest", [UP, "sha256:" + "../" * 21 + "x", "sha512:" + "/" * 128, "..:" + "0" * 64])
async def test_no_digest_in_a_manifest_leads_to_a_file(doors: Doors, digest: str) -> None:
    one = image()
    changed = one.manifest.replace(list(one.blobs)[-1].encode(), digest.encode())
    answer = await doors.oci("PUT", "app/manifests/v1", changed, {"content-type": OCI_IMAGE})
    assert answer.code == "MANIFEST_INVALID"


async def test_a_file_is_named_by_nothing_that_a_client_says(doors: Doors, tmp_path: Path) -> None:
    one = image()
    await doors.push("app", one, "v1")
    names = {path.name for path in (tmp_path / "data/blobs").glob("*/*")}
    assert len(names) == len(one.blobs)
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)
    assert not any(name in digest for name in names for digest in one.blobs)


@pytest.mark.parametrize("form", ["../../escape", "{outside}/escape", "..", "aa/../../../escape", ""])
async def test_a_storage_id_cannot_leave_the_root(tmp_path: Path, form: str) -> None:
    root = tmp_path / "a" / "b" / "blobs"
    DirectoryStore.prepare(root)
    before = everything_under(tmp_path)
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, it is refused
        await DirectoryStore(root).create(form.format(outside=tmp_path))
    assert everything_under(tmp_path) == before


@pytest.mark.parametrize(
    "path", ["/v2/../../etc/passwd", "/../etc/passwd", "//etc/passwd", "/v2/%2e%2e/%2e%2e/etc/passwd"]
)
def test_the_web_server_serves_no_file_by_its_path(registry: Registry, path: str) -> None:
    with Wire(registry.server, registry.password) as wire:
        wire.request("GET", path)
        answer = wire.answer()
    assert answer.status in {400, 404}
    assert b"root:" not in answer.body
