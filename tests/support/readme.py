"""What a Markdown file tells its reader to type."""

from __future__ import annotations

import re

_FENCED = re.compile(r"^```(?:shell|console|bash|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(markdown: str, section: str) -> list[str]:
    """The shell blocks of a section, in order; a section ends where the next of its level or above begins."""
    heading = re.search(rf"^(#+) {re.escape(section)}$", markdown, re.MULTILINE)
    assert heading is not None, f"there is no section {section!r}"
    rest = markdown[heading.end() :]
    following = re.search(rf"^#{{1,{len(heading[1])}}} ", _without_blocks(rest), re.MULTILINE)
    return _FENCED.findall(rest[: following.start()] if following else rest)


def _without_blocks(markdown: str) -> str:
    """The same length, with blocks blanked: a comment in a shell block looks like a heading."""
    return re.sub(r"^```.*?^```$", lambda block: " " * len(block[0]), markdown, flags=re.MULTILINE | re.DOTALL)
