"""The questions on which registries may differ, answered once per server."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Rules(NamedTuple):
    """Set by `wharfinger.server.settings`, which says what each means."""

    digest_and_tag: Literal["tag", "image"] = "tag"
    sparse_manifests: bool = False
    bin_days: int = 7
    blob_lease: int = 2 * 60 * 60 * 1000  # milliseconds
    history_days: int = 90
    webhook_private: bool = False
    trail_pulls: bool = False
    trail_days: int = 90
    trail_bytes: int = 4 * 1024**3
    redirect: bool = True
    any_signature: bool = False
    default_account: str = "000000000000"
    default_region: str = "us-east-1"
    organization: str = ""
    access_file: str = ""  # absolute path; empty: there is none
