"""Policies as they are evaluated: documents, their statements, and what does not fit a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from wharfinger.domain.policy.actions import Actions, Kind
from wharfinger.domain.policy.conditions import Condition
from wharfinger.domain.policy.principals import Principal, Principals, Reach
from wharfinger.domain.policy.texts import Values

Effect = Literal["Allow", "Deny"]


class Request(NamedTuple):
    """What is asked for, by whom."""

    principal: Principal
    action: str  # ecr:PutImage
    resource: str  # the ARN of a repository or a role, or *
    account: str  # that owns the resource
    keys: Mapping[str, tuple[str, ...]]  # condition keys in lower case; what is not known is not there


class Misfit(NamedTuple):
    """The first part of a statement that a request does not fit."""

    element: Literal["principal", "action", "resource", "condition"]
    operator: str | None = None  # of a condition
    key: str | None = None  # of a condition, in lower case


_PRINCIPAL: Final = Misfit("principal")
_ACTION: Final = Misfit("action")
_RESOURCE: Final = Misfit("resource")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, compiled."""

    number: int  # from 0, as in Statement[0]
    sid: str | None
    effect: Effect
    principals: Principals | None  # None in policies of identities
    actions: Actions
    resources: Values | None = None  # None where the policy is that of the resource
    excepts_resources: bool = False  # NotResource
    conditions: tuple[Condition, ...] = ()

    def reach(self, request: Request) -> Reach | None:
        """How it names who asks; None if it does not, or names nobody."""
        return self.principals.reach(request.principal, request.account) if self.principals else None

    def misfit(self, request: Request, action: str) -> Misfit | None:
        """What keeps it from applying, whoever asks; None if it applies. `action` is in lower case."""
        if not self.actions.include(action):
            return _ACTION
        if self.resources is not None and not self._includes(request):
            return _RESOURCE
        for condition in self.conditions:
            if not self._settled(condition.holds(request.keys)):
                return Misfit("condition", condition.operator, condition.key)
        return None

    def _includes(self, request: Request) -> bool:
        assert self.resources is not None  # noqa: S101 - seen by the caller
        fits = self.resources.fits(request.resource, request.keys)
        if not self.excepts_resources:
            # a resource with a variable that has no value is none, as AWS has it
            return fits is True
        return self._settled(fits if fits is None else not fits)

    def _settled(self, answer: bool | None) -> bool:
        """What cannot be told grants nothing and denies."""
        return self.effect == "Deny" if answer is None else answer


class Document:
    """A policy that was read."""

    __slots__ = ("denials", "grants", "kind", "statements")

    def __init__(self, kind: Kind, statements: Iterable[Statement]) -> None:
        self.kind = kind
        self.statements = tuple(statements)
        self.grants = tuple(one for one in self.statements if one.effect == "Allow")
        self.denials = tuple(one for one in self.statements if one.effect == "Deny")


class Policy(NamedTuple):
    """A document with the name by which reasons speak of it."""

    name: str
    document: Document
