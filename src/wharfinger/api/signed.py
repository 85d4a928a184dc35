"""What all doors for AWS clients do with a signed request: as little as can be before it is known who sent it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from wharfinger.api import sigv4
from wharfinger.api.http import Request
from wharfinger.api.sigv4 import Claim
from wharfinger.services import login
from wharfinger.services.login import Credentials
from wharfinger.state import State
from wharfinger.state.files import ScratchFile


async def credentials(state: State, claim: Claim) -> Credentials:
    """All that can be refused before the body is read, so that strangers cannot make the server hold one.

    Raises SignatureExpired, KeyUnknown, SessionExpired.
    """
    if not state.rules.any_signature:
        sigv4.check_time(claim, datetime.fromtimestamp(state.clock() / 1000, UTC))
    return await login.credentials(state, claim.key, claim.token)


async def receive(
    state: State, request: Request, limit: int, claim: Claim, credentials: Credentials, body: ScratchFile
) -> None:
    """Take the body, and believe it only if its signature fits. Raises SignatureMismatch, BodyTooLarge, BodyCutOff."""
    digest = hashlib.sha256()
    async for piece in request.bounded(limit):
        digest.update(piece)
        body.write(piece)
    if not state.rules.any_signature:
        sigv4.check_signature(claim, request, digest.hexdigest(), credentials.secret)
