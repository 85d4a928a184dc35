"""A database in front of another, for tests that change or note one thing of what passes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from wharfinger.state.db.database import Database, Figures, P, T, Tx, Work


@dataclass
class Passing:
    """Passes all on to `inner`."""

    inner: Database
    statements: int = field(default=0, kw_only=True)
    transactions: int = field(default=0, kw_only=True)
    is_shared: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_shared = self.inner.is_shared

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.inner.read(work, *args, **kwargs)

    async def ask(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.inner.ask(work, *args, **kwargs)

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.inner.write(work, *args, **kwargs)

    async def rights_version(self) -> int:
        return await self.inner.rights_version()

    def snapshot(self) -> AbstractAsyncContextManager[Tx]:
        return self.inner.snapshot()

    def rewrite(self) -> AbstractAsyncContextManager[Tx]:
        return self.inner.rewrite()

    async def time(self) -> int:
        return await self.inner.time()

    def figures(self) -> Figures:
        return self.inner.figures()

    async def close(self) -> None:
        await self.inner.close()
