"""The OCI distribution API as tables: its endpoints, the IAM action behind each request, its media types.

Sources: the distribution specification 1.1; which action stands behind which request: AWS's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

VERSION_HEADER: Final = (b"docker-distribution-api-version", b"registry/2.0")
OCTET_STREAM: Final = b"application/octet-stream"
JSON: Final = b"application/json"
INDEX: Final = b"application/vnd.oci.image.index.v1+json"


class Endpoint(NamedTuple):
    """A path of the API. Its named groups are the repository's `name` and what else the path holds."""

    name: str
    pattern: re.Pattern[str]
    actions: Mapping[str, str | None]  # by method; None: a login is enough

    @property
    def allowed(self) -> str:
        """As the Allow header lists it."""
        return ", ".join(self.actions)


def _endpoint(name: str, pattern: str, actions: Mapping[str, str | None]) -> Endpoint:
    return Endpoint(name, re.compile(pattern), actions)


# a repository's name may hold any word that the paths are made of, so what comes after it decides: first fit wins
ENDPOINTS: Final = (
    _endpoint(
        "manifest",
        r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)",
        {
            "GET": "ecr:BatchGetImage",
            "HEAD": "ecr:BatchGetImage",
            "PUT": "ecr:PutImage",
            "DELETE": "ecr:BatchDeleteImage",
        },
    ),
    _endpoint(
        "uploads",
        r"/v2/(?P<name>.+)/blobs/uploads/?",
        {"POST": "ecr:InitiateLayerUpload"},
    ),
    _endpoint(
        "upload",
        r"/v2/(?P<name>.+)/blobs/uploads/(?P<upload>[^/]+)",
        {
            "GET": "ecr:UploadLayerPart",
            "PATCH": "ecr:UploadLayerPart",
            "PUT": "ecr:CompleteLayerUpload",
            "DELETE": "ecr:UploadLayerPart",
        },
    ),
    _endpoint(
        "blob",
        r"/v2/(?P<name>.+)/blobs/(?P<digest>[^/]+)",
        {
            "GET": "ecr:GetDownloadUrlForLayer",
            "HEAD": "ecr:BatchCheckLayerAvailability",
            "DELETE": "ecr:BatchDeleteImage",
        },
    ),
    _endpoint("tags", r"/v2/(?P<name>.+)/tags/list", {"GET": "ecr:ListImages", "HEAD": "ecr:ListImages"}),
    _endpoint(
        "referrers",
        r"/v2/(?P<name>.+)/referrers/(?P<digest>[^/]+)",
        {"GET": "ecr:BatchGetImage", "HEAD": "ecr:BatchGetImage"},
    ),
    _endpoint("catalog", r"/v2/_catalog", {"GET": "ecr:DescribeRepositories", "HEAD": "ecr:DescribeRepositories"}),
    _endpoint("token", r"/v2/token", {"GET": None}),
    _endpoint("ping", r"/v2/?", {"GET": None, "HEAD": None}),
)
# what a POST with a digest does beside beginning an upload
WHOLE_BLOB_ACTIONS: Final = ("ecr:UploadLayerPart", "ecr:CompleteLayerUpload")
MOUNT_SOURCE_ACTION: Final = "ecr:GetDownloadUrlForLayer"
