"""Turn botocore's service model of ECR into the source text of `ecr.py`.

Run as `python -m wharfinger.contract.generate`; a development tool, botocore is not needed at run time.
The model's documentation strings are left out: the shapes are facts, the prose is not ours.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wharfinger.contract.overlay import ACTIONS, PATTERNS

TARGET = Path(__file__).with_name("ecr.py")
SCALARS = {"boolean": "bool", "double": "float", "integer": "int", "long": "int", "timestamp": "float"}
HEADER = '''"""The ECR service model as types: one struct per shape, one row per operation.

Generated from botocore {version} by `python -m wharfinger.contract.generate`. Do not edit.
Timestamps are seconds since 1970 as numbers, blobs are bytes (base64 on the wire), absent members are None.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

API_VERSION = "{api_version}"
TARGET_PREFIX = "{target_prefix}"
SIGNING_NAME = "{signing_name}"


class Shape(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A structure of the model: unknown members are ignored, null is absent, None is not sent."""


class Operation(NamedTuple):
    """One operation: its types, the exceptions it declares and the IAM action it needs."""

    name: str
    request: type[Shape]
    response: type[Shape]
    errors: tuple[str, ...]
    action: str
'''


def load() -> tuple[dict[str, Any], str]:
    """The newest model that the installed botocore holds, and botocore's version."""
    import botocore  # noqa: PLC0415 - a development dependency, absent where the product runs
    from botocore.loaders import Loader  # noqa: PLC0415

    model: dict[str, Any] = Loader().load_service_model("ecr", "service-2")
    return model, botocore.__version__


def snake(name: str) -> str:
    """`imageTagMutability` -> `image_tag_mutability`."""
    text = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
    return text + "_" if keyword.iskeyword(text) else text


def camel(name: str) -> str:
    """What msgspec's `rename="camel"` makes of a field's name."""
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def source(model: Mapping[str, Any], version: str) -> str:
    """The whole text of `ecr.py`."""
    metadata = model["metadata"]
    parts = [
        HEADER.format(
            version=version,
            api_version=metadata["apiVersion"],
            target_prefix=metadata["targetPrefix"],
            signing_name=metadata["signingName"],
        )
    ]
    shapes = model["shapes"]
    parts.extend(_aliases(shapes))
    parts.extend(_structs(shapes))
    parts.append(_operations(model))
    parts.append(_exceptions(shapes))
    return "\n".join(parts)


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
    rows = []
    for name, operation in sorted(model["operations"].items()):
        errors = "".join(f'"{error["shape"]}", ' for error in operation.get("errors", ()))
        rows.append(
            f'    "{name}": Operation(\n'
            f'        "{name}",\n'
            f"        {operation['input']['shape']},\n"
            f"        {operation['output']['shape']},\n"
            f"        ({errors}),\n"
            f'        "{ACTIONS.get(name, "ecr:" + name)}",\n'
            f"    ),"
        )
    return "\nOPERATIONS: dict[str, Operation] = {\n" + "\n".join(rows) + "\n}\n"


def _exceptions(shapes: Mapping[str, Any]) -> str:
    rows = []
    for name in sorted(shapes):
        if shapes[name].get("exception"):
            extra = "".join(f'"{member}", ' for member in shapes[name]["members"] if member != "message")
            rows.append(f'    "{name}": ({extra}),')
    comment = "# the exceptions of the model, each with the members it has besides its message\n"
    return comment + "EXCEPTIONS: dict[str, tuple[str, ...]] = {\n" + "\n".join(rows) + "\n}\n"


def main() -> None:
    """Write `ecr.py`, formatted as the rest of the tree."""
    import subprocess  # noqa: PLC0415 - only this development tool runs another program

    TARGET.write_text(source(*load()))
    for arguments in (["check", "--fix-only", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, str(TARGET)], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
