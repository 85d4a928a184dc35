"""S9: what somebody sends stays a value: in SQL, in headers, in the log, in a pattern.

Attacks: Harbor CVE-2019-19026, CVE-2019-19029 and CVE-2024-22261 (SQL in the parameters of lists), CVE-2025-30086 (a
filter that reached columns nobody meant), Quay CVE-2026-110697 (`_` in a name was a wildcard of LIKE, and led to the
tokens of others' robots).
"""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

import wharfinger
from support.content import UNKNOWN, image
from support.doors import Doors
from support.somebody import OPERATIONS, least
from wharfinger.contract.oci import ENDPOINTS
from wharfinger.server import logs

ROOT = Path(wharfinger.__file__).parent
APP: Final = {"repositoryName": "app"}
# what is no constant of the module, and comes from no request either
OURS: Final = {
    "state/db/audit.py": {"table", "column", "parent", "key"},  # names that the database has in its catalogue
    "state/db/copies.py": {"table"},  # one of two
    "state/db/postgres.py": {"begin"},  # one of its constants
    "state/db/standing.py": {"sql", "MOST"},  # one of its constants
}
ALL_OURS: Final = {"state/db/rows.py"}  # made of the names in the catalogue of an empty database, for all tables
TEXTS: Final = (
    "' OR '1'='1",
    "'; DROP TABLE images; --",
    '" OR ""="',
    "%",
    "_",
    "a\\",
    "\0",
    "\r\nx-injected: yes\r\n\r\n",
    "${jndi:ldap://x}",
    "{0.__class__}",
    "%s%n",
)


def _named(module: Path) -> str:
    return str(module.relative_to(ROOT))


def _sql_texts(tree: ast.AST) -> Iterator[ast.JoinedStr]:
    """Formatted texts that are given to a transaction or kept as a constant."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node


# --- the source ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted((ROOT / "state/db").glob("*.py")), ids=_named)
def test_only_constants_are_put_into_sql(module: Path) -> None:
    """Every value is a bound parameter; a formatted SQL text may only hold module constants and what they choose."""
    if _named(module) in ALL_OURS:
        return
    for text in _sql_texts(ast.parse(module.read_text())):
        written = "".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))
        if not any(word in written for word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WHERE")):
            continue
        for part in text.values:
            if isinstance(part, ast.FormattedValue):
                value = part.value.value if isinstance(part.value, ast.Subscript) else part.value
                assert isinstance(value, ast.Name)
                known = value.id.strip("_").isupper() or value.id in OURS.get(_named(module), ())
                assert known, ast.unparse(text)


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


# --- SQL -----------------------------------------------------------------------------------------------------


def _with(value: Any, text: str) -> Iterator[Any]:
    """A value of JSON with the text in the place of each string in it, one at a time."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from ([*value[:number], other, *value[number + 1 :]] for other in _with(item, text))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from ({**value, name: other} for other in _with(item, text))


@pytest.mark.parametrize("text", TEXTS, ids=repr)
async def test_no_text_in_a_call_is_anything_but_a_text(doors: Doors, text: str) -> None:
    """Whatever is asked for by it is refused or not found; nothing fails, and nothing goes."""
    one = image()
    await doors.push("app", one, "v1")
    failed = []
    for operation in sorted(OPERATIONS):
        for arguments in _with(least(operation), text):
            answer = await doors.asked(operation, **arguments)
            if answer.status >= 500 or "x-injected" in answer.headers:
                failed.append((operation, arguments, answer))
    assert failed == []
    assert (await doors.oci("GET", "app/manifests/v1")).body == one.manifest


@pytest.mark.parametrize("text", TEXTS, ids=repr)
async def test_no_text_in_a_path_or_query_is_anything_but_a_text(doors: Doors, text: str) -> None:
    one = image()
    await doors.push("app", one, "v1")
    places = ["{}/tags/list", "app/tags/list?last={}", "app/manifests/{}", "app/blobs/{}", "app/blobs/uploads/{}"]
    places += [
        "app/referrers/{}",
        f"app/referrers/{UNKNOWN}?artifactType={{}}",
        "_catalog?last={}",
        "app/tags/list?n={}",
    ]
    for place in places:
        answer = await doors.oci("GET", place.format(quote(text, safe="")))
        assert answer.status < 500, (place, answer)
        assert "x-injected" not in answer.headers
    for query in ("mount={}", "mount={}&from={}", "digest={}"):
        answer = await doors.oci("POST", f"app/blobs/uploads/?{query.replace('{}', quote(text, safe=''))}")
        assert answer.status < 500
    assert (await doors.oci("GET", "app/manifests/v1")).body == one.manifest


@pytest.mark.parametrize(
    "operation", ["ListDeletions", "ListEvents", "ListHolds", "ListTagHistory", "ListDeletedImages"]
)
async def test_an_underscore_in_a_name_is_an_underscore(doors: Doors, operation: str) -> None:
    """The attack on Quay: a name that matches another one if it is taken for a pattern."""
    for name in ("a_c", "abc"):
        await doors.served("CreateRepository", repositoryName=name)
    await doors.push("abc", image(), "secret")
    await doors.served("PutHold", repositoryName="abc", image="held", reason="secret")
    await doors.served("DeleteImages", repositoryName="abc", imageIds=[{"imageTag": "secret"}], reason="secret")
    found = await doors.served(operation, repositoryName="a_c")
    assert "abc" not in str(found)
    assert "secret" in str(await doors.served(operation, repositoryName="abc"))


# --- headers and the log -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["host", "content-type", "accept", "range", "content-range", "authorization", "origin"]
)
async def test_no_header_gets_a_line_into_an_answer(doors: Doors, name: str) -> None:
    value = 'x"\t, y="z'
    for method, path in (("GET", ""), ("GET", "app/manifests/v1"), ("POST", "app/blobs/uploads/"), ("PUT", "app/x")):
        answer = await doors.oci(method, path, headers={name: value})
        assert answer.status < 500
        assert all(value not in text for text in answer.headers.values())


@pytest.mark.parametrize("endpoint", [endpoint.name for endpoint in ENDPOINTS])
@pytest.mark.parametrize("ending", ["%0d%0ax-injected:%20yes", "%0ax-injected:%20yes", "%00", "%E2%80%A8", "%C2%85"])
async def test_an_encoded_end_of_line_in_a_path_ends_no_line(doors: Doors, endpoint: str, ending: str) -> None:
    paths = {
        "manifest": f"app/manifests/v1{ending}",
        "uploads": f"app{ending}/blobs/uploads/",
        "upload": f"app/blobs/uploads/x{ending}",
        "blob": f"app/blobs/{UNKNOWN}{ending}",
        "tags": f"app{ending}/tags/list",
        "referrers": f"app/referrers/{UNKNOWN}{ending}",
        "catalog": f"_catalog?last=x{ending}",
        "token": f"token?service=x{ending}",
        "ping": f"?x={ending}",
    }
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = await doors.oci(method, paths[endpoint], headers={"content-type": "application/json"})
        assert answer.status < 500
        assert "x-injected" not in answer.headers
        assert all(text.isprintable() for text in answer.headers.values())


@pytest.mark.parametrize("end", ["\n", "\r", "\x85", "\x9b31m", "\x1b[2J"], ids=ascii)
async def test_a_path_gets_no_line_of_its_own_into_the_log(
    doors: Doors, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Also by bytes that no client should send, which the web server lets through."""
    with caplog.at_level(logging.INFO, "wharfinger"):
        await doors.request("PUT", "/v2/x", raw_path=f"/v2/{end}2026-01-01 forged".encode("latin-1"))
    for form in (logs.Text(), logs.Json()):
        [line] = [line for line in map(form.format, caplog.records) if "forged" in line]
        assert line.isascii()
        assert line.isprintable()
