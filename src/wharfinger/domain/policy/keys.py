"""The condition keys that exist here. What a policy says of another key would be understood by nobody."""

from __future__ import annotations

import re
from typing import Final

from wharfinger.domain.policy.texts import quoted

_NAMES: Final = """
aws:CurrentTime aws:EpochTime aws:FederatedProvider aws:MultiFactorAuthAge aws:MultiFactorAuthPresent
aws:PrincipalAccount aws:PrincipalArn aws:PrincipalIsAWSService aws:PrincipalOrgID aws:PrincipalType aws:Referer
aws:RequestedRegion aws:ResourceAccount aws:ResourceOrgID aws:SecureTransport aws:SourceAccount aws:SourceArn
aws:SourceIdentity aws:SourceIp aws:SourceOrgID aws:SourceVpc aws:SourceVpce aws:TokenIssueTime aws:UserAgent
aws:userid aws:username aws:ViaAWSService aws:VpcSourceIp sts:ExternalId sts:RoleSessionName sts:SourceIdentity
"""
_SINGLE: Final = frozenset(_NAMES.lower().split())
_SEVERAL: Final = frozenset({"aws:calledvia", "aws:principalorgpaths", "aws:sourceorgpaths", "aws:tagkeys"})
_TAG: Final = re.compile(r"(?:aws:(?:principal|resource|request)|ecr:resource)tag/.+", re.DOTALL)
# an issuer is told from a service by a dot, a port or a path
_CLAIM: Final = re.compile(
    r"(?:localhost|(?=[^:]*[./]|[^:]+:\d)[\w.-]+(?::\d{1,5})?(?:/[\w.~/-]*)?):[\w./-]+", re.ASCII
)
_OF_A_SERVICE: Final = re.compile(r"[a-z0-9-]+:.+", re.DOTALL)


def read(key: str, *, of_trust: bool, of_others: bool) -> str:
    """A key in lower case. Raises ValueError if there is none of this name.

    `of_trust`: claims of tokens are keys, too; `of_others`: so is what may be one of a service that is not here.
    """
    name = key.lower()
    if name in _SINGLE or name in _SEVERAL or _TAG.fullmatch(name):
        return name
    if (of_trust and _CLAIM.fullmatch(name)) or (of_others and _OF_A_SERVICE.fullmatch(name)):
        return name
    raise ValueError(f"there is no condition key {quoted(key)}")


def has_several(name: str) -> bool:
    """Whether a request can have several values for a key."""
    return name in _SEVERAL
