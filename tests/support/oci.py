"""A client of the data plane that hides nothing: each call is one request, its answer is shown whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import urllib3

from support.answer import Answer
from support.content import Image


class Oci:
    """Requests to `/v2/` with a login, and with these headers on all of them."""

    def __init__(
        self,
        endpoint: str,
        password: str | None,
        user: str = "AWS",
        headers: Mapping[str, str] | None = None,
        authority: str | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._pool = urllib3.PoolManager(retries=False, maxsize=50, ca_certs=authority)
        login = urllib3.make_headers(basic_auth=f"{user}:{password}") if password is not None else {}
        self._headers = {**login, **(headers or {})}

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request."""
        answer = self._pool.request(
            method,
            self._endpoint + path,
            body=body,
            headers={**self._headers, **(headers or {})},
            redirect=False,
            preload_content=True,
        )
        return Answer(answer.status, answer.headers, answer.data)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.call("GET", path, headers=headers)

    def head(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.call("HEAD", path, headers=headers)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)

    def begin(self, repository: str) -> str:
        """A new upload: its path."""
        answer = self.call("POST", f"/v2/{repository}/blobs/uploads/")
        assert answer.status == 202, answer
        return str(answer.headers["Location"])

    def finish(self, location: str, digest: str, content: bytes | None = None) -> Answer:
        """The end of an upload, with its last bytes if there are any."""
        return self.call("PUT", f"{location}?digest={digest}", content)

    def push_blob(self, repository: str, content: bytes, digest: str) -> None:
        """A whole blob in one request."""
        answer = self.call("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content)
        assert answer.status == 201, answer

    def put_manifest(self, repository: str, reference: str, content: bytes, media_type: str) -> Answer:
        """The bytes of a manifest."""
        return self.call("PUT", f"/v2/{repository}/manifests/{reference}", content, {"Content-Type": media_type})

    def push(self, repository: str, image: Image, *references: str) -> None:
        """An image with all its blobs and children, under tags, or untagged if none is given."""
        for child in image.children:
            self.push(repository, child)
        for digest, content in image.blobs.items():
            self.push_blob(repository, content, digest)
        for reference in references or (image.digest,):
            answer = self.put_manifest(repository, reference, image.manifest, image.media_type)
            assert answer.status == 201, answer

    def tags(self, repository: str) -> list[str]:
        """The names of the tags, as the data plane lists them."""
        found: list[str] = self.get(f"/v2/{repository}/tags/list").json["tags"]
        return found

    def pages(self, path: str) -> Iterator[Answer]:
        """The pages of a list, as its Link headers lead."""
        following: str | None = path
        while following is not None:
            answer = self.get(following)
            yield answer
            link = answer.headers.get("Link")
            following = link[link.index("<") + 1 : link.index(">")] if link else None


def span(first: int, last: int) -> dict[str, str]:
    """The header that says which bytes a chunk is."""
    return {"Content-Range": f"{first}-{last}"}
