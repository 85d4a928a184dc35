"""deploy/compose: compose takes the file, its secrets are its own, and its proxy passes on what it should."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import nginx
from support.content import image, layer
from support.oci import Oci
from support.ports import free_port
from support.programs import need
from support.registry import new_password
from support.server import Server
from wharfinger import __version__
from wharfinger.cli.main import main
from wharfinger.server.serve import DRAIN_SECONDS
from wharfinger.server.settings import NAMES

DIRECTORY = Path(__file__).parents[2] / "deploy/compose"
NODE = 10001  # whom the image runs as


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The directory where it is used, with secrets made."""
    shutil.copytree(DIRECTORY, tmp_path / "compose", ignore=shutil.ignore_patterns("secrets"))
    make_secrets(tmp_path / "compose")
    return tmp_path / "compose"


def make_secrets(directory: Path) -> None:
    """As the documentation says."""
    subprocess.run([directory / "make-secrets"], check=True)


@pytest.fixture
def rendered(copy: Path) -> Any:
    """What compose makes of the file."""
    command = [need("compose-check"), "-format", "json", "compose.yaml"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=copy)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.needs("compose-check", "root")
class TestRendered:
    def test_only_the_proxy_is_reached_and_only_from_this_machine(self, rendered: Any) -> None:
        ports = {name: service.get("ports", []) for name, service in rendered["services"].items()}
        assert [name for name, listed in ports.items() if listed] == ["proxy"]
        assert [(port["host_ip"], port["published"]) for port in ports["proxy"]] == [("127.0.0.1", "5050")]

    def test_whatever_keeps_running_is_looked_after(self, rendered: Any) -> None:
        staying = [one for one in rendered["services"].values() if one["restart"] != "no"]
        assert len(staying) == 4
        assert all("healthcheck" in service for service in staying)

    def test_nodes_start_when_the_tables_are_ready_and_share_the_rest(self, rendered: Any) -> None:
        node, migrate = rendered["services"]["node"], rendered["services"]["migrate"]
        assert node["deploy"]["replicas"] == 2
        assert node["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert {name for name in node if node[name] != migrate.get(name)} >= {"depends_on"}
        assert node["environment"] == migrate["environment"]

    def test_nodes_have_no_rights(self, rendered: Any) -> None:
        for name in ("node", "migrate"):
            service = rendered["services"][name]
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
            assert service["security_opt"] == ["no-new-privileges:true"]

    def test_nodes_have_longer_to_stop_than_they_drain(self, rendered: Any) -> None:
        said = re.fullmatch(r"(?:(\d+)m)?(\d+)s", rendered["services"]["node"]["stop_grace_period"])
        assert said is not None
        assert int(said[1] or 0) * 60 + int(said[2]) > DRAIN_SECONDS

    def test_its_variables_are_settings(self, rendered: Any) -> None:
        named = {name for name in rendered["services"]["node"]["environment"] if name.startswith("WHARFINGER_")}
        assert named <= {f"WHARFINGER_{name.upper()}" for name in NAMES}

    def test_its_commands_are_there(self, rendered: Any) -> None:
        assert rendered["services"]["migrate"]["command"][0] in main.commands
        assert rendered["services"]["node"]["healthcheck"]["test"][:2] == ["CMD", "wharfinger"]
        assert rendered["services"]["node"]["healthcheck"]["test"][2] in main.commands

    def test_its_image_has_the_version_of_the_program(self, rendered: Any) -> None:
        assert rendered["services"]["node"]["image"] == f"wharfinger:{__version__}"

    def test_every_secret_is_a_file_that_was_made(self, rendered: Any) -> None:
        files = [Path(secret["file"]) for secret in rendered["secrets"].values()]
        assert [file for file in files if not file.stat().st_size] == []

    def test_no_secret_stands_in_the_file(self, copy: Path) -> None:
        text = (copy / "compose.yaml").read_text()
        assert re.findall(r"(?i)(?:password|secret\w*): *\S*[0-9a-f]{12}", text) == []


@pytest.mark.needs("root")
def test_secrets_are_for_those_who_need_them(copy: Path) -> None:
    found = {file.name: file.stat() for file in (copy / "secrets").iterdir()}
    assert [name for name, stats in found.items() if stat.S_IMODE(stats.st_mode) & 0o077] == []
    assert {name: stats.st_uid for name, stats in found.items()} == {
        "master.key": NODE,
        "pgpass": NODE,
        "postgres.password": 0,
        "s3.env": 0,
    }


@pytest.mark.needs("root")
def test_secrets_are_made_once(copy: Path) -> None:
    before = {file: file.read_bytes() for file in (copy / "secrets").iterdir()}
    make_secrets(copy)
    assert {file: file.read_bytes() for file in (copy / "secrets").iterdir()} == before


@pytest.mark.needs("root")
def test_the_nodes_and_the_database_have_the_same_password(copy: Path) -> None:
    password = (copy / "secrets/postgres.password").read_text()
    assert (copy / "secrets/pgpass").read_text() == f"postgres:5432:wharfinger:wharfinger:{password}\n"


@pytest.fixture
def proxied(directory: Path) -> Iterator[Server]:
    """A server that is reached through the proxy of the compose file only, as its address says."""
    port = free_port()
    address, trusted = f"http://127.0.0.1:{port}", "127.0.0.1"
    with Server(directory, address=address, trusted_proxies=trusted) as server:
        changes = {"server node:5050": f"server {server.host}", "listen 8080": f"listen 127.0.0.1:{port}"}
        with nginx.nginx(nginx.fitted((DIRECTORY / "nginx.conf").read_text(), changes), port):
            yield server


@pytest.mark.needs("nginx")
def test_an_image_is_pushed_and_pulled_through_its_proxy(proxied: Server) -> None:
    told = proxied.environment()
    key, secret = told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"]
    ecr = proxied.ecr(key, secret, endpoint=told["AWS_ENDPOINT_URL_ECR"])
    made = ecr.create_repository(repositoryName="hello")["repository"]
    assert made["repositoryUri"] == f"{told['WHARFINGER_REGISTRY']}/hello"
    oci, one = Oci(told["AWS_ENDPOINT_URL_ECR"], new_password(ecr)), image(layer(3_000_000))
    oci.push("hello", one, "1")
    assert oci.get("/v2/hello/manifests/1").body == one.manifest
    assert {digest: oci.get(f"/v2/hello/blobs/{digest}").body for digest in one.blobs} == one.blobs
