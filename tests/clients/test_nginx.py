"""The sample for nginx, as it stands in the documentation: clients through it, and what the server learns of them."""

from __future__ import annotations

import http.client
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support import nginx
from support.content import image, layer, sha256
from support.oci import Oci
from support.poll import until
from support.ports import free_port
from support.server import Server
from support.shell import Shell, contents, read_layout, write_layout
from support.tls import renew

pytestmark = [pytest.mark.needs("nginx"), pytest.mark.directory]
SAMPLE = Path(__file__).parents[2] / "docs/operations/nginx.conf"
CONTENT = os.urandom(200_000)


class Proxied:
    """A server behind nginx."""

    def __init__(self, server: Server, port: int) -> None:
        self.server = server
        self.port = port
        self.authority = str(server.directory / "tls/trust/ca.crt")

    def connection(self, source: str = "127.0.0.1") -> http.client.HTTPSConnection:
        """To nginx, from an address of this machine."""
        context = ssl.create_default_context(cafile=self.authority)
        return http.client.HTTPSConnection(
            "localhost", self.port, timeout=60, context=context, source_address=(source, 0)
        )

    def is_ready(self) -> bool:
        with closing(self.connection()) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False


def of_this_test(server: Server, port: int) -> dict[str, str]:
    """What the sample says is to be changed."""
    return {
        "127.0.0.1:5050": f"127.0.0.1:{server.port}",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server_name registry.example.com": "server_name localhost",
        "/etc/ssl/registry.crt": f"{server.directory}/tls/server.crt",
        "/etc/ssl/registry.key": f"{server.directory}/tls/server.key",
    }


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    port, directory = free_port(), tmp_path_factory.mktemp("proxied") / "data"
    [options] = re.findall(r"^#   wharfinger serve (.*)$", SAMPLE.read_text(), re.MULTILINE)
    words = options.split()
    settings = {
        name.removeprefix("--").replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)
    }
    assert settings.pop("address") == "https://registry.example.com"
    renew(directory)
    with Server(directory, address=f"https://localhost:{port}", **settings) as server:
        sample = nginx.fitted(SAMPLE.read_text(), of_this_test(server, port))
        with nginx.nginx(sample, port):
            found = Proxied(server, port)
            until(found.is_ready, "nginx passes requests on")
            yield found


@pytest.fixture
def user(proxied: Proxied, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell whose clients go through nginx."""
    monkeypatch.setenv("AWS_CA_BUNDLE", proxied.authority)
    shell = Shell(
        tmp_path / "home", proxied.server.environment(), region=f"eu-{os.urandom(4).hex().translate(_LETTERS)}-1"
    )
    shell.environment["AWS_CA_BUNDLE"] = proxied.authority
    return shell


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def logged(proxied: Proxied, request_id: str) -> str:
    """The client that the server's log names for a request."""
    found: list[str] = []

    def look() -> bool:
        found[:] = re.findall(rf" client=(\S+) .*request={request_id}$", proxied.server.log.read_text(), re.MULTILINE)
        return bool(found)

    until(look, "the request is logged")
    return found[0]


def test_the_address_is_that_of_the_proxy(user: Shell, proxied: Proxied) -> None:
    assert user.registry == f"localhost:{proxied.port}"


def test_signatures_fit_through_the_proxy(user: Shell) -> None:
    user.create()
    assert user.json("aws", "ecr", "describe-repositories")["repositories"][0]["repositoryName"] == "app"


@pytest.mark.needs("skopeo")
def test_skopeo_copies_an_image_there_and_back_through_the_proxy(user: Shell, proxied: Proxied) -> None:
    one = image(layer(), layer(3_000_000))
    trust = str(Path(proxied.authority).parent)
    user.run(
        "skopeo", "login", "--cert-dir", trust, "-u", "AWS", "--password-stdin", user.registry, stdin=user.password
    )
    source, repository = write_layout(user.home / "source", one, "1"), user.create()
    user.run("skopeo", "copy", "--dest-cert-dir", trust, f"oci:{source}:1", f"docker://{repository}:1")
    user.run("skopeo", "copy", "--src-cert-dir", trust, f"docker://{repository}:1", "oci:back:1")
    assert read_layout(user.home / "back") == contents(one)


def test_a_body_goes_through_as_it_comes(user: Shell, proxied: Proxied) -> None:
    user.create()
    oci = Oci(f"https://{user.registry}", user.password, authority=proxied.authority)
    with closing(proxied.connection()) as upload:
        upload.putrequest("POST", f"/v2/app/blobs/uploads/?digest={sha256(CONTENT)}")
        upload.putheader("Authorization", oci._headers["authorization"])
        upload.putheader("Content-Length", str(len(CONTENT)))
        upload.endheaders()
        upload.send(CONTENT[:100_000])
        files = (proxied.server.directory / "blobs").glob
        until(lambda: any(path.stat().st_size == 100_000 for path in files("*/*")), "half a blob is written")
        upload.send(CONTENT[100_000:])
        assert upload.getresponse().status == 201


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"},
    ],
)
def test_the_server_learns_the_address_of_the_client_and_not_what_it_writes(
    proxied: Proxied, written: dict[str, str]
) -> None:
    with closing(proxied.connection(source="127.0.0.9")) as client:
        client.request("POST", "/", b"{}", written)
        request_id = client.getresponse().headers["x-amzn-requestid"]
    assert logged(proxied, request_id) == "127.0.0.9"


def test_who_goes_past_the_proxy_is_not_believed(proxied: Proxied) -> None:
    direct = http.client.HTTPConnection("127.0.0.1", proxied.server.port, timeout=60, source_address=("127.0.0.9", 0))
    with closing(direct):
        direct.request("POST", "/", b"{}", {"X-Forwarded-For": "203.0.113.9"})
        request_id = direct.getresponse().headers["x-amzn-requestid"]
    assert logged(proxied, request_id) == "127.0.0.9"
