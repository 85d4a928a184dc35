"""The query protocol: forms in, XML out, and nothing that a client of AWS would not understand."""

from __future__ import annotations

import typing
from typing import Any
from urllib.parse import urlencode

import pytest
from urllib3 import HTTPHeaderDict

from support.answer import Answer
from support.raw_ecr import headers
from support.server import REGION
from support.signing import sign
from support.state import Clock
from support.strict import Key, Strict
from support.sts import FORM, VERSION, Told, ask
from wharfinger.api.http import Response
from wharfinger.api.sts import form, render
from wharfinger.api.wording import WORDS
from wharfinger.contract import generate
from wharfinger.contract import sts as contract
from wharfinger.contract.service import Shape
from wharfinger.domain.faults import InvalidParameter, Malformed, PolicyInvalid


async def test_an_answer_is_xml_in_the_namespace_of_the_version_with_the_id_of_the_request(strict: Strict) -> None:
    told = await ask(strict.one, strict.root, "GetCallerIdentity")
    assert told.answer.headers["content-type"] == "text/xml"
    assert told.answer.body.startswith(b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">')
    assert told.members["RequestId"] == told.answer.headers["x-amzn-requestid"]


async def test_an_error_is_xml_with_code_and_message(strict: Strict) -> None:
    told = await ask(strict.one, Key("WHRFNOBODY", "secret"), "GetCallerIdentity")
    assert told.status == 403
    assert told.members == {
        "Error.Type": "Sender",
        "Error.Code": "InvalidClientTokenId",
        "Error.Message": "The security token included in the request is invalid.",
        "RequestId": told.answer.headers["x-amzn-requestid"],
    }


@pytest.mark.parametrize("action", ["GetFederationToken", "DescribeRepositories", "", "getcalleridentity"])
async def test_what_is_no_operation_here_is_refused_by_its_name(strict: Strict, action: str) -> None:
    told = await ask(strict.one, strict.root, action)
    assert (told.status, told.code) == (400, "InvalidAction")
    assert f"'{action}'" in told.message


async def test_another_version_of_the_api_is_refused(strict: Strict) -> None:
    told = await ask(strict.one, strict.root, "GetCallerIdentity", Version="2010-05-08")
    assert told.code == "InvalidAction"


async def test_who_does_not_sign_is_nobody(strict: Strict) -> None:
    told = await ask(strict.one, None, "GetCallerIdentity")
    assert (told.status, told.code) == (403, "MissingAuthenticationToken")


async def test_a_signature_for_another_service_is_none(strict: Strict, clock: Clock) -> None:
    body = urlencode({"Action": "GetCallerIdentity", "Version": VERSION}).encode()
    sent = sign(headers={"Content-Type": FORM}, body=body, service="ecr", region=REGION, key=strict.root.id)
    told = Told.of(await strict.one.request("POST", "/", body, dict(sent.headers)))
    assert (told.status, told.code) == (403, "SignatureDoesNotMatch")


async def test_a_signature_of_another_body_does_not_fit(strict: Strict) -> None:
    told = await ask(strict.one, strict.root._replace(secret="x" * 40), "GetCallerIdentity")
    assert (told.status, told.code) == (403, "SignatureDoesNotMatch")


async def test_the_json_services_stay_where_they_were(strict: Strict) -> None:
    answer = await strict.one.request("POST", "/", b"{}", headers("DescribeRepositories", "123456789012", REGION))
    assert answer.code == "InvalidSignatureException"


async def test_a_page_for_people_stays_at_the_root(strict: Strict) -> None:
    answer = await strict.one.request("GET", "/?greet=1")
    assert (answer.status, answer.body[:10]) == (200, b"Wharfinger")


async def test_a_body_over_the_limit_is_not_taken(strict: Strict) -> None:
    told = await ask(strict.one, None, "AssumeRoleWithWebIdentity", WebIdentityToken="x" * 64 * 1024)
    assert (told.status, told.code) == (413, "RequestEntityTooLarge")


async def test_a_member_that_breaks_the_model_is_named(strict: Strict) -> None:
    told = await ask(strict.one, strict.root, "AssumeRole", RoleArn="arn:aws:iam::123456789012:role/a")
    assert (told.status, told.code) == (400, "ValidationError")
    assert "'roleSessionName' failed to satisfy constraint: 'Member must not be null'" in told.message


# --- forms ---------------------------------------------------------------------------------------------------


def assume(**members: str) -> Any:
    named = {"RoleArn": "arn:aws:iam::123456789012:role/a", "RoleSessionName": "ci", **members}
    return form.read({name.replace("__", "."): value for name, value in named.items()}, contract.AssumeRoleRequest)


def test_lists_and_structures_are_read_by_their_numbers_and_names() -> None:
    read = assume(
        Tags__member__1__Key="team",
        Tags__member__1__Value="",
        Tags__member__2__Key="b",
        Tags__member__2__Value="c",
        PolicyArns__member__1__arn="arn:aws:iam::aws:policy/AdministratorAccess",
        TransitiveTagKeys__member__1="team",
        DurationSeconds="900",
    )
    assert [(tag.key, tag.value) for tag in read.tags] == [("team", ""), ("b", "c")]
    assert [one.arn for one in read.policy_arns] == ["arn:aws:iam::aws:policy/AdministratorAccess"]
    assert read.transitive_tag_keys == ["team"]
    assert read.duration_seconds == 900


def test_what_is_not_said_is_absent() -> None:
    assert assume() == contract.AssumeRoleRequest(role_arn="arn:aws:iam::123456789012:role/a", role_session_name="ci")


def test_a_list_ends_where_a_number_is_missing() -> None:
    assert assume(TransitiveTagKeys__member__1="a", TransitiveTagKeys__member__3="c").transitive_tag_keys == ["a"]


@pytest.mark.parametrize(
    ("member", "value", "path"),
    [
        ("DurationSeconds", "899", "durationSeconds"),
        ("DurationSeconds", "43201", "durationSeconds"),
        ("RoleSessionName", "a", "roleSessionName"),
        ("RoleSessionName", "a b", "roleSessionName"),
        ("RoleSessionName", "né", "roleSessionName"),
        ("ExternalId", "a?", "externalId"),
        ("Tags__member__1__Key", "a", "tags.1.member.value"),
    ],
)
def test_a_value_that_breaks_a_constraint_is_refused_by_its_path(member: str, value: str, path: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        assume(**{member: value})
    assert caught.value.path == path


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(Malformed):
        assume(DurationSeconds="an hour")


@pytest.mark.parametrize(
    "body", [b"Action=a&Action=b", b"\xff=1", b"a=%ff", b"&".join(b"a%d=1" % number for number in range(501))]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        form.fields(body)


# --- XML -----------------------------------------------------------------------------------------------------


def test_what_somebody_wrote_cannot_become_xml() -> None:
    told = Told.of(_answered(render.refusal(PolicyInvalid("</Message><Code>&x;]]>"), "id")))
    assert told.message == "The policy cannot be used: </Message><Code>&x;]]>"


def test_what_xml_cannot_write_is_replaced() -> None:
    told = Told.of(_answered(render.refusal(PolicyInvalid("a\x00b\x1bc\ud800d\ufffee"), "id")))
    assert told.message == "The policy cannot be used: a\ufffdb\ufffdc\ufffdd\ufffde"


def test_a_time_is_written_in_iso_form_to_the_second() -> None:
    credentials = contract.Credentials(
        access_key_id="k" * 16, secret_access_key="s", session_token="t", expiration=1_800_000_000.123
    )
    answer = render.success("GetSessionToken", contract.GetSessionTokenResponse(credentials=credentials), "id")
    assert Told.of(_answered(answer)).members["Credentials.Expiration"] == "2027-01-15T08:00:00Z"


def test_a_failure_of_the_server_is_told_without_its_reason() -> None:
    told = Told.of(_answered(render.failure("the-id")))
    assert (told.status, told.code, told.members["Error.Type"]) == (500, "InternalFailure", "Receiver")
    assert "the-id" in told.message


def test_only_times_are_numbers_with_a_fraction() -> None:
    """The answer is written by the kind of a value, so a number of another meaning would be shown as a time."""
    floats = {
        (name, field)
        for name, kind in vars(contract).items()
        if isinstance(kind, type) and issubclass(kind, Shape)
        for field, hint in typing.get_type_hints(kind).items()
        if float in (hint, *typing.get_args(hint))
    }
    assert floats == {("Credentials", "expiration")}


def _answered(response: Response) -> Answer:
    return Answer(response.status, HTTPHeaderDict(), response.body)


# --- errors --------------------------------------------------------------------------------------------------

# errors that all services of AWS have, and so none of STS's model
COMMON = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "IncompleteSignature": 400,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "MalformedInput": 400,
    "MissingAuthenticationToken": 403,
    "RequestAborted": 400,
    "RequestEntityTooLarge": 413,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "Throttling": 400,
    "ValidationError": 400,
}


def test_each_fault_has_a_code_and_a_status_of_sts_or_of_all_services_of_aws() -> None:
    model, _ = generate.load("sts")
    errors = [shape["error"] for shape in model["shapes"].values() if shape.get("exception")]
    own = {error["code"]: error["httpStatusCode"] for error in errors}
    used = {words.sts: words.sts_status for words in WORDS.values()}
    assert {code: status for code, status in {**COMMON, **own}.items() if code in used} == used
    assert own.keys() - used.keys() == {"RegionDisabledException", "InvalidContextAssertion"}
