"""How a store outside is named: a kind, a container, a prefix in it, and options that are no secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

Kind = Literal["s3", "gs", "az"]
# by kind, what may stand in the query of the URL; what gives rights belongs in the environment
OPTIONS: Final[Mapping[Kind, frozenset[str]]] = {
    "s3": frozenset(
        {
            "endpoint",
            "region",
            "virtual_hosted_style_request",
            "server_side_encryption",
            "sse_kms_key_id",
            "sse_bucket_key_enabled",
            "checksum_algorithm",
            "unsigned_payload",
            "disable_bulk_delete",
            "request_payer",
        }
    ),
    "gs": frozenset({"base_url"}),
    "az": frozenset({"account_name", "endpoint", "use_emulator"}),
}
_CONTAINER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_PREFIX: Final = re.compile(r"([A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*)?")


class StoreAddress(NamedTuple):
    """Where a store outside is."""

    kind: Kind
    container: str
    prefix: str  # without slashes at its ends
    options: Mapping[str, str]


def address(text: str) -> StoreAddress | None:
    """Read a URL; None for "", the directory. Raises ValueError, whose text has nothing of what may be a secret."""
    if not text:
        return None
    try:
        url = urlsplit(text)
        query = parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query), max_num_fields=20)
    except ValueError:
        raise ValueError("it is no URL") from None
    if url.scheme not in OPTIONS:
        raise ValueError(f"it has to begin with one of {', '.join(f'{kind}://' for kind in OPTIONS)}")
    if "@" in url.netloc:
        raise ValueError("keys do not belong in the URL: put them into the environment")
    kind = cast("Kind", url.scheme)
    container, prefix = url.netloc, url.path.strip("/")
    if not _CONTAINER.fullmatch(container) or url.fragment:
        raise ValueError(f"after {kind}:// comes the name of a bucket or container, and then a prefix if you like")
    if not _PREFIX.fullmatch(prefix) or {".", ".."}.intersection(prefix.split("/")):
        raise ValueError("its prefix may have letters, digits, and - _ . ! * ' ( ) between single slashes")
    for name, _ in query:
        if name not in OPTIONS[kind]:
            known = ", ".join(sorted(OPTIONS[kind]))
            raise ValueError(f"its query can have {known}, and not {name!r}; keys belong in the environment")
    return StoreAddress(kind, container, prefix, dict(query))
