"""Whose an upload is, and that it is the same at both doors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support import inside
from support.content import UNKNOWN_UPLOAD, sha256
from support.oci import Oci
from support.registry import Registry
from support.wire import Wire
from wharfinger.domain.names import Registry as RegistryName

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
    password = inside.token(registry.server, name, how=inside.user(registry.server, registry.account, "another"))
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
