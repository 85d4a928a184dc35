"""What a server answered, of either door: over a socket, or from the application in the test's own process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from urllib3 import HTTPHeaderDict


class Answer(NamedTuple):
    """Status, headers (names in any case) and body. `file` is what was left to the web server to send."""

    status: int
    headers: HTTPHeaderDict
    body: bytes
    file: Path | None = None

    @property
    def content(self) -> bytes:
        """All that a client gets: the body, or what is in the file."""
        return self.body if self.file is None else self.file.read_bytes()

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of the first error."""
        found = self.json
        if "__type" in found:
            return found["__type"], found["message"]
        return found["errors"][0]["code"], found["errors"][0]["message"]

    @property
    def code(self) -> str:
        """Of the first error."""
        return self.error[0]

    @property
    def message(self) -> str:
        """Of the first error."""
        return self.error[1]
