"""Pushing blobs: whole, streamed, in chunks, or by mounting what another repository has."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from wharfinger.api.http import Header, Response
from wharfinger.api.oci.call import Call, Handler, ascii_header
from wharfinger.api.oci.render import received
from wharfinger.contract.oci import MOUNT_SOURCE_ACTION, VERSION_HEADER, WHOLE_BLOB_ACTIONS
from wharfinger.domain.faults import Denied, DigestInvalid, UploadNotFound
from wharfinger.domain.names import is_repository
from wharfinger.domain.uploads import Upload, chunk, is_upload
from wharfinger.services import access, blobs, uploads
from wharfinger.services.access import Errand
from wharfinger.services.uploads import Target


async def begin_upload(call: Call) -> Response:
    """Begin an upload; with `digest` take the whole blob at once, with `mount` try to have no upload at all."""
    digest = call.query("digest")
    if digest is not None:
        for action in WHOLE_BLOB_ACTIONS:
            await access.require(call.state, call.caller, Errand(action, call.registry, (call.repository,)))
        with call.sending:
            await uploads.put(call.state, call.caller, call.registry, call.repository, call.request.stream(), digest)
        return _created(call, digest)
    mounted = call.query("mount")
    if mounted is not None and await _mount(call, mounted, call.query("from")):
        return _created(call, mounted)
    upload = await uploads.begin(call.state, call.caller, call.registry, call.repository)
    return _progress(call, 202, upload)


async def get_upload(call: Call) -> Response:
    """How far an upload has come."""
    return _progress(call, 204, await uploads.status(call.state, _target(call)))


async def patch_upload(call: Call) -> Response:
    """Take a chunk, or a stream of any length."""
    sent = chunk(call.request.header(b"content-range"), call.request.length)
    with call.sending:
        upload = await uploads.append(call.state, _target(call), call.request.stream(), sent)
    return _progress(call, 202, upload)


async def put_upload(call: Call) -> Response:
    """Take the last chunk, if there is one, and make the upload a blob."""
    digest = call.query("digest") or ""
    sent = chunk(call.request.header(b"content-range"), call.request.length)
    with call.sending:
        await uploads.finish(call.state, _target(call), call.request.stream(), sent, digest)
    return _created(call, digest)


async def delete_upload(call: Call) -> Response:
    """Give an upload up."""
    await uploads.cancel(call.state, _target(call))
    return Response(204, [VERSION_HEADER])


HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    ("uploads", "POST"): begin_upload,
    ("upload", "GET"): get_upload,
    ("upload", "PATCH"): patch_upload,
    ("upload", "PUT"): put_upload,
    ("upload", "DELETE"): delete_upload,
}


async def _mount(call: Call, digest: str, source: str | None) -> bool:
    """Whatever hinders a mount, the client goes on with an upload."""
    if source is not None and not is_repository(source):
        return False
    # without a source it may be any that the caller could pull from
    where = (call.state, call.registry, call.repository, digest)
    for name in [source] if source is not None else await blobs.holders(*where):
        with suppress(DigestInvalid, Denied):
            await access.require(call.state, call.caller, Errand(MOUNT_SOURCE_ACTION, call.registry, (name,)))
            return await blobs.mount(*where, name)
    return False


def _target(call: Call) -> Target:
    if not is_upload(call.part):
        raise UploadNotFound(call.registry, call.repository, call.part)
    return Target(call.caller, call.registry, call.repository, call.part)


def _created(call: Call, digest: str) -> Response:
    headers: list[Header] = [
        VERSION_HEADER,
        ascii_header(b"location", f"/v2/{call.repository}/blobs/{digest}"),
        ascii_header(b"docker-content-digest", digest),
    ]
    return Response(201, headers)


def _progress(call: Call, status: int, upload: Upload) -> Response:
    headers: list[Header] = [
        VERSION_HEADER,
        ascii_header(b"location", f"/v2/{call.repository}/blobs/uploads/{upload.id}"),
        ascii_header(b"docker-upload-uuid", upload.id),
        (b"range", received(upload.size)),
    ]
    return Response(status, headers)
