"""Servers that speak TLS with a certificate of a local authority, and clients that trust it."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from support.server import Server
from wharfinger.state import certificates
from wharfinger.state.certificates import Made


def renew(directory: Path, *names: str) -> Made:
    """As `wharfinger cert` does it."""
    return certificates.make(directory, names, datetime.now(UTC))


def encrypted(directory: Path, **settings: Any) -> Server:
    """A server that speaks TLS, with the certificate of a local authority in its data directory."""
    made = renew(directory)
    return Server(directory, tls_cert=made.certificate, tls_key=made.key, **settings)


def trusting(server: Server) -> ssl.SSLContext:
    """A client that trusts that authority and no other."""
    context = ssl.create_default_context(cafile=certificates.trusted(server.directory))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@contextlib.contextmanager
def connection(server: Server, context: ssl.SSLContext | None = None) -> Iterator[http.client.HTTPSConnection]:
    """One of a client that looks at the certificate."""
    made = http.client.HTTPSConnection("localhost", server.port, timeout=60, context=context or trusting(server))
    with contextlib.closing(made):
        yield made


def status(server: Server, path: str = "/readyz", headers: Mapping[str, str] | None = None) -> int:
    """Of a GET on a connection of its own."""
    with connection(server) as client:
        client.request("GET", path, headers=dict(headers or {}))
        answer = client.getresponse()
        answer.read()
        return answer.status


def serial_shown(server: Server) -> int:
    """The number of the certificate that is shown now."""
    with connection(server, trusting(server)) as client:
        client.connect()
        shown: Any = client.sock.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number


def serial(path: Path) -> int:
    """The number of the certificate in a file."""
    return x509.load_pem_x509_certificate(path.read_bytes()).serial_number
