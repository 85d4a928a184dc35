"""Directories for servers that the tests need and are not about: in memory where this machine has such a place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")


def scratch(prefix: str) -> Path:
    """A new one; whoever asks removes it."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None))


def scratch_with_attributes(prefix: str) -> Path:
    """A new one whose files may have attributes of their own, which in memory needs Linux 6.6."""
    made = scratch(prefix)
    try:
        os.setxattr(made, "user.probe", b"1")
    except OSError:
        made.rmdir()
        return Path(tempfile.mkdtemp(prefix=prefix))
    return made
