"""How an image is found by digest, by tag or by both, and what an id can fail with."""

from __future__ import annotations

import pytest

from wharfinger.domain.images import FailureCode, ImageId, Selection, StoredImage, check

FIRST, SECOND, UNKNOWN = ("sha256:" + digit * 64 for digit in "120")
TAGGED = StoredImage(1, FIRST, ("latest", "v1"))
UNTAGGED = StoredImage(2, SECOND, ())
SELECTION = Selection([TAGGED, UNTAGGED])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param(ImageId(digest=FIRST), TAGGED, id="by digest"),
        pytest.param(ImageId(tag="latest"), TAGGED, id="by tag"),
        pytest.param(ImageId(tag="v1"), TAGGED, id="by another of its tags"),
        pytest.param(ImageId(FIRST, "latest"), TAGGED, id="by digest and tag that belong together"),
        pytest.param(ImageId(digest=SECOND), UNTAGGED, id="untagged, by digest"),
        pytest.param(ImageId(digest=UNKNOWN), "ImageNotFound", id="unknown digest"),
        pytest.param(ImageId(tag="nope"), "ImageNotFound", id="unknown tag"),
        pytest.param(ImageId(tag="LATEST"), "ImageNotFound", id="tag in another case"),
        pytest.param(ImageId(FIRST, "nope"), "ImageNotFound", id="known digest, unknown tag"),
        pytest.param(ImageId(UNKNOWN, "nope"), "ImageNotFound", id="both unknown"),
        pytest.param(ImageId(SECOND, "latest"), "ImageTagDoesNotMatchDigest", id="tag of another digest"),
        pytest.param(ImageId(UNKNOWN, "latest"), "ImageTagDoesNotMatchDigest", id="tag, and an unknown digest"),
        pytest.param(ImageId(), "MissingDigestAndTag", id="neither"),
        pytest.param(ImageId("latest", "latest"), "InvalidImageDigest", id="a tag for a digest"),
        pytest.param(ImageId(FIRST, FIRST), "InvalidImageTag", id="a digest for a tag"),
    ],
)
def test_an_id_means_an_image_or_fails_with_a_code(asked: ImageId, found: StoredImage | FailureCode) -> None:
    assert SELECTION.find(asked) == found


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        pytest.param(ImageId(), "MissingDigestAndTag", id="neither"),
        pytest.param(ImageId("invalid_digest"), "InvalidImageDigest", id="no colon"),
        pytest.param(ImageId("sha256:invalid-digest"), "InvalidImageDigest", id="no hexadecimal digits"),
        pytest.param(ImageId("sha256:zz"), "InvalidImageDigest", id="letters beyond f"),
        pytest.param(ImageId(""), "InvalidImageDigest", id="empty digest"),
        pytest.param(ImageId(FIRST + "\n"), "InvalidImageDigest", id="line break after a digest"),
        pytest.param(ImageId("sha256:zz", "latest"), "InvalidImageDigest", id="malformed digest beside a good tag"),
        pytest.param(ImageId("sha256:zz", "a/b"), "InvalidImageDigest", id="both malformed"),
        pytest.param(ImageId(tag=""), "InvalidImageTag", id="empty tag"),
        pytest.param(ImageId(tag="a/b"), "InvalidImageTag", id="slash in a tag"),
        pytest.param(ImageId(FIRST, "a:b"), "InvalidImageTag", id="malformed tag beside a good digest"),
        pytest.param(ImageId("sha256:abc"), None, id="any number of hexadecimal digits"),
        pytest.param(ImageId("md5:00"), None, id="any algorithm"),
        pytest.param(ImageId("sha256:" + "A" * 64), None, id="upper case"),
        pytest.param(ImageId(FIRST, "latest"), None, id="both"),
        pytest.param(ImageId(tag="latest"), None, id="tag"),
    ],
)
def test_an_id_can_be_wrong_by_itself(asked: ImageId, code: FailureCode | None) -> None:
    assert check(asked) == code


def test_in_an_empty_repository_nothing_is_found() -> None:
    assert Selection([]).find(ImageId(tag="latest")) == "ImageNotFound"
