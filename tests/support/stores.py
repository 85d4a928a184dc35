"""Places for bytes that tests put their objects in, each test in a prefix of its own; and what can befall them.

The whole suite runs on one of them: TEST_STORE=directory, s3 or azure. With TEST_REDIRECT=1 clients get the bytes from
there themselves.
"""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol
from unittest.mock import patch
from urllib.parse import urlencode

import obstore

from support import azurite, swift
from wharfinger.domain import stores
from wharfinger.state.blobs import objectstore
from wharfinger.state.blobs.directory import DirectoryStore
from wharfinger.state.blobs.store import BlobStore, Location

STORE: Final = os.environ.get("TEST_STORE", "directory")
_elsewhere: dict[Path, str] = {}


def rights(kind: str = STORE) -> Mapping[str, str]:
    """The variables by which a server gets at its store; the kind, or its address."""
    kind = {"s3:": "s3", "az:": "azure"}.get(kind[:3], kind)
    if kind == "s3":
        return {"AWS_ACCESS_KEY_ID": swift.KEY, "AWS_SECRET_ACCESS_KEY": swift.SECRET}
    return {"AZURE_STORAGE_ACCOUNT_KEY": azurite.KEY} if kind == "azure" else {}


def new_address(kind: str = STORE, endpoint: str | None = None) -> str:
    """The setting `store` for a place that nothing is in; an endpoint may be one that leads to the real one."""
    prefix = uuid.uuid4().hex
    if kind == "s3":
        options = {"endpoint": endpoint or swift.endpoint(), "region": "us-east-1"}
        return f"s3://{swift.BUCKET}/{prefix}?{urlencode(options)}"
    if kind == "azure":
        options = {"endpoint": endpoint or azurite.endpoint(), "account_name": azurite.ACCOUNT}
        return f"az://{azurite.CONTAINER}/{prefix}?{urlencode(options)}"
    return ""


@functools.cache
def settings_for(directory: Path) -> Mapping[str, Any]:
    """Of the store that goes with a data directory; whoever opens the directory again means the same.

    The bytes come from the server, as from the directory, for tests that look at what it answers.
    """
    kind = kind_of(directory)
    return (
        {"store": new_address(kind), "redirect": os.environ.get("TEST_REDIRECT") == "1"} if kind != "directory" else {}
    )


def kind_of(directory: Path) -> str:
    """Where the layers of a data directory are."""
    return _elsewhere.get(directory, STORE)


def belongs(directory: Path, kind: str) -> None:
    """From now on its layers are there, wherever those of the other tests are."""
    _elsewhere[directory] = kind


@contextmanager
def having_rights(kind: str = STORE) -> Iterator[None]:
    """Within the block this process may open the store."""
    with patch.dict(os.environ, rights(kind)):
        yield


def objects(directory: Path) -> dict[str, int]:
    """What is in the store that goes with a data directory: sizes by names."""
    if kind_of(directory) == "directory":
        return {path.name: path.stat().st_size for path in (directory / "blobs").glob("*/*")}
    return {entry["path"]: entry["size"] for entry in obstore.list(outside(directory)).collect()}


def content(directory: Path, storage_id: str, segments: str | None) -> bytes | None:
    """The bytes of an upload or a blob, as its row says where they are; None if they are not there."""
    try:
        if segments is None:
            return (directory / "blobs" / storage_id[:2] / storage_id).read_bytes()
        store = outside(directory)
        return b"".join(bytes(obstore.get(store, f"{storage_id}/{name}").bytes()) for name in segments.split())
    except FileNotFoundError:
        return None


def empty_store(directory: Path) -> None:
    """Take everything out of it."""
    if kind_of(directory) != "directory":
        if names := list(objects(directory)):
            obstore.delete(outside(directory), names)
        return
    for file in (directory / "blobs").glob("*/*"):
        file.unlink()


@functools.cache
def outside(directory: Path) -> Any:
    """The store outside that goes with a data directory."""
    address = stores.address(settings_for(directory)["store"])
    assert address is not None
    with having_rights(kind_of(directory)):
        return objectstore.open_store(address)._objects


class Place(Protocol):
    """A place for bytes, and the ways in which they can come to harm."""

    store: BlobStore

    def lose(self, location: Location) -> None:
        """They are gone."""
        ...

    def cut(self, location: Location, size: int) -> None:
        """Only the first ones are left."""
        ...

    def count(self) -> int:
        """How many objects there are."""
        ...


class Directory:
    """Files below a root."""

    def __init__(self, root: Path) -> None:
        DirectoryStore.prepare(root)
        self.root = root
        self.store: BlobStore = DirectoryStore(root)

    def lose(self, location: Location) -> None:
        self._file(location).unlink()

    def cut(self, location: Location, size: int) -> None:
        os.truncate(self._file(location), size)

    def count(self) -> int:
        return len(list(self.root.glob("*/*")))

    def _file(self, location: Location) -> Path:
        [file] = self.root.rglob(location.storage_id)
        return file


class Outside:
    """An object store; `endpoint` may lead to the real one."""

    def __init__(self, kind: str, endpoint: str | None = None) -> None:
        address = stores.address(new_address(kind, endpoint))
        assert address is not None
        with having_rights(kind):
            store = objectstore.open_store(address)
        self.objects = store._objects
        self.store: BlobStore = store

    def lose(self, location: Location) -> None:
        obstore.delete(self.objects, self.names(location.storage_id))

    def cut(self, location: Location, size: int) -> None:
        [name] = self.names(location.storage_id)
        obstore.put(self.objects, name, bytes(obstore.get(self.objects, name).bytes())[:size])

    def count(self) -> int:
        return len(self.names())

    def names(self, prefix: str | None = None) -> list[str]:
        """The keys of the objects."""
        return [entry["path"] for entry in obstore.list(self.objects, prefix).collect()]
