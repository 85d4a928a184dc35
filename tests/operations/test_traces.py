"""Spans reach a collector that the variables name; without them nothing of it is loaded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.collector import Collector
from support.content import sha256
from support.registry import Registry
from support.server import Server
from wharfinger.server.traces import TracesUnusable, are_wanted

ACCOUNT = "000000000001"
CONTENT = b"x" * 1000
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as running:
        monkeypatch.setenv(ENDPOINT, running.address)
        yield running


def attributes(span: Any) -> dict[str, Any]:
    return {item.key: item.value.string_value or item.value.int_value for item in span.attributes}


def test_a_request_its_transactions_and_its_calls_of_the_store_are_one_trace(
    directory: Path, collector: Collector
) -> None:
    with Server(directory, open=True) as server:
        registry = Registry(server, ACCOUNT)
        registry.create("app")
        path = f"/v2/app/blobs/uploads/?digest={sha256(CONTENT)}"
        sent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = registry.oci.call("POST", path, CONTENT, headers=sent)
        assert answer.status == 201
    # what was not sent before is sent when the server stops
    assert collector.services == {"wharfinger"}
    [request] = collector.named("oci POST uploads")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    told = attributes(request)
    assert told["http.response.status_code"] == 201
    assert told["wharfinger.request"] == answer.headers["x-amzn-requestid"]
    children = [span for span in collector.spans if span.parent_span_id == request.span_id]
    assert {"database read", "database write", "store create", "store publish"} <= {span.name for span in children}
    assert all("wharfinger." in attributes(span)["code.function.name"] for span in children if "write" in span.name)


def test_spans_name_nothing_that_clients_chose(directory: Path, collector: Collector) -> None:
    with Server(directory, open=True) as server:
        registry = Registry(server, ACCOUNT)
        registry.create("chosen-name")
        registry.oci.get("/v2/chosen-name/manifests/chosen-tag")
    assert collector.named("oci GET manifest")
    assert b"chosen" not in b"".join(span.SerializeToString() for span in collector.spans)


def test_a_server_answers_when_nobody_takes_its_spans(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with Server(directory, open=True) as server:
        Registry(server, ACCOUNT).create("app")
        assert server.stop() == 0


def test_nothing_of_it_is_loaded_where_nobody_wants_it() -> None:
    program = "import sys, wharfinger.server.serve; print([m for m in sys.modules if m.startswith('opentelemetry')])"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout == "[]\n"


def test_traces_are_wanted_if_a_variable_says_where_they_go() -> None:
    assert not are_wanted({})
    assert not are_wanted({ENDPOINT: ""})
    assert are_wanted({ENDPOINT: "http://127.0.0.1:4318"})
    assert are_wanted({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"})
    assert not are_wanted({ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"})


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wharfinger.server.traces._PROGRAM", "opentelemetry.not_there")
    with pytest.raises(TracesUnusable, match=r"install wharfinger\[otel\]"):
        are_wanted({ENDPOINT: "http://127.0.0.1:4318"})
