"""Operations on a registry as a whole: login, description, account settings."""

from __future__ import annotations

import base64
from typing import Final

from wharfinger.api.aws.call import Call, Handler, seconds
from wharfinger.contract import ecr
from wharfinger.domain.names import Registry
from wharfinger.services import login, repositories


async def get_authorization_token(
    call: Call, request: ecr.GetAuthorizationTokenRequest
) -> ecr.GetAuthorizationTokenResponse:
    """GetAuthorizationToken: one password, good at the address of each registry asked for."""
    token = login.issue_token(call.state, call.caller)
    encoded = base64.b64encode(f"AWS:{token.password}".encode()).decode()
    return ecr.GetAuthorizationTokenResponse(
        authorization_data=[
            ecr.AuthorizationData(
                authorization_token=encoded,
                expires_at=seconds(token.expires_at),
                proxy_endpoint=call.addresses.endpoint(Registry(account, call.registry.region)),
            )
            for account in request.registry_ids or [call.caller.account]
        ]
    )


async def describe_registry(call: Call, request: ecr.DescribeRegistryRequest) -> ecr.DescribeRegistryResponse:  # noqa: ARG001
    """DescribeRegistry. Nothing is replicated yet, so there are no rules."""
    return ecr.DescribeRegistryResponse(
        registry_id=call.registry.account, replication_configuration=ecr.ReplicationConfiguration(rules=[])
    )


async def get_account_setting(call: Call, request: ecr.GetAccountSettingRequest) -> ecr.GetAccountSettingResponse:
    """GetAccountSetting."""
    value = await repositories.setting(call.state, call.registry, request.name)
    return ecr.GetAccountSettingResponse(name=request.name, value=value)


async def put_account_setting(call: Call, request: ecr.PutAccountSettingRequest) -> ecr.PutAccountSettingResponse:
    """PutAccountSetting."""
    await repositories.put_setting(call.state, call.registry, request.name, request.value)
    return ecr.PutAccountSettingResponse(name=request.name, value=request.value)


HANDLERS: Final[dict[str, Handler]] = {
    "GetAuthorizationToken": get_authorization_token,
    "DescribeRegistry": describe_registry,
    "GetAccountSetting": get_account_setting,
    "PutAccountSetting": put_account_setting,
}
