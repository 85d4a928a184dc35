"""Where web hooks may go, and why a delivery fails."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal, NamedTuple, cast

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
FailureCode = Literal[
    "Answered",  # with a status that does not take the delivery
    "NotInTime",
    "HostRefused",  # it has no address, or one that web hooks may not go to
    "NotConnected",
    "NotTrusted",  # its certificate, or what it has for TLS
    "NotHttp",
]

# ASCII without blanks; no credentials, no fragment
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?"
    r"(?P<path>[/?][!-\"$-~]*)?"
)
_PORTS: Final = range(1, 65536)
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
# networks whose addresses end in one of IPv4 that a packet may be handed on to
_HOLDING_IPV4: Final = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96", "::/96")))


class Receiver(NamedTuple):
    """A URL taken apart."""

    is_encrypted: bool
    host: str  # an IPv6 address without its brackets
    port: int
    authority: str  # for the Host header
    path: str  # with its query


class Failure(NamedTuple):
    """Why a delivery was not taken."""

    code: FailureCode
    detail: str = ""  # the status, or what went wrong in the words of the system

    def __str__(self) -> str:
        return f"{self.code} {self.detail}".rstrip()


def receiver(url: str) -> Receiver | None:
    """Read a URL; None for one that a web hook cannot have."""
    match = _URL.fullmatch(url)
    if match is None:
        return None
    is_encrypted = match["scheme"] == "https"
    port = int(match["port"]) if match["port"] else (443 if is_encrypted else 80)
    if port not in _PORTS:
        return None
    path = match["path"] or "/"
    authority = match["host"] + (f":{port}" if match["port"] else "")
    return Receiver(
        is_encrypted, match["host"].strip("[]"), port, authority, path if path.startswith("/") else f"/{path}"
    )


def may_be_reached(address: str, *, private: bool) -> bool:
    """Whether a web hook may go to an IP address; `private` also lets it go to private and loopback addresses.

    Link-local addresses are out of reach either way, for clouds answer there with credentials.
    """
    ip = _ipv4_within(ipaddress.ip_address(address))
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local:
        return False
    return private or (ip.is_global and (ip.version == 4 or ip in _UNICAST))


def _ipv4_within(ip: Address) -> Address:
    if ip.version == 4:
        return ip
    if ip.sixtofour is not None:
        return ip.sixtofour
    # 0 and 1 in the last network are the unspecified and the loopback address of IPv6 itself
    if any(ip in network for network in _HOLDING_IPV4) and int(ip) > 1:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def failure(text: str) -> Failure:
    """The failure that was written as text."""
    code, _, detail = text.partition(" ")
    return Failure(cast("FailureCode", code), detail)
