"""Manifests, tags and referrers."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from wharfinger.api.http import Header, Response
from wharfinger.api.oci.call import Call, Handler, ascii_header
from wharfinger.contract.oci import INDEX, JSON, VERSION_HEADER
from wharfinger.domain import digests, manifests, tags
from wharfinger.domain.faults import (
    BodyTooLarge,
    ImageHeld,
    ImageNotFound,
    ImageReferenced,
    ManifestTooLarge,
    TagInvalid,
    TooManyTagsAtOnce,
)
from wharfinger.domain.images import ImageId
from wharfinger.services import listing, pull, push, remove
from wharfinger.services.listing import Repo
from wharfinger.state.db.images import Content, Head, Referrer

_REFERRERS_PER_PAGE: Final = 50
_TAGS_PER_PUSH: Final = 100


async def get_manifest(call: Call) -> Response:
    """The manifest under a tag or digest, the very bytes that were pushed."""
    found = await pull.manifest(call.state, call.registry, call.repository, call.part)
    return Response(200, _described(found, len(found.manifest)), found.manifest)


async def head_manifest(call: Call) -> Response:
    """Its headers only."""
    found = await pull.manifest_head(call.state, call.registry, call.repository, call.part)
    return Response(200, _described(found, found.length))


async def put_manifest(call: Call) -> Response:
    """Push a manifest under a tag, or by digest with any tags that the query adds."""
    by_digest, names = _reference(call)
    media_type = (call.request.header(b"content-type") or "").partition(";")[0].strip()
    with call.state.scratch.file() as body:
        try:
            async for piece in call.request.bounded(manifests.LIMIT):
                body.write(piece)
        except BodyTooLarge:
            raise ManifestTooLarge(manifests.LIMIT) from None
        async with call.state.scratch.whole(body) as content:
            manifest = manifests.read(content, media_type or None, by_digest)
            await push.image(call.state, call.registry, call.repository, manifest, names, call.cause)
    headers: list[Header] = [
        VERSION_HEADER,
        ascii_header(b"location", f"/v2/{call.repository}/manifests/{manifest.digest}"),
        ascii_header(b"docker-content-digest", manifest.digest),
    ]
    if by_digest and names:
        headers.append(ascii_header(b"oci-tag", ", ".join(names)))
    if manifest.subject:
        headers.append(ascii_header(b"oci-subject", manifest.subject))
    return Response(201, headers)


async def delete_manifest(call: Call) -> Response:
    """Delete an image by digest with all its tags, or one tag."""
    is_digest = ":" in call.part
    if is_digest:
        digests.check(call.part)
    asked = ImageId(digest=call.part) if is_digest else ImageId(tag=call.part)
    failure = await remove.one(call.state, call.registry, call.repository, asked, call.cause)
    if failure is None:
        return Response(202, [VERSION_HEADER])
    if failure.code == "ImageReferencedByManifestList":
        raise ImageReferenced(failure.blockers)
    if failure.code == "ImageHeld":
        raise ImageHeld(failure.blockers)
    if failure.code == "InvalidImageTag":
        raise TagInvalid(call.part)
    raise ImageNotFound(call.registry, call.repository, asked.digest, asked.tag)


async def list_tags(call: Call) -> Response:
    """The tags of a repository in ASCII order."""
    wanted = call.page_size()
    found = await listing.tags(call.state, call.registry, call.repository, call.query("last") or "", wanted + 1)
    shown = found[:wanted]
    headers: list[Header] = [VERSION_HEADER, (b"content-type", JSON)]
    if len(found) > wanted > 0:
        headers.append(call.link(last=shown[-1], n=wanted))
    return Response(200, headers, msgspec.json.encode({"name": call.repository, "tags": shown}))


async def list_referrers(call: Call) -> Response:
    """An index of the images whose subject is a digest, which need not exist itself."""
    wanted = [value for name, value in call.request.query if name == "artifactType"]
    repo = Repo(call.caller, call.registry, call.repository)
    page = await listing.referrers(call.state, repo, call.part, wanted, call.query("nextToken"), _REFERRERS_PER_PAGE)
    headers: list[Header] = [VERSION_HEADER, (b"content-type", INDEX)]
    if wanted:
        headers.append((b"oci-filters-applied", b"artifactType"))
    if page.next_token is not None:
        headers.append(call.link(nextToken=page.next_token))
    body = {
        "schemaVersion": 2,
        "mediaType": INDEX.decode(),
        "manifests": [_descriptor(item) for item in page.items],
    }
    return Response(200, headers, msgspec.json.encode(body))


HANDLERS: Final[dict[tuple[str, str], Handler]] = {
    ("manifest", "GET"): get_manifest,
    ("manifest", "HEAD"): head_manifest,
    ("manifest", "PUT"): put_manifest,
    ("manifest", "DELETE"): delete_manifest,
    ("tags", "GET"): list_tags,
    ("tags", "HEAD"): list_tags,
    ("referrers", "GET"): list_referrers,
    ("referrers", "HEAD"): list_referrers,
}


def _reference(call: Call) -> tuple[str | None, list[str]]:
    """The digest that the path says, if it does, and the tags to set."""
    if ":" in call.part:
        digests.check(call.part)
        names = [value for name, value in call.request.query if name == "tag"]
        if len(names) > _TAGS_PER_PUSH:
            raise TooManyTagsAtOnce(_TAGS_PER_PUSH)
    else:
        names = [call.part]
    for name in names:
        if not tags.is_tag(name):
            raise TagInvalid(name)
    return (call.part if ":" in call.part else None), names


def _described(found: Content | Head, length: int) -> list[Header]:
    return [
        VERSION_HEADER,
        (b"content-type", found.media_type.encode()),
        (b"content-length", b"%d" % length),
        (b"docker-content-digest", found.digest.encode()),
    ]


def _descriptor(found: Referrer) -> dict[str, Any]:
    descriptor: dict[str, Any] = {"mediaType": found.media_type, "digest": found.digest, "size": found.length}
    if found.artifact_type is not None:
        descriptor["artifactType"] = found.artifact_type
    if found.annotations:
        descriptor["annotations"] = found.annotations
    return descriptor
