"""What a row of the tables is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from wharfinger.domain.faults import Fault

INVALID: Final = "InvalidParameterException"


class Words(NamedTuple):
    """A fault in all protocols: ECR's exception and STS's code (400 unless said otherwise), OCI's, and one text."""

    ecr: str
    oci: str
    oci_status: int
    text: str | Callable[[Any], str]
    ecr_status: int = 400
    oci_text: str | None = None  # where ECR's own text would not help the user of another client
    sts: str = "ValidationError"
    sts_status: int = 400


Table = Mapping[type[Fault], Words]
