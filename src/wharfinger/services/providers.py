"""Identity providers: whose tokens an account believes, and for whom these have to be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from wharfinger.domain import principals, webtokens
from wharfinger.domain.faults import Declared, IssuerInvalid, KeySetInvalid, ProviderNotFound, TooManyOf
from wharfinger.domain.principals import PROVIDERS
from wharfinger.services.access import Caller
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import providers
from wharfinger.state.db.database import Tx
from wharfinger.state.db.providers import Provider

KIND: Final = "identity provider"


async def put(state: State, caller: Caller, issuer: str, audiences: Sequence[str], keys: str | None) -> Provider:
    """Believe an issuer from now on; of one that is there, change the audiences and keys.

    `keys` is a JSON Web Key Set that is used instead of the one that the issuer publishes. Raises IssuerInvalid,
    KeySetInvalid, Declared, TooManyOf.
    """
    if not principals.is_issuer(issuer, loopback=state.rules.webhook_private):
        raise IssuerInvalid(issuer)
    if keys is not None:
        try:
            webtokens.read_keys(keys)
        except ValueError as error:
            raise KeySetInvalid(str(error)) from None

    async def work(tx: Tx) -> Provider:
        found = await _undeclared(tx, caller.account, issuer)
        if found is None and len(await providers.page(tx, caller.account, "", PROVIDERS)) >= PROVIDERS:
            raise TooManyOf(KIND, PROVIDERS)
        created_at = found.created_at if found else state.clock()
        new = Provider(caller.account, issuer, list(dict.fromkeys(audiences)), keys, False, created_at)
        await providers.put(tx, new)
        return new

    return await state.db.write(work)


async def page(state: State, caller: Caller, token: str | None, limit: int | None) -> Page[Provider]:
    """Providers of the caller's account, by issuer."""
    pages = Pages(state, caller, "identity providers")
    after = pages.position(token)[0] if token else ""
    most = limit or DEFAULT
    found = await state.db.read(providers.page, caller.account, after, most + 1)
    return pages.page(found[:most], has_more=len(found) > most, position=lambda row: (row.issuer,))


async def delete(state: State, caller: Caller, issuer: str) -> Provider:
    """Believe an issuer no more: its sessions end at once. Raises ProviderNotFound, Declared."""

    async def work(tx: Tx) -> Provider:
        found = await _undeclared(tx, caller.account, issuer)
        if found is None:
            raise ProviderNotFound(issuer)
        await providers.delete(tx, caller.account, issuer)
        return found

    return await state.db.write(work)


async def _undeclared(tx: Tx, account: str, issuer: str) -> Provider | None:
    found = await providers.find(tx, account, issuer)
    if found is not None and found.is_declared:
        raise Declared(KIND, issuer)
    return found
