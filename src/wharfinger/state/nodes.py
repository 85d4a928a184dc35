"""The name of a node among those that share a database: made once, and kept in its data directory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from wharfinger.state.files import write_private
from wharfinger.state.ids import new_storage_id

_FILE: Final = "node"
_NAME: Final = re.compile("[0-9a-f]{32}")


def name(directory: Path) -> str:
    """32 hexadecimal digits. What it has handed over of its trail is noted under this name. Raises OSError."""
    path = directory / _FILE
    found = path.read_text(errors="replace") if path.exists() else ""
    if not _NAME.fullmatch(found):
        found = new_storage_id()
        write_private(path, found.encode())
    return found


def is_of_one(directory: Path) -> bool:
    """Whether a data directory is that of a node, whose rows are elsewhere."""
    return (directory / _FILE).exists()
