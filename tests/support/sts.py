"""AWS STS in the process of the test: forms that are signed as SDKs sign them, and the XML read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode
from xml.etree import ElementTree

from support.answer import Answer
from support.doors import Doors
from support.issuer import Issuer
from support.server import REGION
from support.signing import HOST, sign
from support.strict import ACCOUNT, Key, Strict

FORM = "application/x-www-form-urlencoded"
VERSION = "2011-06-15"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"


class Told(NamedTuple):
    """What STS answered: the members of the result, those in others named like `Credentials.AccessKeyId`."""

    status: int
    members: Mapping[str, str]
    answer: Answer

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Read the XML."""
        return cls(answer.status, dict(_members(ElementTree.fromstring(answer.body))), answer)

    @property
    def code(self) -> str:
        """Of an error."""
        return self.members["Error.Code"]

    @property
    def message(self) -> str:
        """Of an error."""
        return self.members["Error.Message"]

    @property
    def key(self) -> Key:
        """The credentials of an answer that has some."""
        assert self.status == 200, self.members
        return Key(
            *(self.members[f"Credentials.{name}"] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        )


def _members(element: ElementTree.Element, path: str = "") -> list[tuple[str, str]]:
    found = []
    for child in element:
        name = child.tag.rpartition("}")[2]
        # wrappers say nothing that the operation did not
        inner = path if name.endswith(("Result", "ResponseMetadata")) else f"{path}.{name}".lstrip(".")
        found += _members(child, inner) if len(child) else [(inner, child.text or "")]
    return found


async def ask(worker: Doors, key: Key | None, action: str, **members: Any) -> Told:
    """A call, signed unless there is no key. Lists and structures are named as in forms, with `__` for a dot."""
    fields = {name.replace("__", "."): value for name, value in members.items()}
    body = urlencode({"Action": action, "Version": VERSION, **fields}).encode()
    headers = {"Content-Type": FORM}
    if key is not None:
        at = datetime.fromtimestamp(worker.state.clock() / 1000, UTC)
        sent = sign(
            headers=headers,
            body=body,
            service="sts",
            region=REGION,
            at=at,
            key=key.id,
            secret=key.secret,
            token=key.token,
        )
        headers = dict(sent.headers)
    return Told.of(await worker.request("POST", "/", body, {"Host": HOST, **headers}))


async def assume(strict: Strict, key: Key, role: str = ROLE, name: str = "ci", **members: Any) -> Told:
    """AssumeRole."""
    return await ask(strict.one, key, "AssumeRole", RoleArn=role, RoleSessionName=name, **members)


async def federate(strict: Strict, token: str, role: str = ROLE, **members: Any) -> Told:
    """AssumeRoleWithWebIdentity."""
    named = {"RoleArn": role, "RoleSessionName": "build", "WebIdentityToken": token}
    return await ask(strict.one, None, "AssumeRoleWithWebIdentity", **named, **members)


def trust(*principals: str, action: str = "sts:AssumeRole", **conditions: Mapping[str, Any]) -> str:
    """A policy that lets these have sessions."""
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": conditions}]})


def federated_trust(issuer: Issuer, account: str = ACCOUNT, **conditions: Mapping[str, Any]) -> str:
    """A policy that lets those have sessions who have a token of an issuer."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{issuer.name}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions or {"StringEquals": {f"{issuer.name}:aud": "sts.amazonaws.com"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def role(strict: Strict, policy: str, *attached: str, name: str = "deploy", **more: Any) -> str:
    """A new role with a trust policy: its ARN."""
    await strict.one.done(strict.root, "CreateRole", roleName=name, trustPolicy=policy, **more)
    for one in attached:
        await strict.one.done(strict.root, "AttachPolicy", policyName=one, roleName=name)
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"
