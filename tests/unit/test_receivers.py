"""Where web hooks may go: by the form of a URL, and by what kind of address its host has."""

from __future__ import annotations

import pytest

from wharfinger.domain.receivers import Failure, Receiver, failure, may_be_reached, receiver


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a.example", Receiver(False, "a.example", 80, "a.example", "/")),
        ("https://a.example", Receiver(True, "a.example", 443, "a.example", "/")),
        ("https://a.example:8443/hook", Receiver(True, "a.example", 8443, "a.example:8443", "/hook")),
        ("http://a.example/x/y?z=%20&t=1", Receiver(False, "a.example", 80, "a.example", "/x/y?z=%20&t=1")),
        ("http://a.example?x", Receiver(False, "a.example", 80, "a.example", "/?x")),
        ("http://192.0.2.1/", Receiver(False, "192.0.2.1", 80, "192.0.2.1", "/")),
        ("http://[2001:db8::1]:81/", Receiver(False, "2001:db8::1", 81, "[2001:db8::1]:81", "/")),
        ("http://a_b.example/user@host", Receiver(False, "a_b.example", 80, "a_b.example", "/user@host")),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: Receiver) -> None:
    assert receiver(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "ftp://a.example",
        "HTTP://a.example",
        "http://",
        "http:///hook",
        "http://:80/",
        "http://user@a.example/",
        "http://user:password@a.example/",
        "http://a.example@127.0.0.1/",
        "http://a.example:@b.example/",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:80a/",
        "http://a.example:/",
        "http://a.example/#part",
        "http://a.example#part",
        "http://a.example\\hook",
        "http://a.example/a b",
        "http://a.example/\r\nhost: b",
        "http://a.example\n",
        "http://a.example/\n",
        "http://a.example/\x00",
        "http://ä.example/",
        "http://a.example/ä",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://[a.example]/",
        "http://%61.example/",
    ],
)
def test_a_url_that_a_web_hook_cannot_have_is_none(url: str) -> None:
    assert receiver(url) is None


@pytest.mark.parametrize("address", ["8.8.8.8", "192.88.99.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_may_be_reached(address: str) -> None:
    assert may_be_reached(address, private=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.255.255",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "255.255.255.255",
        "0.1.2.3",
        "::1",
        "fd00:ec2::254",
        "fc00::1",
        "fec0::1",
        "2001:db8::1",
        "4000::1",
    ],
)
def test_private_and_loopback_addresses_may_be_reached_where_that_is_set(address: str) -> None:
    assert not may_be_reached(address, private=False)
    assert may_be_reached(address, private=True)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "224.0.0.1",
        "239.255.255.255",
        "ff02::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_link_local_multicast_and_unspecified_addresses_may_never_be_reached(address: str) -> None:
    assert not may_be_reached(address, private=False)
    assert not may_be_reached(address, private=True)


@pytest.mark.parametrize(
    "address",
    ["::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "2002:7f00:1::", "::127.0.0.1"],
)
def test_an_address_that_holds_a_private_one_of_ipv4_is_private(address: str) -> None:
    assert not may_be_reached(address, private=False)


@pytest.mark.parametrize("one", [Failure("NotInTime"), Failure("Answered", "500"), Failure("NotConnected", "a b c")])
def test_a_failure_is_read_back_from_its_text(one: Failure) -> None:
    assert failure(str(one)) == one
