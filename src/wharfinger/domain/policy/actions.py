"""The actions that policies name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Final, Literal

from wharfinger.contract import ecr, wharfinger
from wharfinger.domain.policy.texts import Values, pieces, quoted

Kind = Literal["identity", "session", "repository", "registry", "trust"]

_FORM: Final = re.compile(r"([A-Za-z0-9-]+):([A-Za-z0-9*?]+)")
# rights that no operation has the name of
_ECR_RIGHTS: Final = ("BatchImportUpstreamImage", "GetImageCopyStatus", "ReplicateImage")
_ASSUMING: Final = ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "SetSourceIdentity", "TagSession")
_STS: Final = (
    *_ASSUMING,
    *("AssumeRoot", "DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity", "GetDelegatedAccessToken"),
    *("GetFederationToken", "GetServiceBearerToken", "GetSessionToken", "GetWebIdentityToken", "SetContext"),
    "TagGetWebIdentityToken",
)
_OF_REGISTRIES: Final = {"ecr": (*ecr.OPERATIONS, *_ECR_RIGHTS), "wharfinger": tuple(wharfinger.OPERATIONS)}
_OF_HERE: Final = {**_OF_REGISTRIES, "sts": _STS}
# the services whose actions a policy of this kind is about; identity policies may also speak of other services
_SERVICES: Final[Mapping[Kind, Mapping[str, tuple[str, ...]]]] = {
    "identity": _OF_HERE,
    "session": _OF_HERE,
    "repository": _OF_REGISTRIES,
    "registry": _OF_REGISTRIES,
    "trust": {"sts": _ASSUMING},
}
_KNOWN: Final = {
    kind: {service: {f"{service}:{name}".lower() for name in names} for service, names in services.items()}
    for kind, services in _SERVICES.items()
}

# what the policy of a role has to allow, whatever those of identities do
ASSUMING: Final = frozenset(f"sts:{name}".lower() for name in _ASSUMING)


class Actions:
    """What Action or NotAction lists. Raises ValueError if it lists what does not exist.

    `of_others`: all of it is of services that are not here.
    """

    __slots__ = ("_inverted", "_values", "of_others")

    def __init__(self, names: Sequence[str], kind: Kind, *, inverted: bool = False) -> None:
        known = [_is_known(name, kind) for name in names]
        self.of_others = not inverted and not any(known)
        self._inverted = inverted
        self._values = Values([pieces(name.lower(), has_wildcards=True, has_variables=False) for name in names])

    def include(self, action: str) -> bool:
        """Whether an action in lower case is meant."""
        return (self._values.fits(action, {}) is True) is not self._inverted


def exists(action: str) -> bool:
    """Whether a registry knows an action: one, as ecr:PutImage, in any case."""
    service, _, _ = action.partition(":")
    return action.lower() in _KNOWN["repository"].get(service.lower(), ())


def _is_known(name: str, kind: Kind) -> bool:
    """Whether there may be such an action here; False if it is one of another service."""
    if name == "*":
        return True
    match = _FORM.fullmatch(name)
    if match is None:
        raise ValueError(f"{quoted(name)} is not an action like ecr:PutImage")
    known = _KNOWN[kind].get(match[1].lower())
    if known is None and kind in {"identity", "session"}:
        return False
    if known is None or not _is_one(name.lower(), known):
        raise ValueError(f"there is no action {quoted(name)} that this policy could be about")
    return True


def _is_one(name: str, known: Set[str]) -> bool:
    """Whether a name or a pattern of names fits what is known."""
    if name in known:
        return True
    pattern = Values([pieces(name, has_wildcards=True, has_variables=False)])
    return any(pattern.fits(one, {}) for one in known)
