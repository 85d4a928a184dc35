"""Signatures of requests: what botocore signs is accepted, and every change of it is refused."""

from __future__ import annotations

import hmac
import itertools
import string
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.signing import BOTH_FORMS, HEADERS, KEY, SECRET, Sent, check, refusal, sign
from wharfinger.api import sigv4
from wharfinger.domain.faults import AuthenticationIncomplete, Fault, SignatureMismatch, SignatureUnfit

STEADY = settings(max_examples=60, deadline=None, derandomize=True, database=None)
PARAMETERS = {"name": "a b", "empty": "", "special": "ä+/=&?%~*'()", "Upper": "1", "Zz": "2"}
PRINTABLE = sorted(set(string.printable) - set(string.whitespace))


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
def test_a_signature_is_for_one_of_the_two_services_only(query: bool) -> None:
    request = sign(query=query, service="wharfinger").request()
    assert sigv4.read_claim(request, "wharfinger").service == "wharfinger"
    with pytest.raises(SignatureUnfit):
        sigv4.read_claim(request, "ecr")


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
    return list(sigv4.read_claim(sent.request(), "ecr").signed_headers)


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
            signature = sigv4.read_claim(sent.request(), "ecr").signature
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
    signature = sigv4.read_claim(sent.request(), "ecr").signature
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
