"""The `wharfinger` command in a user's shell: its tables and documents, read back."""

from __future__ import annotations

import json
import re
from typing import Any

from support.shell import Shell


class CommandLine:
    """Runs `wharfinger` with arguments; each result is (exit status, what it printed)."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell

    def text(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        """What is printed, by a command that ends with this status."""
        found, printed, told = self.shell.attempt(("wharfinger", *arguments), stdin)
        assert found == status, (arguments, found, printed, told)
        return printed

    def refused(self, *arguments: str, status: int = 1, stdin: str = "") -> str:
        """What is told on standard error, by a command that ends with this status and prints nothing."""
        found, printed, told = self.shell.attempt(("wharfinger", *arguments), stdin)
        assert (found, printed) == (status, ""), (arguments, found, printed, told)
        return told.strip()

    def table(self, *arguments: str, status: int = 0, stdin: str = "") -> list[dict[str, str]]:
        """The rows of the first table that is printed, each by the headings."""
        return rows(self.text(*arguments, status=status, stdin=stdin))

    def details(self, *arguments: str, status: int = 0) -> dict[str, str]:
        """The lines of the first block that is printed, by their names."""
        block = self.text(*arguments, status=status).split("\n\n")[0]
        return dict(re.split(r" {2,}", line, maxsplit=1) for line in block.splitlines())

    def documents(self, *arguments: str, status: int = 0, stdin: str = "") -> list[dict[str, Any]]:
        """The JSON documents that are printed, one on each line."""
        printed = self.text(*arguments, "--json", status=status, stdin=stdin)
        return [json.loads(line) for line in printed.splitlines()]


def rows(printed: str) -> list[dict[str, str]]:
    """The rows of a table, each by the headings."""
    heading, *lines = printed.split("\n\n", maxsplit=1)[0].splitlines()
    names = re.split(r" {2,}", heading.strip())
    return [dict(zip(names, re.split(r" {2,}", line.strip()), strict=True)) for line in lines]
