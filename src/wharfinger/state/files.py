"""The one thing about files that both the blobs and the master key need."""

from __future__ import annotations

import os
from pathlib import Path


def sync(directory: Path) -> None:
    """Make the names in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
