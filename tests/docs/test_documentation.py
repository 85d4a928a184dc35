"""The documentation is true: what the code knows is written by the code, and what is named exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tools.reference import PARTS, ROOT, written

from wharfinger import __version__
from wharfinger.api.ecr import HANDLERS
from wharfinger.cli.main import main
from wharfinger.contract.ecr import OPERATIONS
from wharfinger.server.settings import NAMES

PAGES = sorted(page for page in ROOT.rglob("*.md") if not set(page.parts) & {".venv", ".tools", "node_modules"})
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:src|tests|docs|tools|bench|state|services|domain|api|server|contract)/[\w./-]+)`")


def _links() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for target in _LINK.findall(page.read_text()):
            if "://" not in target:
                yield str(page.relative_to(ROOT)), target


@pytest.mark.parametrize("part", PARTS)
def test_what_the_code_knows_is_as_the_code_says(part: str) -> None:
    file = PARTS[part][0]
    stale = [str(path.relative_to(ROOT)) for path, old, new in written() if old != new]
    assert file not in stale, "run `make docs`"


@pytest.mark.parametrize(("page", "target"), list(_links()))
def test_a_link_leads_to_something(page: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (ROOT / page).parent / path if path else ROOT / page
    assert file.exists()
    if anchor:
        headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_a_file_that_a_page_names_exists(page: str) -> None:
    named = set(_PATH.findall((ROOT / page).read_text()))
    missing = {name for name in named if not (ROOT / name).exists() and not (ROOT / "src/wharfinger" / name).exists()}
    assert not missing


def test_every_setting_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text()
    assert [name for name in NAMES if f"`WHARFINGER_{name.upper()}`" not in text] == []


def test_every_operation_is_in_the_readme_with_its_state() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (works|stored|not yet)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert rows.keys() == OPERATIONS.keys()
    assert {name for name, state in rows.items() if state != "not yet"} == HANDLERS.keys()


def test_every_command_is_explained() -> None:
    assert all(command.help for command in main.commands.values())
    pages = "\n".join(page.read_text() for page in PAGES)
    assert [name for name in main.commands if f"wharfinger {name}" not in pages] == []


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/decisions/README.md").read_text()
    records = [page.name for page in (ROOT / "docs/decisions").glob("0*.md")]
    assert [name for name in records if f"({name})" not in listed] == []


def test_every_promise_names_its_test() -> None:
    rows = re.findall(r"^\| (P\d+) \|.*\| (.*) \|$", (ROOT / "docs/promises.md").read_text(), re.MULTILINE)
    assert [name for name, held_by in rows if "`tests/" not in held_by] == []


def test_the_version_is_the_same_everywhere() -> None:
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert __version__ in (ROOT / "CHANGELOG.md").read_text()


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    for lock in (ROOT / name for name in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")):
        text = lock.read_text()
        assert "://" not in text
        assert all("--hash=sha256:" in entry for entry in re.findall(r"^\S+==(?:.|\n )*", text, re.MULTILINE))
