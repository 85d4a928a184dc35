"""What an image of five layers costs on PostgreSQL and S3, both ways, by clients as people use them.

These are counts, the same on every machine, and documentation has them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn

from support import postgresql, swift
from support.between import Between, between
from support.content import image, layer
from support.ports import free_port
from support.relay import Relay, relayed
from support.server import REGION
from support.shell import Shell, write_layout
from support.state import settings_of
from support.stores import having_rights, new_address
from support.strict import SETTINGS, Worker
from wharfinger.server import data
from wharfinger.services import login
from wharfinger.state.clock import system_clock
from wharfinger.state.db import postgres

LAYERS = 5
DOCUMENTED = Path(__file__).parents[2] / "docs/operations/stores.md"


class Price(NamedTuple):
    """What was asked of each."""

    registry: dict[str, int]
    store: dict[str, int]
    statements: int
    transactions: int  # that write
    round_trips: int  # to the database

    def line(self, name: str) -> str:
        """As documentation has it."""
        cells = (name, sum(self.registry.values()), self.statements, self.transactions, self.round_trips)
        return f"| {' | '.join(map(str, cells))} |"


class Priced:
    """A registry that listens and checks passwords, without the jobs that others run beside their requests."""

    def __init__(self, worker: Worker, store: Between, network: Relay) -> None:
        self.port = free_port()
        self.worker = worker
        self._store = store
        self._network = network
        self._asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        kinds = ("blobs/uploads", "blobs", "manifests")
        kind = next((kind for kind in kinds if f"/{kind}/" in scope["path"]), scope["path"])
        self._asked.append(f"{scope['method']} {kind}")
        await self.worker._application(scope, receive, send)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Within the block."""
        server = uvicorn.Server(uvicorn.Config(self, port=self.port, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve())
        try:
            yield
        finally:
            server.should_exit = True
            await serving

    async def price_of(self, run: Callable[..., None], *arguments: Any) -> Price:
        """Of what a client does."""
        before = self._counts()
        self._asked.clear()
        self._store.asked.clear()
        await asyncio.to_thread(run, *arguments)
        spent = [new - old for new, old in zip(self._counts(), before, strict=True)]
        store = Counter(f"{asked.method} {asked.what}" for asked in self._store.asked)
        return Price(dict(Counter(self._asked)), dict(store), *spent)

    def _counts(self) -> tuple[int, int, int]:
        db = self.worker.state.db
        return db.statements, db.transactions, self._network.round_trips


@pytest.fixture
async def priced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Priced]:
    # one connection: what clients do at once comes one after the other, and is never tried again
    monkeypatch.setattr(postgres, "_CONNECTIONS", 1)
    directory = tmp_path / "data"
    with between(swift.endpoint()) as store, having_rights("s3"):
        async with relayed(postgresql.database_of(directory)) as network:
            address = new_address("s3", store.address)
            settings = settings_of(directory, **SETTINGS, database=network.url, store=address, redirect=True)
            await data.prepare(settings)
            state = await data.open_state(settings, system_clock)
            made = Priced(Worker(state, settings=settings), store, network)
            async with made.listening():
                yield made
            state.trail.close()
            await state.db.close()


@pytest.fixture
async def shell(priced: Priced, tmp_path: Path) -> Shell:
    """Logged in to a registry with a repository `app`."""
    key = await login.first_key(priced.worker.state)
    exported = {
        "WHARFINGER_REGISTRY": f"127.0.0.1:{priced.port}",
        "AWS_ENDPOINT_URL_ECR": f"http://127.0.0.1:{priced.port}",
        "AWS_ACCESS_KEY_ID": key.key,
        "AWS_SECRET_ACCESS_KEY": key.secret,
    }
    made = Shell(tmp_path / "home", exported, REGION)
    await asyncio.to_thread(made.create)
    return made


class Skopeo:
    """One layer after the other there, several at once back."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        login = ("skopeo", "login", "--tls-verify=false", "-u", "AWS", "--password-stdin", shell.registry)
        shell.run(*login, stdin=shell.password)

    def push(self, layout: Path) -> None:
        self._shell.run("skopeo", "copy", "--dest-tls-verify=false", f"oci:{layout}:1", self._name(layout))

    def pull(self, layout: Path) -> None:
        back = f"oci:{layout}-back:1"
        self._shell.run("skopeo", "copy", "--src-tls-verify=false", self._name(layout), back)
        shutil.rmtree(f"{layout}-back")

    def _name(self, layout: Path) -> str:
        return f"docker://{self._shell.registry}/app:{layout.name}"


@pytest.mark.needs("skopeo")
async def test_what_a_push_and_a_pull_by_skopeo_cost(priced: Priced, shell: Shell) -> None:
    skopeo = await asyncio.to_thread(Skopeo, shell)
    first = write_layout(shell.home / "first", image(), "1")
    for action in (skopeo.push, skopeo.pull):  # by which the connection learns the statements
        await asyncio.to_thread(action, first)
    layout = write_layout(shell.home / "measured", image(*[layer() for _ in range(LAYERS)]), "1")
    pulled = {"GET /v2/": 1, "GET manifests": 1, "GET blobs": LAYERS + 1}, {"GET object": LAYERS + 1}
    prices = {
        "push": Price(
            {
                "GET /v2/": 1,
                "HEAD blobs": 2 * LAYERS + 1,
                "POST blobs/uploads": LAYERS + 1,
                "PATCH blobs/uploads": LAYERS + 1,
                "PUT blobs/uploads": LAYERS + 1,
                "PUT manifests": 1,
            },
            {"PUT object": LAYERS + 1},
            statements=123,
            transactions=19,
            round_trips=161,
        ),
        "the same push again": Price(
            {"GET /v2/": 1, "HEAD blobs": LAYERS + 1, "PUT manifests": 1},
            {},
            statements=18,
            transactions=1,
            round_trips=20,
        ),
        "pull, the first of a day": Price(*pulled, statements=17, transactions=1, round_trips=19),
        "pull": Price(*pulled, statements=16, transactions=0, round_trips=16),
    }
    actions = (skopeo.push, skopeo.push, skopeo.pull, skopeo.pull)
    found = {name: await priced.price_of(action, layout) for name, action in zip(prices, actions, strict=True)}
    assert found == prices
    documented = DOCUMENTED.read_text().splitlines()
    assert [line for name, price in prices.items() if (line := price.line(name)) not in documented] == []
