"""Which actions there are, for who asks about one before anything is tried."""

from __future__ import annotations

import pytest

from wharfinger.domain.policy.actions import exists


@pytest.mark.parametrize("action", ["ecr:PutImage", "ECR:putimage", "wharfinger:PutHold"])
def test_an_action_of_a_registry_is_known_in_any_case(action: str) -> None:
    assert exists(action)


@pytest.mark.parametrize("action", ["ecr:PutImages", "ecr:*", "s3:GetObject", "sts:AssumeRole", "*", "PutImage", ""])
def test_what_is_no_action_of_a_registry_is_not_known(action: str) -> None:
    assert not exists(action)
