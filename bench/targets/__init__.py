"""What is measured: servers that are started for the run, each with a directory of its own, and ceilings."""

from __future__ import annotations

from bench.targets.ceilings import Ceiling, Nginx, PlainWrite, Sha256
from bench.targets.own import PerCore, Wharfinger
from bench.targets.peers import Distribution, DockerRegistry, Moto, Zot
from bench.targets.target import REPOSITORY, Missing, Server, Target, conditions

TARGETS: tuple[type[Target], ...] = (
    Wharfinger,
    PerCore,
    DockerRegistry,
    Distribution,
    Zot,
    Moto,
    Nginx,
    Sha256,
    PlainWrite,
)

__all__ = [
    "REPOSITORY",
    "TARGETS",
    "Ceiling",
    "Distribution",
    "DockerRegistry",
    "Missing",
    "Moto",
    "Nginx",
    "PerCore",
    "PlainWrite",
    "Server",
    "Sha256",
    "Target",
    "Wharfinger",
    "Zot",
    "conditions",
]
