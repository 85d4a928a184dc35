"""Floor 2: what survives a restart. The only floor that knows a database driver or a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from wharfinger.domain.rules import Rules
from wharfinger.state.blobs.store import BlobStore
from wharfinger.state.clock import Clock
from wharfinger.state.counts import Counts
from wharfinger.state.db.database import Database
from wharfinger.state.files import Scratch
from wharfinger.state.limits import Limits
from wharfinger.state.remembered import Remembered
from wharfinger.state.secrets import Secrets
from wharfinger.state.trail import TrailFiles


@dataclass(frozen=True, slots=True)
class State:
    """All that a use case may touch. Tests make one of their own, with a clock that stands still."""

    db: Database
    blobs: BlobStore
    clock: Clock
    secrets: Secrets
    scratch: Scratch
    trail: TrailFiles
    rules: Rules
    node: str = ""  # the name of this one among those that share the database
    remembered: Remembered = field(default_factory=Remembered)
    limits: Limits = field(default_factory=lambda: Limits(0, 0))
    counts: Counts = field(default_factory=Counts)
