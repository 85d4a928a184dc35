"""Ids of uploads that lead nowhere, and that an upload is the same at both doors; whose it is, is S2."""

from __future__ import annotations

import pytest

from support.content import UNKNOWN_UPLOAD, sha256
from support.registry import Registry
from support.wire import Wire


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
    assert registry.oci.finish(location, sha256(content), content[600:]).status == 201
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
