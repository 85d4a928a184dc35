"""`wharfinger env`: what it prints is all that AWS clients need for both services."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import boto3
import pytest

from support.server import Server
from support.shell import Shell

ROOT = Path(__file__).parents[2]


def test_the_aws_cli_knows_the_second_service(shell: Shell) -> None:
    assert shell.json("aws", "wharfinger", "list-deletions") == {"deletions": []}


def test_the_aws_cli_shows_an_error_of_the_second_service_by_its_name(shell: Shell) -> None:
    told = shell.refused("aws", "wharfinger", "restore-deletion", "--deletion-id", "1")
    assert "An error occurred (DeletionNotFoundException) when calling the RestoreDeletion operation" in told


def test_boto3_knows_the_second_service_and_its_pages(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shell.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    client = boto3.session.Session().client("wharfinger")
    assert list(client.get_paginator("list_deletions").paginate().search("deletions[]")) == []


@pytest.mark.parametrize("times", [1, 2])
def test_models_that_were_known_before_stay_known(strict_server: Server, times: int, tmp_path: Path) -> None:
    data = str(strict_server.directory)
    environment = {**os.environ, **strict_server.where(), "AWS_DATA_PATH": str(tmp_path)}
    for _ in range(times):
        environment["AWS_DATA_PATH"] = _printed(data, environment)["AWS_DATA_PATH"]
    ours, *others = environment["AWS_DATA_PATH"].split(os.pathsep)
    assert (Path(ours) / "wharfinger").is_dir()
    assert others == [str(tmp_path)]


def test_the_model_is_a_part_of_the_package_that_is_installed(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)
    [wheel] = tmp_path.iterdir()
    models = "wharfinger/contract/models/wharfinger/2026-11-23"
    assert {f"{models}/service-2.json", f"{models}/paginators-1.json"} <= set(ZipFile(wheel).namelist())


def _printed(data: str, environment: dict[str, str]) -> dict[str, str]:
    command = [sys.executable, "-m", "wharfinger", "env", "--data", data]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    lines = [line.removeprefix("export ") for line in printed.splitlines() if line.startswith("export ")]
    return dict(line.split("=", 1) for line in lines)
