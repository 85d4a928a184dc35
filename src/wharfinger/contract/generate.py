"""Turn service models into source text: botocore's of ECR and STS into `ecr.py` and `sts.py`, our own too.

Run as `python -m wharfinger.contract.generate`; a development tool, botocore is not needed at run time.
The models' documentation strings are left out: of AWS's the shapes are facts, and the prose is not ours.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from wharfinger.contract.overlay import ACTIONS, PARTS, PATTERNS, SENSITIVE

SERVICES = ("ecr", "sts", "wharfinger")
# botocore finds our model there too, if AWS_DATA_PATH names the directory
OWN_MODELS = Path(__file__).with_name("models")
# members that name what an action is on
RESOURCES = ("repositoryName", "repositoryNames", "resourceArn")
SCALARS = {"boolean": "bool", "double": "float", "integer": "int", "long": "int", "timestamp": "float"}
HEADER = '''"""The service model of {title} as types: one struct per shape, one row per operation.

Generated from {origin} by `python -m wharfinger.contract.generate`. Do not edit.
Timestamps are seconds since 1970 as numbers, blobs are bytes (base64 on the wire), absent members are None.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wharfinger.contract.service import Operation, Service, Shape

API_VERSION = "{api_version}"
'''


def target(service: str) -> Path:
    """Where the types of a service are."""
    return Path(__file__).with_name(f"{service}.py")


def load(service: str) -> tuple[dict[str, Any], str]:
    """The newest model of a service, and where it comes from."""
    import botocore  # noqa: PLC0415 - a development dependency, absent where the product runs
    from botocore.loaders import Loader  # noqa: PLC0415

    loader = Loader(extra_search_paths=[str(OWN_MODELS)])
    model: dict[str, Any] = loader.load_service_model(service, "service-2")
    is_ours = (OWN_MODELS / service).exists()
    model = part(model, PARTS[service]) if service in PARTS else model
    return model, f"models/{service}" if is_ours else f"botocore {botocore.__version__}"


def part(model: Mapping[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """A model with some of its operations, and the shapes that these need."""
    kept = {name: operation for name, operation in model["operations"].items() if name in operations}
    needed: set[str] = set()
    left = [
        named["shape"]
        for operation in kept.values()
        for named in (operation["input"], operation["output"], *operation.get("errors", ()))
    ]
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            shape = model["shapes"][name]
            left += [*_inner(shape), *(member["shape"] for member in shape.get("members", {}).values())]
    shapes = {name: shape for name, shape in model["shapes"].items() if name in needed}
    return {**model, "operations": kept, "shapes": shapes}


def signing_name(metadata: Mapping[str, Any]) -> str:
    """What signatures are for; a model that does not say so means its endpoints' name."""
    return str(metadata.get("signingName", metadata["endpointPrefix"]))


def snake(name: str) -> str:
    """`imageTagMutability` -> `image_tag_mutability`."""
    text = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return text + "_" if keyword.iskeyword(text) else text


def camel(name: str) -> str:
    """What msgspec's `rename="camel"` makes of a field's name."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def source(model: Mapping[str, Any], origin: str) -> str:
    """The whole text of a service's types."""
    metadata = model["metadata"]
    parts = [HEADER.format(origin=origin, title=_title(metadata), api_version=metadata["apiVersion"])]
    shapes = model["shapes"]
    parts.extend(_aliases(shapes))
    parts.extend(_structs(shapes))
    parts.append(_operations(model))
    parts.append(
        f"SERVICE = Service({_title(metadata)!r}, {metadata.get('targetPrefix', '')!r}, "
        f"{signing_name(metadata)!r}, OPERATIONS)"
    )
    parts.append(_exceptions(shapes))
    return "\n".join(parts)


def _title(metadata: Mapping[str, Any]) -> str:
    return str(metadata.get("serviceAbbreviation", metadata["serviceId"]))


def _aliases(shapes: Mapping[str, Any]) -> Iterator[str]:
    """Constrained strings, numbers, blobs and lists, in an order in which each name is known when used."""
    written: set[str] = set()

    def write(name: str) -> Iterator[str]:
        shape = shapes[name]
        if name in written or _alias(name, shape) is None:
            return
        written.add(name)
        for inner in _inner(shape):
            yield from write(inner)
        yield f"{name} = {_alias(name, shape)}"

    for name in sorted(shapes):
        yield from write(name)


def _inner(shape: Mapping[str, Any]) -> list[str]:
    if shape["type"] == "list":
        return [shape["member"]["shape"]]
    if shape["type"] == "map":
        return [shape["key"]["shape"], shape["value"]["shape"]]
    return []


def _alias(name: str, shape: Mapping[str, Any]) -> str | None:
    """The right-hand side of a type alias, None for what needs no name of its own."""
    kind = shape["type"]
    if kind == "structure" or name == "String":
        return None
    if kind == "string":
        if "enum" in shape:
            return f"Literal[{', '.join(map(repr, shape['enum']))}]"
        base = "str"
    elif kind == "list":
        base = f"list[{_quoted(shape['member']['shape'])}]"
    elif kind == "map":
        base = f"dict[{_quoted(shape['key']['shape'])}, {_quoted(shape['value']['shape'])}]"
    elif kind == "blob":
        base = "bytes"
    else:
        base = SCALARS[kind]
    meta = _meta(shape)
    return f"Annotated[{base}, Meta({meta})]" if meta else base


def _quoted(name: str) -> str:
    return "str" if name == "String" else f'"{name}"'


def _meta(shape: Mapping[str, Any]) -> str:
    numeric = shape["type"] in {"integer", "long", "double"}
    low, high = ("ge", "le") if numeric else ("min_length", "max_length")
    found = []
    if shape.get("min") or (numeric and "min" in shape):
        found.append(f"{low}={shape['min']}")
    if "max" in shape:
        found.append(f"{high}={shape['max']}")
    if "pattern" in shape:
        # msgspec searches, the service matches the whole value
        pattern = PATTERNS.get(shape["pattern"], shape["pattern"])
        found.append(f"pattern={'^(?:' + pattern + ')' + chr(92) + 'Z'!r}")
    return ", ".join(found)


def _structs(shapes: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(shapes):
        shape = shapes[name]
        if shape["type"] != "structure" or shape.get("exception"):
            continue
        yield f"\nclass {name}(Shape, kw_only=True):"
        required = set(shape.get("required", ()))
        fields = [_field(member, spec, member in required) for member, spec in shape["members"].items()]
        yield "\n".join(fields or ['    """No members."""'])
        hidden = [
            snake(member)
            for member, spec in shape["members"].items()
            if member in SENSITIVE or shapes[spec["shape"]].get("sensitive")
        ]
        if hidden:
            yield f"\n    SENSITIVE = frozenset({{{', '.join(map(repr, hidden))}}})"
        yield ""


def _field(member: str, spec: Mapping[str, Any], required: bool) -> str:
    attribute = snake(member)
    hint = "str" if spec["shape"] == "String" else spec["shape"]
    renamed = "" if camel(attribute) == member else f'name="{member}"'
    if required:
        return f"    {attribute}: {hint}" + (f" = msgspec.field({renamed})" if renamed else "")
    default = f"msgspec.field(default=None, {renamed})" if renamed else "None"
    return f"    {attribute}: {hint} | None = {default}"


def _operations(model: Mapping[str, Any]) -> str:
    service = signing_name(model["metadata"])
    rows = []
    for name, operation in sorted(model["operations"].items()):
        errors = "".join(f'"{error["shape"]}", ' for error in operation.get("errors", ()))
        rows.append(
            f'    "{name}": Operation(\n'
            f'        "{name}",\n'
            f"        {operation['input']['shape']},\n"
            f"        {operation['output']['shape']},\n"
            f"        ({errors}),\n"
            f'        "{ACTIONS.get(name, f"{service}:{name}")}",\n'
            f"        {_resource(model['shapes'][operation['input']['shape']])!r},\n"
            f"    ),"
        )
    return "\nOPERATIONS: dict[str, Operation] = {\n" + "\n".join(rows) + "\n}\n"


def _resource(request: Mapping[str, Any]) -> str | None:
    return next((snake(name) for name in RESOURCES if name in request["members"]), None)


def _exceptions(shapes: Mapping[str, Any]) -> str:
    rows = []
    for name in sorted(shapes):
        if shapes[name].get("exception"):
            extra = "".join(f'"{member}", ' for member in shapes[name]["members"] if member != "message")
            rows.append(f'    "{name}": ({extra}),')
    comment = "# the exceptions of the model, each with the members it has besides its message\n"
    return comment + "EXCEPTIONS: dict[str, tuple[str, ...]] = {\n" + "\n".join(rows) + "\n}\n"


def main() -> None:
    """Write the types of all services, formatted as the rest of the tree."""
    import subprocess  # noqa: PLC0415 - only this development tool runs another program

    for service in SERVICES:
        target(service).write_text(source(*load(service)))
        for arguments in (["check", "--fix-only", "--quiet"], ["format", "--quiet"]):
            subprocess.run([sys.executable, "-m", "ruff", *arguments, str(target(service))], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
