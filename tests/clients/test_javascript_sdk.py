"""The AWS SDK for JavaScript: the cases are written in its own language, in javascript_sdk.mjs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.shell import Shell

SCRIPT = Path(__file__).with_name("javascript_sdk.mjs")
CASES = re.findall(r"^  async (\w+)\(\) \{$", SCRIPT.read_text(), re.MULTILINE)


@pytest.mark.needs("node")
@pytest.mark.parametrize("case", CASES)
def test_javascript(shell: Shell, case: str) -> None:
    shell.run("node", SCRIPT, case)


@pytest.mark.needs("node")
def test_javascript_needs_nothing_but_what_wharfinger_env_exports(shell: Shell) -> None:
    del shell.environment["AWS_REGION"], shell.environment["AWS_DEFAULT_REGION"]
    shell.environment.update(shell.exported)
    shell.run("node", SCRIPT, "a_registry_is_described")
