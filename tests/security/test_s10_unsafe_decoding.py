"""S10: nothing that is read can run: no pickle, no eval, no YAML, and no archive that is unpacked.

Attacks: Quay CVE-2026-32590 (the state of a hash was stored as a pickle, and whoever could write it ran code), the
traversals by links in archives of oras-go and regclient (layers stay closed here).
"""

from __future__ import annotations

import ast
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

import wharfinger
from support.content import sha256
from support.doors import Doors
from wharfinger.state.db.database import Tx

ROOT = Path(wharfinger.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
_RUNNING = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "telnetlib"}
_UNPACKING = {"tarfile", "zipfile", "gzip", "bz2", "lzma", "zlib"}
_CALLS = {"eval", "exec", "compile", "__import__"}
_STARTING = {"system", "popen"}


def _named(module: Path) -> str:
    return str(module.relative_to(ROOT))


@pytest.mark.parametrize("module", MODULES, ids=_named)
def test_nothing_is_decoded_that_could_run_or_unpacked(module: Path) -> None:
    tree = ast.parse(module.read_text())
    imported = {
        name.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    } | {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert imported & (_RUNNING | _UNPACKING) == set()
    assert called & _CALLS == set()


@pytest.mark.parametrize("module", MODULES, ids=_named)
def test_no_shell_is_started(module: Path) -> None:
    """And no program whose name or arguments somebody else could choose: none at all."""
    tree = ast.parse(module.read_text())
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    shell = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "shell"]
    assert attributes & _STARTING == set()
    assert shell == []


class Evil:
    """Makes a directory where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._mark),)


async def test_the_stored_state_of_a_hash_is_no_pickle(doors: Doors, tmp_path: Path) -> None:
    mark, content = tmp_path / "mark", b"first"
    state = pickle.dumps(Evil(mark))
    upload = await doors.begin("app")
    assert (await doors.oci("PATCH", upload, content)).status == 202

    async def tamper(tx: Tx) -> int:
        return await tx.run("UPDATE uploads SET hash_state = :state", state=state)

    assert await doors.state.db.write(tamper) == 1
    answer = await doors.oci("PUT", f"{upload}?digest={sha256(content)}")
    assert not mark.exists()
    assert (answer.status, (await doors.oci("HEAD", f"app/blobs/{sha256(content)}")).status) == (500, 404)
    pickle.loads(state)
    assert mark.exists()


@pytest.mark.parametrize("content", [b"../../etc/passwd", b"\x1f\x8b" + b"\0" * 100, b"PK\x03\x04" + b"\0" * 100])
async def test_a_layer_is_bytes_and_no_more(doors: Doors, content: bytes) -> None:
    await doors.push_blob("app", content, sha256(content))
    assert (await doors.oci("GET", f"app/blobs/{sha256(content)}")).content == content
