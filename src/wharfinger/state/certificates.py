"""A certificate authority of one's own, and what it vouches for: TLS without anybody else, for development.

In the data directory:

- `tls/trust/ca.crt`, in a directory of its own, which is what clients are given
- `tls/ca.key`
- `tls/server.crt`, `tls/server.key`
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from wharfinger.state.files import write_private

AUTHORITY_TERM: Final = timedelta(days=3650)
SERVER_TERM: Final = timedelta(days=397)  # some clients take none that is good for longer
_LEAST_TERM: Final = timedelta(days=30)  # of an authority that is built upon
_BEHIND: Final = timedelta(hours=1)  # a client's clock may be
_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*"
)


class CertificatesUnfit(Exception):
    """What is there cannot be built upon; the text says what it is and what to do."""


class NameInvalid(Exception):
    """Neither a host name nor an IP address."""


class Made(NamedTuple):
    """What there is now."""

    authority: Path
    authority_until: datetime
    is_new_authority: bool
    certificate: Path
    key: Path
    names: Sequence[str]
    until: datetime


class _Authority(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def trusted(directory: Path) -> Path:
    """Where the authority's certificate of a data directory is, if there is one."""
    return directory / "tls" / "trust" / "ca.crt"


def vouches(directory: Path, certificate: x509.Certificate) -> bool:
    """Whether a certificate is from the authority of a data directory."""
    try:
        authority = x509.load_pem_x509_certificate(trusted(directory).read_bytes())
        certificate.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return True


def make(directory: Path, names: Iterable[str], now: datetime) -> Made:
    """A certificate for these names, localhost, and those of the one before, which it replaces; the keys are kept.

    Raises NameInvalid, CertificatesUnfit, OSError.
    """
    wanted = [_general(name) for name in names]
    trust = trusted(directory)
    home = trust.parent.parent
    for place in (directory, home, trust.parent):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not trust.exists()
    authority = _authority(trust, home / "ca.key", now)
    path, key_path = home / "server.crt", home / "server.key"
    wanted = [*map(_general, _ALWAYS), *_names_before(directory, path), *wanted]
    certificate = _issue(authority, _key(key_path), list(dict.fromkeys(wanted)), now)
    write_private(path, certificate.public_bytes(Encoding.PEM))
    return Made(
        authority=trust,
        authority_until=authority.certificate.not_valid_after_utc,
        is_new_authority=is_new,
        certificate=path,
        key=key_path,
        names=[str(name.value) for name in _names_of(certificate)],
        until=certificate.not_valid_after_utc,
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if _NAME.fullmatch(name) is None:
            raise NameInvalid(name) from None
        return x509.DNSName(name.lower())


def _names_before(directory: Path, path: Path) -> list[x509.GeneralName]:
    """Of the server's certificate that is there already."""
    try:
        before = x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return []
    except ValueError:
        raise CertificatesUnfit(f"{path} is no certificate: move it away") from None
    if not vouches(directory, before):
        raise CertificatesUnfit(f"{path} is of another authority: move it away, with its key")
    return list(_names_of(before))


def _names_of(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def _authority(path: Path, key_path: Path, now: datetime) -> _Authority:
    if not path.exists():
        key = _key(key_path)
        certificate = _new_authority(key, now)
        write_private(path, certificate.public_bytes(Encoding.PEM))
        return _Authority(certificate, key)
    if not key_path.exists():
        raise CertificatesUnfit(f"{key_path} is missing: put it back, or move {path} away to begin with another one")
    try:
        found = _Authority(x509.load_pem_x509_certificate(path.read_bytes()), _key(key_path))
    except ValueError:
        raise CertificatesUnfit(f"{path} is no certificate: move it and {key_path} away") from None
    if found.certificate.public_key() != found.key.public_key():
        raise CertificatesUnfit(f"{key_path} is not the key of {path}: move both away to begin with another one")
    if found.certificate.not_valid_after_utc <= now + _LEAST_TERM:
        raise CertificatesUnfit(
            f"{path} ends on {found.certificate.not_valid_after_utc:%Y-%m-%d}: move {path.parent.parent} away to begin "
            "with another one"
        )
    return found


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key in a file, made if there is none."""
    if path.exists():
        try:
            found = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError):
            found = None
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise CertificatesUnfit(f"{path} is no key that was made here: move it away")
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def _new_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    # trust stores tell authorities apart by their names
    name = _subject(f"Wharfinger local authority {secrets.token_hex(4)}")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _builder(key, name, name, now, now + AUTHORITY_TERM)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _issue(
    authority: _Authority, key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName], now: datetime
) -> x509.Certificate:
    until = min(now + SERVER_TERM, authority.certificate.not_valid_after_utc)
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return (
        _builder(key, _subject("Wharfinger server"), authority.certificate.subject, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(signer, critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def _builder(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEHIND)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
