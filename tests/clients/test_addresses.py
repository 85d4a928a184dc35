"""A server on another address than that of localhost: what it tells its clients leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.poll import until
from support.server import WEB_SERVER, Server


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    """On one address that `localhost` does not mean."""
    with Server(directory, host="127.0.0.2") as running:
        yield running


@pytest.mark.skipif(WEB_SERVER != "granian", reason="only `wharfinger serve` greets")
def test_the_ready_block_names_the_address_that_answers(server: Server) -> None:
    until(lambda: "docker login" in server.log.read_text(), "the server greets")
    printed = server.log.read_text()
    assert f"ECR API and registry   http://127.0.0.2:{server.port}\n" in printed
    assert f"--password-stdin 127.0.0.2:{server.port}\n" in printed


def test_the_environment_for_clients_leads_to_the_server(server: Server) -> None:
    found = server.environment()
    assert found["WHARFINGER_REGISTRY"] == f"127.0.0.2:{server.port}"
    assert found["AWS_ENDPOINT_URL_ECR"] == f"http://127.0.0.2:{server.port}"


def test_who_uses_that_environment_is_served(server: Server) -> None:
    found = server.environment()
    ecr = server.ecr(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], endpoint=found["AWS_ENDPOINT_URL_ECR"])
    assert ecr.describe_registry()["registryId"] == "000000000000"


def test_the_doctor_finds_the_server(server: Server) -> None:
    said = server.told("doctor").stdout
    assert f"the address that clients use http://127.0.0.2:{server.port}" in said
