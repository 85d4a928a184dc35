"""What a session of a role, or of a user, knows of itself: all of it is in the token that the client keeps."""

from __future__ import annotations

import msgspec


class Session(msgspec.Struct, array_like=True, frozen=True):
    """Times are milliseconds since 1970. The secret is no part of it: it is made from the token."""

    key: str  # access key id
    account: str
    expires_at: int
    issued_at: int
    role: str | None = None  # id; None: a session of the owner of `source`
    name: str = ""  # of the session
    source: str | None = None  # access key id that began it; None: a token of an identity provider did
    policy: str | None = None  # narrows what the session may do, together with `policies`
    tags: tuple[tuple[str, str], ...] = ()
    provider: str | None = None  # issuer of the token that began it
    subject: str | None = None  # whom that token was about
    source_identity: str | None = None
    policies: tuple[str, ...] = ()  # names of managed policies and of those of the role's account
    transitive: tuple[str, ...] = ()  # keys of the tags that go on to the next session of a chain
    before: tuple[str, ...] = ()  # ids of the roles whose sessions led to this one, the first one first
