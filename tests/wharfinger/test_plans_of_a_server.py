"""Plans of a running server, by boto3: its workers do in the background what was begun."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from support.content import image, index
from support.poll import until
from support.registry import Registry, error_of


def wait_for(wharfinger: Any, plan: str, status: str) -> Any:
    """The plan, once it has come to that."""
    until(lambda: described(wharfinger, plan)["status"] == status, f"the plan is {status}")
    return described(wharfinger, plan)


def described(wharfinger: Any, plan: str) -> Any:
    return wharfinger.describe_plan(planId=plan)["plan"]


def test_a_plan_is_made_read_executed_and_undone(registry: Registry, wharfinger: Any) -> None:
    app = registry.create("app")
    both, stable = index(image(), image()), image()
    registry.oci.push(app, both, "dev-1")
    registry.oci.push(app, stable, "stable")
    before = registry.images(app)
    plan = wharfinger.create_plan(filters={"repositories": [app], "includeTags": ["dev-*"]})["plan"]["planId"]
    pages = wharfinger.get_paginator("list_plan_images").paginate(planId=plan, PaginationConfig={"PageSize": 1})
    images = [one for page in pages for one in page["images"]]
    assert [one["verdict"] for one in images] == ["DELETE", "DELETE", "DELETE", "KEEP"]
    wharfinger.execute_plan(planId=plan)
    assert wait_for(wharfinger, plan, "EXECUTED")["deletedCount"] == 3
    assert registry.tags(app) == {"stable": stable.digest}
    wharfinger.undo_plan(planId=plan)
    assert wait_for(wharfinger, plan, "UNDONE")["deletedCount"] == 0
    assert sorted(registry.images(app), key=str) == sorted(before, key=str)
    wharfinger.execute_plan(planId=plan)
    assert wait_for(wharfinger, plan, "EXECUTED")["deletedCount"] == 3
    assert registry.tags(app) == {"stable": stable.digest}


def test_a_plan_that_is_not_there_is_an_exception_of_the_service(registry: Registry, wharfinger: Any) -> None:
    with pytest.raises(wharfinger.exceptions.PlanNotFoundException) as caught:
        wharfinger.describe_plan(planId="9999999999999999999")
    assert error_of(caught)[1].startswith("There is no plan")


def test_a_plan_in_another_state_is_an_exception_of_the_service(registry: Registry, wharfinger: Any) -> None:
    plan = wharfinger.create_plan(filters={})["plan"]["planId"]
    with pytest.raises(wharfinger.exceptions.PlanStateException):
        wharfinger.undo_plan(planId=plan)


def test_an_expression_that_would_hold_up_others_is_no_trouble(registry: Registry, wharfinger: Any) -> None:
    app = registry.create("app")
    registry.oci.push(app, image(), "a" * 128)
    plan = wharfinger.create_plan(filters={"includeTags": ["/^(a|a)*(a*)*b$/"]})["plan"]
    assert plan["imageCount"] == 0


def test_filters_are_checked_before_anything_is_looked_at(registry: Registry, wharfinger: Any) -> None:
    with pytest.raises(ClientError) as caught:
        wharfinger.create_plan(filters={"includeTags": ["/(/"]})
    assert error_of(caught)[0] == "InvalidParameterException"
