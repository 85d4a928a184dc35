"""Makes those parts of the documentation that the code knows best; with `--check` only says which are stale.

Run as `python -m tools.reference` from the root of the tree.
"""

from __future__ import annotations

import itertools
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from wharfinger.api import wording
from wharfinger.api.ecr import HANDLERS
from wharfinger.cli.options import description, setting_fields, shown_default
from wharfinger.contract.ecr import API_VERSION, OPERATIONS
from wharfinger.contract.oci import ENDPOINTS
from wharfinger.domain import faults
from wharfinger.domain.names import Registry
from wharfinger.server.families import FAMILIES
from wharfinger.server.settings import PREFIX

ROOT: Final = Path(__file__).parents[1]
# operations that work with a part missing, which the reader has to know
NOTES: Final[Mapping[str, str]] = {
    "BatchGetImage": "the stored bytes, whatever media types are accepted",
    "DescribeRegistry": "there is no replication yet",
    "PutAccountSetting": "BLOB_MOUNTING and REGISTRY_POLICY_SCOPE act; BASIC_SCAN_TYPE_VERSION has one value",
}


STORED: Final[Mapping[str, str]] = {"PutImageScanningConfiguration": "shown again, but scanning itself comes later"}


def operations() -> str:
    """The table of the ECR API's operations with their state."""
    unknown = (NOTES.keys() | STORED.keys()) - HANDLERS.keys()
    if unknown:
        raise SystemExit(f"tools/reference.py has notes on operations that are not built: {sorted(unknown)}")
    work = f"{len(HANDLERS)} of the {len(OPERATIONS)} operations of API version {API_VERSION} work"
    lines = [f"{work}, the others answer 501 and name themselves.", "", "| Operation | State |", "| --- | --- |"]
    for name in sorted(OPERATIONS, key=lambda name: (name not in HANDLERS, name)):
        state = "stored" if name in STORED else "works" if name in HANDLERS else "not yet"
        note = STORED.get(name) or NOTES.get(name)
        lines.append(f"| {name} | {state}{f': {note}' if note else ''} |")
    return "\n".join(lines)


def endpoints() -> str:
    """The table of the OCI API's endpoints with the IAM action behind each request."""
    lines = ["| Request | IAM action |", "| --- | --- |"]
    for endpoint in ENDPOINTS:
        shape = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", endpoint.pattern.pattern).replace("?", "")
        lines.extend(
            f"| `{method} {shape}` | {f'`{action}`' if action else 'a login is enough'} |"
            for method, action in endpoint.actions.items()
        )
    return "\n".join(lines)


def settings() -> str:
    """The table of settings."""
    lines = ["| Flag | Variable | In the file | Default | Meaning |", "| --- | --- | --- | --- | --- |"]
    for field in setting_fields():
        name = field.name
        flag = "--" + name.replace("_", "-")
        default = shown_default(field)
        lines.append(f"| `{flag}` | `{PREFIX}{name.upper()}` | `{name}` | `{default}` | {description(field)} |")
    return "\n".join(lines)


def metrics() -> str:
    """The table of metrics, and that of what their labels can say."""
    lines = ["| Metric | Type | Labels | Meaning |", "| --- | --- | --- | --- |"]
    values: dict[str, dict[str, None]] = {}
    for family in FAMILIES:
        labels = ", ".join(f"`{name}`" for name in family.labels)
        lines.append(f"| `{family.name}` | {family.kind} | {labels} | {family.text} |")
        told = itertools.chain.from_iterable(zip(family.labels, each, strict=False) for each in family.values)
        for name, value in told:
            values.setdefault(name, {})[value] = None
    lines += ["", "| Label | Values |", "| --- | --- |"]
    lines += [f"| `{name}` | {', '.join(f'`{value}`' for value in found)} |" for name, found in values.items()]
    return "\n".join(lines)


def errors() -> str:
    """The table of faults in all protocols."""
    lines = ["| ECR exception | OCI | STS | Text |", "| --- | --- | --- | --- |"]
    for kind, words in wording.WORDS.items():
        example = _example(kind)
        status = f" ({words.ecr_status})" if words.ecr_status != 400 else ""
        text = wording.ecr_text(example)
        if words.oci_text is not None:
            text += f" — OCI: {wording.oci_text(example)}"
        sts = f"{words.sts_status} {words.sts}"
        lines.append(f"| {words.ecr}{status} | {words.oci_status} {words.oci} | {sts} | {_cell(text)} |")
    return "\n".join(lines)


def _example(kind: type[faults.Fault]) -> faults.Fault:
    """A fault whose fields show their own names."""
    values: dict[str, Any] = {}
    for name, hint in typing.get_type_hints(kind).items():
        if hint is Registry:
            values[name] = Registry("<account>", "<region>")
        elif hint is bool:
            values[name] = False
        elif typing.get_origin(hint) is tuple:
            values[name] = (f"<{name}>",)
        else:
            values[name] = f"<{name}>"
    return kind(**values)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")


PARTS: Final[Mapping[str, tuple[str, Callable[[], str]]]] = {
    "operations": ("README.md", operations),
    "settings": ("docs/reference/settings.md", settings),
    "errors": ("docs/reference/errors.md", errors),
    "metrics": ("docs/reference/metrics.md", metrics),
    "endpoints": ("docs/reference/oci.md", endpoints),
}


def written() -> Iterator[tuple[Path, str, str]]:
    """Each file that holds a made part: its path, its text now, its text as it should be."""
    for name, (file, make) in PARTS.items():
        path = ROOT / file
        text = path.read_text()
        begin, end = f"<!-- made by tools/reference.py: {name} -->\n", f"<!-- end: {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise SystemExit(f"{file} has to have the two marks of the part '{name}', once each")
        head, rest = text.split(begin)
        yield path, text, f"{head}{begin}\n{make()}\n\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Write, or with `--check` compare."""
    stale = [(path, new) for path, old, new in written() if old != new]
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(str(path.relative_to(ROOT)) for path, _ in stale)
            raise SystemExit(f"not as the code says, run `make docs`: {names}")
        return
    for path, new in stale:
        path.write_text(new)


if __name__ == "__main__":
    main()
