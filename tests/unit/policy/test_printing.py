"""Policies come back in ECR's writing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.domain.faults import PolicyInvalid
from wharfinger.domain.policy import pretty

WRITTEN = """
{"Version":"2008-10-17","Statement":[{"Sid":"new statement","Effect":"Allow","Principal":{"AWS":
["arn:aws:iam::111122223333:root","444455556666"]},"Action":["ecr:BatchGetImage"],"Condition":{}},{"Sid":"ü","Ö":[]}]}
"""
EXPECTED = """{
  "Version" : "2008-10-17",
  "Statement" : [ {
    "Sid" : "new statement",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : [ "arn:aws:iam::111122223333:root", "444455556666" ]
    },
    "Action" : [ "ecr:BatchGetImage" ],
    "Condition" : { }
  }, {
    "Sid" : "ü",
    "Ö" : [ ]
  } ]
}"""


def test_a_policy_is_written_as_ecr_writes_it() -> None:
    assert pretty(WRITTEN) == EXPECTED


def test_writing_it_again_changes_nothing() -> None:
    assert pretty(EXPECTED) == EXPECTED


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 1}', "[" * 9 + "]" * 9, "NaN", '"\\ud800"'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyInvalid):
        pretty(text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(_JSON)
def test_nothing_is_lost(value: Any) -> None:
    assert json.loads(pretty(json.dumps(value))) == value
