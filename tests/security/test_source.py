"""Classes of holes that the source itself can be searched for (S9, S10, S14 of the advisories of other registries)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wharfinger

ROOT = Path(wharfinger.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
_FORBIDDEN = {"pickle", "marshal", "shelve", "dill", "yaml", "xml", "telnetlib"}
_CALLS = {"eval", "exec", "compile", "__import__"}


def _named(module: Path) -> str:
    return str(module.relative_to(ROOT))


def _sql_texts(tree: ast.AST) -> Iterator[ast.JoinedStr]:
    """Formatted texts that are given to a transaction or kept as a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node


@pytest.mark.parametrize("module", sorted((ROOT / "state/db").glob("*.py")), ids=_named)
def test_only_constants_are_put_into_sql(module: Path) -> None:
    """Every value is a bound parameter; a formatted SQL text may only hold module constants and what they choose."""
    for text in _sql_texts(ast.parse(module.read_text())):
        written = "".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))
        if not any(word in written for word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WHERE")):
            continue
        for part in text.values:
            if isinstance(part, ast.FormattedValue):
                value = part.value.value if isinstance(part.value, ast.Subscript) else part.value
                assert isinstance(value, ast.Name)
                assert value.id.strip("_").isupper(), ast.unparse(text)


@pytest.mark.parametrize("module", sorted((ROOT / "state/db").glob("*.py")), ids=_named)
def test_sql_is_put_together_by_format_only_where_there_are_no_values_yet(module: Path) -> None:
    """When the module is imported."""
    functions = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.AsyncFunctionDef)]
    called = [node.attr for function in functions for node in ast.walk(function) if isinstance(node, ast.Attribute)]
    assert not {"format", "format_map"} & set(called)


def test_no_like_is_used() -> None:
    """A name with `_` or `%` in it must not match other names."""
    found = [_named(module) for module in (ROOT / "state/db").glob("*.py") if " LIKE " in module.read_text()]
    assert found == []


@pytest.mark.parametrize("module", MODULES, ids=_named)
def test_nothing_is_decoded_that_could_run(module: Path) -> None:
    tree = ast.parse(module.read_text())
    imported = {
        name.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    } | {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert imported & _FORBIDDEN == set()
    assert called & _CALLS == set()
