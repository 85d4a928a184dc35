"""What an access file declares: values that can be compared with what is there, and what is to be done then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

Name = tuple[str, ...]
"""What tells a declared thing from all others of its kind."""


class Principal(NamedTuple):
    """A user or a role."""

    account: str
    kind: Literal["user", "role"]
    name: str
    policies: tuple[str, ...] = ()  # names, in order
    tags: Mapping[str, str] = {}
    trust: str | None = None  # of a role: policy
    session_term: int | None = None  # of a role: milliseconds


class IdentityPolicy(NamedTuple):
    """A policy of an account."""

    account: str
    name: str
    document: str


class AccessKey(NamedTuple):
    """An access key with its secret in clear."""

    id: str
    account: str
    user: str  # name
    secret: str

    def __repr__(self) -> str:
        return f"AccessKey({self.id}, …)"


class Provider(NamedTuple):
    """An issuer whose tokens are believed."""

    account: str
    issuer: str  # URL
    audiences: tuple[str, ...]
    keys: str | None  # JSON Web Key Set; None: asked of the issuer


class Declared(NamedTuple):
    """Everything in an access file, or everything that came from one."""

    principals: Mapping[Name, Principal]
    policies: Mapping[Name, IdentityPolicy]
    keys: Mapping[Name, AccessKey]
    providers: Mapping[Name, Provider]


Thing = Principal | IdentityPolicy | AccessKey | Provider


class Change(NamedTuple):
    """What is to be done about one thing."""

    kind: str  # as a sentence names it
    name: Name
    wanted: Thing | None  # None: it is to go
    is_new: bool = False

    def __str__(self) -> str:
        how = "gone" if self.wanted is None else "new" if self.is_new else "changed"
        return f"{self.kind} {self.name[-1]} is {how}"


def declared(
    principals_: Iterable[Principal],
    policies: Iterable[IdentityPolicy],
    keys: Iterable[AccessKey],
    providers: Iterable[Provider],
) -> Declared:
    """Things by their names, whichever way they were found."""
    return Declared(
        {(one.account, one.kind, one.name): one for one in principals_},
        {(one.account, one.name): one for one in policies},
        {(one.id,): one for one in keys},
        {(one.account, one.issuer): one for one in providers},
    )


def changes(present: Declared, wanted: Declared) -> list[Change]:
    """What leads from one to the other, in an order in which each step finds what it needs."""
    return [
        *_gone("access key", present.keys, wanted.keys),
        *_gone("principal", present.principals, wanted.principals),
        *_gone("identity provider", present.providers, wanted.providers),
        *_put("policy", present.policies, wanted.policies),
        *_put("principal", present.principals, wanted.principals),
        *_put("access key", present.keys, wanted.keys),
        *_put("identity provider", present.providers, wanted.providers),
        *_gone("policy", present.policies, wanted.policies),
    ]


def _gone(kind: str, present: Mapping[Name, Thing], wanted: Mapping[Name, Thing]) -> Iterator[Change]:
    for name in sorted(present.keys() - wanted.keys()):
        yield Change(_kind(kind, present[name]), name, None)


def _put(kind: str, present: Mapping[Name, Thing], wanted: Mapping[Name, Thing]) -> Iterator[Change]:
    for name, thing in wanted.items():
        if present.get(name) != thing:
            yield Change(_kind(kind, thing), name, thing, is_new=name not in present)


def _kind(kind: str, thing: Thing) -> str:
    return thing.kind if isinstance(thing, Principal) else kind
