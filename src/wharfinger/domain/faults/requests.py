"""What is wrong with a request itself, with who sent it, or with what the registry stands on."""

from __future__ import annotations

from typing import Literal

from wharfinger.domain.faults.base import Fault

# --- what was sent --------------------------------------------------------------------------------------------


class InvalidParameter(Fault):
    """A value breaks a constraint: `path` names it as ECR does."""

    path: str
    constraint: str


class Malformed(Fault):
    """The body cannot be read as what it has to be."""

    reason: str


class ContentTypeUnsupported(Fault):
    """The body is said to be something that the API does not take."""

    content_type: str


class BodyTooLarge(Fault):
    """A body over `limit` bytes."""

    limit: int


class BodyCutOff(Fault):
    """The client went away before its body had ended."""


class UnknownOperation(Fault):
    """`target` names no operation of the service."""

    target: str


class NotBuilt(Fault):
    """An operation of the contract that this version does not have yet."""

    operation: str


class UnknownRoute(Fault):
    """No endpoint has this path."""

    path: str


class MethodNotAllowed(Fault):
    """The endpoint exists, with other methods: `allowed`, as in the Allow header."""

    allowed: str


# --- who sent it ----------------------------------------------------------------------------------------------


class AuthenticationMissing(Fault):
    """Nothing says who is calling."""


class AuthenticationIncomplete(Fault):
    """A signature was sent with a part missing or unreadable: `reason` names it."""

    reason: str


class KeyUnknown(Fault):
    """No such access key, or a session token that is none of ours."""


class SignatureMismatch(Fault):
    """The signature is not the one that the secret gives for this request."""


class SignatureUnfit(Fault):
    """The signature is not for this request, whatever its value: `reason` is one sentence."""

    reason: str


class SignatureExpired(Fault):
    """Signed too long ago or too far ahead. Times as in `20261123T101500Z`."""

    signed: str
    limit: str
    now: str
    minutes: str
    ahead: bool


class TokenInvalid(Fault):
    """The password is no authorization token of this server."""


class TokenExpired(Fault):
    """The authorization token was good once."""


class DownloadExpired(Fault):
    """An address that was given out for a download is over its term, or was changed."""


class SessionExpired(Fault):
    """The session was good once."""


class Denied(Fault):
    """The caller is known and may not do this.

    `source` is the kind of policy that decided, or of which one was missing; `policy` and `statement` say which, for
    the trail: the caller is not told.
    """

    principal: str
    action: str
    resource: str
    source: str = "identity-based"
    is_explicit: bool = False
    policy: str | None = None
    statement: str | None = None


class Throttled(Fault):
    """The principal does more at a time than it may."""


# --- what the registry stands on ------------------------------------------------------------------------------


class Unavailable(Fault):
    """The disk or the database cannot do it now; nothing was lost and the call may be repeated."""

    reason: str
    part: Literal["database", "store"] = "store"  # where it failed; a disk counts as a store
