"""`wharfinger health`: what a container's health check asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from support.poll import until
from support.ports import free_port
from support.rows import run_sql
from support.server import Server
from support.tls import encrypted


def health(**settings: object) -> subprocess.CompletedProcess[str]:
    """Asked as the server was started: by variables."""
    variables = {f"WHARFINGER_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "wharfinger", "health"]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **variables})


def test_a_server_that_is_ready_is_healthy(strict_server: Server) -> None:
    told = health(host="0.0.0.0", port=strict_server.port)
    assert (told.returncode, told.stdout) == (0, "ready\n")


def test_where_nothing_answers_nothing_is_healthy() -> None:
    told = health(port=free_port())
    assert told.returncode == 1
    assert "the server is not ready: it does not answer on 127.0.0.1:" in told.stderr


def test_a_server_that_speaks_tls_is_healthy(directory: Path) -> None:
    with encrypted(directory) as server:
        settings = {name: server.settings[name] for name in ("port", "tls_cert", "tls_key")}
        assert health(**settings).stdout == "ready\n"


def test_it_says_what_a_server_lacks(directory: Path) -> None:
    with Server(directory, open=True) as server:
        run_sql(directory, "UPDATE schema_version SET version = 99, oldest = 99")
        until(lambda: health(port=server.port).returncode == 1, "what was found is kept for a second")
        told = health(port=server.port)
    assert "the tables have version 99" in told.stderr
