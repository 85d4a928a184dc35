"""The certificate that is shown, and its key: read and checked when they change, and held in memory.

The web server takes names of files. Given those of the settings, a worker that is started later would read what is
there by then: half a certificate, or one that its key does not fit.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Callable
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from wharfinger.server.settings import TlsFiles

_LEAST_BITS: Final = 2048  # of an RSA key
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)
_LOOK_SECONDS: Final = 1


class CertificateUnusable(Exception):
    """A certificate and its key cannot be served; the text says which and why."""


class Pair:
    """A certificate and its key that fit each other. They are gone when it is closed."""

    def __init__(self, files: TlsFiles) -> None:
        """Read and check them. Raises CertificateUnusable."""
        self._files, self._stamps = files, _stamps(files)
        chain, key = _chain(files), _key(files)
        if chain[0].public_key() != key.public_key():
            raise CertificateUnusable(f"the key {files.key} is not the one of the certificate {files.certificate}")
        self.certificate: x509.Certificate = chain[0]
        self._held = (
            _in_memory(b"".join(one.public_bytes(Encoding.PEM) for one in chain)),
            _in_memory(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
        )

    @property
    def paths(self) -> tuple[str, str]:
        """Names under which this process and its workers can read the certificate and the key."""
        certificate, key = (f"/proc/{os.getpid()}/fd/{descriptor}" for descriptor in self._held)
        return certificate, key

    def follow(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever the files have changed and do not change any more. Does not return.

        Both of a pair are rarely replaced in the same moment.
        """
        taken = before = self._stamps
        while True:
            time.sleep(_LOOK_SECONDS)
            now = _stamps(self._files)
            if now == before and now != taken:
                taken = now
                changed()
            before = now

    def close(self) -> None:
        """Forget them."""
        for descriptor in self._held:
            os.close(descriptor)


def any_certificate() -> ssl.SSLContext:
    """For asking this server itself, which has no need to prove who it is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _stamps(files: TlsFiles) -> tuple[Any, ...]:
    found: list[Any] = []
    for path in files:
        try:
            told = path.stat()
            found.append((told.st_mtime_ns, told.st_size, told.st_dev, told.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)


def _chain(files: TlsFiles) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(files.certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise CertificateUnusable(f"the certificate {files.certificate} cannot be read: {_why(error)}") from None


def _key(files: TlsFiles) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey:
    """What the web server can use: it would end by any other key."""
    try:
        key = load_pem_private_key(files.key.read_bytes(), None)
    except TypeError:
        raise CertificateUnusable(f"the key {files.key} has a password: write it without one") from None
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(f"the key {files.key} cannot be read: {_why(error)}") from None
    match key:
        case rsa.RSAPrivateKey(key_size=bits) if bits >= _LEAST_BITS:
            return key
        case ec.EllipticCurvePrivateKey(curve=curve) if isinstance(curve, _CURVES):
            return key
        case ed25519.Ed25519PrivateKey():
            return key
    raise CertificateUnusable(
        f"the key {files.key} cannot be used: it has to be RSA of {_LEAST_BITS} bits or more, EC P-256 or P-384, or "
        "Ed25519"
    )


def _why(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "it is no PEM file of that kind"


def _in_memory(content: bytes) -> int:
    descriptor = os.memfd_create("wharfinger")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor
