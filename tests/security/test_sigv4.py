"""Signatures of requests: what botocore signs is accepted, and every change of it is refused."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import string
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from support.registry import error_of
from support.server import REGION, Server
from support.signing import HEADERS, KEY, NOW, SECRET, Sent, sign
from wharfinger.api import sigv4
from wharfinger.api.sigv4 import Claim
from wharfinger.domain.faults import (
    AuthenticationIncomplete,
    AuthenticationMissing,
    Fault,
    SignatureExpired,
    SignatureMismatch,
    SignatureUnfit,
)

STEADY = settings(max_examples=60, deadline=None, derandomize=True, database=None)
BOTH_FORMS = pytest.mark.parametrize("query", [False, True], ids=["header form", "query form"])
PARAMETERS = {"name": "a b", "empty": "", "special": "ä+/=&?%~*'()", "Upper": "1", "Zz": "2"}
PRINTABLE = sorted(set(string.printable) - set(string.whitespace))


def check(sent: Sent, *, now: datetime = NOW, secret: str = SECRET) -> Claim:
    """Everything that is looked at, in the order of the ECR door."""
    request = sent.request()
    claim = sigv4.read_claim(request, frozenset({"ecr"}))
    sigv4.check_time(claim, now)
    sigv4.check_signature(claim, request, hashlib.sha256(sent.body).hexdigest(), secret)
    return claim


def refusal(sent: Sent, *, now: datetime = NOW) -> Fault:
    with pytest.raises(Fault) as caught:
        check(sent, now=now)
    return caught.value


# --- what is accepted ----------------------------------------------------------------------------------------


@BOTH_FORMS
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzE+/=="], ids=["key", "session token"])
@pytest.mark.parametrize("parameters", [{}, PARAMETERS], ids=["no parameters", "parameters"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        HEADERS,
        {**HEADERS, "X-Amz-Note": "  a   b\tc  ", "Accept": "*/*"},
        {**HEADERS, "User-Agent": "not signed", "X-Amzn-Trace-Id": "not signed"},
        {**HEADERS, "X-Amz-Empty": ""},
    ],
    ids=["host only", "usual headers", "inner spaces", "headers that are not signed", "empty header"],
)
def test_what_botocore_signs_is_accepted(
    query: bool, token: str | None, parameters: dict[str, str], headers: dict[str, str]
) -> None:
    claim = check(sign(query=query, token=token, parameters=parameters, headers=headers))
    assert claim[:4] == (KEY, "20240615", "eu-central-1", "ecr")
    assert claim.token == token


@BOTH_FORMS
def test_the_order_of_headers_does_not_matter(query: bool) -> None:
    sent = sign(query=query)
    for headers in itertools.permutations(sent.headers):
        check(sent._replace(headers=headers))


@BOTH_FORMS
def test_the_order_of_parameters_does_not_matter(query: bool) -> None:
    sent = sign(query=query, parameters={"b": "2", "a": "1", "A": "3"})
    check(sent._replace(query="&".join(reversed(sent.query.split("&")))))


def test_a_parameter_may_occur_several_times_and_without_a_value() -> None:
    check(sign(raw_query="b=2&a=2&a=1&c&a-b=%20"))


@BOTH_FORMS
@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)) * 100], ids=["empty", "JSON", "any bytes"])
def test_the_body_is_signed_whatever_it_is(query: bool, body: bytes) -> None:
    check(sign(query=query, body=body))


@STEADY
@given(
    st.booleans(),
    st.dictionaries(
        st.text(string.ascii_letters + "äß€ -_.~+", min_size=1, max_size=6), st.text(max_size=8), max_size=4
    ),
    st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8), max_size=3),
    st.binary(max_size=30),
)
def test_whatever_botocore_signs_is_accepted(
    query: bool, parameters: dict[str, str], words: list[str], body: bytes
) -> None:
    headers = {**HEADERS, "X-Amz-Note": "  ".join(words)}
    check(sign(query=query, parameters=parameters, headers=headers, body=body))


# --- what is refused: every single change --------------------------------------------------------------------


def signed_headers(sent: Sent) -> list[str]:
    """As the request names them."""
    return list(sigv4.read_claim(sent.request(), frozenset({"ecr"})).signed_headers)


@st.composite
def a_change(draw: st.DrawFn) -> tuple[Sent, Sent]:
    """A signed request, and the same with one character of it changed."""
    sent = sign(
        query=draw(st.booleans()), parameters={"name": "value", "b": "2"}, headers={**HEADERS, "X-Amz-Note": "a b"}
    )
    others = [name for name in signed_headers(sent) if name != "x-amz-date"]
    match draw(st.sampled_from(["method", "header", "body", "parameter", "signature"])):
        case "method":
            changed = sent._replace(method=draw(st.sampled_from(["GET", "PUT", "DELETE", "post"])))
        case "header":
            name = draw(st.sampled_from(others))
            changed = sent.having(name, one_changed(draw, sent.header(name)))
        case "body":
            at = draw(st.integers(0, len(sent.body) - 1))
            byte = bytes([sent.body[at] ^ draw(st.integers(1, 255))])
            changed = sent._replace(body=sent.body[:at] + byte + sent.body[at + 1 :])
        case "parameter":
            name, value = draw(st.sampled_from([("name", "value"), ("b", "2")]))
            changed = sent.parameter(name, one_changed(draw, value))
        case _:
            signature = sigv4.read_claim(sent.request(), frozenset({"ecr"})).signature
            changed = sent.replaced(signature, one_changed(draw, signature))
    return sent, changed


def one_changed(draw: st.DrawFn, text: str) -> str:
    """With one character that is not a space made another."""
    at = draw(st.sampled_from([place for place, character in enumerate(text) if character != " "]))
    other = draw(st.sampled_from([character for character in PRINTABLE if character not in {text[at], ","}]))
    return text[:at] + other + text[at + 1 :]


@settings(STEADY, max_examples=300)
@given(a_change())
def test_any_single_character_that_is_changed_spoils_the_signature(change: tuple[Sent, Sent]) -> None:
    sent, changed = change
    check(sent)
    assert type(refusal(changed)) is SignatureMismatch


def all_changes(query: bool) -> Iterator[tuple[str, Sent, type[Fault]]]:
    """Every kind of change with the fault that it has to be refused with."""
    sent = sign(query=query, token="token", parameters={"a": "1", "b": "2"})
    names = ";".join(signed_headers(sent))
    yield "a byte more", sent._replace(body=sent.body + b" "), SignatureMismatch
    yield "a byte less", sent._replace(body=sent.body[:-1]), SignatureMismatch
    yield "no body", sent._replace(body=b""), SignatureMismatch
    yield "parameter added", sent.parameter("c", "3"), SignatureMismatch
    yield "empty parameter added", sent.parameter("c", ""), SignatureMismatch
    yield "parameter repeated", sent._replace(query=sent.query + "&a=1"), SignatureMismatch
    yield "parameter dropped", sent.parameter("a", None), SignatureMismatch
    yield "values swapped", sent.parameter("a", "2").parameter("b", "1"), SignatureMismatch
    yield "host dropped", sent.without("Host"), SignatureMismatch
    yield "content type dropped", sent.without("Content-Type"), SignatureMismatch
    yield "target dropped", sent.without("X-Amz-Target"), SignatureMismatch
    yield "target emptied", sent.having("X-Amz-Target", ""), SignatureMismatch
    yield "target twice", sent._replace(headers=(*sent.headers, ("X-Amz-Target", "x"))), SignatureMismatch
    yield "host twice", sent._replace(headers=(("Host", "other"), *sent.headers)), SignatureMismatch
    yield "signed header added", sent.having("X-Amz-Added", "x"), SignatureUnfit
    yield "empty signed header added", sent.having("x-amz-added", ""), SignatureUnfit
    yield (
        "signed headers in another order",
        sent.replaced(names, ";".join(reversed(names.split(";")))),
        SignatureMismatch,
    )
    yield "signed header twice", sent.replaced(names, f"{names};host"), SignatureMismatch
    yield "another header signed", sent.replaced(names, f"{names};x-other"), SignatureMismatch
    yield "signed headers in upper case", sent.replaced(names, names.upper()), SignatureUnfit
    yield "host not signed", sent.replaced(names, names.replace("host;", "")), SignatureUnfit
    yield "target not signed", sent.replaced(names, names.replace(";x-amz-target", "")), SignatureUnfit
    yield "content type not signed", sent.replaced(names, names.replace("content-type;", "")), SignatureMismatch
    yield "nothing signed", sent.replaced(names, ""), SignatureUnfit
    yield from _changes_of_the_claim(sent)
    if query:
        yield "a longer term", sent.parameter("X-Amz-Expires", "3601"), SignatureMismatch
        yield "another session token", sent.parameter("X-Amz-Security-Token", "other"), SignatureMismatch
        yield "no session token", sent.parameter("X-Amz-Security-Token", None), SignatureMismatch
    else:
        yield "another session token", sent.having("X-Amz-Security-Token", "other"), SignatureMismatch
        yield "no session token", sent.without("X-Amz-Security-Token"), SignatureMismatch


def _changes_of_the_claim(sent: Sent) -> Iterator[tuple[str, Sent, type[Fault]]]:
    signature = sigv4.read_claim(sent.request(), frozenset({"ecr"})).signature
    yield "another date", sent.replaced("/20240615/", "/20240614/"), SignatureUnfit
    yield "no date", sent.replaced("/20240615/", "//"), SignatureUnfit
    yield "another region", sent.replaced("/eu-central-1/", "/eu-west-1/"), SignatureMismatch
    yield "no region", sent.replaced("/eu-central-1/", "//"), SignatureUnfit
    yield "a region of another form", sent.replaced("/eu-central-1/", "/Frankfurt/"), SignatureUnfit
    yield "another service", sent.replaced("/ecr/", "/s3/"), SignatureUnfit
    yield "another end of the scope", sent.replaced("/aws4_request", "/aws5_request"), AuthenticationIncomplete
    yield "no end of the scope", sent.replaced("/aws4_request", ""), AuthenticationIncomplete
    yield "a longer scope", sent.replaced("/ecr/", "/ecr/more/"), AuthenticationIncomplete
    yield "signature cut", sent.replaced(signature, signature[:-1]), SignatureMismatch
    yield "signature longer", sent.replaced(signature, signature + "0"), SignatureMismatch
    yield "signature in upper case", sent.replaced(signature, signature.upper()), SignatureMismatch
    yield "signature empty", sent.replaced(signature, ""), SignatureMismatch
    yield "signature not in ASCII", sent.replaced(signature, "é" * 64), SignatureMismatch
    yield "a second later", _later(sent), SignatureMismatch
    yield "another algorithm", sent.replaced("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"), AuthenticationIncomplete


def _later(sent: Sent) -> Sent:
    if any(name == "X-Amz-Date" for name, _ in sent.headers):
        return sent.having("X-Amz-Date", "20240615T120001Z")
    return sent.parameter("X-Amz-Date", "20240615T120001Z")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        pytest.param(changed, fault, id=f"{name}, {'query' if query else 'header'} form")
        for query in (False, True)
        for name, changed, fault in all_changes(query)
    ],
)
def test_a_changed_request_is_refused_with_the_fault_that_says_why(changed: Sent, fault: type[Fault]) -> None:
    assert type(refusal(changed)) is fault


@BOTH_FORMS
def test_the_signature_of_another_secret_is_refused(query: bool) -> None:
    assert type(refusal(sign(query=query, secret=SECRET + "x"))) is SignatureMismatch


def test_a_signature_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[Any, Any]] = []

    def compare(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    with pytest.raises(SignatureMismatch):
        check(sign())
    assert len(compared) == 1


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


# --- on a server that checks ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def credentials(strict_server: Server) -> tuple[str, str]:
    """The first access key of the server, as `wharfinger env` prints it."""
    found = strict_server.environment()
    return found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]


def post(server: Server, sent: Sent) -> tuple[int, str, str]:
    """Send it as it is: status, code and message."""
    url = f"{server.endpoint}/" + (f"?{sent.query}" if sent.query else "")
    headers = urllib3.HTTPHeaderDict()
    for name, value in sent.headers:
        headers.add(name, value)
    answer = urllib3.request(sent.method, url, body=sent.body, headers=headers, retries=False)
    found = json.loads(answer.data)
    return answer.status, found.get("__type", ""), found.get("message", "")


def test_a_client_with_the_right_key_is_served(strict_server: Server, credentials: tuple[str, str]) -> None:
    assert strict_server.ecr(*credentials).describe_registry()["registryId"] == "000000000000"


def test_a_client_with_a_wrong_secret_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        strict_server.ecr(credentials[0], "wrong").describe_registry()
    code, message = error_of(caught)
    assert code == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_client_with_an_unknown_key_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        strict_server.ecr("AKIAIOSFODNN7EXAMPLE", credentials[1]).describe_registry()
    assert error_of(caught) == (
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def test_twelve_digits_are_no_key_where_signatures_are_checked(strict_server: Server) -> None:
    with pytest.raises(ClientError) as caught:
        strict_server.ecr("000000000000").describe_registry()
    assert error_of(caught)[0] == "UnrecognizedClientException"


def test_a_session_token_with_a_permanent_key_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    key, secret = credentials
    client = boto3.client(
        "ecr",
        endpoint_url=strict_server.endpoint,
        region_name=REGION,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token="made up",
    )
    with pytest.raises(ClientError) as caught:
        client.describe_registry()
    assert error_of(caught)[0] == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("minutes", "text"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")], ids=["behind", "ahead"]
)
def test_a_client_whose_clock_is_wrong_is_told_so(
    strict_server: Server, credentials: tuple[str, str], minutes: int, text: str
) -> None:
    wrong = datetime.now(UTC) + timedelta(minutes=minutes)
    client = strict_server.ecr(*credentials)
    with (
        mock.patch("botocore.auth.get_current_datetime", return_value=wrong),
        pytest.raises(ClientError) as caught,
    ):
        client.describe_registry()
    code, message = error_of(caught)
    assert code == "InvalidSignatureException"
    assert message.startswith(text)


def test_an_unsigned_call_is_refused(strict_server: Server) -> None:
    answer = post(strict_server, sign().without("Authorization"))
    assert answer == (400, "MissingAuthenticationTokenException", "Missing Authentication Token")


def test_an_incomplete_signature_is_refused_and_the_missing_part_named(strict_server: Server) -> None:
    status, code, message = post(strict_server, sign(host=strict_server.host).without("X-Amz-Date"))
    assert (status, code) == (400, "IncompleteSignatureException")
    assert "X-Amz-Date" in message


def presigned(server: Server, credentials: tuple[str, str], operation: str, body: bytes) -> Sent:
    target = {**HEADERS, "X-Amz-Target": f"AmazonEC2ContainerRegistry_V20150921.{operation}"}
    key, secret = credentials
    now = datetime.now(UTC)
    return sign(query=True, headers=target, body=body, key=key, secret=secret, host=server.host, at=now)


def test_a_presigned_call_is_served(strict_server: Server, credentials: tuple[str, str]) -> None:
    sent = presigned(strict_server, credentials, "DescribeRepositories", b'{"maxResults": 1}')
    assert post(strict_server, sent)[0] == 200


def test_a_call_presigned_by_the_sdk_is_served(strict_server: Server, credentials: tuple[str, str]) -> None:
    url = strict_server.ecr(*credentials).generate_presigned_url("describe_registry", HttpMethod="POST")
    target = "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry"
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    answer = urllib3.request("POST", url, headers=headers, retries=False)
    assert (answer.status, answer.json().get("registryId")) == (200, "000000000000")


def test_a_presigned_call_with_another_body_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    sent = presigned(strict_server, credentials, "DescribeRepositories", b'{"maxResults": 1}')
    assert post(strict_server, sent._replace(body=b'{"maxResults": 2}'))[:2] == (400, "InvalidSignatureException")


def test_a_presigned_call_of_another_operation_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    sent = presigned(strict_server, credentials, "DescribeRegistry", b"{}")
    other = sent.having("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories")
    assert post(strict_server, other)[:2] == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("query", "spoil"),
    [
        pytest.param(False, lambda sent: sent.replaced("Signature=", "Signature=é"), id="signature"),
        pytest.param(False, lambda sent: sent.replaced("Credential=", "Credential=é"), id="key"),
        pytest.param(False, lambda sent: sent.replaced("Credential=", "Credential=" + "A" * 9000), id="long key"),
        pytest.param(False, lambda sent: sent.replaced("SignedHeaders=", "SignedHeaders=é;"), id="signed headers"),
        pytest.param(True, lambda sent: sent.parameter("X-Amz-Signature", "é"), id="signature in the query"),
        pytest.param(True, lambda sent: sent.parameter("X-Amz-Expires", "000000001" + "9" * 30), id="absurd term"),
        pytest.param(True, lambda sent: sent.parameter("X-Amz-Expires", "000000001" * 600), id="term of 5400 digits"),
        pytest.param(True, lambda sent: sent._replace(query=sent.query + "&a" * 2000), id="2000 parameters"),
        pytest.param(True, lambda sent: sent._replace(query=sent.query + "&%FF=%00"), id="parameter that is no text"),
    ],
)
def test_a_stranger_can_send_nothing_that_makes_the_server_fail(
    strict_server: Server, credentials: tuple[str, str], query: bool, spoil: Callable[[Sent], Sent]
) -> None:
    sent = sign(query=query, key=credentials[0], host=strict_server.host, at=datetime.now(UTC))
    assert post(strict_server, spoil(sent))[0] == 400
