"""The official conformance suite, each of whose requests goes to another node."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import figures
from support.cluster import PROGRAMS, Cluster, cluster
from support.conformance import OPTIONAL, check_all_features, check_as_shipped, run_suite
from support.registry import Registry

pytestmark = [pytest.mark.needs("conformance", *PROGRAMS), pytest.mark.timeout(600)]


def test_the_suite_passes_with_every_optional_feature(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    with cluster(open=True, sparse_manifests=True, redirect=False) as nodes:
        registry = Registry(nodes, "111111111111")
        registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
        results = run_suite(registry, tmp_path / "results", *OPTIONAL)
    figures.note(request, "conformance of three nodes with all features", results)
    check_all_features(results)


def test_the_suite_passes_on_nodes_as_they_are_shipped(
    nodes: Cluster, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    results = run_suite(Registry(nodes, "111111111111"), tmp_path / "results")
    figures.note(request, "conformance of three nodes as shipped", results)
    check_as_shipped(results)
