"""Requests signed by botocore, held in memory so that a test can change any part of them before they are checked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from unittest import mock
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support.raw_ecr import JSON_1_1, TARGET
from wharfinger.api import sigv4
from wharfinger.api.http import Message, Request
from wharfinger.api.sigv4 import Claim
from wharfinger.domain.faults import Fault

NOW = datetime(2024, 6, 15, 12, 0, 0, tzinfo=UTC)
HOST = "localhost:5050"
KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HEADERS = {
    "Content-Type": JSON_1_1,
    "X-Amz-Target": f"{TARGET}.DescribeRepositories",
}
Pairs = tuple[tuple[str, str], ...]


class Sent(NamedTuple):
    """A request as it goes over the wire."""

    method: str
    query: str
    headers: Pairs
    body: bytes

    def request(self) -> Request:
        """As the doors get it."""
        scope = {
            "method": self.method,
            "raw_path": b"/",
            "query_string": self.query.encode("latin-1"),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in self.headers],
        }
        return Request(scope, _no_body, "request")

    def header(self, name: str) -> str:
        """The value of a header."""
        return next(value for key, value in self.headers if key.lower() == name.lower())

    def without(self, name: str) -> Self:
        """Without a header."""
        return self._replace(headers=tuple(pair for pair in self.headers if pair[0].lower() != name.lower()))

    def having(self, name: str, value: str) -> Self:
        """With a header that takes the place of one of the same name."""
        kept = self.without(name)
        return kept._replace(headers=(*kept.headers, (name, value)))

    def replaced(self, old: str, new: str) -> Self:
        """With a part of what it says about its signature put differently, wherever it says it."""
        if "Authorization" in dict(self.headers):
            said = self.header("Authorization")
            assert old in said
            return self.having("Authorization", said.replace(old, new))
        pairs = [(name, value.replace(old, new)) for name, value in self.parameters]
        assert pairs != self.parameters
        return self._replace(query=urlencode(pairs))

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's names and values."""
        return parse_qsl(self.query, keep_blank_values=True)

    def parameter(self, name: str, value: str | None) -> Self:
        """With a parameter that takes the place of one of the same name; without it, if there is no value."""
        pairs = [pair for pair in self.parameters if pair[0] != name]
        return self._replace(query=urlencode(pairs if value is None else [*pairs, (name, value)]))


class _QueryAuth(SigV4QueryAuth):  # type: ignore[misc]  # botocore has no types
    """Presigns for a body; botocore's own class would move it into the query."""

    def __init__(self, body: bytes, *arguments: Any, expires: int) -> None:
        super().__init__(*arguments, expires=expires)
        self._body = body

    def payload(self, request: AWSRequest) -> str:
        return hashlib.sha256(self._body).hexdigest()


def sign(
    *,
    query: bool = False,
    method: str = "POST",
    parameters: Mapping[str, str] | None = None,
    raw_query: str = "",
    headers: Mapping[str, str] = HEADERS,
    body: bytes = b"{}",
    secret: str = SECRET,
    token: str | None = None,
    service: str = "ecr",
    region: str = "eu-central-1",
    expires: int = 3600,
    at: datetime = NOW,
    key: str = KEY,
    host: str = HOST,
) -> Sent:
    """What botocore sends: signed in a header, or in the query."""
    credentials = Credentials(key, secret, token)
    url = f"http://{host}/" + (f"?{raw_query}" if raw_query else "")
    made = AWSRequest(method, url, headers=dict(headers), data=b"" if query else body, params=dict(parameters or {}))
    signer = (
        _QueryAuth(body, credentials, service, region, expires=expires)
        if query
        else SigV4Auth(credentials, service, region)
    )
    with mock.patch("botocore.auth.get_current_datetime", return_value=at):
        signer.add_auth(made)
    prepared = made.prepare()
    prepared.headers.pop("Content-Length", None)  # whoever sends the request adds the one of its body
    sent: Sequence[tuple[str, Any]] = [("Host", host), *prepared.headers.items()]
    texts = tuple((name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in sent)
    return Sent(method, urlsplit(prepared.url).query, texts, body)


async def _no_body() -> Message:
    raise AssertionError("the body of a signed request is checked as bytes")


BOTH_FORMS = pytest.mark.parametrize("query", [False, True], ids=["header form", "query form"])


def check(sent: Sent, *, now: datetime = NOW, secret: str = SECRET) -> Claim:
    """Everything that is looked at, in the order of the ECR door."""
    request = sent.request()
    claim = sigv4.read_claim(request, "ecr")
    sigv4.check_time(claim, now)
    sigv4.check_signature(claim, request, hashlib.sha256(sent.body).hexdigest(), secret)
    return claim


def refusal(sent: Sent, *, now: datetime = NOW) -> Fault:
    """Why it is not accepted."""
    with pytest.raises(Fault) as caught:
        check(sent, now=now)
    return caught.value
