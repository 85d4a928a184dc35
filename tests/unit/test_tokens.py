"""Tokens are believed only as they were given out: whole, unchanged, by the same key and for the same purpose."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.domain.tokens import sign, verify

KEY = b"k" * 32
STEADY = settings(max_examples=100, deadline=None, derandomize=True, database=None)
# all three remainders that base64 fills up differently
PAYLOADS = [b"payload", b"payload.", b"payload..", b"", b"\0\xff:\n"]


@STEADY
@given(st.binary(max_size=60), st.binary(max_size=40), st.binary(max_size=40))
def test_a_token_gives_back_what_was_signed(payload: bytes, key: bytes, bound_to: bytes) -> None:
    assert verify(key, sign(key, payload, bound_to), bound_to) == payload


@STEADY
@given(st.binary(max_size=60))
def test_a_token_can_stand_in_a_password_and_in_an_address(payload: bytes) -> None:
    assert set(sign(KEY, payload)) <= set(string.ascii_letters + string.digits + "-_")


def test_a_token_is_the_same_each_time() -> None:
    assert sign(KEY, b"payload", b"page") == sign(KEY, b"payload", b"page")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_token_of_another_key_is_refused(payload: bytes) -> None:
    assert verify(b"K" * 32, sign(KEY, payload)) is None


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(("given_for", "used_for"), [(b"a", b"b"), (b"a", b""), (b"", b"a"), (b"a", b"ab")])
def test_a_token_for_another_purpose_is_refused(payload: bytes, given_for: bytes, used_for: bytes) -> None:
    assert verify(KEY, sign(KEY, payload, given_for), used_for) is None


def test_the_beginning_of_the_purpose_cannot_be_moved_into_the_payload() -> None:
    code_and_payload = base64.urlsafe_b64decode(sign(KEY, b"payload", b"purpose"))
    moved = base64.urlsafe_b64encode(code_and_payload + b"pur").decode()
    assert verify(KEY, moved, b"pose") is None


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_token_with_any_character_changed_is_refused(payload: bytes) -> None:
    token = sign(KEY, payload)
    changed = [
        token[:at] + other + token[at + 1 :]
        for at in range(len(token))
        for other in string.ascii_letters + string.digits + "-_+/=.:é "
        if other != token[at]
    ]
    assert [text for text in changed if verify(KEY, text) is not None] == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_token_that_is_cut_is_refused(payload: bytes) -> None:
    token = sign(KEY, payload)
    cut = [token[:end] for end in range(len(token))] + [token[begin:] for begin in range(1, len(token))]
    assert [text for text in cut if verify(KEY, text) is not None] == []


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("more", ["A", "=", "==", "\n", "\r", " ", ":", "é"])
def test_a_token_with_something_added_is_refused(payload: bytes, more: str) -> None:
    token = sign(KEY, payload)
    assert verify(KEY, token + more) is None
    assert verify(KEY, more + token) is None


@pytest.mark.parametrize("text", ["", "A", "=", "====", "AAAA", "not a token", "é" * 40, "\ud800", "\0", "A" * 100_000])
def test_what_never_was_a_token_is_refused(text: str) -> None:
    assert verify(KEY, text) is None
