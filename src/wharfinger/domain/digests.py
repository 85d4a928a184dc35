"""Content digests: `sha256:` or `sha512:` and the lower-case hexadecimal value."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from wharfinger.domain.faults import DigestInvalid

CANONICAL: Final = "sha256"
_KNOWN: Final = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")
ECR_FORM: Final = r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+"  # wider than what can exist here
_ECR_FORM: Final = re.compile(ECR_FORM)


def is_digest(text: str) -> bool:
    """Whether `text` is a digest of an algorithm that is known here."""
    return _KNOWN.fullmatch(text) is not None


def has_ecr_form(text: str) -> bool:
    """Whether ECR takes `text` for a digest at all, known or not."""
    return _ECR_FORM.fullmatch(text) is not None


def algorithm(digest: str) -> str:
    """The part before the colon."""
    return digest.partition(":")[0]


def of(content: bytes, name: str = CANONICAL) -> str:
    """The digest of `content`."""
    return f"{name}:{hashlib.new(name, content).hexdigest()}"


def check(digest: str) -> None:
    """Refuse what is no digest. Raises DigestInvalid."""
    if not is_digest(digest):
        raise DigestInvalid(digest)
