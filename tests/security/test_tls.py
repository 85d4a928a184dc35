"""TLS of the server's own: which versions it speaks, what it shows, and that all who talk to it find their way."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from support.certificates import certificate
from support.content import image
from support.oci import Oci
from support.poll import until
from support.ports import free_port
from support.server import WEB_SERVER, Server
from support.shell import Shell
from support.tls import connection, encrypted, status, trusting
from wharfinger.server.settings import TlsFiles
from wharfinger.server.tls import CertificateUnusable, Pair
from wharfinger.state import certificates

granian_only = pytest.mark.skipif(WEB_SERVER != "granian", reason="a matter of `wharfinger serve`")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with encrypted(tmp_path_factory.mktemp("tls") / "data") as server:
        yield server


@pytest.fixture
def user(served: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell after `eval "$(wharfinger env)"`, in which clients find the authority."""
    exported = served.environment()
    monkeypatch.setenv("AWS_CA_BUNDLE", exported["AWS_CA_BUNDLE"])
    return Shell(tmp_path / "home", exported, region="eu-central-1")


def handshake(server: Server, least: ssl.TLSVersion, most: ssl.TLSVersion) -> str | None:
    """The version that server and client agree on."""
    context = trusting(server)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the client would not even try
    context.minimum_version, context.maximum_version = least, most
    with connection(server, context) as client:
        client.connect()
        return str(client.sock.version())


@pytest.mark.parametrize(("version", "name"), [("TLSv1_2", "TLSv1.2"), ("TLSv1_3", "TLSv1.3")])
def test_tls_1_2_and_1_3_are_spoken(served: Server, version: str, name: str) -> None:
    assert handshake(served, ssl.TLSVersion[version], ssl.TLSVersion[version]) == name


@granian_only
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(served: Server) -> None:
    with pytest.raises(ssl.SSLError, match="ALERT"):
        handshake(served, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)


def test_what_is_sent_in_clear_is_not_answered(served: Server) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    plain.request("GET", "/healthz")
    with pytest.raises((OSError, http.client.HTTPException)):
        plain.getresponse()


def test_a_client_that_does_not_know_the_authority_does_not_trust_the_server(served: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError), connection(served, ssl.create_default_context()) as client:
        client.connect()


def test_many_who_never_finish_their_handshake_do_not_keep_others_out(served: Server) -> None:
    silent = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(300)]
    try:
        assert status(served) == 200
    finally:
        for one in silent:
            one.close()


def test_the_address_that_clients_are_told_is_https(served: Server, user: Shell) -> None:
    assert user.exported["AWS_ENDPOINT_URL_ECR"] == f"https://localhost:{served.port}"
    assert user.exported["AWS_CA_BUNDLE"] == str(served.directory / "tls/trust/ca.crt")
    (data,) = user.ecr.get_authorization_token()["authorizationData"]
    assert data["proxyEndpoint"] == f"https://localhost:{served.port}"


def test_the_aws_cli_works_after_env(user: Shell) -> None:
    assert user.json("aws", "ecr", "describe-registry")["registryId"] == "000000000000"


def test_the_command_line_works_after_env(user: Shell) -> None:
    assert "repositories" in user.run("wharfinger", "usage")


def test_the_command_line_works_by_the_data_directory(served: Server, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "wharfinger", "usage", "--data", str(served.directory)],
        check=False,
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin", **served.where()},
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_command_line_says_that_a_certificate_is_not_trusted(user: Shell) -> None:
    del user.environment["AWS_CA_BUNDLE"]
    assert "certificate verify failed" in user.refused("wharfinger", "usage")


def test_the_doctor_finds_the_server_and_its_certificate(served: Server) -> None:
    said = served.told("doctor").stdout
    assert f"ok    where it listens https://127.0.0.1:{served.port}" in said
    assert f"ok    the address that clients use https://localhost:{served.port}" in said
    assert "ok    certificate, good until " in said


def doctor(server: Server) -> str:
    """What the doctor says of a server with which something is wrong."""
    command = [sys.executable, "-m", "wharfinger", "doctor", "--data", str(server.directory)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    return ended.stdout


def test_the_doctor_says_that_the_certificate_is_for_another_name(directory: Path) -> None:
    with encrypted(directory, host="127.0.0.2") as server:
        said = doctor(server)
    assert f"ok    where it listens https://127.0.0.2:{server.port}" in said
    assert f"FAIL  the address that clients use https://127.0.0.2:{server.port}" in said
    assert "Its certificate is not trusted here (IP address mismatch" in said


def test_the_doctor_says_that_the_certificate_ends_soon(directory: Path) -> None:
    made = certificates.make(directory, [], datetime.now(UTC) - certificates.SERVER_TERM + timedelta(days=5))
    with Server(directory, tls_cert=made.certificate, tls_key=made.key) as server:
        assert "It is good for 4 more days: run `wharfinger cert` again." in doctor(server)


def test_env_keeps_to_https_where_it_is_asked_for_another_port(served: Server) -> None:
    assert served.environment(port="5443")["AWS_ENDPOINT_URL_ECR"] == "https://localhost:5443"
    assert served.environment(address="http://a")["AWS_ENDPOINT_URL_ECR"] == "http://a"


def test_env_names_no_authority_where_the_certificate_is_from_another(directory: Path, tmp_path: Path) -> None:
    other = certificate(tmp_path, "localhost")
    with Server(directory, tls_cert=other.path, tls_key=other.key) as server:
        assert "AWS_CA_BUNDLE" not in server.environment()


@granian_only
def test_the_ready_block_names_the_address(served: Server) -> None:
    until(lambda: "docker login" in served.log.read_text(), "the server greets")
    assert f"ECR API and registry   https://localhost:{served.port}\n" in served.log.read_text()


def test_an_image_goes_there_and_back(user: Shell) -> None:
    one = image()
    user.create()
    oci = Oci(user.exported["AWS_ENDPOINT_URL_ECR"], user.password, authority=user.exported["AWS_CA_BUNDLE"])
    oci.push("app", one, "1")
    assert user.tags() == {"1": one.digest}
    for digest, content in one.blobs.items():
        assert oci.get(f"/v2/app/blobs/{digest}").body == content


# --- what is not served --------------------------------------------------------------------------------------


def refusal(directory: Path, cert: Path, key: Path) -> str:
    """What a server says that does not start."""
    command = [sys.executable, "-m", "wharfinger", "serve", "--data", str(directory), "--port", str(free_port())]
    command += ["--tls-cert", str(cert), "--tls-key", str(key)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_a_file_that_is_missing_is_named_at_the_start(directory: Path, tmp_path: Path) -> None:
    good = certificate(tmp_path, "localhost")
    said = refusal(directory, tmp_path / "none.pem", good.key)
    assert f"the certificate {tmp_path}/none.pem cannot be read: No such file or directory" in said


def test_a_key_of_another_certificate_is_named_at_the_start(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    good, other = certificate(tmp_path, "localhost"), certificate(tmp_path / "other", "localhost")
    assert f"the key {other.key} is not the one of the certificate {good.path}" in refusal(
        directory, good.path, other.key
    )


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP521R1()), ed448.Ed448PrivateKey.generate(), rsa.generate_private_key(65537, 1024)],
    ids=["P-521", "Ed448", "RSA of 1024 bits"],
)
def test_a_key_that_the_web_server_cannot_use_is_refused(
    tmp_path: Path, key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | rsa.RSAPrivateKey
) -> None:
    good = certificate(tmp_path, "localhost")
    good.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(CertificateUnusable, match="it has to be RSA of 2048 bits or more, EC P-256 or P-384, or Ed25"):
        Pair(TlsFiles(good.path, good.key))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    good = certificate(tmp_path, "localhost")
    key = ec.generate_private_key(ec.SECP256R1())
    good.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))
    with pytest.raises(CertificateUnusable, match="has a password"):
        Pair(TlsFiles(good.path, good.key))


@pytest.mark.parametrize("swapped", [False, True])
def test_files_of_the_other_kind_are_refused(tmp_path: Path, swapped: bool) -> None:
    good = certificate(tmp_path, "localhost")
    files = TlsFiles(good.key, good.path) if swapped else TlsFiles(good.path, good.path)
    with pytest.raises(CertificateUnusable, match="it is no PEM file of that kind"):
        Pair(files)


def test_the_files_of_a_pair_are_read_once(tmp_path: Path) -> None:
    good = certificate(tmp_path, "localhost")
    pair = Pair(TlsFiles(good.path, good.key))
    good.path.write_bytes(b"")
    good.key.write_bytes(b"")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair.paths)
    pair.close()


def test_one_of_the_two_settings_alone_is_refused() -> None:
    command = [sys.executable, "-m", "wharfinger", "serve", "--tls-cert", "x"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, "tls_cert and tls_key go together" in ended.stderr) == (2, True)
