"""deploy/helm: each file of values makes objects that Kubernetes takes, and what cannot work is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from support.programs import need
from wharfinger import __version__
from wharfinger.cli.main import main
from wharfinger.server.serve import DRAIN_SECONDS
from wharfinger.server.settings import NAMES

CHART = Path(__file__).parents[2] / "deploy/helm/wharfinger"
VALUES = sorted((CHART / "ci").glob("*.yaml"))
VERSIONS = ("1.25", kubernetes_validate.latest_version())
_ELSEWHERE = {"ServiceMonitor"}  # defined by the operator of Prometheus, not by Kubernetes


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One call of helm, which may fail."""
    return subprocess.run([need("helm"), *arguments], check=False, capture_output=True, text=True)


def rendered(values: Path | str, *more: str) -> list[Any]:
    """The objects, those of hooks included."""
    file = CHART / "ci" / values if isinstance(values, str) else values
    ended = helm("template", "registry", CHART, "--namespace", "tools", "--values", file, "--is-upgrade", *more)
    assert ended.returncode == 0, ended.stderr
    return [made for made in yaml.safe_load_all(ended.stdout) if made]


def kinds(made: list[Any]) -> set[str]:
    """What they are."""
    return {one["kind"] for one in made}


@pytest.mark.parametrize("values", VALUES, ids=lambda file: file.stem)
class TestEachFileOfValues:
    def test_helm_finds_nothing_wrong(self, values: Path) -> None:
        ended = helm("lint", "--strict", "--values", values, CHART)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    @pytest.mark.parametrize("version", VERSIONS)
    def test_kubernetes_takes_every_object(self, values: Path, version: str) -> None:
        for made in rendered(values):
            if made["kind"] not in _ELSEWHERE:
                kubernetes_validate.validate(made, version, strict=True)

    def test_pods_have_no_rights(self, values: Path) -> None:
        for pod in server_and_job(values):
            assert pod["securityContext"]["runAsNonRoot"]
            assert not pod["automountServiceAccountToken"]
            [container] = pod["containers"]
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }

    def test_kubernetes_adds_no_variables(self, values: Path) -> None:
        # WHARFINGER_PORT=tcp://… would be one, where the release is called wharfinger
        assert {pod["enableServiceLinks"] for pod in server_and_job(values)} == {False}

    def test_its_variables_are_settings(self, values: Path) -> None:
        names = [entry["name"] for pod in server_and_job(values) for entry in pod["containers"][0]["env"]]
        named = {name for name in names if name.startswith("WHARFINGER_")}
        assert named <= {f"WHARFINGER_{name.upper()}" for name in NAMES}

    def test_its_commands_are_there(self, values: Path) -> None:
        assert all(pod["containers"][0]["args"][0] in main.commands for pod in server_and_job(values))

    def test_a_pod_has_longer_to_stop_than_the_server_drains(self, values: Path) -> None:
        pod = next(server_and_job(values))
        variables = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
        delay = int(variables["WHARFINGER_DRAIN_DELAY"])
        assert pod["terminationGracePeriodSeconds"] > delay + DRAIN_SECONDS


def server_and_job(values: Path) -> Iterator[Any]:
    """The pods of the server, and of the job if there is one."""
    made = rendered(values)
    for kind in ("StatefulSet", "Deployment", "Job"):
        yield from (one["spec"]["template"]["spec"] for one in made if one["kind"] == kind)


def test_without_more_it_is_one_replica_with_a_volume() -> None:
    made = rendered("volume.yaml")
    assert kinds(made) == {"StatefulSet", "Service", "ServiceAccount"}
    [server] = [one for one in made if one["kind"] == "StatefulSet"]
    assert server["spec"]["replicas"] == 1
    assert [claim["metadata"]["name"] for claim in server["spec"]["volumeClaimTemplates"]] == ["data"]


def test_over_a_database_and_a_store_there_are_several_and_a_job_before_each_upgrade() -> None:
    made = rendered("outside.yaml")
    assert kinds(made) == {"Deployment", "Service", "ServiceAccount", "Ingress", "PodDisruptionBudget", "Job"}
    [job] = [one for one in made if one["kind"] == "Job"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]


def test_the_service_leads_to_the_server_and_not_to_the_job() -> None:
    made = {one["kind"]: one for one in rendered("everything.yaml")}
    selector = made["Service"]["spec"]["selector"].items()
    assert selector <= made["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert not selector <= made["Job"]["spec"]["template"]["metadata"]["labels"].items()


def test_every_switch_makes_its_object() -> None:
    made = {one["kind"]: one for one in rendered("everything.yaml")}
    assert made.keys() >= {"NetworkPolicy", "ServiceMonitor", "PodDisruptionBudget"}
    [endpoint] = made["ServiceMonitor"]["spec"]["endpoints"]
    assert (endpoint["path"], endpoint["scheme"]) == ("/metrics", "https")


def test_settings_become_variables_as_they_are_written() -> None:
    pod = next(server_and_job(CHART / "ci/everything.yaml"))
    variables = {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}
    assert variables["WHARFINGER_TRAIL_BYTES"] == "4294967296"
    assert variables["WHARFINGER_WEBHOOK_PRIVATE"] == "true"
    assert variables["WHARFINGER_LOG_FORMAT"] == "text"


@pytest.mark.parametrize(
    ("values", "changes"),
    [
        ("volume.yaml", ["address="]),
        ("volume.yaml", ["address=registry.example.com"]),
        ("volume.yaml", ["replicas=2"]),
        ("volume.yaml", ["adress=https://registry.example.com"]),
        ("volume.yaml", ["settings.port=80"]),
        ("volume.yaml", ["ingress.enabled=true"]),
        ("outside.yaml", ["outside.store="]),
        ("outside.yaml", ["outside.store=ftp://images"]),
        ("outside.yaml", ["outside.existingSecret="]),
        ("outside.yaml", ["masterKey.existingSecret="]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_values_that_cannot_work_are_refused(values: str, changes: list[str]) -> None:
    ended = helm("template", "registry", CHART, "--values", CHART / "ci" / values, "--set", ",".join(changes))
    assert ended.returncode != 0
    assert "values don't meet the specifications of the schema" in ended.stderr


def test_it_has_the_version_of_the_program() -> None:
    told = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (told["version"], told["appVersion"]) == (__version__, __version__)
