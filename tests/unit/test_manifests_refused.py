"""What is no manifest, and in which words it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.content import OCI_IMAGE
from support.manifest_bodies import (
    an_artifact,
    an_image,
    an_index,
    digest_of,
    encoded,
    entry,
    read_body,
    refusal_of,
    without,
)

LONGEST = 2**63 - 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"manifest", id="no JSON"),
        pytest.param(encoded(an_image()) + b"{}", id="two values"),
        pytest.param(encoded(an_image())[:-1] + b",}", id="comma too many"),
        pytest.param(b"\xef\xbb\xbf" + encoded(an_image()), id="byte order mark"),
        pytest.param(json.dumps(an_image()).encode("utf-16"), id="UTF-16"),
        pytest.param(json.dumps(an_image()).encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param(json.dumps(an_image()).encode("utf-32"), id="UTF-32"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b'"\xff"'), id="invalid UTF-8"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b'"\xed\xa0\x80"'), id="surrogate in UTF-8"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"NaN"), id="NaN"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"-Infinity"), id="infinity"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b'"\n"'), id="line break in a text"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"9" * 5000), id="number of 5000 digits"),
        pytest.param(encoded(an_image(x="y")).replace(b'"y"', b"[" * 10_000), id="10,000 lists deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10,000 objects deep"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"2", id="number"),
    ],
)
def test_what_is_no_json_object_in_utf_8_is_refused(content: bytes) -> None:
    assert refusal_of(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"schemaVersion": 2, ' + encoded(an_image())[1:], id="in the manifest"),
        pytest.param(encoded(an_image()).replace(b'"size": 10', b'"size": 10, "size": 10'), id="in a descriptor"),
        pytest.param(
            encoded(an_image())[:-1] + b', "annotations": {"a": "1", "\\u0061": "2"}}', id="escaped, in annotations"
        ),
        pytest.param(encoded(an_image())[:-1] + b', "x": [{"y": {"z": 1, "z": 1}}]}', id="where nobody looks"),
    ],
)
def test_a_member_that_occurs_twice_is_refused(content: bytes) -> None:
    json.loads(content)  # it is JSON
    assert "twice" in refusal_of(content)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(an_image(manifests=[]), id="image with manifests"),
        pytest.param(an_image(manifests=None), id="image with manifests that are null"),
        pytest.param(an_image(blobs=[]), id="image with blobs"),
        pytest.param(an_index(layers=[]), id="index with layers"),
        pytest.param(an_index(blobs=[]), id="index with blobs"),
        pytest.param(an_artifact(layers=[]), id="artifact with layers"),
        pytest.param(an_artifact(manifests=[]), id="artifact with manifests"),
    ],
)
def test_what_is_two_things_at_once_is_refused(body: dict[str, Any]) -> None:
    assert refusal_of(encoded(body), None)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(an_image(schemaVersion=1), id="schema version 1"),
        pytest.param(an_image(schemaVersion=3), id="schema version 3"),
        pytest.param(an_image(schemaVersion="2"), id="schema version as a text"),
        pytest.param(an_image(schemaVersion=None), id="schema version null"),
        pytest.param(an_image(mediaType=7), id="media type no text"),
        pytest.param(without(an_image(), "config"), id="no config"),
        pytest.param(an_image(config=None), id="config null"),
        pytest.param(an_image(config=[]), id="config no descriptor"),
        pytest.param(without(an_image(), "layers"), id="no layers"),
        pytest.param(an_image(layers=None), id="layers null"),
        pytest.param(an_image(layers={}), id="layers no list"),
        pytest.param(an_image(layers=[None]), id="layer null"),
        pytest.param(an_image(layers=["sha256:" + "0" * 64]), id="layer no descriptor"),
        pytest.param(without(an_index(), "manifests"), id="no manifests"),
        pytest.param(an_index(manifests={}), id="manifests no list"),
        pytest.param(an_artifact(blobs={}), id="blobs no list"),
        pytest.param(an_artifact(blobs=[None]), id="blob null"),
        pytest.param(an_image(subject=[]), id="subject no descriptor"),
        pytest.param(an_image(subject={}), id="subject empty"),
        pytest.param(an_image(subject=""), id="subject an empty text"),
        pytest.param(an_image(subject=digest_of("subject")), id="subject a text"),
        pytest.param(an_image(artifactType=7), id="artifact type no text"),
        pytest.param(an_image(artifactType="a\0b"), id="NUL in the artifact type"),
        pytest.param(an_image(artifactType="\ud800"), id="half a surrogate pair in the artifact type"),
        pytest.param(an_image(annotations=[]), id="annotations no object"),
        pytest.param(an_image(annotations={"a": 1}), id="annotation no text"),
        pytest.param(an_image(annotations={"a": None}), id="annotation null"),
        pytest.param(an_image(annotations={"a": "b\0"}), id="NUL in an annotation"),
        pytest.param(an_image(annotations={"a\0": "b"}), id="NUL in the name of an annotation"),
        pytest.param(an_image(annotations={"a": "\udc00"}), id="half a surrogate pair in an annotation"),
        pytest.param(an_image(annotations={"\ud800": "b"}), id="half a surrogate pair in the name of an annotation"),
    ],
)
def test_a_member_of_a_wrong_kind_is_refused(body: dict[str, Any]) -> None:
    assert refusal_of(encoded(body), None)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"size": -1}, id="negative size"),
        pytest.param({"size": 2**63}, id="size beyond 64 bits"),
        pytest.param({"size": 10**400}, id="absurd size"),
        pytest.param({"size": True}, id="size true"),
        pytest.param({"size": 10.0}, id="size with a point"),
        pytest.param({"size": "10"}, id="size as a text"),
        pytest.param({"size": None}, id="size null"),
        pytest.param({"digest": None}, id="digest null"),
        pytest.param({"digest": 7}, id="digest no text"),
        pytest.param({"digest": ""}, id="digest empty"),
        pytest.param({"digest": "0" * 64}, id="digest without an algorithm"),
        pytest.param({"digest": "sha384:" + "0" * 96}, id="digest of an unknown algorithm"),
        pytest.param({"digest": "md5:" + "0" * 32}, id="digest of a weak algorithm"),
        pytest.param({"digest": "sha256:" + "A" * 64}, id="digest in upper case"),
        pytest.param({"digest": "sha256:" + "0" * 63}, id="digest too short"),
        pytest.param({"digest": digest_of("x") + "\n"}, id="digest and a line break"),
        pytest.param({"digest": "sha256:../../" + "0" * 58}, id="digest with a path"),
        pytest.param({"mediaType": None}, id="media type null"),
        pytest.param({"mediaType": 7}, id="media type no text"),
        pytest.param({"mediaType": "a\0b"}, id="NUL in the media type"),
        pytest.param({"mediaType": "\ud800"}, id="half a surrogate pair in the media type"),
    ],
)
@pytest.mark.parametrize("place", ["config", "layers", "manifests", "blobs", "subject"])
def test_a_descriptor_that_is_none_is_refused_wherever_it_is(place: str, change: dict[str, Any]) -> None:
    broken = entry("broken", OCI_IMAGE) | change
    body = {
        "config": an_image(config=broken),
        "layers": an_image(layers=[entry("fine"), broken]),
        "manifests": an_index(manifests=[entry("fine", OCI_IMAGE), broken]),
        "blobs": an_artifact(blobs=[entry("fine"), broken]),
        "subject": an_index(subject=broken),
    }[place]
    assert place in refusal_of(encoded(body), None)


@pytest.mark.parametrize("member", ["digest", "size"])
def test_a_descriptor_needs_a_digest_and_a_size(member: str) -> None:
    assert member in refusal_of(encoded(an_image(layers=[without(entry("layer"), member)])), None)


def test_the_largest_size_that_fits_64_bits_is_one() -> None:
    config = entry("config", size=0)
    assert read_body(an_image(config=config, layers=[entry("layer", size=LONGEST)])).size == LONGEST


def test_sizes_that_together_do_not_fit_64_bits_are_refused() -> None:
    """A database holds no such number: what is kept has to have a size that can be kept."""
    assert refusal_of(encoded(an_image(layers=[entry("a", size=LONGEST), entry("b", size=LONGEST)])), None)
