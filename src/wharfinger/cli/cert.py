"""`wharfinger cert`."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec

from wharfinger.cli.options import settings_from, settings_options
from wharfinger.server.settings import Settings

if TYPE_CHECKING:
    from wharfinger.state.certificates import Made


@click.command()
@settings_options("data", "host", "port", "address")
@click.option("--name", "names", multiple=True, help="A host name or IP address that clients use. May be repeated.")
def cert(*, names: tuple[str, ...], **options: Any) -> None:
    """Make a certificate for TLS, and at first a local authority that vouches for it. Run again, it is renewed.

    It is for localhost, the names that are given, and those that it had before.
    """
    from wharfinger.state import certificates  # noqa: PLC0415 - help and errors need no cryptography

    settings = settings_from(options)
    try:
        made = certificates.make(settings.directory, names, datetime.now(UTC))
    except certificates.NameInvalid as error:
        raise click.UsageError(f"{str(error)!r} is neither a host name nor an IP address") from None
    except certificates.CertificatesUnfit as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{settings.directory} cannot be used: {error}") from None
    reached = settings.address or (f"https://{names[0].lower()}:{settings.port}" if names else "")
    tls = {"tls_cert": str(made.certificate), "tls_key": str(made.key)}
    click.echo("\n".join(_told(made, msgspec.structs.replace(settings, address=reached, **tls))))


def _told(made: Made, settings: Settings) -> list[str]:
    registry = settings.addresses.base.partition("://")[2]
    authority, directory = (shlex.quote(str(path)) for path in (made.authority, made.authority.parent))
    reached = f"--address {settings.address} " if settings.address else ""
    certificate, key = (shlex.quote(path) for path in (settings.tls_cert, settings.tls_key))
    which = "A new" if made.is_new_authority else "The same"
    return [
        f"A certificate for {', '.join(made.names)}, good until {made.until:%Y-%m-%d}.",
        f"{which} authority, {made.authority}, good until {made.authority_until:%Y-%m-%d}.",
        "",
        "To serve with it; a server that does already takes the new one by itself:",
        "",
        f"  wharfinger serve {reached}--tls-cert {certificate} --tls-key {key}",
        "",
        "To trust it, where the clients are, with a copy of the authority's file and of no other:",
        "",
        f"  docker                    install -D -m 644 {authority} /etc/docker/certs.d/{registry}/ca.crt",
        f"  podman, skopeo, buildah   --cert-dir {directory}, or as for docker under /etc/containers/certs.d",
        f"  AWS CLI, boto3            export AWS_CA_BUNDLE={authority}, as `wharfinger env` does",
        f"  crane, oras, helm         export SSL_CERT_FILE={authority}",
        f"  JavaScript                export NODE_EXTRA_CA_CERTS={authority}",
    ]
