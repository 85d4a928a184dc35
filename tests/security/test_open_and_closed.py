"""What an open server gave to anybody is worth nothing once its data is served by one that checks signatures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import urllib3

from support.content import image
from support.oci import Oci
from support.registry import Registry, new_password
from support.server import Server


class Given(NamedTuple):
    """What somebody got from an open server, and a server that is not open on the same data."""

    password: str
    download: str
    layer: str
    closed: Server


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    directory: Path = tmp_path_factory.mktemp("data")
    one = image()
    *_, layer = one.blobs
    with Server(directory, open=True) as server:
        registry = Registry(server, "000000000000")
        registry.oci.push(registry.create("app"), one, "latest")
        address = registry.ecr.get_download_url_for_layer(repositoryName="app", layerDigest=layer)["downloadUrl"]
        password = registry.password
        assert urllib3.request("GET", address).data == one.blobs[layer]
    with Server(directory) as closed:
        parts = urlsplit(address)
        yield Given(password, f"{closed.endpoint}{parts.path}?{parts.query}", layer, closed)


def test_a_password_of_an_open_server_lets_nobody_in_where_signatures_are_checked(given: Given) -> None:
    assert Oci(given.closed.endpoint, given.password).get("/v2/").status == 401


def test_a_download_address_of_an_open_server_gives_nothing_where_signatures_are_checked(given: Given) -> None:
    assert urllib3.request("GET", given.download, redirect=False).status == 403


def test_who_has_the_key_is_let_in_to_what_the_open_server_left(given: Given) -> None:
    found = given.closed.environment()
    password = new_password(
        given.closed.ecr(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], "eu-central-1")
    )
    assert Oci(given.closed.endpoint, password).get(f"/v2/app/blobs/{given.layer}").status == 200
