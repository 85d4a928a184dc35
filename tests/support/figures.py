"""Figures that a test measured, for the report of the run."""

from __future__ import annotations

import pytest


def note(request: pytest.FixtureRequest, name: str, value: object) -> None:
    """Keep a figure; like `record_property`, which warns wherever a report is written in the default format."""
    request.node.user_properties.append((name, str(value)))
