"""A page of the guides: what it tells its reader to type, what it says that comes out, and what came out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# how a page marks a command that does not succeed
_MARK = re.compile(r"^(.*\S)  # (?:refused|in part)$", re.MULTILINE)
_END = "\x1e\n"
_STRICT = "cd\nset -E -o pipefail\ntrap 'echo \"failed: $BASH_COMMAND\"' ERR\n"
_LONGEST = 110  # seconds


class Block(NamedTuple):
    """Some commands, and what the page says that they print at the end, if it does."""

    commands: str
    shown: str | None


class Followed(NamedTuple):
    """A page whose commands were run in a shell, one after the other, and what each block printed."""

    blocks: Sequence[Block]
    printed: Sequence[str]

    @property
    def failed(self) -> list[str]:
        """The commands that failed."""
        lines = [line for text in self.printed for line in text.splitlines()]
        return [line.removeprefix("failed: ") for line in lines if line.startswith("failed: ")]

    @property
    def marked(self) -> list[str]:
        """The commands that the page says fail."""
        return [command for block in self.blocks for command in _MARK.findall(block.commands)]


def blocks(markdown: str) -> list[Block]:
    """The shell blocks of a page, each with the text block that comes right after it."""
    found: list[Block] = []
    for kind, content in _BLOCK.findall(markdown):
        if kind == "shell":
            found.append(Block(content, None))
        elif kind == "text":
            found[-1] = found[-1]._replace(shown=content)
    return found


def follow(page: Path, home: Path, variables: Mapping[str, str], inside: Sequence[str] = ()) -> Followed:
    """Do what a page says, in a shell of its own, which is started by a command that may begin with others."""
    home.mkdir(exist_ok=True)
    steps = blocks(page.read_text())
    script = _STRICT + "".join(f"{step.commands}printf '\\036\\n'\n" for step in steps)
    programs = (str(Path(sys.executable).parent), os.environ["PATH"])
    ended = subprocess.run(
        [*inside, "bash", "-c", script],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.pathsep.join(programs), "HOME": str(home), "LANG": "C.UTF-8", **variables},
        timeout=_LONGEST,
    )
    return Followed(steps, ended.stdout.split(_END)[: len(steps)])


def ends_with(printed: str, shown: str) -> bool:
    """Whether output ends as a page shows it, where `…` is anything and the width of gaps does not matter."""
    pattern = "".join(".*" if part == "…" else re.escape(part) for part in re.split("(…)", _narrow(shown)))
    return re.search(rf"(^|\n){pattern}\Z", _narrow(printed)) is not None


def _narrow(text: str) -> str:
    return re.sub(" +", " ", text).strip()
