"""Signatures of requests: when they are good, and what they have to hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.signing import BOTH_FORMS, NOW, Sent, check, refusal, sign
from wharfinger.domain.faults import AuthenticationIncomplete, AuthenticationMissing, SignatureExpired, SignatureUnfit

# --- the clock -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_signature_is_good_for_five_minutes_in_both_directions(seconds: int) -> None:
    check(sign(), now=NOW + timedelta(seconds=seconds))


def test_later_it_has_expired() -> None:
    fault = refusal(sign(), now=NOW + timedelta(seconds=301))
    assert isinstance(fault, SignatureExpired)
    assert vars(fault) == {
        "signed": "20240615T120000Z",
        "limit": "20240615T120001Z",
        "now": "20240615T120501Z",
        "minutes": "5",
        "ahead": False,
    }


def test_earlier_it_is_not_yet_good() -> None:
    fault = refusal(sign(), now=NOW - timedelta(seconds=301))
    assert isinstance(fault, SignatureExpired)
    assert vars(fault) == {
        "signed": "20240615T120000Z",
        "limit": "20240615T115959Z",
        "now": "20240615T115459Z",
        "minutes": "5",
        "ahead": True,
    }


@pytest.mark.parametrize(
    ("expires", "seconds"), [(1, 1), (60, 0), (60, 60), (60, -300), (3600, 3600), (604800, 604800)]
)
def test_a_presigned_request_is_good_for_its_term(expires: int, seconds: int) -> None:
    check(sign(query=True, expires=expires), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("expires", "seconds"), [(1, 2), (60, 61), (3600, 3601), (604800, 604801), (60, -301)])
def test_outside_its_term_it_is_not(expires: int, seconds: int) -> None:
    fault = refusal(sign(query=True, expires=expires), now=NOW + timedelta(seconds=seconds))
    assert isinstance(fault, SignatureExpired)
    assert fault.ahead == (seconds < 0)


def test_a_signature_made_at_midnight_is_good_on_both_days() -> None:
    midnight = datetime(2024, 6, 16, tzinfo=UTC)
    check(sign(at=midnight - timedelta(seconds=1)), now=midnight + timedelta(seconds=60))


# --- what is incomplete --------------------------------------------------------------------------------------


def test_a_request_without_a_signature_has_none() -> None:
    sent = sign()
    assert type(refusal(sent.without("Authorization"))) is AuthenticationMissing
    assert type(refusal(Sent("POST", "", (), b""))) is AuthenticationMissing


@pytest.mark.parametrize("part", ["Credential", "SignedHeaders", "Signature"])
def test_a_part_that_is_missing_in_the_header_is_named(part: str) -> None:
    said = sign().header("Authorization").removeprefix("AWS4-HMAC-SHA256 ")
    kept = [item for item in said.split(", ") if not item.startswith(f"{part}=")]
    fault = refusal(sign().having("Authorization", "AWS4-HMAC-SHA256 " + ", ".join(kept)))
    assert isinstance(fault, AuthenticationIncomplete)
    assert fault.reason == f"Authorization header requires '{part}' parameter."


def test_a_date_that_is_missing_is_named() -> None:
    fault = refusal(sign().without("X-Amz-Date"))
    assert isinstance(fault, AuthenticationIncomplete)
    assert "'X-Amz-Date'" in fault.reason


@pytest.mark.parametrize(
    "part", ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires"]
)
def test_a_part_that_is_missing_in_the_query_is_named(part: str) -> None:
    fault = refusal(sign(query=True).parameter(part, None))
    assert isinstance(fault, AuthenticationIncomplete)
    assert part in fault.reason


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
        "AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=host, Signature=0",
        "Basic QVdTOnBhc3N3b3Jk",
        "Bearer token",
        "AWS key:signature",
        "é",
        "," * 1000,
    ],
)
def test_a_header_that_cannot_be_read_is_incomplete(authorization: str) -> None:
    assert type(refusal(sign().having("Authorization", authorization))) is AuthenticationIncomplete


@pytest.mark.parametrize(
    "date",
    [
        "",
        "now",
        "2024-06-15T12:00:00Z",
        "Sat, 15 Jun 2024 12:00:00 GMT",
        "20240615",
        "20241399T120000Z",
        "20240615T120000",
        "é",
    ],
)
@BOTH_FORMS
def test_a_date_of_another_form_is_incomplete(query: bool, date: str) -> None:
    sent = sign(query=query)
    changed = sent.parameter("X-Amz-Date", date) if query else sent.having("X-Amz-Date", date)
    assert type(refusal(changed)) is AuthenticationIncomplete


@pytest.mark.parametrize(
    "expires",
    ["", "0", "-1", "604801", "1.5", "1e3", "hour", " 60", "²", "9" * 5000, "000000001" + "9" * 30, "0000000009999999"],
    ids=lambda text: text[:20] or "empty",
)
def test_a_term_of_no_time_or_of_more_than_a_week_is_refused(expires: str) -> None:
    assert type(refusal(sign(query=True).parameter("X-Amz-Expires", expires))) is AuthenticationIncomplete


def test_the_service_that_a_signature_has_to_be_for_is_named() -> None:
    fault = refusal(sign(service="s3"))
    assert isinstance(fault, SignatureUnfit)
    assert fault.reason == "Credential should be scoped to correct service: 'ecr'."


def test_the_headers_that_have_to_be_signed_are_named() -> None:
    fault = refusal(sign().having("X-Amz-Second", "2").having("X-Amz-First", "1"))
    assert isinstance(fault, SignatureUnfit)
    assert fault.reason.endswith("x-amz-first, x-amz-second")
