"""`wharfinger policy explain`: a sentence, what decided, and the statements; the exit status says it to scripts."""

from __future__ import annotations

import uuid

import pytest

from support.command_line import CommandLine, rows

FROM_INSIDE = """{
  "Version": "2012-10-17",
  "Statement": {
    "Sid": "FromInside",
    "Effect": "Allow",
    "Action": "ecr:PutImage",
    "Resource": "*",
    "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
  }
}"""


@pytest.fixture
def user(wharfinger: CommandLine) -> str:
    """A user who may push from inside; the account is that of other tests, too."""
    name = f"u{uuid.uuid4().hex[:12]}"
    wharfinger.text("user", "create", name)
    wharfinger.text("policy", "put", name, "-", stdin=FROM_INSIDE)
    wharfinger.text("policy", "attach", name, "--user", name)
    return name


def asked(user: str, *more: str) -> tuple[str, ...]:
    return (
        "policy",
        "explain",
        "--principal",
        f"user/{user}",
        "--action",
        "ecr:PutImage",
        "--repository",
        "app",
        *more,
    )


def test_what_is_allowed_is_said_with_what_allows_it(wharfinger: CommandLine, user: str) -> None:
    printed = wharfinger.text(*asked(user, "--condition", "aws:SourceIp=10.0.0.1"))
    sentence, why, _, *_ = printed.splitlines()
    assert sentence.endswith(f"user/{user} may perform ecr:PutImage on {sentence.split(' on ')[1]}")
    assert why == f"Decided by: statement 0 (FromInside) of {user}, identity-based."


def test_what_is_denied_is_said_in_the_words_of_aws_with_what_did_not_fit(wharfinger: CommandLine, user: str) -> None:
    printed = wharfinger.text(*asked(user), status=1)
    sentence, why, _, table = printed.split("\n", maxsplit=3)
    assert sentence.endswith("because no identity-based policy allows the ecr:PutImage action")
    assert why == "Decided by: no identity-based policy allows it."
    [row] = rows(table)
    assert (row["EFFECT"], row["APPLIES"], row["DOES NOT FIT"]) == ("Allow", "no", "condition IpAddress aws:sourceip")


def test_without_a_principal_it_is_about_oneself(wharfinger: CommandLine) -> None:
    printed = wharfinger.text("policy", "explain", "--action", "ecr:GetAuthorizationToken")
    assert printed.splitlines()[1] == "Decided by: root of the account."


def test_everybody_is_a_table(wharfinger: CommandLine, user: str) -> None:
    found = wharfinger.table("policy", "explain", "--everybody", "--action", "ecr:PutImage")
    by_name = {row["PRINCIPAL"].rpartition("/")[2]: row for row in found}
    assert (by_name["*"]["MAY"], by_name[user]["MAY"]) == ("no", "no")


def test_machines_get_documents(wharfinger: CommandLine, user: str) -> None:
    [found] = wharfinger.documents(*asked(user, "--condition", "aws:SourceIp=10.0.0.1"))
    assert (found["allowed"], found["statements"][0]["applies"]) == (True, True)


@pytest.mark.parametrize("more", [("--condition", "aws:SourceIp"), ("--everybody", "--principal", "*")])
def test_wrong_usage_is_told(wharfinger: CommandLine, more: tuple[str, ...]) -> None:
    wharfinger.refused("policy", "explain", "--action", "ecr:PutImage", *more, status=2)
