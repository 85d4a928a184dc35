"""The metrics: their names, labels and meanings. docs/reference/metrics.md is made from here.

Label values come from closed sets, which the contract and the code name: no name that a client chose is ever one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from wharfinger.contract import ecr, oci, sts, wharfinger
from wharfinger.services.jobs import KINDS

OTHER: Final = "other"
PAGES: Final = {b"/": "greeting", b"/healthz": "healthz", b"/readyz": "readyz", b"/metrics": "metrics"}
CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
BOUNDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0, 60.0, 600.0)
"""Of the buckets of all histograms, seconds."""
_SERVICES: Final = (ecr.SERVICE, wharfinger.SERVICE, sts.SERVICE)
Labels = tuple[str, ...]


class Family(NamedTuple):
    """One metric: its labels, and all values that they can have together."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: Labels = ()
    values: tuple[Labels, ...] = ((),)


def _operations() -> Iterator[tuple[str, str]]:
    for service in _SERVICES:
        yield from ((service.signing_name, name) for name in service.operations)
    for endpoint in oci.ENDPOINTS:
        yield from (("oci", f"{method} {endpoint.name}") for method in endpoint.actions)
    yield from (("pages", page) for page in PAGES.values())
    yield from ((door, OTHER) for door in DOORS)


def _each(values: Iterable[str]) -> tuple[Labels, ...]:
    return tuple((value,) for value in values)


DOORS: Final = (*(service.signing_name for service in _SERVICES), "oci", "pages")
OPERATIONS: Final = frozenset(_operations())
KIND_LABELS: Final = _each(KINDS)

REQUESTS: Final = Family(
    "wharfinger_request_seconds",
    "histogram",
    "Requests, and how long each took until its answer began; that includes receiving its body.",
    ("door", "operation", "status"),
    tuple((*operation, status) for operation in sorted(OPERATIONS) for status in CLASSES),
)
RECEIVED: Final = Family(
    "wharfinger_received_bytes_total", "counter", "Bytes of requests' bodies.", ("door",), _each(DOORS)
)
SENT: Final = Family(
    "wharfinger_sent_bytes_total", "counter", "Bytes of answers' bodies, as begun.", ("door",), _each(DOORS)
)
IN_FLIGHT: Final = Family(
    "wharfinger_requests_in_flight", "gauge", "Requests that are being received, worked on or answered."
)
REFUSED: Final = Family(
    "wharfinger_refused_total",
    "counter",
    "Requests refused: `throttled`, for rate_limit or parallel_uploads; `denied`, by policies; `login`, for a login "
    "that is none; `challenged`, for want of one, which is how clients begin.",
    ("reason",),
    _each(("throttled", "denied", "login", "challenged")),
)
UNAVAILABLE: Final = Family(
    "wharfinger_unavailable_total",
    "counter",
    "Requests refused because the database or the store (also a disk) failed.",
    ("part",),
    _each(("database", "store")),
)
JOBS: Final = Family(
    "wharfinger_jobs_total",
    "counter",
    "Jobs, or pieces of them, that were done or failed.",
    ("kind", "outcome"),
    tuple((kind, outcome) for kind in KINDS for outcome in ("done", "failed")),
)
WEBHOOKS: Final = Family(
    "wharfinger_webhook_deliveries_total",
    "counter",
    "Deliveries to web hooks that their receivers took, and that failed.",
    ("outcome",),
    _each(("done", "failed")),
)
STATEMENTS: Final = Family("wharfinger_database_statements_total", "counter", "SQL statements.")
TRANSACTIONS: Final = Family("wharfinger_database_transactions_total", "counter", "Transactions that write.")
FAILURES: Final = Family("wharfinger_database_failures_total", "counter", "Reads and writes that the database refused.")
WAITED: Final = Family(
    "wharfinger_database_wait_seconds_total", "counter", "Time that transactions waited for their turn or a connection."
)
WAITING: Final = Family("wharfinger_database_waiting", "gauge", "Transactions that have not ended.")
CONNECTIONS: Final = Family("wharfinger_database_connections", "gauge", "Open connections.")
IDLE: Final = Family("wharfinger_database_idle_connections", "gauge", "Of them, those that nobody uses.")
TRAIL_LOST: Final = Family("wharfinger_trail_missing_records", "gauge", "Records missing since the last that is not.")

COUNTED: Final = (
    REQUESTS,
    RECEIVED,
    SENT,
    IN_FLIGHT,
    REFUSED,
    UNAVAILABLE,
    JOBS,
    WEBHOOKS,
    STATEMENTS,
    TRANSACTIONS,
    FAILURES,
    WAITED,
    WAITING,
    CONNECTIONS,
    IDLE,
    TRAIL_LOST,
)
"""What each worker counts; the others are looked at when somebody asks."""

BUILD: Final = Family("wharfinger_build_info", "gauge", "Always 1.", ("version", "python", "database"))
WORKERS: Final = Family("wharfinger_workers", "gauge", "Workers that live, also those that were replaced.")
MEMORY: Final = Family(
    "wharfinger_memory_bytes",
    "gauge",
    "Memory that is resident; what processes share counts for each.",
    ("process",),
    _each(("parent", "workers")),
)
DISK_FREE: Final = Family("wharfinger_disk_free_bytes", "gauge", "Room that the disk of the data directory has left.")
CERTIFICATE: Final = Family(
    "wharfinger_certificate_expiry_seconds", "gauge", "When the certificate that is shown ends, since 1970. With TLS."
)
DATABASE_UP: Final = Family(
    "wharfinger_database_up",
    "gauge",
    "1 if the database answers. Else it is 0, and the metrics after this one are missing.",
)
JOBS_DUE: Final = Family("wharfinger_jobs_due", "gauge", "Jobs that wait for a worker.", ("kind",), KIND_LABELS)
JOBS_AGE: Final = Family(
    "wharfinger_jobs_oldest_seconds", "gauge", "For how long the oldest has waited.", ("kind",), KIND_LABELS
)
JOBS_RETRIED: Final = Family("wharfinger_jobs_retried", "gauge", "Jobs that failed last time.", ("kind",), KIND_LABELS)
UPLOADS: Final = Family("wharfinger_uploads", "gauge", "Uploads under way, also those that nobody goes on with.")
UPLOADS_AGE: Final = Family("wharfinger_uploads_oldest_seconds", "gauge", "For how long nobody went on with one.")
UNLINKS: Final = Family("wharfinger_unlinks", "gauge", "Objects in the store that wait to be removed.")
UNLINKS_AGE: Final = Family("wharfinger_unlinks_oldest_seconds", "gauge", "For how long the oldest waits.")
BIN_DELETIONS: Final = Family("wharfinger_bin_deletions", "gauge", "Deletions that can be undone.")
BIN_IMAGES: Final = Family("wharfinger_bin_images", "gauge", "Images in the bin.")
BIN_BYTES: Final = Family("wharfinger_bin_bytes", "gauge", "Their bytes; what they share counts for each.")
BIN_OVERDUE: Final = Family(
    "wharfinger_bin_overdue_seconds", "gauge", "For how long the bin has had something whose term is over."
)

FAMILIES: Final = (
    *COUNTED,
    BUILD,
    WORKERS,
    MEMORY,
    DISK_FREE,
    CERTIFICATE,
    DATABASE_UP,
    JOBS_DUE,
    JOBS_AGE,
    JOBS_RETRIED,
    UPLOADS,
    UPLOADS_AGE,
    UNLINKS,
    UNLINKS_AGE,
    BIN_DELETIONS,
    BIN_IMAGES,
    BIN_BYTES,
    BIN_OVERDUE,
)
