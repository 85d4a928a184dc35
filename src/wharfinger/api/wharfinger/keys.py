"""Operations on access keys."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.services import keys
from wharfinger.services.keys import OwnedKey
from wharfinger.state.db.keys import AccessKey


async def create_access_key(call: Call, request: contract.CreateAccessKeyRequest) -> contract.CreateAccessKeyResponse:
    """CreateAccessKey."""
    created = await keys.create(call.state, call.caller, request.user_name)
    return contract.CreateAccessKeyResponse(access_key=_key(created.owned), secret_access_key=created.secret)


async def list_access_keys(call: Call, request: contract.ListAccessKeysRequest) -> contract.ListAccessKeysResponse:
    """ListAccessKeys."""
    found = await keys.of(call.state, call.caller, request.user_name)
    return contract.ListAccessKeysResponse(access_keys=[_key(owned) for owned in found])


async def update_access_key(call: Call, request: contract.UpdateAccessKeyRequest) -> contract.UpdateAccessKeyResponse:
    """UpdateAccessKey."""
    is_active = request.status == "ACTIVE"
    updated = await keys.set_status(call.state, call.caller, request.access_key_id, is_active=is_active)
    return contract.UpdateAccessKeyResponse(access_key=_key(updated))


async def delete_access_key(call: Call, request: contract.DeleteAccessKeyRequest) -> contract.DeleteAccessKeyResponse:
    """DeleteAccessKey."""
    deleted = await keys.delete(call.state, call.caller, request.access_key_id)
    return contract.DeleteAccessKeyResponse(access_key=_key(deleted))


HANDLERS: Final[dict[str, Handler]] = {
    "CreateAccessKey": create_access_key,
    "ListAccessKeys": list_access_keys,
    "UpdateAccessKey": update_access_key,
    "DeleteAccessKey": delete_access_key,
}


def of_user(key: AccessKey, user: str | None) -> contract.AccessKey:
    """What is told of an access key: all but its secret."""
    return contract.AccessKey(
        access_key_id=key.id,
        user_name=user,
        status="ACTIVE" if key.disabled_at is None else "INACTIVE",
        created_at=seconds(key.created_at),
        last_used_at=seconds(key.used_at) if key.used_at is not None else None,
    )


def _key(owned: OwnedKey) -> contract.AccessKey:
    return of_user(owned.key, owned.user)
