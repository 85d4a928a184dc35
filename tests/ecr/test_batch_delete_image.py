"""BatchDeleteImage: a case for each row of docs/reference/deleting.md."""

from __future__ import annotations

from support.content import image
from support.registry import Registry

UNKNOWN = "sha256:" + "0" * 64


def test_a_tag_of_several_goes_and_the_image_stays(registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "a", "b")
    answer = registry.delete(app, "a")
    assert answer["imageIds"] == [{"imageDigest": one.digest, "imageTag": "a"}]
    assert answer["failures"] == []
    assert registry.tags(app) == {"b": one.digest}
