"""Policies and requests for tests, in a few words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from wharfinger.domain.policy import Decision, Document, Kind, Policy, Principal, Request, decide, read

OWN: Final = "111122223333"
OTHER: Final = "444455556666"
APP: Final = f"arn:aws:ecr:eu-west-1:{OWN}:repository/team/app"
ROLE: Final = f"arn:aws:iam::{OWN}:role/ci/deploy"

ROOT: Final = Principal("root", OWN, f"arn:aws:iam::{OWN}:root")
ANN: Final = Principal("user", OWN, f"arn:aws:iam::{OWN}:user/people/ann")
ROBOT: Final = Principal("robot", OWN, f"arn:aws:iam::{OWN}:robot/builder")
JOB: Final = Principal("session", OWN, f"arn:aws:sts::{OWN}:assumed-role/deploy/job-7", ROLE)
OTHER_ROOT: Final = Principal("root", OTHER, f"arn:aws:iam::{OTHER}:root")
BOB: Final = Principal("user", OTHER, f"arn:aws:iam::{OTHER}:user/bob")

Element = str | list[str]


def allow(action: Element = "*", resource: Element | None = "*", **elements: Any) -> dict[str, Any]:
    """A statement; without Resource for `resource=None`."""
    return _statement("Allow", action, resource, elements)


def deny(action: Element = "*", resource: Element | None = "*", **elements: Any) -> dict[str, Any]:
    """The same that denies."""
    return _statement("Deny", action, resource, elements)


def _statement(effect: str, action: Element, resource: Element | None, elements: Mapping[str, Any]) -> dict[str, Any]:
    written = {"Effect": effect, "Action": action, "Resource": resource, **elements}
    return {name: value for name, value in written.items() if value is not None}


def text(*statements: Mapping[str, Any], version: str = "2012-10-17") -> str:
    """A policy as it is written."""
    return json.dumps({"Version": version, "Statement": statements})


def document(*statements: Mapping[str, Any], kind: Kind = "identity", version: str = "2012-10-17") -> Document:
    return read(text(*statements, version=version), kind)


def of_identity(*statements: Mapping[str, Any]) -> Policy:
    return Policy("of the identity", document(*statements))


def of_session(*statements: Mapping[str, Any]) -> Policy:
    return Policy("of the session", document(*statements, kind="session"))


def of_repository(*statements: Mapping[str, Any]) -> Policy:
    return Policy("of the repository", document(*statements, kind="repository"))


def of_role(*statements: Mapping[str, Any]) -> Policy:
    return Policy("of the role", document(*statements, kind="trust"))


def ask(
    principal: Principal = ANN, action: str = "ecr:PutImage", resource: str = APP, **keys: str | tuple[str, ...]
) -> Request:
    """A request for something of OWN; a key `aws_username` is the condition key aws:username."""
    named = {name.replace("__", "/").replace("_", ":", 1): value for name, value in keys.items()}
    listed = {name: (value,) if isinstance(value, str) else value for name, value in named.items()}
    return Request(principal, action, resource, OWN, listed)


def allows(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether one statement of an identity's policy lets a request through."""
    return decide(request, identity=[of_identity(statement)], resource=[]).allowed


def denies(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether one statement denies a request that is allowed but for it."""
    return not decide(request, identity=[of_identity(allow(), statement)], resource=[]).allowed


def short(decision: Decision) -> str:
    """A decision in a word or two."""
    return f"{'allowed' if decision.allowed else 'explicit' if decision.explicit else 'lack'} {decision.source}"
