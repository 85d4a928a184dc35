"""The official conformance suite of the distribution specification against one server."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import figures
from support.conformance import OPTIONAL, check_all_features, check_as_shipped, run_suite
from support.registry import Registry
from support.server import Server

pytestmark = pytest.mark.needs("conformance")


def test_the_suite_passes_with_every_optional_feature(
    directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with Server(directory, open=True, sparse_manifests=True) as server:
        registry = Registry(server, "111111111111")
        registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
        results = run_suite(registry, tmp_path / "results", *OPTIONAL)
    figures.note(request, "conformance with all features", results)
    check_all_features(results)


def test_the_suite_passes_on_a_server_as_it_is_shipped(
    directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with Server(directory, open=True) as server:
        results = run_suite(Registry(server, "111111111111"), tmp_path / "results")
    figures.note(request, "conformance as shipped", results)
    check_as_shipped(results)
