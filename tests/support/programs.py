"""Programs that some tests need and pip cannot give."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

# `make tools` builds the Go programs and installs packages for Node.js under .tools
TOOLS = Path(__file__).parents[2] / ".tools"

_PACKAGES = ("@aws-sdk/client-ecr", "@cloud-copilot/iam-simulate", "aws-cdk-lib", "cdk-assets")

HOW_TO_GET = {
    "dockerd": "apt-get install docker.io, run as root",
    "docker": "apt-get install docker.io",
    "skopeo": "apt-get install skopeo",
    "podman": "apt-get install podman",
    "buildah": "apt-get install buildah",
    "containerd": "apt-get install containerd, run as root",
    "ctr": "apt-get install containerd",
    "crane": "make tools",
    "oras": "make tools",
    "conformance": "make tools",
    "node": "make tools",
    "go": "make tools",
    "azurite-blob": "make tools",
    "nginx": "apt-get install nginx-light",
    "strace": "apt-get install strace",
    "runc": "apt-get install runc",
    "systemd-analyze": "apt-get install systemd",
    "compose-check": "make tools",
    "root": "run the tests as root",
}


def find(program: str) -> str | None:
    """Where a program is, None if it is nowhere."""
    if program == "root":
        return "root" if os.geteuid() == 0 else None
    if program == "node" and not all((TOOLS / "node_modules" / package).is_dir() for package in _PACKAGES):
        return None
    built = TOOLS / ("languages/bin" if program == "go" else "bin") / program
    beside = shutil.which(program, path=Path(sys.executable).parent)  # of the development group
    if program == "azurite-blob":
        built = TOOLS / "node_modules" / ".bin" / program
    # some are where only root looks
    return str(built) if built.exists() else beside or shutil.which(program) or shutil.which(program, path="/usr/sbin")


def need(program: str) -> str:
    """The same for a program that is known to be there."""
    found = find(program)
    assert found is not None, f"mark the test with needs({program!r})"
    return found
