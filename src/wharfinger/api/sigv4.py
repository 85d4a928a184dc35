"""Signature Version 4: who signed a request, and whether the signature fits it.

Both forms, in the Authorization header and in the query. botocore is the oracle in the tests: what it signs is
accepted, and every change of it is refused.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import quote

from wharfinger.api.http import Request
from wharfinger.domain.faults import (
    AuthenticationIncomplete,
    AuthenticationMissing,
    SignatureExpired,
    SignatureMismatch,
    SignatureUnfit,
)
from wharfinger.domain.names import REGION

ALGORITHM: Final = "AWS4-HMAC-SHA256"
TIME: Final = "%Y%m%dT%H%M%SZ"
_WINDOW: Final = timedelta(minutes=5)
_LONGEST: Final = 7 * 24 * 3600
_TERM: Final = re.compile("[0-9]{1,6}")
_TIMESTAMP: Final = re.compile("[0-9]{8}T[0-9]{6}Z")
_PARTS: Final = ("Credential", "SignedHeaders", "Signature")


class Claim(NamedTuple):
    """What a request says about its signature."""

    key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: str
    expires: int | None  # seconds, in the query form only
    token: str | None

    @property
    def scope(self) -> str:
        """The credential scope, as it is signed."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"

    def __repr__(self) -> str:
        return f"Claim({self.key}, {self.scope}, …)"


def read_claim(request: Request, service: str) -> Claim:
    """Find the signature and look at its form. Raises AuthenticationMissing and -Incomplete, SignatureUnfit."""
    authorization = request.header(b"authorization")
    if authorization is not None:
        claim = _from_header(authorization, request)
    elif any(name == "X-Amz-Signature" for name, _ in request.query):
        claim = _from_query(dict(request.query))
    else:
        raise AuthenticationMissing
    _check_scope(claim, service)
    _check_signed_headers(claim, request)
    return claim


def check_time(claim: Claim, now: datetime) -> None:
    """Refuse what was signed too long ago or is too far ahead. Raises SignatureExpired."""
    signed = _time(claim.timestamp)
    term = timedelta(seconds=claim.expires) if claim.expires is not None else _WINDOW
    if signed > now + _WINDOW:
        raise _expired(claim, now, now + _WINDOW, _WINDOW, ahead=True)
    if signed < now - term:
        raise _expired(claim, now, now - term, term, ahead=False)


def check_signature(claim: Claim, request: Request, body_hash: str, secret: str) -> None:
    """Refuse a signature that `secret` does not give for this request and its body. Raises SignatureMismatch."""
    expected = signature(
        secret,
        claim.scope,
        claim.timestamp,
        method=request.method,
        query=_canonical_query(request, claim),
        headers=[(name, _header_value(request, name)) for name in claim.signed_headers],
        body_hash=body_hash,
    )
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise SignatureMismatch


def signature(
    secret: str,
    scope: str,
    timestamp: str,
    *,
    method: str,
    query: str,
    headers: Sequence[tuple[str, str]],
    body_hash: str,
    path: str = "/",
) -> str:
    """The signature of a request: its query in canonical form, its signed headers in order, their names small."""
    canonical = "\n".join(
        (
            method,
            path,
            query,
            *(f"{name}:{value}" for name, value in headers),
            "",
            ";".join(name for name, _ in headers),
            body_hash,
        )
    )
    text = "\n".join((ALGORITHM, timestamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    date, region, service, _ = scope.split("/")
    return hmac.digest(_signing_key(secret, date, region, service), text.encode(), "sha256").hex()


def authorization(
    key: str,
    secret: str,
    region: str,
    service: str,
    headers: Mapping[str, str],
    *,
    method: str,
    body_hash: str,
    path: str = "/",
    query: str = "",
) -> str:
    """The Authorization header of a request of our own; all of its headers are signed, `x-amz-date` among them.

    What the command line signs with it, the server checks with the same signature.
    """
    timestamp = headers["x-amz-date"]
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    signed = signature(
        secret,
        scope,
        timestamp,
        method=method,
        query=query,
        headers=list(headers.items()),
        body_hash=body_hash,
        path=path,
    )
    return f"{ALGORITHM} Credential={key}/{scope}, SignedHeaders={';'.join(headers)}, Signature={signed}"


def _from_header(authorization: str, request: Request) -> Claim:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != ALGORITHM:
        raise AuthenticationIncomplete(f"Authorization header requires the algorithm '{ALGORITHM}'.")
    parts = dict(_pair(part) for part in rest.split(","))
    missing = [name for name in _PARTS if name not in parts]
    timestamp = request.header(b"x-amz-date")
    if missing or timestamp is None:
        wanted = [f"Authorization header requires '{name}' parameter." for name in missing]
        wanted += ["Authorization header requires existence of a 'X-Amz-Date' header."] if timestamp is None else []
        raise AuthenticationIncomplete(" ".join(wanted))
    token = request.header(b"x-amz-security-token")
    return _claim(*(parts[name] for name in _PARTS), timestamp=timestamp, expires=None, token=token)


def _from_query(query: dict[str, str]) -> Claim:
    wanted = ("X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Expires")
    missing = [name for name in wanted if name not in query]
    if missing or query.get("X-Amz-Algorithm") != ALGORITHM:
        raise AuthenticationIncomplete(
            f"AWS query-string parameters must include {', '.join(missing or ['X-Amz-Algorithm'])}."
        )
    expires = query["X-Amz-Expires"]
    if not _TERM.fullmatch(expires) or not 1 <= int(expires) <= _LONGEST:
        raise AuthenticationIncomplete(f"X-Amz-Expires must be between 1 and {_LONGEST} seconds.")
    return _claim(
        *(query[name] for name in wanted[:3]),
        timestamp=query["X-Amz-Date"],
        expires=int(expires),
        token=query.get("X-Amz-Security-Token"),
    )


def _pair(part: str) -> tuple[str, str]:
    name, equals, value = part.strip().partition("=")
    if not equals:
        raise AuthenticationIncomplete("A part of the Authorization header is not a key=value pair.")
    return name, value


def _claim(
    credential: str,
    signed_headers: str,
    signature: str,
    *,
    timestamp: str,
    expires: int | None,
    token: str | None,
) -> Claim:
    parts = credential.split("/")
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise AuthenticationIncomplete("Credential must have the form <key>/<date>/<region>/<service>/aws4_request.")
    key, date, region, service, _ = parts
    headers = tuple(signed_headers.split(";"))
    return Claim(key, date, region, service, headers, signature, timestamp, expires, token)


def _check_scope(claim: Claim, service: str) -> None:
    if claim.service != service:
        raise SignatureUnfit(f"Credential should be scoped to correct service: '{service}'.")
    if REGION.fullmatch(claim.region) is None:
        raise SignatureUnfit("Credential should be scoped to a valid region.")
    _time(claim.timestamp)  # what is no time has no date
    if claim.timestamp[:8] != claim.date:
        raise SignatureUnfit("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP")


def _check_signed_headers(claim: Claim, request: Request) -> None:
    """What changes the meaning of a request has to be signed, or a signature would fit another one too."""
    needed = {"host"} | {name.decode() for name in request.headers if name.startswith(b"x-amz-")}
    unsigned = sorted(needed.difference(claim.signed_headers))
    if unsigned:
        raise SignatureUnfit(f"There were headers present in the request which were not signed: {', '.join(unsigned)}")


@functools.lru_cache(maxsize=1024)  # each second is read again and again
def _time(text: str) -> datetime:
    try:
        if _TIMESTAMP.fullmatch(text):
            return datetime.strptime(text, TIME).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise AuthenticationIncomplete("Date must be in ISO-8601 'basic format'.")


def _expired(claim: Claim, now: datetime, bound: datetime, term: timedelta, *, ahead: bool) -> SignatureExpired:
    shown = bound.strftime(TIME), now.strftime(TIME)
    return SignatureExpired(claim.timestamp, *shown, _minutes(term), ahead=ahead)


def _minutes(term: timedelta) -> str:
    return f"{term.total_seconds() / 60:g}"


def _canonical_query(request: Request, claim: Claim) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query
        if claim.expires is None or name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _header_value(request: Request, name: str) -> str:
    return " ".join((request.header(name.encode()) or "").split())


@functools.lru_cache(maxsize=1024)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
