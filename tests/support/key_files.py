"""What key files hold, as a test sees it."""

from __future__ import annotations

import pytest

from wharfinger.state.keyfiles import KeyFiles
from wharfinger.state.secrets import SecretsUnreadable


def key(files: KeyFiles) -> bytes:
    """Something that is derived from the data key."""
    return files.read().key("a")


def refusal(files: KeyFiles) -> str:
    """What is said of key files that cannot be used."""
    with pytest.raises(SecretsUnreadable) as caught:
        files.read()
    return str(caught.value)
