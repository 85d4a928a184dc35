"""How clients reach this server, and so what it prints for them to use."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from wharfinger.domain.names import Registry


class Addresses(NamedTuple):
    """`base` is the server's own address; with a `domain`, each registry has a host name of ECR's form."""

    base: str = "http://localhost:5050"
    domain: str | None = None

    def host(self, registry: Registry) -> str:
        """Host and port of a registry's data plane, as docker clients write it."""
        if self.domain is None:
            return urlsplit(self.base).netloc
        return f"{registry.account}.dkr.ecr.{registry.region}.{self.domain}"

    def endpoint(self, registry: Registry) -> str:
        """The same with its scheme."""
        return f"{urlsplit(self.base).scheme}://{self.host(registry)}"

    def repository(self, registry: Registry, name: str) -> str:
        """What `docker push` takes, without the tag."""
        return f"{self.host(registry)}/{name}"
