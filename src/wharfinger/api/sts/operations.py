"""The operations of AWS STS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from wharfinger.contract import sts as contract
from wharfinger.contract.service import Shape
from wharfinger.domain.faults import InvalidParameter
from wharfinger.services import sts
from wharfinger.services.access import Caller
from wharfinger.services.issuers import Issuers
from wharfinger.services.login import SessionCredentials
from wharfinger.services.sts import Assumed, Wish
from wharfinger.state import State

# what a client may want that there is nothing for here: it is told, for without it the session is another
_NOT_HERE: Final = {
    "serial_number": "there are no MFA devices",
    "token_code": "there are no MFA devices",
    "provided_contexts": "there are no context providers",
    "minimum_session_token_size": "a session token is as long as it has to be",
}


class Call(NamedTuple):
    """One call, and who makes it."""

    state: State
    issuers: Issuers
    caller: Caller


Handler = Callable[[Call, Any], Awaitable[Shape]]


async def get_caller_identity(
    call: Call,
    request: contract.GetCallerIdentityRequest,  # noqa: ARG001 - handlers look alike
) -> contract.GetCallerIdentityResponse:
    """GetCallerIdentity."""
    principal, keys = call.caller.identity.principal, call.caller.identity.keys
    return contract.GetCallerIdentityResponse(
        user_id=keys["aws:userid"][0], account=principal.account, arn=principal.arn
    )


async def get_session_token(call: Call, request: contract.GetSessionTokenRequest) -> contract.GetSessionTokenResponse:
    """GetSessionToken."""
    _refuse(request)
    found = await sts.session_token(call.state, call.caller, request.duration_seconds)
    return contract.GetSessionTokenResponse(credentials=_credentials(found), session_token_size=len(found.token))


async def assume_role(call: Call, request: contract.AssumeRoleRequest) -> contract.AssumeRoleResponse:
    """AssumeRole."""
    _refuse(request)
    tags = request.tags or []
    if len({tag.key for tag in tags}) < len(tags):
        raise InvalidParameter("tags", "Member must not have a key twice")
    wish = _wish(request)._replace(
        tags={tag.key: tag.value for tag in tags},
        transitive=request.transitive_tag_keys or (),
        external_id=request.external_id,
        source_identity=request.source_identity,
    )
    made = await sts.assume_role(call.state, call.caller, wish)
    return contract.AssumeRoleResponse(
        credentials=_credentials(made.credentials),
        assumed_role_user=_user(made),
        packed_policy_size=made.percent if made.is_narrowed else None,
        source_identity=made.session.source_identity,
        session_token_utilization=made.percent,
        session_token_size=len(made.credentials.token),
    )


async def assume_role_with_web_identity(
    call: Call, request: contract.AssumeRoleWithWebIdentityRequest
) -> contract.AssumeRoleWithWebIdentityResponse:
    """AssumeRoleWithWebIdentity. ProviderId is for tokens of OAuth 2.0 without an issuer, which are not accepted."""
    _refuse(request)
    made, audience = await sts.assume_role_with_web_identity(
        call.state, call.issuers, call.caller.keys, request.web_identity_token, _wish(request)
    )
    return contract.AssumeRoleWithWebIdentityResponse(
        credentials=_credentials(made.credentials),
        subject_from_web_identity_token=made.session.subject,
        assumed_role_user=_user(made),
        packed_policy_size=made.percent if made.is_narrowed else None,
        provider=made.session.provider,
        audience=audience,
        session_token_utilization=made.percent,
        session_token_size=len(made.credentials.token),
    )


HANDLERS: Final[dict[str, Handler]] = {
    "GetCallerIdentity": get_caller_identity,
    "GetSessionToken": get_session_token,
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
}


def _wish(request: contract.AssumeRoleRequest | contract.AssumeRoleWithWebIdentityRequest) -> Wish:
    return Wish(
        request.role_arn,
        request.role_session_name,
        request.duration_seconds,
        request.policy,
        [one.arn or "" for one in request.policy_arns or ()],
    )


def _refuse(request: Shape) -> None:
    for name, why in _NOT_HERE.items():
        if getattr(request, name, None) is not None:
            first, *rest = name.split("_")
            raise InvalidParameter(first + "".join(map(str.title, rest)), f"Member must be null: {why} here")


def _credentials(found: SessionCredentials) -> contract.Credentials:
    return contract.Credentials(
        access_key_id=found.key,
        secret_access_key=found.secret,
        session_token=found.token,
        expiration=found.expires_at / 1000,
    )


def _user(made: Assumed) -> contract.AssumedRoleUser:
    return contract.AssumedRoleUser(assumed_role_id=made.id, arn=made.arn)
