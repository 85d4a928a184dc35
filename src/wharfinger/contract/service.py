"""What the generated contracts are made of: shapes, operations, and the service that they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import msgspec


class Shape(msgspec.Struct, omit_defaults=True, rename="camel"):
    """A structure of the model: unknown members are ignored, null is absent, None is not sent."""

    SENSITIVE: ClassVar[frozenset[str]] = frozenset()
    """Fields that are shown nowhere but in the answer itself: secrets, what gives rights, and content."""

    def __repr__(self) -> str:
        shown = (
            f"{name}={'…' if name in self.SENSITIVE else repr(getattr(self, name))}" for name in self.__struct_fields__
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class Operation(NamedTuple):
    """One operation: its types, the exceptions it declares, the IAM action it needs and on what.

    `resource` is the member of the request that names what the action is on: repositories, or an ARN of one. Absent in
    a request, it means all repositories; where there is no such member, the action is on the registry.
    """

    name: str
    request: type[Shape]
    response: type[Shape]
    errors: tuple[str, ...]
    action: str
    resource: str | None


class Service(NamedTuple):
    """One service: how requests of the JSON protocol name it, what signatures are for, what it can do."""

    title: str
    target_prefix: str
    signing_name: str
    operations: Mapping[str, Operation]
