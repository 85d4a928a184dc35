"""botocore's model of the service: the least that an operation takes, and whether an answer is what it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import botocore.session

MODEL: Final = botocore.session.get_session().get_service_model("ecr")
_UUID: Final = "00000000-0000-4000-8000-000000000000"
_JSON: Final[Mapping[str, tuple[type, ...]]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "timestamp": (int, float),
}
SAMPLES: Final[Mapping[str, Any]] = {
    "UploadId": _UUID,
    "ReplicationBackfillId": _UUID,
    "LayerDigest": "sha256:00",
    "PrincipalArn": "arn:aws:iam::123456789012:role/reader",
    "LifecyclePolicyText": (
        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan",'
        '"countNumber":1},"action":{"type":"expire"}}]}'
    ),
    "RegistryId": "123456789012",
    "Arn": "arn:aws:ecr:eu-central-1:123456789012:repository/sample",
    # of Wharfinger's own service
    "AccessKeyId": "WHRFAAAAAAAAAAAAAAAA",
    "HoldId": "1",
    "PlanId": "1",
    "DeletionId": "1",
    "ActionName": "ecr:PutImage",
    "Url": "https://receiver.example.com/",
    "SigningProfileArn": "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/release",
}


def smallest(operation: str, model: Any = MODEL) -> dict[str, Any]:
    """Arguments with what an operation requires and no more."""
    shape = model.operation_model(operation).input_shape
    arguments: dict[str, Any] = _smallest(shape)
    return arguments


def _smallest(shape: Any) -> Any:
    match shape.type_name:
        case "structure":
            return {name: _smallest(shape.members[name]) for name in shape.required_members}
        case "list":
            return [_smallest(shape.member)]
        case "long" | "integer" | "double" | "timestamp":
            return (shape.metadata.get("min") or 0) if shape.type_name != "timestamp" else 0
        case "map":
            return {}
        case "boolean":
            return False
        case "blob":
            return "YQ=="
    return SAMPLES.get(shape.name, shape.enum[0] if shape.enum else "sample")


def strangers(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """The paths in an answer that the model does not know, or knows as another type."""
    if not _fits(value, shape):
        yield f"{path}: {value!r} is no {shape.name}"
    elif shape.type_name == "structure":
        yield from (f"{path}.{name}: unknown" for name in value if name not in shape.members)
        for name, inner in shape.members.items():
            if name in value:
                yield from strangers(value[name], inner, f"{path}.{name}")
    elif shape.type_name in {"list", "map"}:
        for item in value if shape.type_name == "list" else value.values():
            yield from strangers(item, shape.member if shape.type_name == "list" else shape.value, f"{path}[]")


def _fits(value: Any, shape: Any) -> bool:
    types = _JSON[shape.type_name]
    is_type = isinstance(value, types) and (not isinstance(value, bool) or bool in types)
    return is_type and (shape.type_name != "string" or not shape.enum or value in shape.enum)
