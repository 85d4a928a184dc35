"""A client that does not give up: what was not answered, or with a 5xx that may pass, is asked again.

So it does not know how often a request was carried out, as docker and SDKs do not. What it was told, it may rely on.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from urllib3.exceptions import HTTPError

from support.answer import Answer
from support.content import Image, sha256
from support.oci import Oci
from support.raw_ecr import RawEcr
from support.registry import Registry

_PASSING = {500, 502, 503, 504}
_LONGEST = 60  # seconds for which one thing is tried
_PAUSE = 0.2


class Steadfast:
    """Both doors to a registry; `retries` are counted by what was the reason, `asked` by nothing."""

    def __init__(self, registry: Registry) -> None:
        self._oci: Oci = registry.oci
        self._ecr = RawEcr(registry)
        self.retries: Counter[str] = Counter()
        self.asked = 0

    def oci(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request of the data plane, until it is answered."""
        return self._until_answered(lambda: self._oci.call(method, path, body, headers))

    def ecr(self, operation: str, **arguments: Any) -> Any:
        """One call, which has to succeed in the end: its answer."""
        answer = self._until_answered(lambda: self._ecr.call(operation, arguments))
        assert answer.status == 200, answer
        return answer.json

    def push(self, repository: str, image: Image, tag: str) -> None:
        """An image, whose blobs are sent if they are not there; it is tried from the start as docker would."""
        deadline = time.monotonic() + _LONGEST
        while True:
            for digest, content in image.blobs.items():
                self._push_blob(f"/v2/{repository}", digest, content)
            sent = {"content-type": image.media_type}
            answer = self.oci("PUT", f"/v2/{repository}/manifests/{tag}", image.manifest, sent)
            if answer.status == 201:
                return
            self.retries[f"manifest: {answer.code}"] += 1
            assert time.monotonic() < deadline, answer

    def _push_blob(self, where: str, digest: str, content: bytes) -> None:
        if self.oci("HEAD", f"{where}/blobs/{digest}").status == 200:
            return
        deadline = time.monotonic() + _LONGEST
        while True:
            begun = self.oci("POST", f"{where}/blobs/uploads/")
            assert begun.status == 202, begun
            # with its place: asked again, a chunk that was taken is refused, where bytes alone would be taken twice
            place = {"Content-Range": f"0-{len(content) - 1}"}
            sent = self.oci("PATCH", begun.headers["location"], content, place)
            if sent.status == 202:
                ended = self.oci("PUT", f"{begun.headers['location']}?digest={digest}")
                if ended.status == 201:
                    return
                sent = ended
            # whoever asks again may find that it was done the first time, so it begins anew
            self.retries[f"upload: {sent.status}"] += 1
            assert sent.status in {404, 416}, sent
            assert time.monotonic() < deadline, sent

    def pull(self, repository: str, image: Image) -> None:
        """All bytes of an image have to be there."""
        for digest, content in image.blobs.items():
            answer = self.oci("GET", f"/v2/{repository}/blobs/{digest}")
            assert (answer.status, sha256(answer.body)) == (200, sha256(content)), (
                f"a layer of {image.digest}: {answer}"
            )

    def _until_answered(self, ask: Any) -> Answer:
        deadline = time.monotonic() + _LONGEST
        while True:
            self.asked += 1
            try:
                answer: Answer = ask()
            except HTTPError as error:
                reason = type(error).__name__
            else:
                if answer.status not in _PASSING:
                    return answer
                reason = str(answer.status)
            self.retries[reason] += 1
            assert time.monotonic() < deadline, f"nothing but {reason} for {_LONGEST} seconds"
            time.sleep(_PAUSE)
