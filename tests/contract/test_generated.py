"""The types of the ECR API are those of the newest service model, complete and without a hand in them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wharfinger.contract import ecr, generate
from wharfinger.contract.ecr import EXCEPTIONS, OPERATIONS

ROOT = Path(__file__).parents[2]
COMMITTED = Path("src/wharfinger/contract/ecr.py")
MODEL, _ = generate.load()
SHAPES: dict[str, Any] = MODEL["shapes"]
STRUCTURES = sorted(
    name for name, shape in SHAPES.items() if shape["type"] == "structure" and not shape.get("exception")
)


def test_generating_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / COMMITTED
    target.parent.mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)  # the formatter's settings
    monkeypatch.setattr(generate, "TARGET", target)
    generate.main()
    assert target.read_text() == (ROOT / COMMITTED).read_text()


def test_all_operations_of_the_model_are_there() -> None:
    assert set(OPERATIONS) == set(MODEL["operations"])
    assert len(OPERATIONS) == 62


def test_all_exceptions_of_the_model_are_there_with_their_members() -> None:
    exceptions = {name: shape for name, shape in SHAPES.items() if shape.get("exception")}
    assert len(exceptions) == 50
    assert {name: {*members, "message"} for name, members in EXCEPTIONS.items()} == {
        name: set(shape["members"]) for name, shape in exceptions.items()
    }


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_declares_the_exceptions_that_the_model_gives_it(name: str) -> None:
    declared = OPERATIONS[name].errors
    assert set(declared) <= set(EXCEPTIONS)
    assert list(declared) == [error["shape"] for error in MODEL["operations"][name]["errors"]]


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_has_the_types_that_the_model_gives_it(name: str) -> None:
    operation, model = OPERATIONS[name], MODEL["operations"][name]
    assert operation.name == name
    assert operation.request is getattr(ecr, model["input"]["shape"])
    assert operation.response is getattr(ecr, model["output"]["shape"])


def test_each_operation_is_allowed_by_the_action_of_its_name_but_for_listing_referrers() -> None:
    others = {name: row.action for name, row in OPERATIONS.items() if row.action != f"ecr:{name}"}
    assert others == {"ListImageReferrers": "ecr:BatchGetImage"}


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_has_every_member_of_the_model_under_its_name_in_json(name: str) -> None:
    fields = msgspec.structs.fields(getattr(ecr, name))
    assert [field.encode_name for field in fields] == list(SHAPES[name]["members"])


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_structure_requires_what_the_model_requires(name: str) -> None:
    fields = msgspec.structs.fields(getattr(ecr, name))
    assert {field.encode_name for field in fields if field.required} == set(SHAPES[name].get("required", ()))


def test_the_names_on_the_wire_are_those_of_the_model() -> None:
    metadata = MODEL["metadata"]
    found = (ecr.API_VERSION, ecr.TARGET_PREFIX, ecr.SIGNING_NAME)
    assert found == (metadata["apiVersion"], metadata["targetPrefix"], metadata["signingName"])
