"""Who asks, and whom a policy names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from wharfinger.domain.policy.texts import quoted

PrincipalKind = Literal["anonymous", "root", "user", "session", "robot", "federated"]
# how a statement names who asks. anyone: `*`, or all but some; direct: a session, or the issuer of a token; entity: a
# user, a robot, or the role of a session, which a session policy narrows; account: the account, which delegates
Reach = Literal["anyone", "direct", "entity", "account"]

_NAME: Final = r"[\w+=,.@-]+"
_ARN: Final = re.compile(
    rf"arn:aws:(?:iam::\d{{12}}:(?:user|role|robot)/(?:[!-.0-~]+/)*{_NAME}"
    rf"|sts::\d{{12}}:(?:assumed-role/{_NAME}/{_NAME}|federated-user/{_NAME}))",
    re.ASCII,
)
_SERVICE: Final = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?")
_PROVIDER: Final = re.compile(r"(?:arn:aws:iam::\d{12}:(?:oidc|saml)-provider/)?[\w.~:-]+(?:/[\w.~/-]*)?", re.ASCII)


class Principal(NamedTuple):
    """Who asks. For `federated`, `arn` is the issuer of the token as a trust policy names it."""

    kind: PrincipalKind
    account: str  # 12 digits; "" for anonymous
    arn: str
    role: str | None = None  # for a session of a role: the ARN of the role


ANONYMOUS: Final = Principal("anonymous", "", "")


class Principals:
    """What Principal or NotPrincipal names. Raises ValueError if that cannot be."""

    __slots__ = ("_accounts", "_anyone", "_arns", "_inverted", "_providers")

    def __init__(
        self, element: str | Mapping[str, Sequence[str]], *, of_trust: bool = False, inverted: bool = False
    ) -> None:
        named = {"AWS": [element]} if isinstance(element, str) else element
        self._inverted = inverted
        self._accounts: set[str] = set()
        self._arns: set[str] = set()
        self._providers: set[str] = set()
        self._anyone = False
        for type_, values in named.items():
            for value in values:
                self._add(type_, value, of_trust)
        if inverted and self._anyone:
            raise ValueError("nobody is left when all are excepted")

    def _add(self, type_: str, value: str, of_trust: bool) -> None:
        if type_ == "AWS":
            self._add_own(value)
        elif type_ == "Federated" and of_trust:
            if not _PROVIDER.fullmatch(value):
                raise ValueError(f"{quoted(value)} is not an issuer like token.actions.githubusercontent.com")
            self._providers.add(value)
        elif type_ != "Service":
            raise ValueError(f"a principal of the type {quoted(type_)} cannot be named here")
        # a service of AWS is accepted, as policies for AWS name some, and never asks here
        elif not _SERVICE.fullmatch(value):
            raise ValueError(f"{quoted(value)} is not a service like lambda.amazonaws.com")

    def _add_own(self, value: str) -> None:
        account = value.removeprefix("arn:aws:iam::").removesuffix(":root")
        if value == "*":
            self._anyone = True
        elif re.fullmatch(r"\d{12}", account, re.ASCII) and value in {account, f"arn:aws:iam::{account}:root"}:
            self._accounts.add(account)
        elif _ARN.fullmatch(value):
            self._arns.add(value)
        else:
            raise ValueError(f"{quoted(value)} is not '*', an account, or the ARN of a user, role, session or robot")

    def reach(self, principal: Principal, account: str) -> Reach | None:
        """How they name `principal`, asking for what belongs to `account`; None if they do not."""
        if self._inverted:
            return None if self._excepts(principal) else "anyone"
        if principal.kind == "federated" and self._names_provider(principal, account):
            return "direct"
        if self._anyone:
            return "anyone"
        if principal.arn in self._arns:
            return "direct" if principal.kind == "session" else "entity"
        if principal.role in self._arns:
            return "entity"
        return "account" if principal.account in self._accounts else None

    def _names_provider(self, principal: Principal, account: str) -> bool:
        names = {principal.arn, f"arn:aws:iam::{account}:oidc-provider/{principal.arn}"}
        return not self._providers.isdisjoint(names)

    def _excepts(self, principal: Principal) -> bool:
        """AWS looks at the account first and at the user or role then: both have to be excepted."""
        if principal.account not in self._accounts:
            return False
        return principal.kind == "root" or principal.arn in self._arns or principal.role in self._arns
