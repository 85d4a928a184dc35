"""Whom a request comes from, where proxies stand between: what they say counts only if they are trusted.

Only `X-Forwarded-For`, `-Proto` and `-Host` are read, which is what proxies set by themselves. To read `Forwarded` as
well would let a client send the one of them that its proxy does not touch.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST: Final = 64  # characters of an address with a port
_MOST_HOPS: Final = 16  # that are followed; a client can write as many as fit into a request
_HOST: Final = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_WITH_PORT: Final = re.compile(r"\[(?P<v6>[^\]]*)\](:[0-9]{1,5})?|(?P<v4>[0-9.]+):[0-9]{1,5}")


class Origin(NamedTuple):
    """Where a request comes from, as far as that is known."""

    client: str  # IP address as text, "" if unknown
    is_secure: bool  # whether it came by TLS
    host: str  # host and port that the client meant, "" if it said none


class Forwarded(NamedTuple):
    """What proxies say: the values of `X-Forwarded-For`, `-Proto` and `-Host`, as they came."""

    addresses: str | None = None
    scheme: str | None = None
    host: str | None = None


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks that are written with commas between. Raises ValueError."""
    found = tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    for network in found:
        if network.prefixlen == 0:
            raise ValueError(f"{network} is everybody")
    return found


def direct(peer: str, host: str, *, is_secure: bool) -> Origin:
    """Where a request comes from as its connection tells."""
    return Origin(shown(peer), is_secure, host)


def origin(direct: Origin, said: Forwarded, trusted: Sequence[Network]) -> Origin:
    """Where a request comes from whose connection comes from `direct`; what cannot be read is not guessed."""
    peer = read_address(direct.client)
    if peer is None or not _is_among(peer, trusted):
        return direct
    return Origin(
        _client(peer, said.addresses, trusted),
        direct.is_secure if said.scheme is None else _last(said.scheme).lower() == "https",
        _host(direct.host, said.host),
    )


def read_address(text: str) -> Address | None:
    """An IP address, with or without a port; None if it is none. IPv4 within IPv6 is IPv4."""
    return _address(text) if len(text) <= _LONGEST else None


def shown(text: str) -> str:
    """An IP address as it is written everywhere, "" of what is none."""
    return _shown(text) if len(text) <= _LONGEST else ""


@functools.lru_cache(maxsize=4096)
def _shown(text: str) -> str:
    found = _address(text)
    return str(found) if found is not None else ""


@functools.lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    match = _WITH_PORT.fullmatch(text)
    if match is not None:
        text = match["v6"] or match["v4"] or ""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _client(peer: Address, said: str | None, trusted: Sequence[Network]) -> str:
    """The hop next to us that is not trusted; what stands before it, anybody may have written.

    If a trusted hop names one that cannot be read, it is none: the address of the proxy would be a wrong one, and
    might have rights.
    """
    found: Address | None = peer
    for hop in _hops(said):
        if found is None or not _is_among(found, trusted):
            break
        found = read_address(hop)
    return "" if found is None else str(found)


def _hops(said: str | None) -> Iterable[str]:
    """From the nearest on."""
    return (part.strip() for part in reversed(said.rsplit(",", _MOST_HOPS))) if said is not None else ()


def _host(direct: str, said: str | None) -> str:
    host = _last(said or "")
    return host if _HOST.fullmatch(host) else direct


def _last(values: str) -> str:
    """What the nearest proxy that says anything says."""
    return values.rpartition(",")[2].strip()


def _is_among(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
