"""Whom a text means."""

from __future__ import annotations

import pytest

from wharfinger.domain.principals import Named, named

OWN = "123456789012"
OTHER = "210987654321"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("*", Named("anonymous", "")),
        ("root", Named("root", OWN)),
        (f"arn:aws:iam::{OTHER}:root", Named("root", OTHER)),
        ("user/alice", Named("user", OWN, "alice")),
        (f"arn:aws:iam::{OTHER}:user/alice", Named("user", OTHER, "alice")),
        ("role/deploy", Named("role", OWN, "deploy")),
        (f"arn:aws:sts::{OWN}:assumed-role/deploy/run-7", Named("role", OWN, "deploy", "run-7")),
        ("robot/ci", Named("robot", OWN, "ci")),
    ],
)
def test_a_name_or_an_arn_means_somebody(text: str, meant: Named) -> None:
    assert named(text, OWN) == meant


@pytest.mark.parametrize("text", ["", "alice", "user/", "user/a b", "group/all", "arn:aws:iam::12:root", "user/a\n"])
def test_other_texts_mean_nobody(text: str) -> None:
    assert named(text, OWN) is None
