"""Reading the access file and the files that it names, and seeing when one of them is another."""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path
from typing import Final

_LONGEST: Final = 1024 * 1024
_WRITABLE_BY_OTHERS: Final = 0o002
_NOT_OF_SECRETS: Final = 0o027  # a group may read: so Kubernetes mounts secrets for a user that is not root


class AccessFiles:
    """What was read, known again by digests under a key that nobody else has, so that they tell nothing of secrets.

    Contents are compared and not times: files that are mounted are swapped by a link, with any times.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._seen: dict[tuple[str, int], bytes] = {}  # name and modes that it must not have

    @property
    def digest(self) -> str:
        """Of everything that was read."""
        parts = [f"{name}\n{seen.hex()}\n" for (name, _), seen in sorted(self._seen.items())]
        return self._digest("".join(parts).encode()).hex()

    def are_same(self) -> bool:
        """Whether everything would be read again as it was."""
        return all(self._digest(_look(self._path, *at)[0]) == seen for at, seen in self._seen.items())

    def main(self) -> str:
        """The access file itself. Raises ValueError."""
        return self._read("", _WRITABLE_BY_OTHERS)

    def text(self, name: str) -> str:
        """A file beside it. Raises ValueError."""
        return self._read(name, _WRITABLE_BY_OTHERS)

    def secret(self, name: str) -> str:
        """A file beside it that must not be for all. Raises ValueError."""
        return self._read(name, _NOT_OF_SECRETS)

    def _read(self, name: str, forbidden: int) -> str:
        content, problem = _look(self._path, name, forbidden)
        self._seen[name, forbidden] = self._digest(content)
        if problem is None:
            try:
                return content.decode()
            except UnicodeDecodeError:
                problem = "is no UTF-8"
        raise ValueError(f"the file {name or self._path} {problem}")

    def _digest(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")


def _look(path: Path, name: str, forbidden: int) -> tuple[bytes, str | None]:
    """What is in a file, or what is wrong with it, then twice."""
    try:
        # not to wait where somebody has put a pipe
        descriptor = os.open(path.parent / name if name else path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - it has a descriptor already
            mode = os.fstat(descriptor).st_mode
            content = file.read(_LONGEST + 1) if stat.S_ISREG(mode) else b""
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or 'it has no such name'}"
    else:
        if stat.S_ISREG(mode) and not mode & forbidden and len(content) <= _LONGEST:
            return content, None
        problem = _refusal(mode, forbidden)
    return problem.encode(), problem


def _refusal(mode: int, forbidden: int) -> str:
    if not stat.S_ISREG(mode):
        return "is no regular file"
    if mode & forbidden:
        who = "written by others" if forbidden == _WRITABLE_BY_OTHERS else "read by others, or written by its group"
        return f"can be {who}: run chmod {'o-w' if forbidden == _WRITABLE_BY_OTHERS else 'g-w,o-rwx'} on it"
    return f"is longer than {_LONGEST} bytes"
