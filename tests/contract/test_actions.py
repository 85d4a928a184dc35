"""Each operation asks for the right that has its name, so that policies can be written without looking it up."""

from __future__ import annotations

import pytest

from wharfinger.contract import ecr, wharfinger
from wharfinger.contract.service import Operation

# those that are another way to the same need the right to that
SHARED = {"ListImageReferrers": "ecr:BatchGetImage", "DeleteImages": "ecr:BatchDeleteImage"}
OPERATIONS = [
    pytest.param(service.SERVICE.signing_name, operation, id=operation.name)
    for service in (ecr, wharfinger)
    for operation in service.OPERATIONS.values()
]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
def test_an_operation_needs_the_right_that_has_its_name(service: str, operation: Operation) -> None:
    assert operation.action == SHARED.get(operation.name, f"{service}:{operation.name}")
