"""Tokens of identity providers: which of them are looked at, which keys may have signed them, what has to be in them.

A key is good for one algorithm, so no token can choose; and it comes from the issuer, never from a token.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from wharfinger.domain.faults import WebTokenExpired, WebTokenInvalid, WebTokenRejected

Claims = Mapping[str, Any]
Algorithm = Literal["RS256", "ES256"]

LEEWAY: Final = 60  # seconds that the clocks of issuers may differ from ours
_MOST_KEYS: Final = 100
_LARGE: Final = 2**63
_RSA_BYTES: Final = range(256, 1025)  # of a modulus
# they would let a token bring its own key, or ask for what is not understood here
_REFUSED: Final = ("jwk", "jku", "x5c", "x5u", "crit", "b64", "zip")


class Key(NamedTuple):
    """A public key of an issuer."""

    id: str
    algorithm: Algorithm
    key: RSAKey | ECKey


class Unproven(NamedTuple):
    """What a token says of itself, which is worth nothing until its signature was checked."""

    issuer: str
    key: str  # id
    algorithm: str


class _Jwk(msgspec.Struct):
    """The public members of a key. Others are not even read."""

    kty: str
    kid: str | None = None
    use: str = "sig"
    alg: str | None = None
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""


class _KeySet(msgspec.Struct):
    keys: list[_Jwk]


class _Issuer(msgspec.Struct):
    iss: str


def read_keys(text: bytes | str) -> list[Key]:
    """The keys of a JSON Web Key Set that can be used here. Raises ValueError where there is none."""
    try:
        listed = msgspec.json.decode(text, type=_KeySet).keys[:_MOST_KEYS]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("it is no JSON Web Key Set") from None
    found = [key for one in listed if (key := _key(one)) is not None]
    if not found:
        raise ValueError("it has no key for RS256 or ES256 with a kid")
    return found


def _key(jwk: _Jwk) -> Key | None:
    """None for a key that is for something else, or too weak."""
    if not jwk.kid or jwk.use != "sig":
        return None
    try:
        if jwk.kty == "RSA" and jwk.alg in {None, "RS256"} and len(_base64(jwk.n).lstrip(b"\0")) in _RSA_BYTES:
            return Key(jwk.kid, "RS256", RSAKey.import_key({"kty": "RSA", "n": jwk.n, "e": jwk.e}))
        if jwk.kty == "EC" and jwk.alg in {None, "ES256"} and jwk.crv == "P-256":
            return Key(jwk.kid, "ES256", ECKey.import_key({"kty": "EC", "crv": jwk.crv, "x": jwk.x, "y": jwk.y}))
    except (JoseError, ValueError, TypeError):
        pass
    return None


def unproven(token: str) -> Unproven:
    """Whose key has to be asked for. Raises WebTokenInvalid for what no key could make good."""
    parts = token.split(".")
    if len(parts) != 3:
        raise WebTokenInvalid("it is no signed JSON Web Token")
    try:
        header = msgspec.json.decode(_base64(parts[0]), type=dict[str, Any])
        issuer = msgspec.json.decode(_base64(parts[1]), type=_Issuer).iss
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise WebTokenInvalid("it cannot be read") from None
    for name in _REFUSED:
        if name in header:
            raise WebTokenInvalid(f"'{name}' is not accepted in its header")
    key, algorithm, type_ = (header.get(name, "") for name in ("kid", "alg", "typ"))
    if not isinstance(key, str) or not isinstance(algorithm, str) or not isinstance(type_, str) or not key:
        raise WebTokenInvalid("its header has to name the key by 'kid'")
    if type_.upper() not in {"", "JWT"}:
        raise WebTokenInvalid("its 'typ' is not JWT")
    return Unproven(issuer, key, algorithm)


def verified(token: str, said: Unproven, keys: Sequence[Key]) -> Claims:
    """The claims of a token that one of the issuer's keys has signed. Raises WebTokenInvalid."""
    named = [key for key in keys if key.id == said.key]
    if not named:
        raise WebTokenInvalid("its key is none of the issuer's")
    for key in named:
        registry = jws.JWSRegistry(algorithms=[key.algorithm], strict_check_header=False)
        try:
            proven = jws.deserialize_compact(token, key.key, registry=registry)
            return msgspec.json.decode(proven.payload, type=dict[str, Any])
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
    if said.algorithm not in {key.algorithm for key in named}:
        raise WebTokenInvalid("its algorithm is not that of its key")
    raise WebTokenInvalid("its signature does not fit")


def check(claims: Claims, issuer: str, audiences: Collection[str], now: float) -> tuple[str, Sequence[str]]:
    """The subject, and those of the token's audiences that are ours. `now` is in seconds since 1970.

    Raises WebTokenInvalid, WebTokenExpired, WebTokenRejected.
    """
    subject = claims.get("sub")
    if claims.get("iss") != issuer or not isinstance(subject, str) or not subject:
        raise WebTokenInvalid("it has to have an issuer and a subject")
    named = claims.get("aud")
    listed = named if isinstance(named, list) else [named]
    ours = [one for one in listed if isinstance(one, str) and one in audiences]
    if not ours:
        raise WebTokenInvalid("it is for another audience")
    if _time(claims, "exp") + LEEWAY <= now:
        raise WebTokenExpired
    for name in ("iat", "nbf"):
        if (name in claims or name == "iat") and _time(claims, name) - LEEWAY > now:
            raise WebTokenRejected(name)
    return subject, list(dict.fromkeys(ours))


def condition_keys(claims: Claims, provider: str, audiences: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The claims as trust policies ask for them: `<issuer>:<claim>`. Of the audiences only those that are ours."""
    found = {name: values for name, claim in claims.items() if (values := _values(claim))}
    found["aud"] = tuple(audiences)
    return {f"{provider}:{name}".lower(): values for name, values in found.items()}


def _values(claim: Any) -> tuple[str, ...]:
    if isinstance(claim, bool):
        return ("true" if claim else "false",)
    if isinstance(claim, str) or (isinstance(claim, int) and abs(claim) < _LARGE):
        return (str(claim),)
    if isinstance(claim, list):
        return tuple(one for one in claim if isinstance(one, str))
    return ()


def _time(claims: Claims, name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WebTokenInvalid(f"its claim '{name}' is no time")
    return value


def _base64(text: str) -> bytes:
    """Raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
