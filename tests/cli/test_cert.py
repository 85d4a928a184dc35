"""`wharfinger cert`: a local authority that is made once, certificates that it vouches for, and nothing overwritten."""

from __future__ import annotations

import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from support.certificates import certificate
from wharfinger.state import certificates

NOW = datetime.now(UTC)
KEPT = ("ca.key", "server.key", "trust/ca.crt")


def run(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wharfinger", "cert", "--data", str(directory), *options]
    return subprocess.run(command, check=False, capture_output=True, text=True, umask=0)


def made(directory: Path, *options: str) -> str:
    ended = run(directory, *options)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def refused(directory: Path, *options: str, status: int = 1) -> str:
    """What is said; and no file has changed."""
    before = contents(directory)
    ended = run(directory, *options)
    assert (ended.returncode, ended.stdout) == (status, "")
    assert contents(directory) == before
    return ended.stderr


def contents(directory: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def shown(directory: Path, name: str = "server.crt") -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "tls" / name).read_bytes())


def names(directory: Path) -> list[str]:
    return [
        str(name.value)
        for name in shown(directory).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    ]


def is_accepted(directory: Path, name: str) -> bool:
    """Whether a strict client that trusts the authority takes the certificate for a server of this name."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "tls/server.crt", directory / "tls/server.key")
    client = ssl.create_default_context(cafile=directory / "tls/trust/ca.crt")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(4):
            for side in (ours, theirs):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLCertVerificationError:
        return False
    return ours.version() is not None


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_certificate_is_for_this_machine(directory: Path, name: str) -> None:
    made(directory)
    assert is_accepted(directory, name)


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ("registry.internal", "registry.internal"),
        ("Registry.Internal", "registry.internal"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("*.dkr.ecr.eu-west-1.registry.internal", "000000000000.dkr.ecr.eu-west-1.registry.internal"),
    ],
)
def test_a_certificate_is_for_the_names_that_are_given(directory: Path, given: str, called: str) -> None:
    made(directory, "--name", given)
    assert is_accepted(directory, called)


def test_a_certificate_is_for_no_other_name(directory: Path) -> None:
    made(directory, "--name", "registry.internal")
    assert not is_accepted(directory, "other.internal")
    assert not is_accepted(directory, "127.0.0.2")


def test_the_authority_is_good_for_years_and_the_certificate_for_what_clients_take(directory: Path) -> None:
    made(directory)
    assert timedelta(days=3649) < shown(directory, "trust/ca.crt").not_valid_after_utc - NOW <= timedelta(days=3651)
    found = shown(directory)
    assert found.not_valid_before_utc < NOW
    assert found.not_valid_after_utc - found.not_valid_before_utc < timedelta(days=398)


def test_the_authority_can_vouch_for_servers_only(directory: Path) -> None:
    made(directory)
    limits = shown(directory, "trust/ca.crt").extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (limits.ca, limits.path_length) == (True, 0)
    usage = shown(directory).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_all_files_are_for_their_user_alone_whatever_the_umask_says(directory: Path) -> None:
    made(directory)
    modes = {path: path.stat().st_mode & 0o777 for path in [directory, *directory.rglob("*")]}
    assert {path.name: mode for path, mode in modes.items() if path.is_file()} == dict.fromkeys(
        ("ca.crt", "ca.key", "server.crt", "server.key"), 0o600
    )
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_what_clients_are_given_lies_in_a_directory_without_keys(directory: Path) -> None:
    """podman takes a key that lies beside it for the one of a client."""
    made(directory)
    assert [path.name for path in (directory / "tls/trust").iterdir()] == ["ca.crt"]


# --- run again -----------------------------------------------------------------------------------------------


def test_run_again_it_renews_the_certificate_and_keeps_all_else(directory: Path) -> None:
    first = made(directory)
    before, serial = {name: (directory / "tls" / name).read_bytes() for name in KEPT}, shown(directory).serial_number
    second = made(directory)
    assert {name: (directory / "tls" / name).read_bytes() for name in KEPT} == before
    assert shown(directory).serial_number != serial
    assert ("A new authority" in first, "The same authority" in second) == (True, True)


def test_run_again_it_keeps_the_names_that_there_were(directory: Path) -> None:
    made(directory, "--name", "one.internal", "--name", "192.0.2.7")
    made(directory, "--name", "two.internal", "--name", "one.internal")
    assert names(directory) == ["localhost", "127.0.0.1", "::1", "one.internal", "192.0.2.7", "two.internal"]
    assert all(isinstance(ip_address(name), object) for name in names(directory)[1:3])


def test_a_certificate_of_another_authority_is_not_overwritten(directory: Path, tmp_path: Path) -> None:
    made(directory)
    (directory / "tls/server.crt").write_bytes(certificate(tmp_path, "localhost").path.read_bytes())
    assert "is of another authority: move it away" in refused(directory)


@pytest.mark.parametrize("name", ["ca.key", "server.key", "server.crt", "trust/ca.crt"])
def test_a_file_that_is_something_else_is_not_overwritten(directory: Path, name: str) -> None:
    made(directory)
    (directory / "tls" / name).write_text("something else")
    assert str(directory / "tls" / name) in refused(directory)


def test_an_authority_whose_key_is_missing_is_not_replaced(directory: Path) -> None:
    made(directory)
    (directory / "tls/ca.key").unlink()
    assert "ca.key is missing: put it back, or move" in refused(directory)


def test_an_authority_with_the_key_of_another_is_not_used(directory: Path) -> None:
    made(directory)
    (directory / "tls/ca.key").write_bytes((directory / "tls/server.key").read_bytes())
    assert "is not the key of" in refused(directory)


@pytest.mark.parametrize("days", [-1, 1, 29])
def test_an_authority_that_ends_soon_or_has_ended_is_not_used(directory: Path, days: int) -> None:
    certificates.make(directory, [], NOW - certificates.AUTHORITY_TERM + timedelta(days=days))
    assert f"ca.crt ends on {NOW + timedelta(days=days):%Y-%m-%d}: move" in refused(directory)


def test_a_certificate_does_not_outlive_its_authority(directory: Path) -> None:
    certificates.make(directory, [], NOW - certificates.AUTHORITY_TERM + timedelta(days=60))
    made(directory)
    assert shown(directory).not_valid_after_utc == shown(directory, "trust/ca.crt").not_valid_after_utc


@pytest.mark.parametrize(
    "name", ["", "a b", "https://a", "a:5050", "a/b", "*", "*.*.a", "-a", "ä.example", "a..b", "1.2.3.4/8"]
)
def test_what_is_no_name_is_refused_and_nothing_made(directory: Path, name: str) -> None:
    assert "neither a host name nor an IP address" in refused(directory, "--name", name, status=2)
    assert not directory.exists()


# --- what it says --------------------------------------------------------------------------------------------


def test_it_says_how_to_serve_and_how_each_client_trusts_it(directory: Path) -> None:
    said = made(directory, "--name", "Registry.internal", "--port", "5443")
    tls = directory / "tls"
    for line in (
        f"serve --address https://registry.internal:5443 --tls-cert {tls}/server.crt --tls-key {tls}/server.key\n",
        f"install -D -m 644 {tls}/trust/ca.crt /etc/docker/certs.d/registry.internal:5443/ca.crt",
        f"--cert-dir {tls}/trust",
        f"AWS_CA_BUNDLE={tls}/trust/ca.crt",
        f"SSL_CERT_FILE={tls}/trust/ca.crt",
        f"NODE_EXTRA_CA_CERTS={tls}/trust/ca.crt",
    ):
        assert line in said


def test_it_says_nothing_of_keys_but_where_they_are(directory: Path) -> None:
    assert "PRIVATE KEY" not in made(directory)
