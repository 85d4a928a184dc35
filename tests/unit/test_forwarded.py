"""Whom a request comes from: what proxies say counts only where they are trusted; what cannot be read is nothing."""

from __future__ import annotations

import pytest

from wharfinger.api.http import Message, Request
from wharfinger.domain.forwarded import networks, read_address
from wharfinger.server.settings import Settings

TRUSTED = "10.0.0.0/8, 2001:db8:1::/48"
PROXY = "10.0.0.1"
STRANGER = "198.51.100.7"
CLIENT = "203.0.113.9"


def request(
    peer: str | None = PROXY, *headers: tuple[str, str], scheme: str = "http", trusted: str = TRUSTED
) -> Request:
    """One that came from `peer`, to a server that is called `registry.internal` by it."""
    scope = {
        "method": "GET",
        "raw_path": b"/",
        "scheme": scheme,
        "client": None if peer is None else (peer, 40000),
        "headers": [(b"host", b"registry.internal"), *((name.encode(), value.encode()) for name, value in headers)],
    }
    return Request(scope, _nothing, "request", Settings(trusted_proxies=trusted).proxies)


async def _nothing() -> Message:
    raise AssertionError("no body is read")


def client(*values: str, peer: str = PROXY) -> str:
    """The client of a request that came from `peer` with these `X-Forwarded-For` headers."""
    return request(peer, *(("x-forwarded-for", value) for value in values)).client


# --- whom to believe -----------------------------------------------------------------------------------------


def test_without_proxies_the_client_is_the_peer() -> None:
    found = request(STRANGER, scheme="https")
    assert (found.client, found.is_secure, found.host) == (STRANGER, True, "registry.internal")


@pytest.mark.parametrize("trusted", ["", TRUSTED])
def test_a_stranger_is_not_believed(trusted: str) -> None:
    said = (("x-forwarded-for", PROXY), ("x-forwarded-proto", "https"), ("x-forwarded-host", "other.example"))
    found = request(STRANGER, *said, trusted=trusted)
    assert (found.client, found.is_secure, found.host) == (STRANGER, False, "registry.internal")


def test_a_trusted_proxy_is_believed() -> None:
    said = (("x-forwarded-for", CLIENT), ("x-forwarded-proto", "https"), ("x-forwarded-host", "other.example:8443"))
    found = request(PROXY, *said)
    assert (found.client, found.is_secure, found.host) == (CLIENT, True, "other.example:8443")


def test_a_trusted_proxy_that_says_nothing_asks_for_itself() -> None:
    found = request(PROXY)
    assert (found.client, found.is_secure, found.host) == (PROXY, False, "registry.internal")


def test_the_other_header_for_the_same_is_not_read() -> None:
    """A proxy that sets one of them passes the other one on as a client wrote it."""
    assert request(PROXY, ("forwarded", "for=1.2.3.4;proto=https"), ("x-forwarded-for", CLIENT)).client == CLIENT
    found = request(PROXY, ("forwarded", "for=1.2.3.4;proto=https;host=other.example"))
    assert (found.client, found.is_secure, found.host) == (PROXY, False, "registry.internal")


def test_a_connection_that_has_no_address_has_no_client_and_is_not_believed() -> None:
    found = request(None, ("x-forwarded-for", CLIENT))
    assert (found.client, found.host) == ("", "registry.internal")


def test_a_peer_that_is_written_as_ipv6_is_the_one_that_is_trusted_as_ipv4() -> None:
    assert client(CLIENT, peer="::ffff:10.0.0.1") == CLIENT


# --- which hop it is -----------------------------------------------------------------------------------------


def test_what_the_client_itself_wrote_before_the_proxy_s_word_does_not_count() -> None:
    assert client(f"{PROXY}, 127.0.0.1, {CLIENT}") == CLIENT


def test_several_headers_are_one_list() -> None:
    assert client("127.0.0.1", CLIENT) == CLIENT


def test_trusted_hops_are_gone_through() -> None:
    assert client(f"127.0.0.1, {CLIENT}, 10.9.9.9, 2001:db8:1::5") == CLIENT


def test_where_all_hops_are_trusted_it_is_the_first() -> None:
    assert client("10.2.2.2, 10.1.1.1") == "10.2.2.2"


@pytest.mark.parametrize(
    "value", ["", "unknown", "_hidden", "203.0.113.9.9", "203.0.113.9:", "for=1.2.3.4", "[::1", "1.2.3.4:port", "é"]
)
def test_a_hop_that_cannot_be_read_is_no_client_and_not_the_proxy_either(value: str) -> None:
    assert client(value) == ""
    assert client(f"{CLIENT}, {value}") == ""


def test_nonsense_before_the_client_s_own_address_does_not_matter() -> None:
    assert client(f"unknown, \x00, {CLIENT}") == CLIENT


def test_a_client_cannot_hide_behind_a_long_list_of_hops() -> None:
    assert client(", ".join(["127.0.0.1"] * 10_000 + [CLIENT])) == CLIENT


def test_more_trusted_hops_than_anybody_has_are_not_followed() -> None:
    assert client(", ".join([CLIENT, *["10.1.1.1"] * 10_000])) == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("203.0.113.9:4711", CLIENT),
        ("2001:db8::9", "2001:db8::9"),
        ("[2001:db8::9]", "2001:db8::9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("2001:DB8:0:0::9", "2001:db8::9"),
        ("::ffff:203.0.113.9", CLIENT),
        ("[::ffff:203.0.113.9]:4711", CLIENT),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_addresses_are_read_with_their_ports_and_written_in_one_way(value: str, found: str) -> None:
    assert client(value) == found


@pytest.mark.parametrize("text", ["127.1", "0x7f.1", "010.0.0.1", "2130706433", "10.0.0.1/8", "١٢٧.0.0.1"])
def test_addresses_in_unusual_forms_are_none(text: str) -> None:
    assert read_address(text) is None


# --- scheme and host -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "is_secure"), [("https", True), ("HTTPS", True), ("http", False), ("https, http", False), ("wss", False)]
)
def test_the_scheme_is_what_the_nearest_proxy_says(value: str, is_secure: bool) -> None:
    assert request(PROXY, ("x-forwarded-proto", value), scheme="https").is_secure is is_secure


@pytest.mark.parametrize("value", ["", "a b", 'a"b', "a/b", "user@a", "a:port", "[::1", "a,", "a\r\nb"])
def test_a_host_that_is_none_is_left(value: str) -> None:
    assert request(PROXY, ("x-forwarded-host", value)).host == "registry.internal"


def test_the_host_is_what_the_nearest_proxy_says() -> None:
    assert request(PROXY, ("x-forwarded-host", "evil.example, [2001:db8::1]:443")).host == "[2001:db8::1]:443"


def test_what_was_signed_stays_the_header_that_came() -> None:
    assert request(PROXY, ("x-forwarded-host", "other.example")).header(b"host") == "registry.internal"


# --- the setting ---------------------------------------------------------------------------------------------


def test_addresses_and_networks_have_commas_between() -> None:
    assert [str(one) for one in networks("10.0.0.1, 192.0.2.0/24 ,2001:db8::/32,")] == [
        "10.0.0.1/32",
        "192.0.2.0/24",
        "2001:db8::/32",
    ]


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/33", "10.0.0.1/8", "*", "0.0.0.0/0", "::/0"])
def test_what_is_no_network_or_is_everybody_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|everybody|host bits"):
        networks(text)
