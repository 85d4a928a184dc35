"""Blobs that are there: reading them whole and in parts, deleting them, mounting them, and who does not see them."""

from __future__ import annotations

import pytest

from support import inside
from support.answer import Answer
from support.content import UNKNOWN, image, sha256
from support.registry import Registry
from support.wire import Wire

MALFORMED = ["sha256:abc", "sha256:" + "A" * 64, "md5:" + "0" * 32, "latest", UNKNOWN + "0"]


@pytest.fixture
def blob(registry: Registry, content: bytes) -> str:
    """The path of a blob with that content in the repository `app`."""
    registry.oci.push_blob(registry.create("app"), content, sha256(content))
    return f"/v2/app/blobs/{sha256(content)}"


# --- reading -------------------------------------------------------------------------------------------------


def test_a_blob_is_served_whole(blob: str, registry: Registry, content: bytes) -> None:
    answer = registry.oci.get(blob)
    assert (answer.status, answer.body) == (200, content)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_comes_with_its_size_its_digest_and_no_guess_of_its_type(
    method: str, blob: str, registry: Registry, content: bytes
) -> None:
    answer = registry.oci.call(method, blob)
    assert answer.status == 200
    assert answer.headers["Content-Length"] == "1000"
    assert answer.headers["Docker-Content-Digest"] == sha256(content)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_the_digest_in_the_path_may_be_percent_encoded(blob: str, registry: Registry, content: bytes) -> None:
    with Wire(registry.server, registry.password) as wire:
        wire.request("GET", blob.replace(":", "%3A"))
        assert wire.answer().body == content


@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        pytest.param("bytes=0-99", 0, 99, id="first to last"),
        pytest.param("bytes=0-0", 0, 0, id="one byte"),
        pytest.param("Bytes=0-1", 0, 1, id="unit with a capital"),
        pytest.param("BYTES=-1", 999, 999, id="unit in capitals"),
        pytest.param("bytes=999-999", 999, 999, id="the last byte"),
        pytest.param("bytes=400-", 400, 999, id="open"),
        pytest.param("bytes=0-", 0, 999, id="open from the start"),
        pytest.param("bytes=-100", 900, 999, id="suffix"),
        pytest.param("bytes=-5000", 0, 999, id="suffix longer than the blob"),
        pytest.param("bytes=900-5000", 900, 999, id="beyond the end"),
        pytest.param(f"bytes=900-{10**17}", 900, 999, id="far beyond the end"),
    ],
)
def test_a_range_of_a_blob_is_served(
    header: str, first: int, last: int, blob: str, registry: Registry, content: bytes
) -> None:
    answer = registry.oci.get(blob, {"Range": header})
    assert (answer.status, answer.body) == (206, content[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/1000"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers["Docker-Content-Digest"] == sha256(content)


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=1000-1001", f"bytes={10**17}-", "bytes=-0"], ids=["at", "past", "far", "no suffix"]
)
def test_a_range_outside_of_the_blob_is_refused_with_its_size(header: str, blob: str, registry: Registry) -> None:
    answer = registry.oci.get(blob, {"Range": header})
    assert (answer.status, answer.code) == (416, "SIZE_INVALID")
    assert answer.headers["Content-Range"] == "bytes */1000"


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("bytes=0-9,20-29", id="several ranges"),
        pytest.param("lines=0-9", id="another unit"),
        pytest.param("bytes=a-b", id="no numbers"),
        pytest.param("bytes=-", id="nothing"),
        pytest.param("bytes=" + "9" * 5000 + "-", id="absurd number"),
        pytest.param("0-9", id="no unit"),
        pytest.param("", id="empty"),
    ],
)
def test_a_range_that_is_not_understood_gives_the_whole_blob(
    header: str, blob: str, registry: Registry, content: bytes
) -> None:
    answer = registry.oci.get(blob, {"Range": header})
    assert (answer.status, answer.body) == (200, content)


def test_a_range_means_nothing_to_head(blob: str, registry: Registry) -> None:
    answer = registry.oci.head(blob, {"Range": "bytes=0-9"})
    assert (answer.status, answer.headers["Content-Length"]) == (200, "1000")


def test_an_empty_blob_has_no_range(registry: Registry) -> None:
    app = registry.create()
    registry.oci.push_blob(app, b"", sha256(b""))
    answer = registry.oci.get(f"/v2/{app}/blobs/{sha256(b'')}", {"Range": "bytes=0-"})
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */0")


# --- what is not there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("digest", MALFORMED)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_what_is_no_digest_is_refused(method: str, digest: str, registry: Registry) -> None:
    answer = registry.oci.call(method, f"/v2/{registry.create()}/blobs/{digest}")
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_blob_is_not_found(method: str, registry: Registry) -> None:
    answer = registry.oci.call(method, f"/v2/{registry.create()}/blobs/{UNKNOWN}")
    assert (answer.status, answer.code) == (404, "BLOB_UNKNOWN")
    assert UNKNOWN in answer.message


def test_head_of_an_unknown_blob_is_404_without_a_body(registry: Registry) -> None:
    answer = registry.oci.head(f"/v2/{registry.create()}/blobs/{UNKNOWN}")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_blob_of_an_unknown_repository_is_not_found(method: str, registry: Registry) -> None:
    answer = registry.oci.call(method, f"/v2/none/blobs/{UNKNOWN}")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")
    assert "'none'" in answer.message


# --- deleting ------------------------------------------------------------------------------------------------


def test_a_deleted_blob_is_gone(blob: str, registry: Registry) -> None:
    assert registry.oci.delete(blob).status == 202
    assert registry.oci.get(blob).code == "BLOB_UNKNOWN"
    assert registry.oci.head(blob).status == 404


def test_a_blob_is_deleted_once(blob: str, registry: Registry) -> None:
    registry.oci.delete(blob)
    answer = registry.oci.delete(blob)
    assert (answer.status, answer.code) == (404, "BLOB_UNKNOWN")


def test_a_deleted_blob_can_be_pushed_again(blob: str, registry: Registry, content: bytes) -> None:
    registry.oci.delete(blob)
    registry.oci.push_blob("app", content, sha256(content))
    assert registry.oci.get(blob).body == content


def test_a_blob_that_an_image_needs_is_not_deleted(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    for digest in one.blobs:
        answer = registry.oci.delete(f"/v2/{app}/blobs/{digest}")
        assert (answer.status, answer.code) == (405, "UNSUPPORTED")
        assert registry.oci.head(f"/v2/{app}/blobs/{digest}").status == 200


def test_a_blob_that_no_image_needs_any_more_can_be_deleted(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    registry.oci.delete(f"/v2/{app}/manifests/{one.digest}")
    assert {registry.oci.delete(f"/v2/{app}/blobs/{digest}").status for digest in one.blobs} == {202}


def test_a_blob_deleted_in_one_repository_stays_in_another(blob: str, registry: Registry, content: bytes) -> None:
    registry.oci.push_blob(registry.create("another"), content, sha256(content))
    registry.oci.delete(blob)
    assert registry.oci.get(f"/v2/another/blobs/{sha256(content)}").body == content


# --- mounting ------------------------------------------------------------------------------------------------


def allow_mounting(registry: Registry) -> None:
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")


def mount(registry: Registry, target: str, digest: str, source: str | None = None) -> Answer:
    query = f"mount={digest}" + (f"&from={source}" if source is not None else "")
    return registry.oci.call("POST", f"/v2/{target}/blobs/uploads/?{query}")


@pytest.mark.parametrize("source", ["app", None], ids=["from a repository", "from anywhere"])
def test_a_blob_is_mounted_where_the_account_allows_it(
    source: str | None, blob: str, registry: Registry, content: bytes
) -> None:
    allow_mounting(registry)
    answer = mount(registry, registry.create("target"), sha256(content), source)
    assert answer.status == 201
    assert answer.headers["Location"] == f"/v2/target/blobs/{sha256(content)}"
    assert answer.headers["Docker-Content-Digest"] == sha256(content)
    assert registry.oci.get(f"/v2/target/blobs/{sha256(content)}").body == content


@pytest.mark.parametrize("source", ["app", None], ids=["from a repository", "from anywhere"])
def test_without_the_setting_a_mount_becomes_an_upload(
    source: str | None, blob: str, registry: Registry, content: bytes
) -> None:
    answer = mount(registry, registry.create("target"), sha256(content), source)
    assert answer.status == 202
    assert registry.oci.get(answer.headers["Location"]).status == 204
    assert registry.oci.head(f"/v2/target/blobs/{sha256(content)}").status == 404


def test_mounting_can_be_switched_off_again(blob: str, registry: Registry, content: bytes) -> None:
    allow_mounting(registry)
    registry.ecr.put_account_setting(name="BLOB_MOUNTING", value="DISABLED")
    assert mount(registry, registry.create("target"), sha256(content), "app").status == 202


@pytest.mark.parametrize(
    ("digest", "source"),
    [
        pytest.param(UNKNOWN, "app", id="blob unknown to the source"),
        pytest.param(UNKNOWN, None, id="blob unknown everywhere"),
        pytest.param(None, "none", id="source unknown"),
        pytest.param(None, "NOT/a..name", id="source that can be no repository"),
        pytest.param(None, "empty", id="source without the blob"),
        pytest.param("sha256:abc", "app", id="no digest"),
        pytest.param("", "app", id="empty digest"),
    ],
)
def test_what_cannot_be_mounted_becomes_an_upload(
    digest: str | None, source: str | None, blob: str, registry: Registry, content: bytes
) -> None:
    allow_mounting(registry)
    registry.create("empty")
    answer = mount(registry, registry.create("target"), sha256(content) if digest is None else digest, source)
    assert answer.status == 202
    assert answer.headers["Location"].startswith("/v2/target/blobs/uploads/")
    assert registry.oci.head(f"/v2/target/blobs/{sha256(content)}").status == 404


AES = {"encryptionType": "AES256"}
KMS = {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/one"}
OTHER_KMS = {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/other"}


@pytest.mark.parametrize("source", ["source", None], ids=["from a repository", "from anywhere"])
@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        pytest.param(AES, KMS, id="to a key"),
        pytest.param(KMS, AES, id="from a key"),
        pytest.param(KMS, OTHER_KMS, id="to another key"),
    ],
)
def test_a_blob_is_not_mounted_where_the_encryption_is_another(
    held: dict[str, str], wanted: dict[str, str], source: str | None, registry: Registry, content: bytes
) -> None:
    allow_mounting(registry)
    registry.create("source", encryptionConfiguration=held)
    registry.oci.push_blob("source", content, sha256(content))
    registry.create("target", encryptionConfiguration=wanted)
    assert mount(registry, "target", sha256(content), source).status == 202
    assert registry.oci.head(f"/v2/target/blobs/{sha256(content)}").status == 404


@pytest.mark.parametrize("source", ["source", None], ids=["from a repository", "from anywhere"])
@pytest.mark.parametrize("encryption", [AES, KMS], ids=["without a key", "of one key"])
def test_a_blob_is_mounted_where_the_encryption_is_the_same(
    encryption: dict[str, str], source: str | None, registry: Registry, content: bytes
) -> None:
    allow_mounting(registry)
    for name in ("source", "target"):
        registry.create(name, encryptionConfiguration=encryption)
    registry.oci.push_blob("source", content, sha256(content))
    assert mount(registry, "target", sha256(content), source).status == 201


def test_a_mount_into_an_unknown_repository_is_refused(blob: str, registry: Registry, content: bytes) -> None:
    allow_mounting(registry)
    answer = mount(registry, "none", sha256(content), "app")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


def test_a_mounted_blob_moves_no_bytes_and_stays_when_its_source_goes(
    blob: str, registry: Registry, content: bytes
) -> None:
    allow_mounting(registry)
    before = inside.files(registry.server)
    mount(registry, registry.create("target"), sha256(content), "app")
    assert inside.files(registry.server) == before
    registry.ecr.delete_repository(repositoryName="app", force=True)
    assert registry.oci.get(f"/v2/target/blobs/{sha256(content)}").body == content


def test_an_image_can_be_made_of_mounted_blobs(registry: Registry) -> None:
    allow_mounting(registry)
    one = image()
    registry.oci.push(registry.create("app"), one, "latest")
    registry.create("target")
    for digest in one.blobs:
        assert mount(registry, "target", digest, "app").status == 201
    assert registry.oci.put_manifest("target", "latest", one.manifest, one.media_type).status == 201
