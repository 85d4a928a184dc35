"""The official conformance suite of the distribution specification: run, and its results read and counted.

It can end with status 0 without having run, so the figures are what is believed.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from support.programs import need
from support.registry import Registry

REPOSITORIES = ("conformance/repo1", "conformance/repo2")
OPTIONAL = (
    "OCI_API_BLOBS_DIGEST_HEADER",
    "OCI_API_BLOBS_UPLOAD_CANCEL",
    "OCI_API_MANIFESTS_DIGEST_HEADER",
    "OCI_API_MANIFESTS_TAG_PARAM",
    "OCI_DATA_SPARSE",
)
# what the suite leaves out unless it is told otherwise, and what a new account does not allow
NOT_BY_DEFAULT = {
    "Blob anonymous mount": "Skip",
    "Blob upload cancel": "Disabled",
    "Manifest put with tag params": "Disabled",
    "Sparse Manifests": "Disabled",
    "Tag Param": "Disabled",
    "Tag Param sha512": "Disabled",
}
_GOOD = {"passed", "skipped"}
_SUBJECT = re.compile(r"  ([^:]+): (\w+)")


class Results(NamedTuple):
    """What the suite wrote down."""

    exit_status: int
    subjects: Mapping[str, str]  # results.yaml: features and kinds of data, each with its verdict
    cases: Counter[str]  # junit.xml: how many single tests ended in which way
    failures: Sequence[str]  # each with the requests that led to it

    def __str__(self) -> str:
        counts = Counter(self.subjects.values()) + self.cases
        return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())


def run_suite(registry: Registry, results: Path, *options: str) -> Results:
    """On two new repositories."""
    for name in REPOSITORIES:
        registry.create(name)
    environment = {
        "OCI_REGISTRY": registry.server.host,
        "OCI_TLS": "disabled",
        "OCI_REPO1": REPOSITORIES[0],
        "OCI_REPO2": REPOSITORIES[1],
        "OCI_USERNAME": "AWS",
        "OCI_PASSWORD": registry.password,
        "OCI_VERSION": "1.1",
        "OCI_RESULTS_DIR": str(results),
        **dict.fromkeys(options, "true"),
    }
    ended = subprocess.run(
        [need("conformance")], env=environment, cwd=results.parent, capture_output=True, text=True, check=False
    )
    written = results / "junit.xml"
    return Results(ended.returncode, subjects_of(results / "results.yaml"), cases_of(written), failures_of(written))


def subjects_of(file: Path) -> dict[str, str]:
    """The lists `apis` and `data` at the end; the configuration before them has lists of the same names, indented."""
    apis, _, data = file.read_text().partition("\napis:\n")[2].partition("\ndata:\n")
    return {match[1]: match[2] for match in map(_SUBJECT.fullmatch, f"{apis}\n{data}".splitlines()) if match}


def cases_of(file: Path) -> Counter[str]:
    return Counter(case.attrib["status"] for case in ElementTree.parse(file).iter("testcase"))


def failures_of(file: Path) -> list[str]:
    cases = (case for case in ElementTree.parse(file).iter("testcase") if case.attrib["status"] not in _GOOD)
    return [f"{case.attrib['name']}\n{''.join(case.itertext())}" for case in cases]


def check_all_features(results: Results) -> None:
    """With every optional feature: nothing fails, and nothing is left out."""
    assert results.failures == []
    assert results.exit_status == 0
    assert set(results.subjects.values()) == {"Pass"}
    assert set(results.cases) == {"passed"}
    assert len(results.subjects) >= 52
    assert results.cases["passed"] >= 800


def check_as_shipped(results: Results) -> None:
    """Nothing fails, and only that is left out which has to be."""
    assert results.failures == []
    assert results.exit_status == 0
    assert {name: verdict for name, verdict in results.subjects.items() if verdict != "Pass"} == NOT_BY_DEFAULT
    assert set(results.cases) == {"passed", "skipped"}
    assert len(results.subjects) >= 52
    assert results.cases["passed"] >= 650
