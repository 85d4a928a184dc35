"""Signatures of requests on a server that checks them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

import boto3
import pytest
import urllib3
from botocore.exceptions import ClientError

from support.raw_ecr import JSON_1_1, TARGET
from support.registry import error_of
from support.server import REGION, Server
from support.signing import HEADERS, Sent, sign


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
    target = {**HEADERS, "X-Amz-Target": f"{TARGET}.{operation}"}
    key, secret = credentials
    now = datetime.now(UTC)
    return sign(query=True, headers=target, body=body, key=key, secret=secret, host=server.host, at=now)


def test_a_presigned_call_is_served(strict_server: Server, credentials: tuple[str, str]) -> None:
    sent = presigned(strict_server, credentials, "DescribeRepositories", b'{"maxResults": 1}')
    assert post(strict_server, sent)[0] == 200


def test_a_call_presigned_by_the_sdk_is_served(strict_server: Server, credentials: tuple[str, str]) -> None:
    url = strict_server.ecr(*credentials).generate_presigned_url("describe_registry", HttpMethod="POST")
    headers = {"Content-Type": JSON_1_1, "X-Amz-Target": f"{TARGET}.DescribeRegistry"}
    answer = urllib3.request("POST", url, headers=headers, retries=False)
    assert (answer.status, answer.json().get("registryId")) == (200, "000000000000")


def test_a_presigned_call_with_another_body_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    sent = presigned(strict_server, credentials, "DescribeRepositories", b'{"maxResults": 1}')
    assert post(strict_server, sent._replace(body=b'{"maxResults": 2}'))[:2] == (400, "InvalidSignatureException")


def test_a_presigned_call_of_another_operation_is_refused(strict_server: Server, credentials: tuple[str, str]) -> None:
    sent = presigned(strict_server, credentials, "DescribeRegistry", b"{}")
    other = sent.having("X-Amz-Target", f"{TARGET}.DescribeRepositories")
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
