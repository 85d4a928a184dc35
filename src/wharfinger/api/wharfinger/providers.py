"""Operations on identity providers."""

from __future__ import annotations

from typing import Final

from wharfinger.api.aws.call import Call, Handler, seconds
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.principals import provider_arn
from wharfinger.services import providers
from wharfinger.state.db.providers import Provider


async def put_identity_provider(
    call: Call, request: contract.PutIdentityProviderRequest
) -> contract.PutIdentityProviderResponse:
    """PutIdentityProvider."""
    put = await providers.put(call.state, call.caller, request.issuer, request.audiences, request.keys)
    return contract.PutIdentityProviderResponse(identity_provider=_provider(put))


async def list_identity_providers(
    call: Call, request: contract.ListIdentityProvidersRequest
) -> contract.ListIdentityProvidersResponse:
    """ListIdentityProviders."""
    page = await providers.page(call.state, call.caller, request.next_token, request.max_results)
    return contract.ListIdentityProvidersResponse(
        identity_providers=[_provider(found) for found in page.items], next_token=page.next_token
    )


async def delete_identity_provider(
    call: Call, request: contract.DeleteIdentityProviderRequest
) -> contract.DeleteIdentityProviderResponse:
    """DeleteIdentityProvider."""
    deleted = await providers.delete(call.state, call.caller, request.issuer)
    return contract.DeleteIdentityProviderResponse(identity_provider=_provider(deleted))


HANDLERS: Final[dict[str, Handler]] = {
    "PutIdentityProvider": put_identity_provider,
    "ListIdentityProviders": list_identity_providers,
    "DeleteIdentityProvider": delete_identity_provider,
}


def _provider(found: Provider) -> contract.IdentityProvider:
    return contract.IdentityProvider(
        issuer=found.issuer,
        arn=provider_arn(found.account, found.issuer),
        audiences=list(found.audiences),
        has_own_keys=found.keys is not None,
        is_declared=found.is_declared,
        created_at=seconds(found.created_at),
    )
