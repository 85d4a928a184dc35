"""What is a policy here, and in which words anything else is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.policies import APP, OWN, ROOT, allow, ask, text
from wharfinger.domain.faults import PolicyInvalid
from wharfinger.domain.policy import Kind, Policy, decide, read, restore

KINDS: tuple[Kind, ...] = ("identity", "session", "repository", "registry", "trust")
EVERYONE = {"Principal": "*"}
PUBLIC = allow("ecr:BatchGetImage", None, **EVERYONE)
TRUST = allow("sts:AssumeRole", None, Principal={"AWS": OWN})
BY_KIND: dict[Kind, dict[str, Any]] = {
    "identity": allow("ecr:*"),
    "session": allow("ecr:*"),
    "repository": PUBLIC,
    "registry": allow("ecr:*", **EVERYONE),
    "trust": TRUST,
}
ISSUER = "token.actions.githubusercontent.com"


def reason(written: str, kind: Kind = "identity") -> str:
    with pytest.raises(PolicyInvalid) as caught:
        read(written, kind)
    return caught.value.reason


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_policy_is_read(kind: Kind) -> None:
    document = read(text(BY_KIND[kind]), kind)
    assert document.kind == kind
    assert [statement.effect for statement in document.statements] == ["Allow"]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(allow("ecr:*", Sid="Not only letters: 1"), id="a name of any letters"),
        pytest.param(allow(["ecr:Get*", "ECR:putimage", "wharfinger:PutHold", "sts:AssumeRole"]), id="services here"),
        pytest.param(allow(["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"]), id="rights without an operation"),
        pytest.param(allow(["s3:GetObject", "iam:*"], "arn:aws:s3:::bucket/*"), id="other services"),
        pytest.param(allow("s3:*", Condition={"StringLike": {"s3:prefix": "x"}}), id="keys of other services"),
        pytest.param({"Effect": "Allow", "NotAction": "s3:*", "NotResource": APP}, id="exceptions"),
        pytest.param(allow(Condition={}), id="no condition"),
        pytest.param(allow(Condition={"Bool": {"aws:SecureTransport": True}}), id="true is a value"),
        pytest.param(allow(Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": [300, 1.5]}}), id="numbers, too"),
        pytest.param(allow(Condition={"stringequals": {"AWS:USERNAME": "ann"}}), id="case of operators and keys"),
        pytest.param(allow(Condition={"StringEquals": {"aws:PrincipalTag/cost center": "7"}}), id="tags of any name"),
        pytest.param(allow(resource="arn:aws:ecr:*"), id="an ARN that a star shortens"),
        pytest.param(allow(resource="arn:aws:ecr:eu-west-1:1111*:repository/?"), id="wildcards everywhere"),
        pytest.param(allow(resource="arn:aws:iam::aws:policy/x"), id="what is AWS's own"),
    ],
)
def test_what_iam_accepts_is_accepted_in_policies_of_identities(statement: dict[str, Any]) -> None:
    read(text(statement), "identity")
    read(text(statement), "session")


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]},
        {"AWS": "arn:aws:iam::123456789012:user/people/of/ann+x=1,@b.c"},
        {"AWS": "arn:aws:iam::123456789012:role/deploy"},
        {"AWS": "arn:aws:iam::123456789012:robot/builder"},
        {"AWS": "arn:aws:sts::123456789012:assumed-role/deploy/job-7"},
        {"AWS": "arn:aws:sts::123456789012:federated-user/ann"},
        {"Service": ["lambda.amazonaws.com", "codebuild.eu-west-1.amazonaws.com.cn"]},
    ],
)
def test_a_policy_of_a_repository_names_those_that_ecr_knows(principal: Any) -> None:
    read(text(allow("ecr:*", None, Principal=principal)), "repository")


@pytest.mark.parametrize(
    "issuer", [ISSUER, f"arn:aws:iam::{OWN}:oidc-provider/{ISSUER}", "localhost:8443/realms/x", "accounts.google.com"]
)
def test_a_role_may_trust_an_issuer_of_tokens(issuer: str) -> None:
    read(text(allow("sts:AssumeRoleWithWebIdentity", None, Principal={"Federated": issuer})), "trust")


@pytest.mark.parametrize(
    "key",
    [
        f"{ISSUER}:sub",
        "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E:aud",
        "localhost:sub",
        "localhost:8443:sub",
        "keycloak:8080/realms/x:azp",
        "issuer/path:kubernetes.io/namespace",
        "sts:ExternalId",
    ],
)
def test_claims_of_tokens_are_keys_of_the_policies_of_roles_only(key: str) -> None:
    condition = {"StringEquals": {key: "x"}}
    read(text({**TRUST, "Condition": condition}), "trust")
    if key != "sts:ExternalId":
        assert "there is no condition key" in reason(text({**PUBLIC, "Condition": condition}), "repository")


def test_one_statement_needs_no_list_and_an_old_policy_no_version() -> None:
    assert len(read(json.dumps({"Id": "x", "Statement": PUBLIC}), "repository").statements) == 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{", "the policy is not JSON: Expecting property name enclosed in double quotes in line 1"),
        ("[]", "the policy is an object"),
        ('{"Statement": [], "Statement": []}', "the member 'Statement' is there twice in one object"),
        ('{"Version": "2012-10-17", "Id": "", "Id": ""}', "the member 'Id' is there twice in one object"),
        ('{"Statement": NaN}', "NaN is not JSON"),
        ('{"Statement": 1e999}', "the number '1e999' is too large"),
        ('{"Statement": -1e999}', "the number '-1e999' is too large"),
        ('{"Statement": ' + "9" * 5000 + "}", "the policy is not JSON"),
        ('{"Id": "\\ud800", "Statement": []}', "the policy has half a character: write whole ones"),
        ('{"Id": "\ud800", "Statement": []}', "the policy has half a character: write whole ones"),
        ("[" * 9 + "]" * 9, "the policy is nested too deep"),
        ('{"Id":' * 8 + "{}" + "}" * 8, "the policy is nested too deep"),
        ("[" * 20000 + "]" * 20000, "the policy is longer than 20480 characters"),
        ("[" * 10000 + "]" * 10000, "the policy is not JSON"),
        ('{"Version": "2012-10-18", "Statement": []}', "Version: it is one of 2008-10-17 and 2012-10-17"),
        ('{"Version": ["2012-10-17"], "Statement": []}', "Version: it is one of 2008-10-17 and 2012-10-17"),
        ('{"Id": 1, "Statement": []}', "Id: it is a string"),
        ('{"Statement": []}', "Statement: there is none"),
        ("{}", "Statement[0]: it is an object"),
        ('{"Statement": ["x"]}', "Statement[0]: it is an object"),
        ('{"Statements": []}', "there is no element 'Statements' in such a policy"),
    ],
)
def test_what_is_no_policy_at_all_is_refused(written: str, expected: str) -> None:
    assert reason(written) == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"effect": "Allow"}, "Statement[1]: there is no element 'effect' in such a policy"),
        (allow(Effect="allow"), "Statement[1].Effect: it is Allow or Deny"),
        (allow(Sid=7), "Statement[1].Sid: it is a string"),
        ({**allow(), "Sid": None}, "Statement[1].Sid: it is a string"),
        ({"Effect": "Allow", "Resource": "*"}, "Statement[1]: it has either Action or NotAction"),
        (allow(NotAction="ecr:*"), "Statement[1]: it has either Action or NotAction"),
        (allow([]), "Statement[1].Action: it is a string or a list of strings that is not empty"),
        (allow(["ecr:*", 1]), "Statement[1].Action: it is a string or a list of strings that is not empty"),  # type: ignore[list-item]
        (allow("PutImage"), "Statement[1].Action: 'PutImage' is not an action like ecr:PutImage"),
        (allow("e*r:PutImage"), "Statement[1].Action: 'e*r:PutImage' is not an action like ecr:PutImage"),
        (allow("ecr:Put Image"), "Statement[1].Action: 'ecr:Put Image' is not an action like ecr:PutImage"),
        (
            allow("ecr:PutImages"),
            "Statement[1].Action: there is no action 'ecr:PutImages' that this policy could be about",
        ),
        (allow("sts:Assume?"), "Statement[1].Action: there is no action 'sts:Assume?' that this policy could be about"),
        (allow(resource=None), "Statement[1]: it has either Resource or NotResource"),
        (allow(NotResource="*"), "Statement[1]: it has either Resource or NotResource"),
        (allow(resource=[]), "Statement[1].Resource: it is a string or a list of strings that is not empty"),
        (allow(Principal="*"), "Statement[1]: there is no element 'Principal' in such a policy"),
        (allow(Condition=[]), "Statement[1].Condition: it is an object"),
        (
            allow(Condition={"StringEquals": {}}),
            'Statement[1].Condition.StringEquals: it is an object like {"aws:username": "ann"}',
        ),
        (
            allow(Condition={"StringEquals": "x"}),
            'Statement[1].Condition.StringEquals: it is an object like {"aws:username": "ann"}',
        ),
        (
            allow(Condition={"StringEquals": {"aws:username": "a", "aws:UserName": "b"}}),
            "Statement[1].Condition.StringEquals: a key is there twice, once in other letters",
        ),
    ],
)
def test_a_statement_of_another_shape_is_refused_with_its_place(statement: dict[str, Any], expected: str) -> None:
    assert reason(text(allow(), statement)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "repository/app",
        "**",
        "arn",
        "arn:aws:ecr",
        "arn:aws:ecr:eu-west-1:111122223333",
        "arn:aws:ecr:eu-west-1:111122223333:",
        "arn:aws:ecr:eu-west-1:1111:repository/app",
        "arn:aws:ecr:eu-west-1:11112222333x:repository/app",
        "arn:aws:ecr:EU-west-1:111122223333:repository/app",
        "urn:aws:ecr:eu-west-1:111122223333:repository/app",
        "arn:AWS:ecr:eu-west-1:111122223333:repository/app",
        "",
    ],
)
def test_a_resource_is_an_arn_or_a_star(value: str) -> None:
    assert reason(text(allow(resource=value))) == (
        f"Statement[0].Resource: '{value}' is not an ARN like arn:aws:ecr:eu-west-1:123456789012:repository/name"
    )


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringLikes", "aws:username", "x", "there is no operator 'StringLikes'"),
        ("ForSomeValues:StringLike", "aws:username", "x", "there is no operator 'ForSomeValues:StringLike'"),
        ("ForAllValues:Null", "aws:TagKeys", "true", "there is no operator 'ForAllValues:Null'"),
        ("NullIfExists", "aws:username", "true", "there is no operator 'NullIfExists'"),
        (":StringEquals", "aws:username", "x", "there is no operator ':StringEquals'"),
        ("StringEquals", "aws:UserNames", "x", "there is no condition key 'aws:UserNames'"),
        ("StringEquals", "aws:PrincipalTag/", "x", "there is no condition key 'aws:PrincipalTag/'"),
        ("StringEquals", "ecr:RequestTag/a", "x", "there is no condition key 'ecr:RequestTag/a'"),
        ("StringEquals", "s3:prefix", "x", "there is no condition key 's3:prefix'"),
        ("StringEquals", "aws:username", [], "'aws:username' has no value"),
        ("StringEquals", "aws:username", None, "values are strings, numbers, true or false, or a list of these"),
        ("StringEquals", "aws:username", [["x"]], "values are strings, numbers, true or false, or a list of these"),
        ("NumericEquals", "aws:EpochTime", "1e3", "'1e3' is not a number"),
        ("NumericEquals", "aws:EpochTime", "9" * 31, f"'{'9' * 31}' is not a number"),
        ("NumericEquals", "aws:EpochTime", "${aws:EpochTime}", "'${aws:EpochTime}' is not a number"),
        ("DateEquals", "aws:CurrentTime", "2026-02-30", "'2026-02-30' is not a date like 2026-01-31T00:00:00Z"),
        ("DateEquals", "aws:CurrentTime", "2026-W01-1", "'2026-W01-1' is not a date like 2026-01-31T00:00:00Z"),
        ("Bool", "aws:SecureTransport", "yes", "'yes' is neither true nor false"),
        ("Null", "aws:username", "yes", "'yes' is neither true nor false"),
        ("BinaryEquals", "aws:username", "a", "'a' is not base64"),
        ("BinaryEquals", "aws:username", "ä", "'ä' is not base64"),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/33", "'10.0.0.0/33' is not an address or a range like 192.0.2.0/24"),
        (
            "IpAddress",
            "aws:SourceIp",
            "10.0.0.0/255.0.0.0",
            "'10.0.0.0/255.0.0.0' is not an address or a range like 192.0.2.0/24",
        ),
        (
            "NotIpAddress",
            "aws:SourceIp",
            "fe80::1%eth0",
            "'fe80::1%eth0' is not an address or a range like 192.0.2.0/24",
        ),
        (
            "ArnLike",
            "aws:PrincipalArn",
            "*",
            "'*' is not an ARN like arn:aws:ecr:eu-west-1:123456789012:repository/name",
        ),
        (
            "StringEquals",
            "aws:TagKeys",
            "x",
            "'aws:TagKeys' can have several values: write ForAnyValue:StringEquals or ForAllValues:StringEquals",
        ),
    ],
)
def test_a_condition_that_nobody_understands_is_refused(operator: str, key: str, value: Any, expected: str) -> None:
    assert reason(text(allow(Condition={operator: {key: value}}))) == f"Statement[0].Condition: {expected}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${aws:username", "'${aws:username' does not begin with a variable like ${key} or ${key, 'default'}"),
        ("x${}", "'${}' does not begin with a variable like ${key} or ${key, 'default'}"),
        (
            "${aws:username,'x'}",
            "'${aws:username,'x'}' does not begin with a variable like ${key} or ${key, 'default'}",
        ),
        ("${aws:usernames}", "there is no condition key 'aws:usernames'"),
        ("${aws:TagKeys}", "'aws:tagkeys' can have several values, so it is not a variable"),
    ],
)
def test_a_variable_that_nobody_understands_is_refused(value: str, expected: str) -> None:
    condition = {"StringLike": {"aws:UserAgent": value}}
    assert reason(text(allow(Condition=condition))) == f"Statement[0].Condition: {expected}"
    assert reason(text(allow(resource=APP + value))) == f"Statement[0].Resource: {expected}"


def test_a_variable_cannot_stand_for_an_account_of_a_resource() -> None:
    resource = "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*"
    assert reason(text(allow(resource=resource))) == (
        f"Statement[0].Resource: a variable can only stand behind the fifth colon of '{resource}'"
    )


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, "Statement[0]: it has either Principal or NotPrincipal"),
        ({**EVERYONE, "NotPrincipal": "*"}, "Statement[0]: it has either Principal or NotPrincipal"),
        ({"Principal": OWN}, 'Statement[0].Principal: it is \'*\' or an object like {"AWS": "123456789012"}'),
        ({"Principal": {}}, 'Statement[0].Principal: it is \'*\' or an object like {"AWS": "123456789012"}'),
        ({"Principal": ["*"]}, 'Statement[0].Principal: it is \'*\' or an object like {"AWS": "123456789012"}'),
        (
            {"Principal": {"AWS": []}},
            "Statement[0].Principal.AWS: it is a string or a list of strings that is not empty",
        ),
        (
            {"Principal": {"Federated": ISSUER}},
            "Statement[0].Principal: a principal of the type 'Federated' cannot be named here",
        ),
        (
            {"Principal": {"Service": "lambda"}},
            "Statement[0].Principal: 'lambda' is not a service like lambda.amazonaws.com",
        ),
        (
            {"NotPrincipal": {"AWS": OWN}},
            "Statement[0].NotPrincipal: it goes with Deny only: with Allow it would let in all others",
        ),
        (
            {"NotPrincipal": {"AWS": "*"}, "Effect": "Deny"},
            "Statement[0].NotPrincipal: nobody is left when all are excepted",
        ),
        ({**EVERYONE, "Resource": "*"}, "Statement[0]: there is no element 'Resource' in such a policy"),
        (
            {**EVERYONE, "Action": "s3:GetObject"},
            "Statement[0].Action: there is no action 's3:GetObject' that this policy could be about",
        ),
        (
            {**EVERYONE, "Action": "sts:AssumeRole"},
            "Statement[0].Action: there is no action 'sts:AssumeRole' that this policy could be about",
        ),
    ],
)
def test_a_policy_of_a_repository_that_ecr_refuses_is_refused(elements: dict[str, Any], expected: str) -> None:
    assert reason(text(allow(resource=None, **elements)), "repository") == expected


@pytest.mark.parametrize(
    "name",
    [
        "12345678901",
        "1234567890123",
        "\uff11" * 12,
        "arn:aws:iam::123456789012:user/*",
        "arn:aws:iam::*:root",
        "arn:aws:iam::" + "\uff11" * 12 + ":user/ann",
        "arn:aws:iam::123456789012:user/\xe4nn",
        "arn:aws:iam::123456789012:user/",
        "arn:aws:iam::123456789012:group/x",
        "arn:aws-cn:iam::123456789012:root",
        "arn:aws:sts::123456789012:assumed-role/deploy",
        "arn:aws:iam::123456789012:role/a//b",
        "123456789012:root",
        "arn:aws:iam::123456789012",
        "AIDACKCEVSQ6C2EXAMPLE",
        "",
    ],
)
def test_a_principal_is_named_in_full(name: str) -> None:
    assert reason(text(allow("ecr:*", None, Principal={"AWS": name})), "repository") == (
        f"Statement[0].Principal: '{name}' is not '*', an account, or the ARN of a user, role, session or robot"
    )


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"NotPrincipal": {"AWS": OWN}, "Effect": "Deny"}, "Statement[0]: there is no element 'NotPrincipal'"),
        ({"Principal": {"Federated": "*"}}, "Statement[0].Principal: '*' is not an issuer like"),
        ({**EVERYONE, "Action": "ecr:*"}, "Statement[0].Action: there is no action 'ecr:*'"),
        ({**EVERYONE, "Action": "sts:GetCallerIdentity"}, "Statement[0].Action: there is no action 'sts:GetCaller"),
    ],
)
def test_a_policy_of_a_role_that_iam_refuses_is_refused(elements: dict[str, Any], expected: str) -> None:
    assert reason(text({"Effect": "Allow", "Action": "sts:*", **elements}), "trust").startswith(expected)


def test_a_policy_of_the_registry_says_of_which_resources_it_speaks() -> None:
    assert reason(text(PUBLIC), "registry") == "Statement[0]: it has either Resource or NotResource"


def test_a_reason_repeats_no_more_than_the_beginning_of_what_is_wrong() -> None:
    assert reason(text(allow("x" * 500))) == f"Statement[0].Action: '{'x' * 80}…' is not an action like ecr:PutImage"
    assert reason(text(allow("x" * 80))) == f"Statement[0].Action: '{'x' * 80}' is not an action like ecr:PutImage"
    expected = f'Statement[0].Condition.{"x" * 80}: it is an object like {{"aws:username": "ann"}}'
    assert reason(text(allow(Condition={"x" * 500: 1}))) == expected


@pytest.mark.parametrize(("kind", "limit"), [("repository", 10240), ("registry", 10240), ("identity", 20480)])
def test_a_policy_has_a_greatest_length(kind: Kind, limit: int) -> None:
    written = text(BY_KIND[kind])
    read(written.ljust(limit), kind)
    assert reason(written.ljust(limit + 1), kind) == f"the policy is longer than {limit} characters"


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_policy_that_is_not_understood_any_more_denies_everything(kind: Kind) -> None:
    broken = [Policy("broken", restore(text(allow("ecr:*", Resource="no ARN")), kind))]
    allowing = [Policy("fine", read(text(allow()), "identity"))]
    if kind in {"identity", "session"}:
        decision = decide(ask(), identity=[*allowing, *broken], resource=[])
    else:
        decision = decide(ask(), identity=allowing, resource=broken)
    assert decision.explicit
    assert (decision.policy, decision.statement, decision.sid) == ("broken", 0, "NotUnderstood")
    assert broken[0].document.kind == kind


def test_root_can_replace_a_stored_policy_that_is_not_understood_any_more() -> None:
    broken = [Policy("broken", restore("{", "repository"))]
    assert decide(ask(ROOT, "ecr:SetRepositoryPolicy"), identity=[], resource=broken).allowed
    assert not decide(ask(ROOT, "ecr:PutImage"), identity=[], resource=broken).allowed


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_policy_that_is_understood_is_read(kind: Kind) -> None:
    assert [one.effect for one in restore(text(BY_KIND[kind]), kind).statements] == ["Allow"]
