"""Names of registries and repositories, and the addresses made from them."""

from __future__ import annotations

import functools
import re
from typing import Final, NamedTuple

ACCOUNT: Final = re.compile(r"[0-9]{12}")
REGION: Final = re.compile(r"[a-z]{2,4}(-[a-z]{1,40}){1,3}-[0-9]{1,2}")
REPOSITORY: Final = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
REPOSITORY_LENGTH: Final = range(2, 257)
_ARN: Final = re.compile(
    rf"arn:(?P<partition>aws[a-z-]*):ecr:(?P<region>{REGION.pattern}):(?P<account>[0-9]{{12}}):repository/(?P<name>.+)"
)
_HOST: Final = re.compile(r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+(:[0-9]+)?")


class Registry(NamedTuple):
    """One account in one region: it has repositories, policies, rules and settings."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The first part of its ARNs."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def arn(self, repository: str) -> str:
        """The ARN of one of its repositories."""
        return _arns(self) + repository


@functools.lru_cache(maxsize=1024)  # lists name one registry again and again
def _arns(registry: Registry) -> str:
    return f"arn:{registry.partition}:ecr:{registry.region}:{registry.account}:repository/"


class RepositoryArn(NamedTuple):
    """What an ARN of a repository says."""

    registry: Registry
    repository: str


def repository_arn(text: str) -> RepositoryArn | None:
    """Read an ARN; None if it is not that of an ECR repository."""
    match = _ARN.fullmatch(text)
    if match is None or not is_repository(match["name"]):
        return None
    return RepositoryArn(Registry(match["account"], match["region"]), match["name"])


def is_repository(name: str) -> bool:
    """Whether `name` can be a repository's."""
    return len(name) in REPOSITORY_LENGTH and REPOSITORY.fullmatch(name) is not None


def registry_of_host(host: str) -> Registry | None:
    """The registry that a host name of ECR's form means: `<account>.dkr.ecr.<region>.<domain>`."""
    match = _HOST.fullmatch(host.lower())
    return Registry(match["account"], match["region"]) if match else None
