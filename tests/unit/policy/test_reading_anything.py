"""Whatever is sent as a policy, or is in a request, is understood or refused, and nothing breaks."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.policies import ANN, APP, OWN, ask, deny, text
from wharfinger.domain.faults import PolicyInvalid
from wharfinger.domain.policy import Kind, Policy, decide, read

KINDS: tuple[Kind, ...] = ("identity", "session", "repository", "registry", "trust")

_WORDS = st.sampled_from(
    [
        *(
            "Version",
            "Id",
            "Statement",
            "Sid",
            "Effect",
            "Allow",
            "Deny",
            "Action",
            "NotAction",
            "Resource",
            "Principal",
        ),
        *("NotPrincipal", "NotResource", "Condition", "AWS", "Federated", "Service", "*", "ecr:*", "sts:AssumeRole"),
        *(APP, OWN, "2012-10-17", "StringLike", "ForAnyValue:DateEquals", "Null", "IpAddress", "aws:SourceIp", "true"),
        *(
            "aws:TagKeys",
            "${aws:username}",
            "${",
            "arn:aws:iam::${aws:username}:x/*",
            "Bool",
            "NumericEquals",
            "ArnLike",
        ),
    ]
)
_SCALARS = st.one_of(_WORDS, st.text(max_size=8), st.none(), st.booleans(), st.integers(), st.floats())
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4), max_leaves=12
)
_STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": _JSON,
        "Principal": _JSON,
        "Resource": _JSON,
        "Condition": st.dictionaries(_WORDS, st.dictionaries(_WORDS, _JSON, max_size=2), max_size=2),
    },
)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(
    st.one_of(_JSON, st.fixed_dictionaries({"Statement": st.lists(_STATEMENTS, max_size=2)})), st.sampled_from(KINDS)
)
def test_whatever_json_is_sent_it_is_read_or_refused(value: Any, kind: Kind) -> None:
    with contextlib.suppress(PolicyInvalid):
        read(json.dumps(value), kind)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.text(max_size=60), st.sampled_from(KINDS))
def test_whatever_text_is_sent_it_is_read_or_refused(value: str, kind: Kind) -> None:
    with contextlib.suppress(PolicyInvalid):
        read(value, kind)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(["DateEquals", "IpAddress", "NumericEquals", "BinaryEquals", "Bool", "ArnLike"]), st.data())
def test_whatever_a_request_says_it_is_decided(operator: str, data: st.DataObject) -> None:
    near = st.text("0123456789-:T.Z+/aAf", max_size=24)
    value, actual = data.draw(near), data.draw(st.text(max_size=12) | near)
    statement = deny(Condition={operator: {"aws:username": value}})
    with contextlib.suppress(PolicyInvalid):
        policy = Policy("x", read(text(statement), "identity"))
        decide(ask(ANN, aws_username=actual), identity=[policy], resource=[])
