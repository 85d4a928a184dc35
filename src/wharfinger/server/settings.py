"""All settings: one struct. Each can be a flag, a variable `WHARFINGER_…` or a line of a TOML file.

What is said later in that list gives way to what is said earlier. docs/reference/settings.md is made from here.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from wharfinger.api.addresses import Addresses
from wharfinger.domain.forwarded import Network, networks
from wharfinger.domain.names import ACCOUNT, REGION
from wharfinger.domain.rules import Rules
from wharfinger.state.clock import SECOND

# `localhost` reaches them, and docker takes it for a registry that needs no TLS
_EVERYWHERE: Final = {"127.0.0.1", "0.0.0.0", "::", "::1", "localhost"}  # noqa: S104
_DATABASES: Final = {"postgresql", "postgres"}
PREFIX: Final = "WHARFINGER_"
# variables with the prefix that are no settings: the file, and what `wharfinger env` prints for docker
NOT_SETTINGS: Final = {"WHARFINGER_CONFIG", "WHARFINGER_REGISTRY"}


class SettingsInvalid(Exception):
    """A setting is unknown or has a value it cannot have; the text says which and where."""


class TlsFiles(NamedTuple):
    """Where a certificate and its key are."""

    certificate: Path
    key: Path


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="Port to listen on.")] = 5050
    data: Annotated[
        str,
        Meta(description="Directory for the database, the layers and the keys; `~` is the home directory."),
    ] = "~/.local/share/wharfinger"
    database: Annotated[
        str,
        Meta(
            description="URL of a PostgreSQL database, `postgresql://user@host:5432/name`; empty: SQLite in the data "
            "directory. The password may be left out and stand in `PGPASSWORD` or in the file `PGPASSFILE` names."
        ),
    ] = ""
    master_key: Annotated[
        str,
        Meta(
            description="File of 32 random bytes that opens the keys in the data directory; empty: `master.key` in "
            "the data directory, made at the first start. A file elsewhere has to be there."
        ),
    ] = ""
    workers: Annotated[int, Meta(ge=1, le=64, description="Processes that answer requests.")] = 1
    open: Annotated[
        bool,
        Meta(
            description="For tests and laptops: any signature is accepted, and an access key of 12 digits is the "
            "account. Listens on loopback addresses only."
        ),
    ] = False
    address: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[A-Za-z0-9.\-\[\]:]+)?\Z",
            description="How clients reach the server, as a URL without a path; empty: `http://localhost:<port>`, "
            "with TLS `https://`, or the address that is listened on if that is another.",
        ),
    ] = ""
    tls_cert: Annotated[
        str,
        Meta(
            description="File with the certificate to speak TLS with, and those that lead to its authority, as PEM. "
            "It and its key are read again when they change."
        ),
    ] = ""
    tls_key: Annotated[
        str, Meta(description="File with the key of that certificate, as PEM: RSA, EC P-256 or P-384, Ed25519.")
    ] = ""
    trusted_proxies: Annotated[
        str,
        Meta(
            description="Addresses and networks, with commas between, of the proxies that are believed when they say "
            "in `X-Forwarded-For`, `-Proto` and `-Host` for whom they ask."
        ),
    ] = ""
    domain: Annotated[
        str,
        Meta(
            pattern=r"^([a-z0-9.-]+(:[0-9]+)?)?\Z",
            description="With it, a repository's URI is `<account>.dkr.ecr.<region>.<domain>/<name>`, as on AWS; "
            "the names have to lead to this server.",
        ),
    ] = ""
    account: Annotated[str, Meta(pattern=rf"^{ACCOUNT.pattern}\Z", description="Account of the first access key.")] = (
        "000000000000"
    )
    region: Annotated[
        str,
        Meta(
            pattern=rf"^{REGION.pattern}\Z",
            description="Region that `wharfinger env` prints, and that pulls without a login mean.",
        ),
    ] = "us-east-1"
    organization: Annotated[
        str,
        Meta(
            pattern=r"^(o-[a-z0-9]{10,32})?\Z",
            description="The organisation that all accounts of this server belong to, as policies name it in "
            "`aws:PrincipalOrgID`.",
        ),
    ] = ""
    access_file: Annotated[
        str,
        Meta(
            description="TOML file of users, roles and policies that the server keeps in step with; "
            "`docs/guides/access-file.md` says what can stand in it."
        ),
    ] = ""
    digest_and_tag: Annotated[
        Literal["tag", "image"],
        Meta(
            description="What BatchDeleteImage removes for an id that has a digest and a tag: `tag`, only that tag; "
            "`image`, the whole image."
        ),
    ] = "tag"
    sparse_manifests: Annotated[
        bool,
        Meta(description="Accept manifests whose layers or children are not (all) in the repository. ECR does not."),
    ] = False
    bin_days: Annotated[
        int,
        Meta(
            ge=0,
            le=3650,
            description="How many days what is deleted can be restored; 0: not at all. A repository can have a term "
            "of its own.",
        ),
    ] = 7
    history_days: Annotated[
        int, Meta(ge=1, le=3650, description="How many days events and the history of tags are kept.")
    ] = 90
    blob_lease: Annotated[
        int,
        Meta(
            ge=10,
            le=604800,
            description="How many seconds a layer is held for the push that brought it, before an image refers to it.",
        ),
    ] = 7200
    rate_limit: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000,
            description="How many requests in a second one principal may make of one worker; what is more is answered "
            "with ThrottlingException, or 429. 0: as many as it likes.",
        ),
    ] = 0
    parallel_uploads: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="How many layers one login may send to one worker at the same time; 0: as many as it likes.",
        ),
    ] = 0
    webhook_private: Annotated[
        bool,
        Meta(
            description="Let web hooks, and questions to identity providers, go to private and loopback addresses; "
            "open servers need it too."
        ),
    ] = False
    trail_days: Annotated[int, Meta(ge=1, le=3650, description="How many days the records of the trail are kept.")] = 90
    trail_bytes: Annotated[
        int,
        Meta(
            ge=64 * 1024**2,
            le=2**53,
            description="How many bytes the records of the trail may take up; the oldest go first.",
        ),
    ] = 4 * 1024**3
    trail_pulls: Annotated[
        bool,
        Meta(description="Also have a record of each request that reads images and was not denied: every pull."),
    ] = False
    metrics_from: Annotated[
        str,
        Meta(
            description="Addresses and networks, with commas between, from which `/metrics` may be read; empty: from "
            "nowhere."
        ),
    ] = "127.0.0.0/8, ::1"
    drain_delay: Annotated[
        int,
        Meta(
            ge=0,
            le=600,
            description="How many seconds a server that is told to stop still takes new connections, while `/readyz` "
            "says that it leaves: as long as the load balancer in front of it needs to notice.",
        ),
    ] = 0
    log_format: Annotated[
        Literal["text", "json"],
        Meta(description="How the log is written: `text`, lines for people; `json`, an object on each line."),
    ] = "text"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="From which level on to log. `info` has a line for each request that changes something."),
    ] = "info"

    @property
    def directory(self) -> Path:
        """The data directory, absolute."""
        return Path(self.data).expanduser().absolute()

    @property
    def master_key_file(self) -> Path:
        """Where the master key is, absolute."""
        return Path(self.master_key).expanduser().absolute() if self.master_key else self.directory / "master.key"

    @property
    def addresses(self) -> Addresses:
        """How clients reach the server."""
        scheme = "https" if self.tls_cert else "http"
        return Addresses(self.address or f"{scheme}://{self._reached_as}:{self.port}", self.domain or None)

    @property
    def tls(self) -> TlsFiles | None:
        """The certificate and the key, absolute; None without TLS."""
        if not self.tls_cert:
            return None
        return TlsFiles(*(Path(name).expanduser().absolute() for name in (self.tls_cert, self.tls_key)))

    @property
    def proxies(self) -> tuple[Network, ...]:
        """Who is believed when it forwards. Raises ValueError."""
        return networks(self.trusted_proxies)

    @property
    def metrics_networks(self) -> tuple[Network, ...]:
        """From where the metrics may be read. Raises ValueError."""
        return networks(self.metrics_from)

    @property
    def _reached_as(self) -> str:
        """A server that listens on one address only is not reached by another name."""
        if self.host in _EVERYWHERE:
            return "localhost"
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def strangers_share(self) -> int:
        """Bytes of the trail that strangers may fill in an hour in each worker: a quarter, should they never tire."""
        return self.trail_bytes // 4 // (24 * self.trail_days) // self.workers

    @property
    def rules(self) -> Rules:
        """What the floors below need to know."""
        return Rules(
            digest_and_tag=self.digest_and_tag,
            sparse_manifests=self.sparse_manifests,
            any_signature=self.open,
            default_account=self.account,
            default_region=self.region,
            organization=self.organization,
            bin_days=self.bin_days,
            history_days=self.history_days,
            blob_lease=self.blob_lease * SECOND,
            webhook_private=self.webhook_private,
            access_file=str(Path(self.access_file).expanduser().absolute()) if self.access_file else "",
            trail_pulls=self.trail_pulls,
            trail_days=self.trail_days,
            trail_bytes=self.trail_bytes,
        )


NAMES: Final = tuple(field.name for field in msgspec.structs.fields(Settings))


def load(flags: Mapping[str, Any], environ: Mapping[str, str], config: Path | None = None) -> Settings:
    """Put together what flags, variables and the file say. Raises SettingsInvalid."""
    config = config or (Path(environ["WHARFINGER_CONFIG"]) if "WHARFINGER_CONFIG" in environ else None)
    merged = {**_from_file(config), **_from_environment(environ), **flags}
    try:
        settings = msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"a setting has a value it cannot have: {error}") from None
    if settings.open and not is_loopback(settings.host):
        raise SettingsInvalid(f"an open server would let anybody in, so it does not listen on {settings.host}")
    if settings.database and urlsplit(settings.database).scheme not in _DATABASES:
        raise SettingsInvalid("database has a value it cannot have: the URL has to begin with postgresql://")
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsInvalid("tls_cert and tls_key go together: for TLS set both, else neither")
    for name in ("trusted_proxies", "metrics_from"):
        try:
            networks(getattr(settings, name))
        except ValueError as error:
            raise SettingsInvalid(f"{name} has a value it cannot have: {error}") from None
    return settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        found = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(f"the file {path} cannot be read: {error}") from None
    for name in found:
        _check_known(name, name, f"in {path}")
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            name = variable.removeprefix(PREFIX).lower()
            _check_known(name, variable, "among the variables")
            found[name] = value
    return found


def _check_known(name: str, shown: str, where: str) -> None:
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsInvalid(f"there is no setting {shown}, found {where}{hint}")
