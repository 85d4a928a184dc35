"""The log: a record on each line whatever clients send, the same in both formats, under the id that they were told."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.content import sha256
from support.doors import Doors
from support.poll import until
from support.server import Server
from support.stores import empty_store
from support.wire import Wire
from wharfinger.server import logs

FORMATS = pytest.mark.parametrize("form", [logs.Text, logs.Json])
EVIL = "a\nb\rc\x1b[31m\x00d\u2028e"


def record(message: str, *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("wharfinger.x", logging.INFO, "x.py", 1, message, args, more.pop("exc_info", None))
    made.__dict__.update(more)
    return made


def failure() -> Any:
    try:
        fail()
    except RuntimeError:
        return sys.exc_info()


def fail() -> None:
    raise RuntimeError(EVIL)


@FORMATS
def test_what_clients_chose_begins_no_line(form: type[logging.Formatter]) -> None:
    told = form().format(record("said %s", EVIL, **logs.fields(path=EVIL)))
    assert told.isprintable()


def test_a_traceback_begins_no_line_in_json() -> None:
    told = logs.Json().format(record("failed", exc_info=failure()))
    assert len(told.splitlines()) == 1
    assert "RuntimeError" in json.loads(told)["error"]


def test_the_lines_of_a_traceback_are_indented_in_text() -> None:
    first, *others = logs.Text().format(record("failed", exc_info=failure())).split("\n")
    assert first.endswith("failed")
    assert others
    assert all(line.startswith("  ") and line.isprintable() for line in others)


@FORMATS
def test_what_is_too_long_is_cut(form: type[logging.Formatter]) -> None:
    told = form().format(record("x" * 100_000, **logs.fields(path="y" * 100_000)))
    assert 5000 < len(told) < 6000


@FORMATS
def test_fields_are_told_and_those_without_a_value_are_not(form: type[logging.Formatter]) -> None:
    told = form().format(record("x", **logs.fields(status=0, client="", trace=None, path="a b")))
    if form is logs.Json:
        found = json.loads(told)
        assert found.keys() == {"time", "level", "logger", "message", "status", "path"}
        assert (found["status"], found["path"]) == (0, "a b")
    else:
        assert told.endswith('INFO wharfinger.x x status=0 path="a b"')


def test_times_are_of_utc() -> None:
    made = record("x")
    made.created, made.msecs = 1_800_000_000.25, 250.0
    assert json.loads(logs.Json().format(made))["time"] == "2027-01-15T08:00:00.250Z"


# --- requests ------------------------------------------------------------------------------------------------


def lines(server: Server) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def test_a_request_is_told_as_an_object_under_the_id_that_its_client_has(directory: Path) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with Server(directory, open=True, log_format="json") as server, Wire(server) as wire:
        wire.request(
            "PUT",
            "/v2/app/manifests/x%0A{y",
            {"Content-Length": "5", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
        )
        wire.send(b"12345")
        answer = wire.answer()
        until(lambda: bool(lines(server)), "the request is logged")
        [line] = lines(server)
    told = {name: line[name] for name in ("level", "method", "path", "operation", "status", "client", "trace")}
    assert told == {
        "level": "info",
        "method": "PUT",
        "path": "/v2/app/manifests/x%0A{y",
        "operation": "manifest",
        "status": answer.status,
        "client": "127.0.0.1",
        "trace": trace,
    }
    assert line["request"] == answer.headers["x-amzn-requestid"]


@pytest.mark.parametrize("sent", ["x\ny", "00-" + "g" * 32 + "-00f067aa0ba902b7-01", "00-1234-5678-01", "9" * 5000])
async def test_only_a_trace_id_is_told_of_what_a_client_wants_to_be_known_by(
    doors: Doors, caplog: pytest.LogCaptureFixture, sent: str
) -> None:
    caplog.set_level(logging.INFO)
    await doors.request("PUT", "/v2/", headers={"traceparent": sent, "x-request-id": "chosen"})
    [told] = [logs.Text().format(one) for one in caplog.records if one.message == "answered"]
    assert "trace=" not in told
    assert "chosen" not in told


async def test_who_asks_is_told_by_kind_and_not_by_name(doors: Doors, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await doors.ecr("DescribeRepositories")
    [told] = [logs.Text().format(one) for one in caplog.records if one.message == "answered"]
    assert " login=open " in told
    assert doors.account not in told


async def test_a_client_of_the_data_plane_reads_the_id_in_a_failure_of_the_servers(
    doors: Doors, tmp_path: Path
) -> None:
    content = b"x" * 1000
    await doors.push_blob("app", content, sha256(content))
    empty_store(tmp_path / "data")
    answer = await doors.oci("GET", f"app/blobs/{sha256(content)}")
    assert answer.status == 503
    assert answer.json["errors"][0]["detail"] == {"requestId": answer.headers["x-amzn-requestid"]}


async def test_a_refusal_is_the_clients_own_matter_and_shows_no_id(doors: Doors) -> None:
    assert "detail" not in (await doors.oci("GET", "app/manifests/none")).json["errors"][0]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/nothing", "/v2/", "/v2/app/tags/list"])
async def test_every_answer_has_an_id_of_its_own(doors: Doors, path: str) -> None:
    ids = {(await doors.request("GET", path)).headers["x-amzn-requestid"] for _ in range(2)}
    assert len(ids) == 2
