"""The types of all services are those of their models, complete and without a hand in them."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from wharfinger.contract import ecr, generate, sts, wharfinger
from wharfinger.contract.service import Operation

ROOT: Final = Path(__file__).parents[2]
CONTRACT: Final = Path("src/wharfinger/contract")


class Contract(NamedTuple):
    """A service: its model, and the types that were made of it."""

    model: dict[str, Any]
    types: ModuleType


CONTRACTS: Final = {
    "ecr": Contract(generate.load("ecr")[0], ecr),
    "sts": Contract(generate.load("sts")[0], sts),
    "wharfinger": Contract(generate.load("wharfinger")[0], wharfinger),
}
ALL = pytest.mark.parametrize("service", CONTRACTS)
OPERATIONS = [(service, name) for service, contract in CONTRACTS.items() for name in contract.types.OPERATIONS]
STRUCTURES = [
    (service, name)
    for service, contract in CONTRACTS.items()
    for name, shape in sorted(contract.model["shapes"].items())
    if shape["type"] == "structure" and not shape.get("exception")
]


def test_there_is_a_model_for_each_service() -> None:
    assert set(CONTRACTS) == set(generate.SERVICES)


def test_generating_again_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)  # the formatter's settings
    made = tmp_path / CONTRACT
    made.mkdir(parents=True)
    shutil.copy(ROOT / CONTRACT / "service.py", made)  # whose import is sorted as one of our own
    monkeypatch.setattr(generate, "target", lambda service: made / f"{service}.py")
    generate.main()
    for service in CONTRACTS:
        assert (made / f"{service}.py").read_text() == (ROOT / CONTRACT / f"{service}.py").read_text()


@ALL
def test_the_types_of_a_service_are_where_they_are_looked_for(service: str) -> None:
    assert generate.target(service) == ROOT / CONTRACT / f"{service}.py"


@pytest.mark.parametrize(("service", "count"), [("ecr", 62), ("sts", 4), ("wharfinger", 59)])
def test_all_operations_of_the_model_are_there(service: str, count: int) -> None:
    contract = CONTRACTS[service]
    assert set(contract.types.OPERATIONS) == set(contract.model["operations"])
    assert len(contract.types.OPERATIONS) == count


@pytest.mark.parametrize(("service", "count"), [("ecr", 50), ("sts", 8), ("wharfinger", 19)])
def test_all_exceptions_of_the_model_are_there_with_their_members(service: str, count: int) -> None:
    contract = CONTRACTS[service]
    exceptions = {name: shape for name, shape in contract.model["shapes"].items() if shape.get("exception")}
    assert len(exceptions) == count
    assert {name: {*members, "message"} for name, members in contract.types.EXCEPTIONS.items()} == {
        name: set(shape["members"]) for name, shape in exceptions.items()
    }


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_an_operation_declares_the_exceptions_that_the_model_gives_it(service: str, name: str) -> None:
    contract = CONTRACTS[service]
    declared = operation_of(service, name).errors
    assert set(declared) <= set(contract.types.EXCEPTIONS)
    assert list(declared) == [error["shape"] for error in contract.model["operations"][name].get("errors", ())]


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_an_operation_has_the_types_that_the_model_gives_it(service: str, name: str) -> None:
    contract = CONTRACTS[service]
    operation, model = operation_of(service, name), contract.model["operations"][name]
    assert operation.name == name
    assert operation.request is getattr(contract.types, model["input"]["shape"])
    assert operation.response is getattr(contract.types, model["output"]["shape"])


@pytest.mark.parametrize(
    ("service", "others"),
    [
        ("ecr", {"ListImageReferrers": "ecr:BatchGetImage"}),
        ("sts", {}),
        ("wharfinger", {"DeleteImages": "ecr:BatchDeleteImage"}),
    ],
)
def test_an_operation_needs_the_right_of_its_name_or_of_the_one_that_it_is_another_way_to(
    service: str, others: dict[str, str]
) -> None:
    rows: dict[str, Operation] = CONTRACTS[service].types.OPERATIONS
    assert {name: row.action for name, row in rows.items() if row.action != f"{service}:{name}"} == others


@pytest.mark.parametrize(("service", "name"), STRUCTURES)
def test_a_structure_has_every_member_of_the_model_under_its_name_in_json(service: str, name: str) -> None:
    contract = CONTRACTS[service]
    fields = msgspec.structs.fields(getattr(contract.types, name))
    assert [field.encode_name for field in fields] == list(contract.model["shapes"][name]["members"])


@pytest.mark.parametrize(("service", "name"), STRUCTURES)
def test_a_structure_requires_what_the_model_requires(service: str, name: str) -> None:
    contract = CONTRACTS[service]
    fields = msgspec.structs.fields(getattr(contract.types, name))
    required = {field.encode_name for field in fields if field.required}
    assert required == set(contract.model["shapes"][name].get("required", ()))


@ALL
def test_the_names_on_the_wire_are_those_of_the_model(service: str) -> None:
    types, metadata = CONTRACTS[service].types, CONTRACTS[service].model["metadata"]
    assert metadata["apiVersion"] == types.API_VERSION
    assert (types.SERVICE.target_prefix, types.SERVICE.signing_name) == (
        metadata.get("targetPrefix", ""),
        generate.signing_name(metadata),
    )
    assert types.SERVICE.operations is types.OPERATIONS


def operation_of(service: str, name: str) -> Operation:
    operation: Operation = CONTRACTS[service].types.OPERATIONS[name]
    return operation
