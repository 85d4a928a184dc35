"""Pushing blobs, in every way that the specification knows, and what happens when a push goes wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from support import inside
from support.content import sha256
from support.oci import Answer, Oci
from support.poll import until
from support.registry import Registry
from support.wire import Wire
from wharfinger.domain.names import Registry as RegistryName

UNKNOWN_UPLOAD = "00000000-0000-4000-8000-000000000000"
LARGE = 64 * 1024 * 1024  # more than the buffers of both sides hold


@pytest.fixture
def content(account: str) -> bytes:
    """1000 bytes that no other test pushes."""
    return hashlib.shake_128(account.encode()).digest(1000)


def sha512(content: bytes) -> str:
    return "sha512:" + hashlib.sha512(content).hexdigest()


def span(first: int, last: int) -> dict[str, str]:
    return {"Content-Range": f"{first}-{last}"}


def finish(oci: Oci, location: str, digest: str, content: bytes | None = None) -> Answer:
    return oci.call("PUT", f"{location}?digest={digest}", content)


# --- the ways to push a blob ---------------------------------------------------------------------------------

Way = Callable[[Oci, str, bytes, str], Answer]


def by_one_post(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    return oci.call("POST", f"/v2/{app}/blobs/uploads/?digest={digest}", content)


def by_post_and_put(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    return finish(oci, oci.begin(app), digest, content)


def by_a_stream(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    location = oci.begin(app)
    # an iterator has no length, so it is sent with chunked transfer encoding
    streamed = oci.call("PATCH", location, iter([content[:700], content[700:]]))
    assert streamed.status == 202
    return finish(oci, str(streamed.headers["Location"]), digest)


def by_chunks(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    location = oci.begin(app)
    for first in range(0, len(content), 300):
        chunk = content[first : first + 300]
        answer = oci.call("PATCH", location, chunk, span(first, first + len(chunk) - 1))
        assert answer.status == 202
        location = str(answer.headers["Location"])
    return finish(oci, location, digest)


def by_chunks_the_last_in_put(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    location = oci.begin(app)
    assert oci.call("PATCH", location, content[:600], span(0, 599)).status == 202
    return oci.call("PUT", f"{location}?digest={digest}", content[600:], span(600, len(content) - 1))


WAYS = (by_one_post, by_post_and_put, by_a_stream, by_chunks, by_chunks_the_last_in_put)


def names(way: Way) -> str:
    return way.__name__.replace("_", "-")


@pytest.mark.parametrize("way", WAYS, ids=names)
def test_a_pushed_blob_comes_back_byte_for_byte(way: Way, registry: Registry, content: bytes) -> None:
    app = registry.create()
    way(registry.oci, app, content, sha256(content))
    assert registry.oci.get(f"/v2/{app}/blobs/{sha256(content)}").body == content


@pytest.mark.parametrize("way", WAYS, ids=names)
def test_a_finished_push_names_the_blob_and_its_digest(way: Way, registry: Registry, content: bytes) -> None:
    app = registry.create()
    answer = way(registry.oci, app, content, sha256(content))
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v2/{app}/blobs/{sha256(content)}"
    assert answer.headers["Docker-Content-Digest"] == sha256(content)


@pytest.mark.parametrize("way", WAYS, ids=names)
def test_a_blob_can_be_pushed_under_its_sha512(way: Way, registry: Registry, content: bytes) -> None:
    app = registry.create()
    answer = way(registry.oci, app, content, sha512(content))
    assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, sha512(content))
    assert registry.oci.get(f"/v2/{app}/blobs/{sha512(content)}").body == content


@pytest.mark.parametrize("way", [by_one_post, by_post_and_put, by_a_stream], ids=names)
def test_a_blob_may_be_empty(way: Way, registry: Registry) -> None:
    app = registry.create()
    assert way(registry.oci, app, b"", sha256(b"")).status == 201
    assert registry.oci.get(f"/v2/{app}/blobs/{sha256(b'')}").body == b""


@pytest.mark.parametrize("way", WAYS, ids=names)
def test_bytes_of_another_digest_are_refused_and_nothing_of_them_is_kept(
    way: Way, registry: Registry, content: bytes
) -> None:
    app, before = registry.create(), inside.files(registry.server)
    wrong = sha256(b"something else")
    answer = way(registry.oci, app, content, wrong)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert sha256(content) in answer.message
    assert registry.oci.head(f"/v2/{app}/blobs/{wrong}").status == 404
    assert registry.oci.head(f"/v2/{app}/blobs/{sha256(content)}").status == 404
    assert inside.files(registry.server) <= before


def test_an_upload_that_ended_with_the_wrong_digest_is_over(registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    finish(registry.oci, location, sha256(b"something else"), content)
    assert finish(registry.oci, location, sha256(content), content).code == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize(
    "digest",
    [
        pytest.param("md5:" + "0" * 32, id="unknown algorithm"),
        pytest.param("sha256:" + "0" * 63, id="too short"),
        pytest.param("sha256:" + "A" * 64, id="upper case"),
        pytest.param("sha512:" + "0" * 64, id="length of another algorithm"),
        pytest.param("sha256:../../../../etc/passwd", id="traversal"),
        pytest.param("0" * 64, id="no algorithm"),
        pytest.param("", id="empty"),
    ],
)
@pytest.mark.parametrize("way", [by_one_post, by_post_and_put], ids=names)
def test_what_is_no_digest_is_refused(way: Way, digest: str, registry: Registry, content: bytes) -> None:
    answer = way(registry.oci, registry.create(), content, digest)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")
    assert "sha256 or sha512" in answer.message


def test_an_upload_that_is_finished_without_a_digest_can_still_be_finished(registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    registry.oci.call("PATCH", location, content)
    assert registry.oci.call("PUT", location).code == "DIGEST_INVALID"
    assert finish(registry.oci, location, sha256(content)).status == 201


def test_the_same_blob_pushed_to_two_repositories_is_stored_once(registry: Registry, content: bytes) -> None:
    before = inside.files(registry.server)
    for app in (registry.create("one"), registry.create("two")):
        registry.oci.push_blob(app, content, sha256(content))
    assert len(inside.files(registry.server) - before) == 1
    assert registry.oci.get(f"/v2/one/blobs/{sha256(content)}").body == content
    assert registry.oci.get(f"/v2/two/blobs/{sha256(content)}").body == content


def test_a_blob_can_be_pushed_again_where_it_is_already(registry: Registry, content: bytes) -> None:
    app = registry.create()
    registry.oci.push_blob(app, content, sha256(content))
    before = inside.files(registry.server)
    assert by_post_and_put(registry.oci, app, content, sha256(content)).status == 201
    assert inside.files(registry.server) == before


# --- the course of an upload ---------------------------------------------------------------------------------


def test_a_new_upload_has_an_address_with_its_id_and_no_bytes(registry: Registry) -> None:
    app = registry.create()
    answer = registry.oci.call("POST", f"/v2/{app}/blobs/uploads/")
    assert answer.status == 202
    assert answer.headers["Location"] == f"/v2/{app}/blobs/uploads/{answer.headers['Docker-Upload-UUID']}"
    assert answer.headers["Range"] == "0-0"


def test_uploads_can_begin_without_the_final_slash(registry: Registry) -> None:
    assert registry.oci.call("POST", f"/v2/{registry.create()}/blobs/uploads").status == 202


def test_a_client_may_say_the_digest_algorithm_when_it_begins(registry: Registry, content: bytes) -> None:
    begun = registry.oci.call("POST", f"/v2/{registry.create()}/blobs/uploads/?digest-algorithm=sha512")
    assert begun.status == 202
    assert finish(registry.oci, str(begun.headers["Location"]), sha512(content), content).status == 201


def test_each_chunk_is_answered_with_how_far_the_upload_has_come(registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    for first, last in ((0, 299), (300, 599)):
        answer = registry.oci.call("PATCH", location, content[first : last + 1], span(first, last))
        assert answer.status == 202
        assert (answer.headers["Range"], answer.headers["Location"]) == (f"0-{last}", location)


def test_the_status_of_an_upload_is_how_far_it_has_come(registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    registry.oci.call("PATCH", location, content[:300])
    answer = registry.oci.get(location)
    assert answer.status == 204
    assert (answer.headers["Range"], answer.headers["Location"]) == ("0-299", location)
    assert answer.headers["Docker-Upload-UUID"] == location.rpartition("/")[2]


def test_a_cancelled_upload_is_gone_with_its_bytes(registry: Registry, content: bytes) -> None:
    app, before = registry.create(), inside.files(registry.server)
    location = registry.oci.begin(app)
    registry.oci.call("PATCH", location, content)
    assert registry.oci.delete(location).status == 204
    assert registry.oci.get(location).code == "BLOB_UPLOAD_UNKNOWN"
    assert inside.files(registry.server) <= before


def test_a_finished_upload_is_over_and_its_blob_stays(registry: Registry, content: bytes) -> None:
    app = registry.create()
    location = registry.oci.begin(app)
    finish(registry.oci, location, sha256(content), content)
    assert registry.oci.get(location).code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.oci.delete(location).code == "BLOB_UPLOAD_UNKNOWN"
    assert registry.oci.get(f"/v2/{app}/blobs/{sha256(content)}").body == content


def test_uploads_end_with_their_repository(registry: Registry, content: bytes) -> None:
    app, before = registry.create(), inside.files(registry.server)
    location = registry.oci.begin(app)
    registry.oci.call("PATCH", location, content)
    registry.ecr.delete_repository(repositoryName=app)
    assert registry.oci.get(location).code == "NAME_UNKNOWN"
    assert inside.files(registry.server) <= before


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize(
    ("first", "last"), [(400, 499), (200, 299), (0, 299)], ids=["leaves a gap", "overlaps", "comes twice"]
)
def test_a_chunk_out_of_order_is_refused_with_where_the_upload_stands(
    first: int, last: int, method: str, registry: Registry, content: bytes
) -> None:
    location = registry.oci.begin(registry.create())
    registry.oci.call("PATCH", location, content[:300], span(0, 299))
    query = f"?digest={sha256(content)}" if method == "PUT" else ""
    answer = registry.oci.call(method, location + query, content[first : last + 1], span(first, last))
    assert (answer.status, answer.code) == (416, "BLOB_UPLOAD_INVALID")
    assert (answer.headers["Location"], answer.headers["Range"]) == (location, "0-299")


def test_after_a_chunk_out_of_order_the_upload_goes_on_as_if_it_had_not_come(
    registry: Registry, content: bytes
) -> None:
    location = registry.oci.begin(registry.create())
    registry.oci.call("PATCH", location, content[:300], span(0, 299))
    registry.oci.call("PATCH", location, b"x" * 100, span(400, 499))
    registry.oci.call("PATCH", location, content[300:], span(300, 999))
    assert finish(registry.oci, location, sha256(content)).status == 201


@pytest.mark.parametrize(
    "text",
    ["abc", "0-", "-9", "0--9", "9-0", "0-4,5-9", "0x0-0x9", "bytes", "0-9-19", "\u00b2-\u00b3"],
)
def test_a_content_range_that_is_none_is_refused(text: str, registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    answer = registry.oci.call("PATCH", location, content[:10], {"Content-Range": text})
    assert answer.status == 400
    assert "Content-Range" in answer.message
    assert registry.oci.get(location).headers["Range"] == "0-0"


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_content_range_has_to_fit_the_content_length(method: str, registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    query = f"?digest={sha256(content)}" if method == "PUT" else ""
    answer = registry.oci.call(method, location + query, content[:10], span(0, 99))
    assert (answer.status, answer.code) == (400, "SIZE_INVALID")
    assert registry.oci.get(location).headers["Range"] == "0-0"


def test_a_content_range_may_have_the_form_that_http_gives_it(registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create())
    answer = registry.oci.call("PATCH", location, content[:10], {"Content-Range": "bytes 0-9/1000"})
    assert (answer.status, answer.headers["Range"]) == (202, "0-9")


# --- connections that end too early --------------------------------------------------------------------------


@pytest.fixture
def wire(registry: Registry) -> Iterator[Wire]:
    """A connection with the login of the registry."""
    with Wire(registry.server, registry.password) as connection:
        yield connection


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
    assert finish(registry.oci, location, sha256(content)).status == 201
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
    assert finish(registry.oci, location, sha256(content)).status == 201


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


# --- whose upload it is --------------------------------------------------------------------------------------

Stranger = Callable[[Registry], tuple[Oci, str]]


def another_repository(registry: Registry) -> tuple[Oci, str]:
    return registry.oci, registry.create("another")


def another_account(registry: Registry) -> tuple[Oci, str]:
    other = Registry(registry.server, registry.account[::-1])
    return other.oci, other.create("app")


def another_region(registry: Registry) -> tuple[Oci, str]:
    other = Registry(registry.server, registry.account, region="us-west-2")
    return other.oci, other.create("app")


def another_principal(registry: Registry) -> tuple[Oci, str]:
    name = RegistryName(registry.account, registry.region)
    password = inside.token(registry.server, f"arn:aws:iam::{registry.account}:user/another", name)
    return Oci(registry.server.endpoint, password), "app"


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("stranger", [another_repository, another_account, another_region, another_principal])
def test_nobody_else_finds_an_upload(stranger: Stranger, method: str, registry: Registry, content: bytes) -> None:
    location = registry.oci.begin(registry.create("app"))
    registry.oci.call("PATCH", location, content[:300])
    oci, app = stranger(registry)
    query = f"?digest={sha256(content)}" if method == "PUT" else ""
    body = None if method in {"GET", "DELETE"} else content[300:]
    answer = oci.call(method, f"/v2/{app}/blobs/uploads/{location.rpartition('/')[2]}{query}", body)
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry.oci.get(location).headers["Range"] == "0-299"


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(UNKNOWN_UPLOAD, id="unknown"),
        pytest.param("x", id="no uuid"),
        pytest.param("..", id="traversal"),
        pytest.param("%2e%2e", id="encoded traversal"),
        pytest.param(UNKNOWN_UPLOAD + "%00", id="nul"),
        pytest.param("%ED%95%9C", id="not ASCII"),
        pytest.param("a" * 5000, id="long"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_upload_id_that_leads_nowhere_is_unknown(method: str, upload: str, wire: Wire, registry: Registry) -> None:
    wire.request(
        method, f"/v2/{registry.create()}/blobs/uploads/{upload}?digest={sha256(b'')}", {"Content-Length": "0"}
    )
    answer = wire.answer()
    assert (answer.status, answer.code) == (404, "BLOB_UPLOAD_UNKNOWN")


# --- one upload, two doors -----------------------------------------------------------------------------------


def test_an_upload_begun_through_the_ecr_api_is_finished_through_this_one(registry: Registry, content: bytes) -> None:
    app = registry.create()
    upload = registry.ecr.initiate_layer_upload(repositoryName=app)["uploadId"]
    registry.ecr.upload_layer_part(
        repositoryName=app, uploadId=upload, partFirstByte=0, partLastByte=599, layerPartBlob=content[:600]
    )
    location = f"/v2/{app}/blobs/uploads/{upload}"
    assert registry.oci.get(location).headers["Range"] == "0-599"
    assert finish(registry.oci, location, sha256(content), content[600:]).status == 201
    assert registry.oci.get(f"/v2/{app}/blobs/{sha256(content)}").body == content


def test_an_upload_begun_through_this_api_is_completed_through_the_ecr_api(registry: Registry, content: bytes) -> None:
    app = registry.create()
    location = registry.oci.begin(app)
    registry.oci.call("PATCH", location, content[:600])
    upload = {"repositoryName": app, "uploadId": location.rpartition("/")[2]}
    part = registry.ecr.upload_layer_part(**upload, partFirstByte=600, partLastByte=999, layerPartBlob=content[600:])
    assert part["lastByteReceived"] == 999
    done = registry.ecr.complete_layer_upload(**upload, layerDigests=[sha256(content)])
    assert done["layerDigest"] == sha256(content)
    assert registry.oci.get(f"/v2/{app}/blobs/{sha256(content)}").body == content


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
