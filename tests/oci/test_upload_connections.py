"""Uploads whose connection ends too early, that others touch meanwhile, or that are refused before they have come."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support import inside
from support.content import UNKNOWN_UPLOAD, sha256
from support.oci import span
from support.poll import until
from support.registry import Registry
from support.wire import Wire

LARGE = 64 * 1024 * 1024  # more than the buffers of both sides hold


# --- connections that end too early --------------------------------------------------------------------------


def by_length(wire: Wire, method: str, path: str, content: bytes) -> None:
    """Half of what the Content-Length says, then nothing more."""
    wire.request(method, path, {"Content-Length": str(len(content)), "Expect": "100-continue"})
    assert wire.head().startswith(b"HTTP/1.1 100 ")  # so the server has begun to take it
    wire.send(content[: len(content) // 2])
    wire.close()


def by_transfer_encoding(wire: Wire, method: str, path: str, content: bytes) -> None:
    """A whole chunk of the transfer encoding, and no end of the body."""
    wire.request(method, path, {"Transfer-Encoding": "chunked", "Expect": "100-continue"})
    assert wire.head().startswith(b"HTTP/1.1 100 ")
    half = content[: len(content) // 2]
    wire.send(b"%x\r\n%s\r\n" % (len(half), half))
    wire.close()


CutOff = Callable[[Wire, str, str, bytes], None]
cut_offs = pytest.mark.parametrize("cut_off", [by_length, by_transfer_encoding], ids=["length", "transfer encoding"])


@cut_offs
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_upload_goes_on_where_the_connection_was_cut_off(
    method: str, cut_off: CutOff, wire: Wire, registry: Registry, content: bytes
) -> None:
    app = registry.create()
    location = registry.oci.begin(app)
    query = f"?digest={sha256(content)}" if method == "PUT" else ""
    cut_off(wire, method, location + query, content)
    until(lambda: registry.oci.get(location).headers["Range"] == "0-499", "half of the bytes are kept")
    assert registry.oci.get(location).status == 204
    assert registry.oci.call("PATCH", location, content[500:], span(500, 999)).status == 202
    assert registry.oci.finish(location, sha256(content)).status == 201
    assert registry.oci.get(f"/v2/{app}/blobs/{sha256(content)}").body == content


@cut_offs
def test_a_put_that_was_cut_off_is_no_blob_even_if_the_digest_is_that_of_what_came(
    cut_off: CutOff, wire: Wire, registry: Registry, content: bytes
) -> None:
    app = registry.create()
    location = registry.oci.begin(app)
    came = sha256(content[:500])
    cut_off(wire, "PUT", f"{location}?digest={came}", content)
    until(lambda: registry.oci.get(location).headers["Range"] == "0-499", "half of the bytes are kept")
    assert registry.oci.head(f"/v2/{app}/blobs/{came}").status == 404


@cut_offs
def test_of_a_post_that_was_cut_off_nothing_is_left(
    cut_off: CutOff, wire: Wire, registry: Registry, content: bytes
) -> None:
    app, before = registry.create(), inside.files(registry.server)
    came = sha256(content[:500])
    cut_off(wire, "POST", f"/v2/{app}/blobs/uploads/?digest={came}", content)
    until(lambda: inside.uploads(registry.server, registry.account) == 0, "no upload is left")
    assert registry.oci.head(f"/v2/{app}/blobs/{came}").status == 404
    assert inside.files(registry.server) <= before


# --- several requests to one upload --------------------------------------------------------------------------


@pytest.mark.directory
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_second_writer_is_sent_away_and_the_bytes_of_the_first_stay_right(
    method: str, wire: Wire, registry: Registry, content: bytes
) -> None:
    location = registry.oci.begin(registry.create())
    wire.request("PATCH", location, {"Content-Length": "1000", "Expect": "100-continue"})
    wire.head()
    wire.send(content[:500])
    second = registry.oci.call(method, f"{location}?digest={sha256(b'second')}", b"second")
    wire.send(content[500:])
    assert (second.status, second.code) == (409, "BLOB_UPLOAD_INVALID")
    assert wire.answer().headers["Range"] == "0-999"
    assert registry.oci.finish(location, sha256(content)).status == 201


def test_of_two_writers_one_is_told_that_its_bytes_were_taken_and_only_those_are_there(
    wire: Wire, registry: Registry, content: bytes
) -> None:
    """A directory lets in only the first one; where nothing can be locked it is who comes first to its end."""
    location = registry.oci.begin(registry.create())
    wire.request("PATCH", location, {"Content-Length": "1000", "Expect": "100-continue"})
    wire.head()
    wire.send(content[:500])
    second = registry.oci.call("PATCH", location, b"second")
    wire.send(content[500:])
    written = {wire.answer().status: content, second.status: b"second"}
    assert set(written) == {202, 409}
    assert registry.oci.finish(location, sha256(written[202])).status == 201


def test_the_status_can_be_asked_while_a_chunk_is_on_its_way(wire: Wire, registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    wire.request("PATCH", location, {"Content-Length": "1000", "Expect": "100-continue"})
    wire.head()
    assert registry.oci.get(location).status == 204
    wire.send(content)
    assert wire.answer().status == 202


def test_an_upload_that_is_cancelled_under_a_chunk_is_over_for_it_too(
    wire: Wire, registry: Registry, content: bytes
) -> None:
    app, before = registry.create(), inside.files(registry.server)
    location = registry.oci.begin(app)
    wire.request("PUT", f"{location}?digest={sha256(content)}", {"Content-Length": "1000", "Expect": "100-continue"})
    wire.head()
    assert registry.oci.delete(location).status == 204
    wire.send(content)
    assert wire.answer().code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.oci.head(f"/v2/{app}/blobs/{sha256(content)}").status == 404
    assert inside.files(registry.server) <= before


# --- answers before the body has come ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "logged_in", "status"),
    [
        pytest.param(f"/v2/app/blobs/uploads/{UNKNOWN_UPLOAD}?digest={sha256(b'')}", False, 401, id="no login"),
        pytest.param(f"/v2/app/blobs/uploads/{UNKNOWN_UPLOAD}?digest={sha256(b'')}", True, 404, id="no upload"),
        pytest.param(f"/v2/none/blobs/uploads/{UNKNOWN_UPLOAD}?digest={sha256(b'')}", True, 404, id="no repository"),
        pytest.param("/v2/app/manifests/latest", True, 413, id="too large"),
    ],
)
def test_a_client_that_still_sends_a_large_body_can_read_why_it_is_refused(
    path: str, logged_in: bool, status: int, registry: Registry
) -> None:
    registry.create("app")
    with Wire(registry.server, registry.password if logged_in else None) as wire:
        wire.request("PUT", path, {"Content-Length": str(LARGE)})
        wire.send_all_that_is_taken(LARGE)
        assert wire.answer().status == status


@pytest.mark.parametrize(
    "path", [f"/v2/none/blobs/uploads/{UNKNOWN_UPLOAD}", "/v2/none/manifests/latest", "/v2/app/nothing"]
)
def test_after_a_small_body_was_refused_the_connection_is_good_for_more(
    path: str, wire: Wire, registry: Registry
) -> None:
    size = 512 * 1024
    wire.request("PUT", path, {"Content-Length": str(size)})
    wire.send(bytes(size))
    assert wire.answer().status >= 400
    wire.request("GET", "/v2/")
    assert wire.answer().status == 200


def test_a_client_that_asks_first_is_told_to_go_on(wire: Wire, registry: Registry, content: bytes) -> None:
    app = registry.create()
    wire.request(
        "POST",
        f"/v2/{app}/blobs/uploads/?digest={sha256(content)}",
        {"Content-Length": str(len(content)), "Expect": "100-continue"},
    )
    assert wire.head().startswith(b"HTTP/1.1 100 ")
    wire.send(content)
    assert wire.answer().status == 201


def test_a_client_that_asks_first_and_is_refused_is_not_told_to_go_on(registry: Registry) -> None:
    with Wire(registry.server) as wire:
        wire.request("POST", "/v2/app/blobs/uploads/", {"Content-Length": str(LARGE), "Expect": "100-continue"})
        assert wire.head().startswith(b"HTTP/1.1 401 ")
