"""The command line as a client: its signatures, its way to the server, its pages, and what it says of failures."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from support.command_line import CommandLine
from support.content import series
from support.oci import Oci
from support.ports import free_port
from support.shell import Shell
from support.signing import HOST, KEY, NOW, SECRET, sign
from wharfinger.cli.access import Access
from wharfinger.cli.client import Client, Failure, signed
from wharfinger.contract import ecr
from wharfinger.contract import wharfinger as contract
from wharfinger.contract.service import Service


class Scripted(BaseHTTPRequestHandler):
    """A server that answers what a test says, and keeps what it was asked."""

    answers: ClassVar[list[tuple[int, bytes]]]
    asked: ClassVar[list[tuple[Mapping[str, str], bytes]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.asked.append((dict(self.headers), body))
        status, answer = self.answers.pop(0)
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        """Nowhere."""


@contextmanager
def scripted(*answers: tuple[int, bytes]) -> Iterator[tuple[Client, list[tuple[Mapping[str, str], bytes]]]]:
    """A client of such a server, and what that was asked."""

    class Handler(Scripted):
        asked: ClassVar[list[tuple[Mapping[str, str], bytes]]] = []

    Handler.answers = list(answers)
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Client(Access(f"http://127.0.0.1:{server.server_port}", "eu-x-1", KEY, SECRET)), Handler.asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("token", [None, "a session token"])
@pytest.mark.parametrize("service", [contract.SERVICE, ecr.SERVICE], ids=lambda service: service.title)
def test_a_call_is_signed_as_botocore_signs_it(service: Service, token: str | None) -> None:
    body = b'{"repositoryName":"app"}'
    ours = signed(Access(f"http://{HOST}", "eu-central-1", KEY, SECRET, token), service, "ListImages", body, NOW)
    plain = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{service.target_prefix}.ListImages",
    }
    theirs = sign(headers=plain, body=body, service=service.signing_name, token=token)
    assert ours == {name.lower(): value for name, value in theirs.headers}


def test_a_session_token_is_sent_along(wharfinger: CommandLine) -> None:
    wharfinger.shell.environment["AWS_SESSION_TOKEN"] = "of another account"
    assert "security token" in wharfinger.refused("bin", "ls")


def test_the_variables_of_aws_say_where_the_server_is_and_who_calls(shell: Shell) -> None:
    assert shell.environment["AWS_ENDPOINT_URL_WHARFINGER"] == f"http://{shell.registry}"
    assert CommandLine(shell).documents("bin", "ls") == []


def test_the_address_of_ecr_is_enough(shell: Shell) -> None:
    del shell.environment["AWS_ENDPOINT_URL_WHARFINGER"]
    assert CommandLine(shell).documents("bin", "ls") == []


def test_without_variables_the_data_directory_says_it_all(wharfinger: CommandLine, data: str) -> None:
    environment = wharfinger.shell.environment
    region = environment["AWS_REGION"]
    for name in [name for name in environment if name.startswith("AWS_")]:
        del environment[name]
    assert wharfinger.documents("images", "ls", "app", "--data", data, "--region", region) == []


def test_a_data_directory_that_is_named_goes_before_the_variables(wharfinger: CommandLine, data: str) -> None:
    wharfinger.shell.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
    wharfinger.shell.environment["AWS_ENDPOINT_URL_WHARFINGER"] = f"http://127.0.0.1:{free_port()}"
    assert wharfinger.documents("images", "ls", "app", "--data", data) == []


def test_an_account_that_is_named_has_a_registry_of_its_own(wharfinger: CommandLine, data: str) -> None:
    told = wharfinger.refused("images", "ls", "app", "--data", data, "--account", "222222222222")
    assert "does not exist in the registry with id '222222222222'" in told


def test_a_directory_without_a_server_is_told(shell: Shell) -> None:
    told = CommandLine(shell).refused("bin", "ls", "--data", str(shell.home / "nothing"))
    assert "no server has been started on" in told


def test_a_server_that_is_away_is_told_in_a_sentence(wharfinger: CommandLine) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    wharfinger.shell.environment["AWS_ENDPOINT_URL_WHARFINGER"] = address
    told = wharfinger.refused("bin", "ls")
    assert told == f"wharfinger: no answer from {address}: connection refused; is the server running?"


@pytest.mark.parametrize("address", ["localhost:5050", "ftp://localhost", "http://", "http://localhost:port"])
def test_what_is_no_address_is_wrong_usage(wharfinger: CommandLine, address: str) -> None:
    wharfinger.shell.environment["AWS_ENDPOINT_URL_WHARFINGER"] = address
    assert "is no address of a server" in wharfinger.refused("bin", "ls", status=2)


def test_what_the_server_refuses_is_told_in_its_words(wharfinger: CommandLine) -> None:
    told = wharfinger.refused("bin", "restore", "123")
    assert told.startswith("wharfinger: ")
    assert "123" in told
    assert "\n" not in told


def test_a_signature_with_a_wrong_secret_is_refused(wharfinger: CommandLine) -> None:
    wharfinger.shell.environment["AWS_SECRET_ACCESS_KEY"] = "wrong"
    assert "signature" in wharfinger.refused("bin", "ls")


def test_a_list_goes_on_over_all_pages(wharfinger: CommandLine, oci: Oci) -> None:
    images = series(1005)
    oci.push("app", images[0])
    for one in images[1:]:
        oci.put_manifest("app", one.digest, one.manifest, one.media_type)
    listed = wharfinger.documents("images", "ls", "app")
    assert [item["imageDigest"] for item in listed] == [one.digest for one in images]


def test_a_page_is_asked_for_when_the_one_before_was_read() -> None:
    with scripted((200, b'{"deletions":[{"deletionId":"2"}],"nextToken":"n"}'), (200, b"{}")) as (client, asked):
        items = client.pages(contract.ListDeletionsRequest(), "deletions")
        assert next(items) == {"deletionId": "2"}
        assert len(asked) == 1
        assert list(items) == []
        assert [body for _, body in asked] == [b'{"maxResults":1000}', b'{"nextToken":"n","maxResults":1000}']


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((502, b"<html>Bad Gateway"), "answered 502 with something else than JSON"),
        ((200, b"[]"), "answered 200 with something else than JSON"),
        ((400, b'{"__type":"Odd"}'), "Odd"),
        ((500, b"{}"), "the server answered 500"),
    ],
)
def test_an_answer_that_no_server_of_ours_gives_is_told(answer: tuple[int, bytes], told: str) -> None:
    with scripted(answer) as (client, _), pytest.raises(Failure, match=told):
        client.call(contract.ListDeletionsRequest())


def test_what_a_server_tells_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    Failure("a\x1b[2J\nb").show()
    assert capsys.readouterr().err == "wharfinger: a [2J b\n"


def test_no_secret_is_in_what_python_shows_of_an_access() -> None:
    assert SECRET not in repr(Access("http://localhost", "eu-x-1", KEY, SECRET, SECRET))
