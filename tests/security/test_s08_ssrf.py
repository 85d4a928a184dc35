"""S8: the server goes nowhere for somebody who could not go there, and takes no login along.

Attacks: Harbor CVE-2020-13788 and Quay CVE-2026-2376, CVE-2026-2377 and CVE-2026-32591 (addresses inside the network,
by a web hook, a redirect, an export, an upstream), distribution CVE-2026-33540 and containerd CVE-2020-15157 (a login
that is sent to a realm or host that an answer chose), Quay CVE-2020-27831 (a token used for notifications).

Web hooks and the issuers of `tests/sts/test_issuers.py` go out by `services/outgoing.py`; there is no upstream yet.
Nothing that goes out has a login of anybody, so no redirect or realm could take one along.
"""

from __future__ import annotations

import ast
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import wharfinger as wharfinger_package
from support.certificates import Certificate, certificate
from support.content import image
from support.doors import Doors, new_doors
from support.receiver import Receiver
from support.registry import error_of
from support.state import Clock
from wharfinger.services import outgoing, webhooks

PLENTY = 4 * 1024 * 1024
ROOT = Path(wharfinger_package.__file__).parent


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as listening:
        yield listening


@pytest.fixture
async def doors(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    """Of a registry whose web hooks may go to the receiver."""
    async with new_doors(tmp_path / "data", clock, webhook_private=True) as opened:
        yield opened


async def put(doors: Doors, url: str) -> None:
    answer = await doors.wharfinger("PutWebhook", name="hook", url=url)
    assert answer.status == 200, answer


async def hook(doors: Doors) -> Any:
    [found] = (await doors.wharfinger("ListWebhooks")).json["webhooks"]
    return found


async def delivered(doors: Doors, url: str) -> Any:
    """One event to an address: what is said of the webhook after one attempt."""
    await put(doors, url)
    await doors.push("app", image(), "a")
    assert await webhooks.deliver_due(doors.state)
    return await hook(doors)


async def failure(doors: Doors, receiver: Receiver, answer: bytes) -> Any:
    """What an answer is called that does not take the delivery."""
    receiver.answers = [answer]
    return (await delivered(doors, receiver.url)).get("lastFailure")


# --- the source ----------------------------------------------------------------------------------------------


def test_one_module_of_the_server_connects_to_others() -> None:
    """And what its operator runs: commands, and the start of a server that looks at itself."""
    connecting = {"open_connection", "create_connection", "urlopen", "HTTPConnection", "HTTPSConnection", "getaddrinfo"}
    found = {
        str(module.relative_to(ROOT))
        for module in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in connecting
    }
    of_the_operator = {name for name in found if name.startswith(("cli/", "server/"))}
    assert found - of_the_operator == {"services/outgoing.py"}


# --- addresses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:5050",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "10.0.0.1",
        "172.31.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::169.254.169.254]",
        "nowhere.invalid",
        "...",
        "a" * 64 + ".example",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_addresses_that_are_not_public_are_refused_by_default(wharfinger: Any, scheme: str, host: str) -> None:
    with pytest.raises(ClientError) as caught:
        wharfinger.put_webhook(name="hook", url=f"{scheme}://{host}/")
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert "webhook_private" in message
    assert wharfinger.list_webhooks()["webhooks"] == []


@pytest.mark.parametrize("host", ["192.88.99.1", "[2606:4700::1111]"])
def test_public_addresses_are_let_through(wharfinger: Any, host: str) -> None:
    url = f"https://{host}/hook?x=y"
    assert wharfinger.put_webhook(name="hook", url=url)["webhook"]["url"] == url


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "[::]", "224.0.0.1"])
async def test_some_addresses_are_refused_whatever_is_set(doors: Doors, host: str) -> None:
    answer = await doors.wharfinger("PutWebhook", name="hook", url=f"http://{host}/")
    assert answer.code == "InvalidParameterException"


@pytest.mark.parametrize(
    "url",
    [
        "http://user:password@hooks.example/",
        "http://user@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example/\r\nx: y",
        "https://hooks.example/a b",
        "https://hooks.example:99999/",
        "https://häkchen.example/",
    ],
)
def test_a_url_with_more_than_host_port_and_path_is_refused(wharfinger: Any, url: str) -> None:
    with pytest.raises(ClientError) as caught:
        wharfinger.put_webhook(name="hook", url=url)
    code, message = error_of(caught)
    assert code == "InvalidParameterException"
    assert "'url'" in message
    assert "password@" not in message


@pytest.mark.parametrize(
    "url", ["ftp://hooks.example/", "file:///etc/passwd", "gopher://hooks.example/", "//a.example"]
)
async def test_another_scheme_is_refused(doors: Doors, url: str) -> None:
    answer = await doors.wharfinger("PutWebhook", name="hook", url=url)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


async def test_an_address_is_looked_at_again_at_each_delivery(doors: Doors, receiver: Receiver) -> None:
    """As where a name leads elsewhere by then; here it is the setting that has changed."""
    await put(doors, receiver.url)
    await doors.push("app", image(), "a")
    strict = replace(doors.state, rules=doors.state.rules._replace(webhook_private=False))
    assert await webhooks.deliver_due(strict)
    found = await hook(doors)
    assert receiver.asked == 0
    assert (found["failedAttempts"], found["waitingEvents"]) == (1, 1)
    assert found["lastFailure"].startswith("'127.0.0.1' cannot be found or is no public address")


async def test_the_connection_goes_to_the_address_that_was_checked(
    doors: Doors, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up once, so it cannot lead elsewhere between check and connection."""
    asked = []
    real = socket.getaddrinfo

    def noted(host: Any, *args: Any, **more: Any) -> Any:
        asked.append(host)
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    await put(doors, f"http://localhost:{receiver.port}/")
    await doors.push("app", image(), "a")
    del asked[:]
    assert await webhooks.deliver_due(doors.state)
    assert asked.count("localhost") == 1
    assert receiver.deliveries[0].headers["host"] == f"localhost:{receiver.port}"


async def test_proxies_of_the_environment_are_not_used(
    doors: Doors, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await delivered(doors, receiver.url)
        assert (proxy.asked, receiver.tags) == (0, ["a"])


@pytest.mark.parametrize("first", ["93.184.216.34", "127.0.0.1"], ids=["public first", "private first"])
async def test_a_name_with_one_address_out_of_bounds_is_out_of_bounds(
    doors: Doors, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Which of several addresses is taken would be chance."""
    both = [first, *({"93.184.216.34", "127.0.0.1"} - {first})]
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, receiver.port)) for address in both]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    strict = Doors(replace(doors.state, rules=doors.state.rules._replace(webhook_private=False)))
    answer = await strict.wharfinger("PutWebhook", name="hook", url=f"http://hooks.example:{receiver.port}/")
    assert answer.code == "InvalidParameterException"


async def test_a_name_that_leads_inside_after_it_was_checked_leads_nowhere(
    doors: Doors, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise each time it is asked."""
    address = "93.184.216.34"

    def lookup(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, receiver.port))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    strict = Doors(replace(doors.state, rules=doors.state.rules._replace(webhook_private=False)))
    await strict.served("PutWebhook", name="hook", url=f"http://hooks.example:{receiver.port}/")
    address = "127.0.0.1"
    await strict.push("app", image(), "a")
    assert await webhooks.deliver_due(strict.state)
    assert receiver.asked == 0
    assert (await hook(strict))["lastFailure"].startswith("'hooks.example' cannot be found or is no public address")


async def test_a_delivery_has_no_login_of_anybody(doors: Doors, receiver: Receiver) -> None:
    await delivered(doors, receiver.url)
    [delivery] = receiver.deliveries
    assert not {"authorization", "cookie", "x-amz-security-token"} & delivery.headers.keys()


# --- answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(doors: Doors, receiver: Receiver, status: int) -> None:
    with Receiver() as elsewhere:
        for to in (receiver.url.replace("/hook", "/other"), elsewhere.url):
            answer = f"HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n".encode()
            assert await failure(doors, receiver, answer) == f"The receiver answered {status}"
            await put(doors, receiver.url)
        assert {one.path for one in receiver.deliveries} == {"/hook"}
        assert elsewhere.deliveries == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * PLENTY,
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno chunk",
    ],
    ids=["much", "HTTP 1.0", "no reason", "preliminary", "cut off", "bad chunks"],
)
async def test_what_comes_after_a_status_does_not_matter(doors: Doors, receiver: Receiver, answer: bytes) -> None:
    assert await failure(doors, receiver, answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 999 What\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * PLENTY + b"\r\n\r\n",
    ],
    ids=["nothing", "another protocol", "no status", "another version", "no number", "half", "endless head"],
)
async def test_what_is_no_answer_takes_no_delivery(doors: Doors, receiver: Receiver, answer: bytes) -> None:
    receiver.raw = answer
    assert (await delivered(doors, receiver.url))["lastFailure"] == "The receiver gave no HTTP answer"


async def test_a_receiver_that_does_not_answer_is_given_up(
    doors: Doors, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "SECONDS", 0.2)
    receiver.opened.clear()
    assert (await delivered(doors, receiver.url))["lastFailure"] == "The receiver did not answer in time"


async def test_a_receiver_that_is_not_there_is_told_of(doors: Doors) -> None:
    with Receiver() as gone:
        pass
    assert (await delivered(doors, gone.url))["lastFailure"] == "The receiver cannot be reached: Connection refused"


async def test_a_failure_does_not_show_the_path_that_may_hold_a_token(
    doors: Doors, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500]
    found = await delivered(doors, f"{receiver.url}?token=TOKEN")
    assert "TOKEN" not in found["lastFailure"] + caplog.text


# --- TLS -----------------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Certificate]:
    """A certificate for `localhost`, of an authority that the server trusts."""
    made = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    outgoing._tls.cache_clear()
    yield made
    outgoing._tls.cache_clear()


async def test_a_trusted_certificate_of_the_host_is_believed(doors: Doors, trusted: Certificate) -> None:
    with Receiver(tls=trusted.context()) as receiver:
        await delivered(doors, f"https://localhost:{receiver.port}/hook")
        assert receiver.tags == ["a"]


async def test_a_certificate_of_another_host_is_not_believed(doors: Doors, trusted: Certificate) -> None:
    with Receiver(tls=trusted.context()) as receiver:
        found = await delivered(doors, f"https://127.0.0.1:{receiver.port}/hook")
        assert "no trusted connection to the receiver: IP address mismatch" in found["lastFailure"]
        assert receiver.asked == 0


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(doors: Doors, tmp_path: Path) -> None:
    with Receiver(tls=certificate(tmp_path, "localhost").context()) as receiver:
        found = await delivered(doors, f"https://localhost:{receiver.port}/hook")
        assert "self-signed certificate" in found["lastFailure"]
        assert receiver.asked == 0


async def test_a_receiver_without_tls_gets_nothing_that_was_meant_to_be_encrypted(
    doors: Doors, receiver: Receiver
) -> None:
    found = await delivered(doors, receiver.url.replace("http:", "https:"))
    assert found["lastFailure"].startswith("There is no trusted connection to the receiver")
    assert receiver.asked == 0


def test_old_tls_is_not_spoken() -> None:
    assert outgoing._tls().minimum_version >= ssl.TLSVersion.TLSv1_2
