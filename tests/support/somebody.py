"""Other people at the same doors: another account, a user with these rights and no others, nobody."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec import inspect

from support.answer import Answer
from support.doors import Body, Doors
from support.ecr_requests import example
from support.manifests import image_without_layers
from support.raw_ecr import headers
from support.server import REGION
from support.state import REGISTRY
from wharfinger.api.aws.entry import SERVICES
from wharfinger.contract.service import Operation
from wharfinger.domain.names import Registry
from wharfinger.domain.principals import user_arn
from wharfinger.services import login
from wharfinger.services.access import Caller
from wharfinger.services.identities import Login
from wharfinger.state.db import keys, principals
from wharfinger.state.db.database import Tx
from wharfinger.state.db.keys import AccessKey
from wharfinger.state.db.principals import PolicyRow, PrincipalRow
from wharfinger.state.ids import new_access_key_id, new_principal_id

STRANGER: Final = "210987654321"
OPERATIONS: Final[Mapping[str, Operation]] = {
    name: service.operations[name] for service, handlers in SERVICES for name in handlers
}


class Somebody(Doors):
    """The doors of a registry for whoever has a login."""

    def __init__(self, doors: Doors, registry: Registry, how: Login) -> None:
        super().__init__(doors.state, how.id)
        self._registry = registry
        self._how = how

    def _login(self) -> str:
        password = login.issue_token(self.state, Caller("", self._registry, self._how)).password
        return "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()

    async def raw(self, service: str, operation: str, body: bytes | Body) -> Answer:
        sent = headers(operation, self.account, self._registry.region, service)
        return await self.request("POST", "/", body, sent)


class Nobody(Doors):
    """The doors of the data plane for who says nothing of itself."""

    async def oci(
        self,
        method: str,
        path: str,
        body: bytes | Body = b"",
        headers: Mapping[str, str] | None = None,
        sink: Any = None,
    ) -> Answer:
        return await self.request(method, f"/v2/{path}", body, headers, sink)


def stranger(doors: Doors) -> Somebody:
    """The root of another account."""
    return Somebody(doors, Registry(STRANGER, REGION), Login("open", STRANGER))


def abroad(doors: Doors) -> Somebody:
    """The same root in another region."""
    return Somebody(doors, Registry(doors.account, "us-west-2"), Login("open", doors.account))


async def user(doors: Doors, name: str, *statements: Mapping[str, Any]) -> Somebody:
    """A new user of the account with these statements, each for all resources and an Allow unless it says otherwise."""
    account, state = doors.account, doors.state
    said = [{"Effect": "Allow", "Resource": "*", **one} for one in statements]
    row = PrincipalRow(new_principal_id("user"), account, "user", name, 0)
    id_ = new_access_key_id()
    key = AccessKey(id_, account, user_arn(account, name), state.secrets.encrypt("secret", id_), 0, row.id)

    async def make(tx: Tx) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": said})
        await principals.put(tx, row)
        if said:
            await principals.put_policy(tx, PolicyRow(account, name, document, is_declared=False, changed_at=0))
            await principals.attach(tx, row.id, name)
        await keys.add(tx, key)
        await keys.set_used(tx, id_, state.clock())  # so that its next use is not written down at some time

    await state.db.write(make)
    return Somebody(doors, Registry(account, REGION), Login("key", id_))


def least(operation: str, **more: Any) -> dict[str, Any]:
    """What an operation takes, and no member that it could do without but those of `more`."""
    shape = inspect.type_info(OPERATIONS[operation].request)
    assert isinstance(shape, inspect.StructType)
    required = {field.encode_name: _value(field) for field in shape.fields if field.required}
    return {**required, **more}


def members(operation: str) -> dict[str, inspect.Field]:
    """What a request of an operation may hold, by the name in JSON."""
    shape = inspect.type_info(OPERATIONS[operation].request)
    assert isinstance(shape, inspect.StructType)
    return {field.encode_name: field for field in shape.fields}


def _value(field: inspect.Field) -> Any:
    """One that the operation itself finds nothing wrong with."""
    match field.encode_name:
        case "repositoryName":
            return "app"
        case "resourceArn":
            return REGISTRY.arn("app")
        case "policyText":
            return json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:ListImages"}})
        case "imageManifest":
            return image_without_layers().text
        case "images":
            return ["app:v1"]
        case "image":
            return "v1"
        case "url":
            return "https://192.88.99.1/"
    return example(field.type)
