"""When a condition is met: operators, absent keys, several values, and what cannot be told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.policies import allow, allows, ask, denies, deny
from wharfinger.domain.policy.conditions import Condition

ARN = "arn:aws:iam::111122223333:user/people/ann"


def holds(operator: str, values: Any, actual: Any, key: str = "aws:username", **others: str) -> bool | None:
    """Whether a condition holds: `actual` is what the request has for its key, None for nothing."""
    keys = {key.lower(): (actual,) if isinstance(actual, str) else actual} if actual is not None else {}
    keys |= {name.replace("_", ":", 1): (value,) for name, value in others.items()}
    listed = values if isinstance(values, list) else [values]
    return Condition(operator, key.lower(), listed, has_variables=True).holds(keys)


@pytest.mark.parametrize(
    ("operator", "value", "actual", "met"),
    [
        ("StringEquals", "ann", "ann", True),
        ("StringEquals", "ann", "Ann", False),
        ("StringEquals", "Ann", "Ann", True),
        ("StringEquals", "a*", "ann", False),
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "a${*}", "a*", True),
        ("StringEqualsIgnoreCase", "STRASSE", "straße", True),
        ("StringEqualsIgnoreCase", "ann", "ANN", True),
        ("StringEqualsIgnoreCase", "ann", "bob", False),
        ("StringLike", "a*", "ann", True),
        ("StringLike", "a?n", "ann", True),
        ("StringLike", "A*", "ann", False),
        ("StringLike", "X?Z*", "XYZ", True),
        ("StringLike", "a*d:e", "a:b:d:e", True),
        ("StringLike", "a*", "a\nb", True),
        ("StringLike", "", "", True),
        ("ArnEquals", ARN, ARN, True),
        ("ArnEquals", "arn:aws:iam::*:user/*", ARN, True),
        ("ArnLike", "arn:aws:iam::*:user/*", ARN, True),
        ("ArnLike", "arn:aws:iam::*:role/*", ARN, False),
        ("ArnLike", "arn:aws:iam:*::user/people/ann", ARN, False),
        ("NumericEquals", "7", "7.0", True),
        ("NumericEquals", "7", "8", False),
        ("NumericEquals", "0.1", "0.10", True),
        ("NumericEquals", "90071992547409930", "90071992547409931", False),
        ("NumericLessThan", "7", "6.99", True),
        ("NumericLessThan", "7", "7", False),
        ("NumericLessThanEquals", "7", "7", True),
        ("NumericLessThanEquals", "7", "7.1", False),
        ("NumericGreaterThan", "-7", "-6", True),
        ("NumericGreaterThan", "7", "7", False),
        ("NumericGreaterThanEquals", "7", "7", True),
        ("NumericGreaterThanEquals", "7", "6", False),
        ("DateEquals", "2026-01-31T00:00:00Z", "1769817600", True),
        ("DateEquals", "2026-01-31", "2026-01-31T00:00:00Z", True),
        ("DateEquals", "2026-01-31t01:00:00+01:00", "2026-01-31T00:00Z", True),
        ("DateEquals", "2026-01-31T00:00:00-0100", "2026-01-31T01:00:00", True),
        ("DateEquals", "2026-01-31T00:00:00.5Z", "2026-01-31T00:00:00.500000001Z", True),
        ("DateEquals", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00.001Z", False),
        ("DateEquals", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", False),
        ("DateEquals", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999998Z", False),
        ("DateLessThan", "2026-01-31T00:00:00Z", "2026-01-30T23:59:59Z", True),
        ("DateLessThan", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z", False),
        ("DateLessThanEquals", "2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z", True),
        ("DateLessThan", "1970-01-01", "1969-12-31T23:59:59.5Z", True),
        ("DateGreaterThan", "1970-01-01", "1969-12-31T23:59:59.5Z", False),
        ("DateGreaterThan", "2026-01-31", "2026-02-01", True),
        ("DateGreaterThanEquals", "2026-01-31", "2026-01-31", True),
        ("DateGreaterThanEquals", "2026-01-31", "0", False),
        ("Bool", "true", "true", True),
        ("Bool", "True", "TRUE", True),
        ("Bool", "true", "false", False),
        ("Bool", "false", "false", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
        ("IpAddress", "10.0.0.0/8", "10.255.0.1", True),
        ("IpAddress", "10.0.0.0/8", "11.0.0.1", False),
        ("IpAddress", "10.1.2.3/8", "10.9.9.9", True),
        ("IpAddress", "10.1.2.3", "10.1.2.3", True),
        ("IpAddress", "10.1.2.3", "10.1.2.4", False),
        ("IpAddress", "0.0.0.0/0", "192.0.2.1", True),
        ("IpAddress", "0.0.0.0/0", "::1", False),
        ("IpAddress", "::/0", "192.0.2.1", False),
        ("IpAddress", "2001:DB8::/32", "2001:db8:1::1", True),
        ("IpAddress", "2001:db8::/32", "2001:db9::1", False),
        ("IpAddress", "192.0.2.0/24", "::ffff:192.0.2.7", True),
        ("IpAddress", "::ffff:192.0.2.7", "192.0.2.7", True),
    ],
)
def test_an_operator_compares_as_its_type_does(operator: str, value: str, actual: str, met: bool) -> None:
    assert holds(operator, value, actual) is met
    assert holds(operator + "IfExists", value, actual) is met
    assert holds("ForAllValues:" + operator, value, actual) is met
    assert holds("ForAnyValue:" + operator, value, actual) is met


@pytest.mark.parametrize(
    ("operator", "values", "actual", "met"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a", "b"], "c", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEqualsIgnoreCase", ["A", "b"], "a", False),
        ("StringNotEqualsIgnoreCase", ["A", "b"], "c", True),
        ("StringNotLike", ["a*", "b*"], "bc", False),
        ("StringNotLike", ["a*", "b*"], "cb", True),
        ("ArnNotEquals", [ARN, "arn:aws:iam::*:role/*"], ARN, False),
        ("ArnNotLike", ["arn:aws:iam::*:role/*"], ARN, True),
        ("NumericNotEquals", ["1", "2"], "2", False),
        ("NumericNotEquals", ["1", "2"], "3", True),
        ("DateNotEquals", ["2026-01-31", "2026-02-01"], "2026-02-01", False),
        ("DateNotEquals", ["2026-01-31", "2026-02-01"], "2026-02-02", True),
        ("NotIpAddress", ["10.0.0.0/8", "::/0"], "::1", False),
        ("NotIpAddress", ["10.0.0.0/8", "192.0.2.0/24"], "198.51.100.1", True),
        ("NumericLessThan", ["1", "5"], "3", True),
        ("Bool", ["true", "false"], "false", True),
    ],
)
def test_one_value_is_enough_and_none_may_fit_where_it_says_not(
    operator: str, values: list[str], actual: str, met: bool
) -> None:
    assert holds(operator, values, actual) is met


# --- absent keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("actual", [None, ()])
@pytest.mark.parametrize(
    ("operator", "met"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("NotIpAddress", True),
        ("Bool", False),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", None),
        ("ForAllValues:StringEqualsIfExists", True),
    ],
)
def test_a_key_that_is_not_there_meets_what_iam_documents(operator: str, met: bool | None, actual: Any) -> None:
    value = "true" if operator == "Bool" else "10.0.0.0/8" if "Ip" in operator else "x"
    assert holds(operator, value, actual) is met


@pytest.mark.parametrize(
    ("value", "actual", "met"),
    [
        ("true", None, True),
        ("true", (), True),
        ("true", "x", False),
        ("False", None, False),
        ("false", "x", True),
        ("false", "", True),
        (["true", "false"], None, True),
        (["true", "false"], "x", True),
    ],
)
def test_null_asks_whether_a_key_is_there(value: Any, actual: Any, met: bool) -> None:
    assert holds("Null", value, actual) is met


# --- several values -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "actual", "met"),
    [
        ("ForAllValues:StringEquals", ("a",), True),
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("c", "a"), False),
        ("ForAnyValue:StringNotEquals", ("c", "a"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        ("forallvalues:stringequals", ("a", "b"), True),
    ],
)
def test_all_or_any_of_several_values_are_looked_at(operator: str, actual: tuple[str, ...], met: bool) -> None:
    assert holds(operator, ["a", "b"], actual, key="aws:TagKeys") is met


# --- what cannot be told --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "actual"),
    [
        ("StringEquals", "a", ("a", "b")),
        ("StringNotEquals", "c", ("a", "b")),
        ("NumericEquals", "1", "one"),
        ("NumericNotEquals", "1", "one"),
        ("DateLessThan", "2026-01-31", "yesterday"),
        ("DateEquals", "2026-01-31", "2026-13-01"),
        ("Bool", "true", "1"),
        ("BinaryEquals", "QQ==", "?"),
        ("IpAddress", "10.0.0.0/8", "unix:"),
        ("NotIpAddress", "10.0.0.0/8", "unix:"),
        ("ArnLike", "arn:aws:iam::*:*", "ann"),
        ("ArnNotLike", "arn:aws:iam::*:*", "ann"),
        ("ArnNotLike", "arn:aws:iam::*:*", "arn:aws:iam"),
        ("ArnNotLike", "arn:aws:iam::*:*", "urn:aws:iam::1:x"),
        ("ForAllValues:NumericEquals", "1", ("1", "one")),
        ("ForAnyValue:NumericEquals", "1", ("2", "one")),
    ],
)
def test_what_cannot_be_told_grants_nothing_and_denies(
    operator: str, value: str, actual: str | tuple[str, ...]
) -> None:
    assert holds(operator, value, actual) is None
    condition = {operator: {"aws:username": value}}
    assert not allows(allow(Condition=condition), ask(aws_username=actual))
    assert denies(deny(Condition=condition), ask(aws_username=actual))


@pytest.mark.parametrize(
    ("operator", "actual", "met"),
    [
        ("ForAllValues:NumericEquals", ("2", "one"), False),
        ("ForAnyValue:NumericEquals", ("1", "one"), True),
    ],
)
def test_one_value_that_cannot_be_compared_does_not_hide_one_that_decides(
    operator: str, actual: tuple[str, ...], met: bool
) -> None:
    assert holds(operator, "1", actual) is met


# --- variables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "actual", "met"),
    [
        ("StringEquals", "${aws:userid}", "u1", True),
        ("StringEquals", "${aws:userid}", "u2", False),
        ("StringNotEquals", "${aws:userid}", "u1", False),
        ("StringEquals", "x-${aws:userid}-${aws:userid}", "x-u1-u1", True),
        ("StringEqualsIgnoreCase", "X-${aws:userid}", "x-U1", True),
        ("StringLike", "${aws:userid}*", "u123", True),
        ("StringLike", "*${aws:userid}", "u123", False),
        ("ArnLike", "arn:aws:iam::111122223333:*/${aws:userid}", "arn:aws:iam::111122223333:user/u1", True),
        ("ArnEquals", "arn:aws:iam::111122223333:user/${aws:userid}", "arn:aws:iam::111122223333:user/u1", True),
        ("StringEquals", "${aws:referer, 'x'}", "x", True),
        ("StringEquals", "${aws:userid, 'x'}", "x", False),
    ],
)
def test_variables_complete_the_values_of_a_condition(operator: str, value: str, actual: str, met: bool) -> None:
    assert holds(operator, value, actual, aws_userid="u1") is met


def test_variables_complete_values_that_each_of_several_is_compared_with() -> None:
    assert holds("ForAnyValue:StringLike", "${aws:userid}*", ("x", "u1x"), key="aws:TagKeys", aws_userid="u1") is True
    assert holds("ForAllValues:StringLike", "${aws:userid}*", ("x", "u1x"), key="aws:TagKeys", aws_userid="u1") is False


def test_case_of_what_a_variable_stands_for_counts() -> None:
    assert holds("StringEquals", "${aws:userid}", "U1", aws_userid="U1") is True
    assert holds("StringEquals", "${aws:userid}", "u1", aws_userid="U1") is False


def test_policies_of_2012_have_variables_in_their_conditions() -> None:
    statement = allow(Condition={"StringLike": {"aws:UserAgent": "${aws:username}/*"}})
    assert allows(statement, ask(aws_useragent="ann/7", aws_username="ann"))
    assert not allows(statement, ask(aws_useragent="bob/7", aws_username="ann"))


@pytest.mark.parametrize("value", ["${aws:referer}", "${aws:referer}*", "a${aws:referer}"])
def test_a_variable_without_a_value_is_equal_to_nothing(value: str) -> None:
    assert holds("StringLike", value, "a") is False
    assert holds("StringNotLike", value, "a") is True
    assert holds("StringLike", [value, "a"], "a") is True
    assert holds("StringNotLike", [value, "a"], "a") is False


def test_a_variable_for_a_part_of_an_arn_cannot_be_two_parts() -> None:
    value = "arn:aws:ecr:${aws:userid}:${aws:userid}:*"
    assert holds("ArnLike", value, "arn:aws:ecr:a:a:x", aws_userid="a") is True
    assert holds("ArnLike", value, "arn:aws:ecr:a:b:a:b:x", aws_userid="a:b") is False
    assert holds("ArnLike", "arn:aws:ecr:a::x${aws:userid}", "arn:aws:ecr:a::xa:b", aws_userid="a:b") is True


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (300, "300"), (-1.5, "-1.5"), ([7, True], "true")]
)
def test_values_that_are_no_strings_are_what_json_writes(value: Any, text: str) -> None:
    statement = allow(Condition={"StringEquals": {"aws:UserAgent": value}})
    assert allows(statement, ask(aws_useragent=text))


# --- statements -----------------------------------------------------------------------------------------------


def test_all_conditions_of_a_statement_have_to_be_met() -> None:
    condition = {"StringEquals": {"aws:username": "ann", "aws:userid": "u1"}, "Bool": {"aws:SecureTransport": "true"}}
    met: dict[str, Any] = {"aws_username": "ann", "aws_userid": "u1", "aws_securetransport": "true"}
    assert allows(allow(Condition=condition), ask(**met))
    for name in met:
        assert not allows(allow(Condition=condition), ask(**{**met, name: "false"}))
        assert not denies(deny(Condition=condition), ask(**{**met, name: "false"}))


def test_a_condition_that_is_not_met_decides_before_one_that_cannot_be_told() -> None:
    condition = {"NumericEquals": {"aws:userid": "1"}, "StringEquals": {"aws:username": "ann"}}
    assert not denies(deny(Condition=condition), ask(aws_userid="one", aws_username="bob"))
    assert denies(deny(Condition=condition), ask(aws_userid="one", aws_username="ann"))


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(["StringEquals", "StringLike", "StringEqualsIgnoreCase"]),
    st.lists(st.text("aA*", max_size=3), min_size=1, max_size=3),
    st.text("aA", max_size=3),
)
def test_not_is_the_opposite(operator: str, values: list[str], actual: str) -> None:
    opposite = operator.replace("String", "StringNot")
    assert holds(operator, values, actual) is not holds(opposite, values, actual)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(["1", "2", "one"]), min_size=1, max_size=3), st.sampled_from(["Equals", "NotEquals"]))
def test_any_and_all_mirror_each_other(actual: list[str], name: str) -> None:
    opposite = "NotEquals" if name == "Equals" else "Equals"
    of_all = holds(f"ForAllValues:Numeric{name}", "1", tuple(actual))
    of_any = holds(f"ForAnyValue:Numeric{opposite}", "1", tuple(actual))
    assert of_all is (None if of_any is None else not of_any)
