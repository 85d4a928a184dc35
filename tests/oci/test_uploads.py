"""Pushing blobs in every way that the specification knows, chunk by chunk or at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support import inside
from support.answer import Answer
from support.content import sha256, sha512
from support.oci import Oci, span
from support.registry import Registry

# --- the ways to push a blob ---------------------------------------------------------------------------------


Way = Callable[[Oci, str, bytes, str], Answer]


def by_one_post(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    return oci.call("POST", f"/v2/{app}/blobs/uploads/?digest={digest}", content)


def by_post_and_put(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    return oci.finish(oci.begin(app), digest, content)


def by_a_stream(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    location = oci.begin(app)
    # an iterator has no length, so it is sent with chunked transfer encoding
    streamed = oci.call("PATCH", location, iter([content[:700], content[700:]]))
    assert streamed.status == 202
    return oci.finish(str(streamed.headers["Location"]), digest)


def by_chunks(oci: Oci, app: str, content: bytes, digest: str) -> Answer:
    location = oci.begin(app)
    for first in range(0, len(content), 300):
        chunk = content[first : first + 300]
        answer = oci.call("PATCH", location, chunk, span(first, first + len(chunk) - 1))
        assert answer.status == 202
        location = str(answer.headers["Location"])
    return oci.finish(location, digest)


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
    registry.oci.finish(location, sha256(b"something else"), content)
    assert registry.oci.finish(location, sha256(content), content).code == "BLOB_UPLOAD_UNKNOWN"


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
    assert registry.oci.finish(location, sha256(content)).status == 201


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
    assert registry.oci.finish(str(begun.headers["Location"]), sha512(content), content).status == 201


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
    registry.oci.finish(location, sha256(content), content)
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
    assert registry.oci.finish(location, sha256(content)).status == 201


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
