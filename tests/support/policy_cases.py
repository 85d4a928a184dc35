"""Random cases for two evaluators: small pools, so that what policies say often meets what is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

Json = dict[str, Any]

OWN: Final = "111122223333"
OTHER: Final = "444455556666"
_ACTIONS: Final = ("ecr:BatchGetImage", "ecr:PutImage", "ecr:TagResource", "ecr:CreateRepository")
_ACTION_PATTERNS: Final = (
    *_ACTIONS,
    *("*", "ecr:*", "ecr:Batch*", "ecr:Put?mage", "ECR:putimage", "ecr:*Image", "ecr:GetAuthorizationToken"),
    *("ecr:T*e", "ecr:*e*e*", "sts:*", "s3:GetObject", "sts:AssumeRole"),
)
_REPOSITORY: Final = f"arn:aws:ecr:eu-west-1:{OWN}:repository/"
_RESOURCES: Final = tuple(_REPOSITORY + name for name in ("red/app", "red/lib", "blue/app", "ann/app"))
_RESOURCE_PATTERNS: Final = (
    *("*", _RESOURCES[0], _RESOURCES[2], _REPOSITORY + "*", _REPOSITORY + "red/*", _REPOSITORY + "*/app"),
    *("arn:aws:ecr:*:*:repository/red/*", f"arn:aws:ecr:eu-*-1:{OWN}:repository/???/app", "arn:aws:ecr:*"),
    *(f"arn:aws:ecr:us-*:{OWN}:repository/*", "arn:*:ecr:*:1111*:repository/*d/*p", "arn:aws:s3:::bucket/*"),
    *(_REPOSITORY + "${aws:PrincipalTag/team}/*", _REPOSITORY + "${aws:PrincipalTag/team, 'blue'}/app"),
    *(_REPOSITORY + "${aws:username}/*", _REPOSITORY + "${aws:username, 'ann'}/a*", _REPOSITORY + "red${*}"),
)
_USER, _USER_OF_OTHER = f"arn:aws:iam::{OWN}:user/people/ann", f"arn:aws:iam::{OTHER}:user/bob"
_ROLE, _ROLE_OF_OTHER = f"arn:aws:iam::{OWN}:role/deploy", f"arn:aws:iam::{OTHER}:role/deploy"
_SESSION, _SESSION_OF_OTHER = (f"arn:aws:sts::{account}:assumed-role/deploy/job-7" for account in (OWN, OTHER))
_TARGET: Final = f"arn:aws:iam::{OWN}:role/target"
_PRINCIPALS: Final = (
    *(OWN, OTHER, f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root", _USER, _USER_OF_OTHER),
    *(_ROLE, _ROLE_OF_OTHER, _SESSION, _SESSION_OF_OTHER, f"arn:aws:sts::{OWN}:assumed-role/deploy/job-8"),
)
# for each type of operator: keys, what a request has for them, and what a policy says of them
_TEXT_KEYS: Final = {
    "aws:PrincipalTag/team": ("red", "blue"),
    "aws:ResourceTag/team": ("red", "blue", "Red"),
    "ecr:ResourceTag/team": ("red", "r*"),
    "aws:UserAgent": ("docker/27", "containerd (linux)"),
    "aws:PrincipalArn": (_USER, _ROLE, "arn:aws:iam::111122223333:role/red"),
}
_SEVERAL: Final = {"aws:TagKeys": ("team", "cost", "red", "Team")}
_TEXTS: Final = (
    *("red", "blue", "RED", "r*", "?ed", "*", "re", "team", "c*", "docker/*", "*(linux)", "**e**"),
    *("${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'red'}", "${aws:PrincipalTag/team}*", "${*}", "r${*}"),
    *("${aws:username, 'team'}", "arn:aws:iam::*:role/*"),
)
_TYPES: Final[dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]], tuple[str, ...]]]] = {
    "text": (
        *(
            (
                *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
                *("StringLike", "StringNotLike"),
            ),
        ),
        _TEXT_KEYS,
        _TEXTS,
    ),
    "arn": (
        ("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
        {"aws:PrincipalArn": (_USER, _ROLE, "arn:aws:iam::111122223333:role/a/red")},
        (
            *(_USER, _ROLE, f"arn:aws:iam::{OWN}:user/*", "arn:aws:iam::*:role/*", "arn:*:iam::1*3:*/ann"),
            *("arn:aws:i?m::*:role/*${aws:PrincipalTag/team}", "arn:aws:sts::*:*", "arn:aws:iam::*:*:*"),
        ),
    ),
    "number": (
        tuple(
            f"Numeric{name}"
            for name in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ),
        {"aws:MultiFactorAuthAge": ("0", "300", "3600"), "aws:EpochTime": ("1769817600", "300")},
        ("300", "300.0", "3600", "299.5", "1769817600", "-1"),
    ),
    "date": (
        tuple(
            f"Date{name}"
            for name in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
        ),
        {
            "aws:CurrentTime": ("2026-01-31T00:00:00Z", "2026-01-30T12:00:00Z"),
            "aws:TokenIssueTime": ("2026-01-31T00:00:00Z",),
        },
        ("2026-01-31T00:00:00Z", "2026-01-31", "2026-01-30T12:00:00Z", "1769817600", "2026-01-31T01:00:00+01:00"),
    ),
    "truth": (
        ("Bool",),
        {"aws:SecureTransport": ("true", "false"), "aws:MultiFactorAuthPresent": ("true", "false")},
        ("true", "false", "True"),
    ),
    "address": (
        ("IpAddress", "NotIpAddress"),
        {"aws:SourceIp": ("10.1.2.3", "192.0.2.7", "2001:db8::7")},
        ("10.0.0.0/8", "10.1.2.3", "192.0.2.0/25", "192.0.2.8/32", "2001:db8::/32", "0.0.0.0/0", "::/0"),
    ),
}


class Case(NamedTuple):
    """What both evaluators are asked."""

    principal: str  # its ARN, "" for anonymous
    action: str
    resource: str
    keys: dict[str, str | list[str]]
    identity: list[Json]
    resource_policy: Json | None
    session: Json | None

    @property
    def is_trust(self) -> bool:
        """Whether a role is to be assumed."""
        return self.action.startswith("sts:")


class Generator:
    """Makes cases from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def case(self) -> Case:
        principal = self._one((_USER, _USER, _SESSION, _SESSION, _USER_OF_OTHER, _SESSION_OF_OTHER, ""))
        action, resource = self._one(_ACTIONS), self._one(_RESOURCES)
        if principal and self._chance(0.15):
            action, resource = "sts:AssumeRole", _TARGET
        elif principal and self._chance(0.1):
            action, resource = "ecr:GetAuthorizationToken", "*"
        is_trust = resource == _TARGET
        keys = self._keys()
        if resource in {_TARGET, "*"}:
            # AWS has no tags of repositories in such requests, and the simulator knows it
            keys.pop("ecr:ResourceTag/team", None)
        has_policy = resource != "*" and (is_trust or self._chance(0.7))
        return Case(
            principal,
            action,
            resource,
            keys,
            [self._policy("identity", is_trust) for _ in range(self._random.randint(0, 2))] if principal else [],
            self._policy("trust" if is_trust else "repository", is_trust) if has_policy else None,
            self._policy("session", is_trust) if "assumed-role" in principal and self._chance(0.4) else None,
        )

    def _policy(self, kind: str, is_trust: bool) -> Json:
        statements = [self._statement(kind, is_trust) for _ in range(self._random.randint(1, 3))]
        return {"Version": "2012-10-17", "Statement": statements}

    def _statement(self, kind: str, is_trust: bool) -> Json:
        effect = "Deny" if self._chance(0.25) else "Allow"
        statement: Json = {"Effect": effect}
        if kind in {"repository", "trust"}:
            name = "NotPrincipal" if kind == "repository" and effect == "Deny" and self._chance(0.3) else "Principal"
            wanted = "*" if name == "Principal" and self._chance(0.3) else {"AWS": self._some(_PRINCIPALS)}
            statement[name] = wanted
        actions = _actions(kind, is_trust)
        statement["NotAction" if self._chance(0.15) and kind != "trust" else "Action"] = self._some(actions)
        if kind in {"identity", "session"}:
            resources = (_TARGET, "*", "arn:aws:iam::*:role/t*") if is_trust else _RESOURCE_PATTERNS
            statement["NotResource" if self._chance(0.2) else "Resource"] = self._some(resources)
        if self._chance(0.6):
            statement["Condition"] = self._condition()
        return statement

    def _condition(self) -> Json:
        found: Json = {}
        for _ in range(self._random.choice((1, 1, 2))):
            operators, keys, values = _TYPES[self._one(tuple(_TYPES))]
            key = self._one(tuple(keys))
            if self._chance(0.1):
                found["Null"] = {key: self._one(("true", "false"))}
                continue
            operator = self._one(operators) + self._one(("", "", "IfExists"))
            if operators[0] == "StringEquals" and self._chance(0.4):
                key = "aws:TagKeys"
            if key in _SEVERAL or self._chance(0.15):
                operator = self._one(("ForAllValues:", "ForAnyValue:")) + operator
            found[operator] = {key: self._some(values)}
        return found

    def _keys(self) -> dict[str, str | list[str]]:
        keys: dict[str, str | list[str]] = {}
        for _, pool, _ in _TYPES.values():
            keys |= {key: self._one(values) for key, values in pool.items() if self._chance(0.7)}
        if self._chance(0.7):
            keys["aws:username"] = self._one(("ann", "red", "team"))
        if self._chance(0.7):
            keys["aws:TagKeys"] = self._random.sample(_SEVERAL["aws:TagKeys"], self._random.randint(1, 3))
        return keys

    def _some(self, pool: Sequence[str]) -> str | list[str]:
        chosen = self._random.sample(pool, self._random.choice((1, 1, 2, 3)))
        return chosen[0] if len(chosen) == 1 and self._chance(0.5) else chosen

    def _one(self, pool: Sequence[Any]) -> Any:
        return self._random.choice(pool)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


def _actions(kind: str, is_trust: bool) -> tuple[str, ...]:
    if kind == "trust":
        return ("sts:AssumeRole", "sts:*", "sts:Assume*", "sts:TagSession")
    if is_trust:
        return ("sts:AssumeRole", "sts:*", "*", "ecr:PutImage")
    return tuple(one for one in _ACTION_PATTERNS if kind != "repository" or one.startswith(("ecr", "ECR", "*")))
