"""The guides are true: each command in them is run as it stands there, on a server with the images they speak of."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support.guide import Block, Followed, blocks, ends_with, follow
from support.server import Server
from support.shop import SETTINGS, push_to_shop

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
# one that starts a server of its own is followed by another module
WITH_THE_SHOP = [page for page in GUIDES if page.stem != "tls"]
_SAMPLE = """
```shell
one
two  # refused
```
```text
out …
```
```json
{}
```
```shell
three
```
"""


@pytest.fixture(scope="module", params=WITH_THE_SHOP, ids=lambda page: page.stem)
def followed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """A guide, followed once, on a server of its own."""
    directory = tmp_path_factory.mktemp("guide")
    asyncio.run(push_to_shop(directory / "data"))
    access_file = directory / "access.toml"
    access_file.touch()
    settings = {**SETTINGS, "access_file": str(access_file)}
    with Server(directory / "data", **settings) as server:
        variables = {
            **server.where(),
            "WHARFINGER_DATA": str(directory / "data"),
            **{f"WHARFINGER_{name.upper()}": value for name, value in settings.items()},
        }
        return follow(request.param, directory / "home", variables)


def test_commands_are_found_with_what_they_are_said_to_print() -> None:
    found = blocks(_SAMPLE)
    assert found == [Block("one\ntwo  # refused\n", "out …\n"), Block("three\n", None)]
    followed = Followed(found, ["out x\nfailed: two\n", ""])
    assert followed.failed == followed.marked == ["two"]


def test_output_is_compared_at_its_end_but_for_what_is_left_out() -> None:
    assert ends_with("before\nA   B\n1 2026 x\n", "A B\n1 … x\n")
    assert not ends_with("A B\n1 y\n", "A B\n1 x\n")
    assert not ends_with("NOT A B\n", "A B\n")


def test_each_command_succeeds_but_those_that_are_said_to_fail(followed: Followed) -> None:
    assert len(followed.printed) == len(followed.blocks) > 0
    assert followed.failed == followed.marked, "\n".join(followed.printed)


def test_what_is_shown_is_printed(followed: Followed) -> None:
    for block, printed in zip(followed.blocks, followed.printed, strict=True):
        assert block.shown is None or ends_with(printed, block.shown), printed


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_is_linked_from_the_readme(page: Path) -> None:
    assert f"(docs/guides/{page.name})" in (ROOT / "README.md").read_text()
