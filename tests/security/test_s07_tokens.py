"""Class S7, tokens: a key comes from the issuer, an algorithm from the key, and neither from the token.

Advisories of others: a key in the token's own header that was believed (distribution, CVE-2026-33540); a public key
taken for the secret of an HMAC (PyJWT, CVE-2026-48526); `crit` passed over (PyJWT, CVE-2026-32597). All requests come
in by AssumeRoleWithWebIdentity, which anybody may call.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import postgresql
from support.issuer import AUDIENCE, SUBJECT, Issuer, SigningKey, base64url, ec_key, rsa_key, signed
from support.state import Clock
from support.strict import ACCOUNT, Strict, new_strict, open_strict
from support.sts import ROLE, Told, federate, federated_trust, role, trust
from wharfinger.domain.webtokens import LEEWAY, read_keys


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def keys() -> tuple[SigningKey, SigningKey]:
    return rsa_key(), ec_key()


@pytest.fixture(scope="module")
def listening(keys: tuple[SigningKey, SigningKey]) -> Iterator[Issuer]:
    """An issuer whose time stands still, as that of the tests does."""
    with Issuer(*keys, now=lambda: Clock()() / 1000) as found:
        yield found


@pytest.fixture
def issuer(listening: Issuer) -> Issuer:
    """The same, which nobody has asked yet."""
    listening.asked.clear()
    return listening


async def prepare(directory: Path, issuer: Issuer) -> None:
    """A data directory that believes the issuer, and has a role for the main branch of one repository."""
    conditions = {f"{issuer.name}:aud": AUDIENCE, f"{issuer.name}:sub": SUBJECT}
    provider = {"issuer": issuer.url, "audiences": [AUDIENCE, "other"]}
    async with new_strict(directory, webhook_private=True) as opened:
        await opened.one.done(opened.root, "PutIdentityProvider", **provider)
        await role(opened, federated_trust(issuer, StringEquals=conditions))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, listening: Issuer) -> Path | None:
    """One to copy, where all of it is in the directory."""
    if postgresql.IN_USE:
        return None
    directory = tmp_path_factory.mktemp("prepared") / "data"
    asyncio.run(prepare(directory, listening))
    return directory


@pytest.fixture
async def strict(tmp_path: Path, clock: Clock, listening: Issuer, prepared: Path | None) -> AsyncIterator[Strict]:
    """A server that is prepared so."""
    if prepared is None:
        await prepare(tmp_path / "data", listening)
    else:
        shutil.copytree(prepared, tmp_path / "data")
    async with open_strict(tmp_path / "data", clock, webhook_private=True) as opened:
        yield opened


def is_invalid(told: Told, why: str) -> bool:
    return (told.status, told.code) == (400, "InvalidIdentityToken") and why in told.message


def is_denied(told: Told) -> bool:
    message = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    return (told.status, told.code, told.message) == (403, "AccessDenied", message)


@pytest.mark.parametrize("number", [0, 1], ids=["RS256", "ES256"])
async def test_a_good_token_is_believed(strict: Strict, issuer: Issuer, number: int) -> None:
    told = await federate(strict, issuer.token(key=issuer.keys[number]))
    assert told.status == 200
    assert told.members["AssumedRoleUser.Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/build"


# --- the algorithm -------------------------------------------------------------------------------------------


def forged(claims: dict[str, Any], header: dict[str, Any], secret: bytes | None) -> str:
    """Without a signature, or with an HMAC."""
    text = f"{base64url(json.dumps(header).encode())}.{base64url(json.dumps(claims).encode())}"
    return f"{text}." + (base64url(hmac.digest(secret, text.encode(), hashlib.sha256)) if secret is not None else "")


@pytest.mark.parametrize("name", ["none", "None", "NONE", ""])
async def test_a_token_without_a_signature_is_not_believed(strict: Strict, issuer: Issuer, name: str) -> None:
    told = await federate(strict, forged(issuer.claims(), {"alg": name, "kid": issuer.keys[0].id}, None))
    assert is_invalid(told, "its algorithm is not that of its key")


@pytest.mark.parametrize("number", [0, 1], ids=["RSA", "EC"])
async def test_a_public_key_is_no_secret(strict: Strict, issuer: Issuer, number: int) -> None:
    key = issuer.keys[number]
    for secret in (key.pem(), key.pem().strip(), json.dumps(key.public).encode()):
        token = forged(issuer.claims(), {"alg": "HS256", "kid": key.id}, secret)
        assert is_invalid(await federate(strict, token), "its algorithm is not that of its key")


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "ES256"])
async def test_a_token_does_not_choose_another_algorithm_for_a_key(
    strict: Strict, issuer: Issuer, algorithm: str
) -> None:
    rsa = issuer.keys[0]
    token = signed(issuer.claims(), rsa._replace(algorithm="RS256"), alg=algorithm)
    assert is_invalid(await federate(strict, token), "its algorithm is not that of its key")


# --- the key -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [rsa_key, ec_key], ids=["RS256", "ES256"])
async def test_a_key_that_is_brought_along_is_not_believed(strict: Strict, issuer: Issuer, make: Any) -> None:
    stranger = make("rsa-1")
    for header in (
        {"jwk": stranger.public},
        {"jku": f"{issuer.url}/keys"},
        {"x5c": ["MIIB"]},
        {"x5u": f"{issuer.url}/certificate"},
    ):
        told = await federate(strict, issuer.token(key=stranger, header=header))
        assert is_invalid(told, f"'{next(iter(header))}' is not accepted in its header")
    assert issuer.asked == []


async def test_a_key_named_inside_a_token_is_refused_also_where_it_is_the_right_one(
    strict: Strict, issuer: Issuer
) -> None:
    told = await federate(strict, issuer.token(header={"jwk": issuer.keys[0].public}))
    assert is_invalid(told, "'jwk' is not accepted in its header")


@pytest.mark.parametrize("header", [{"crit": ["b64"], "b64": True}, {"b64": False}, {"zip": "DEF"}])
async def test_what_would_have_to_be_understood_is_refused(
    strict: Strict, issuer: Issuer, header: dict[str, Any]
) -> None:
    told = await federate(strict, issuer.token(header=header))
    assert told.code == "InvalidIdentityToken"


@pytest.mark.parametrize("id_", ["rsa-1", "ec-1"])
async def test_another_key_under_the_id_of_one_of_the_issuers_does_not_fit(
    strict: Strict, issuer: Issuer, id_: str
) -> None:
    stranger = rsa_key(id_) if id_ == "rsa-1" else ec_key(id_)
    assert is_invalid(await federate(strict, issuer.token(key=stranger)), "its signature does not fit")


async def test_a_key_that_the_issuer_does_not_have_is_not_believed(strict: Strict, issuer: Issuer) -> None:
    told = await federate(strict, issuer.token(header={"kid": "missing"}))
    assert is_invalid(told, "its key is none of the issuer's")


@pytest.mark.parametrize("id_", [None, "", 7, {"a": "b"}])
async def test_a_token_has_to_name_its_key(strict: Strict, issuer: Issuer, id_: Any) -> None:
    told = await federate(strict, issuer.token(header={"kid": id_}))
    assert is_invalid(told, "its header has to name the key by 'kid'")


async def test_a_token_of_another_kind_is_no_identity(strict: Strict, issuer: Issuer) -> None:
    assert is_invalid(await federate(strict, issuer.token(header={"typ": "at+jwt"})), "its 'typ' is not JWT")


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
async def test_a_token_that_was_changed_does_not_fit(strict: Strict, issuer: Issuer, part: int) -> None:
    parts = issuer.token().split(".")
    changed = {
        0: base64url(json.dumps({"alg": "RS256", "kid": issuer.keys[0].id}).encode()),
        1: base64url(json.dumps(issuer.claims(sub="repo:org/other")).encode()),
        2: parts[2][:-4] + ("AAAA" if parts[2][-4:] != "AAAA" else "BBBB"),
    }
    parts[part] = changed[part]
    assert is_invalid(await federate(strict, ".".join(parts)), "its signature does not fit")


# --- what it says --------------------------------------------------------------------------------------------


async def test_an_issuer_that_is_no_provider_of_the_account_is_not_believed(strict: Strict, issuer: Issuer) -> None:
    for other in (f"{issuer.url}/", "https://token.actions.githubusercontent.com", issuer.url.upper()):
        assert is_invalid(await federate(strict, issuer.token(iss=other)), "its issuer is no identity provider")
    assert issuer.asked == []


async def test_an_issuer_is_believed_in_the_account_that_named_it_and_in_no_other(
    strict: Strict, issuer: Issuer
) -> None:
    told = await federate(strict, issuer.token(), "arn:aws:iam::999999999999:role/deploy")
    assert is_invalid(told, "its issuer is no identity provider of the role's account")


@pytest.mark.parametrize("audience", ["https://github.com/org", None, [], [7], "STS.amazonaws.com", {"a": AUDIENCE}])
async def test_a_token_for_another_audience_is_refused(strict: Strict, issuer: Issuer, audience: Any) -> None:
    assert is_invalid(await federate(strict, issuer.token(aud=audience)), "it is for another audience")


@pytest.mark.parametrize("subject", [None, "", 7, ["repo:org/app"]])
async def test_a_token_has_to_be_about_somebody(strict: Strict, issuer: Issuer, subject: Any) -> None:
    assert is_invalid(await federate(strict, issuer.token(sub=subject)), "it has to have an issuer and a subject")


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "repo:org/app:ref:refs/heads/other"},
        {"sub": "repo:org/app2:ref:refs/heads/main"},
        {"sub": SUBJECT + "x"},
        {"aud": "other"},
        {"aud": [AUDIENCE, "other"]},
    ],
    ids=["branch", "repository", "longer", "audience", "two audiences, of which one value is asked"],
)
async def test_a_role_is_for_whom_its_trust_policy_names(strict: Strict, issuer: Issuer, claims: Any) -> None:
    assert is_denied(await federate(strict, issuer.token(**claims)))


async def test_an_audience_among_others_that_are_not_ours_is_enough(strict: Strict, issuer: Issuer) -> None:
    assert (await federate(strict, issuer.token(aud=["https://elsewhere.example", AUDIENCE]))).status == 200


@pytest.mark.parametrize(
    "policy",
    [
        trust("*"),
        trust(ACCOUNT, action="sts:AssumeRoleWithWebIdentity"),
        json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}),
        json.dumps(
            {
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/other.example"},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                }
            }
        ),
    ],
    ids=["everyone, to assume", "the account", "everyone", "another issuer"],
)
async def test_a_role_that_does_not_name_the_issuer_is_not_for_its_tokens(
    strict: Strict, issuer: Issuer, policy: str
) -> None:
    other = await role(strict, policy, name="other")
    assert is_denied(await federate(strict, issuer.token(), other))


async def test_a_role_that_is_not_there_is_refused_as_one_that_does_not_trust(strict: Strict, issuer: Issuer) -> None:
    assert is_denied(await federate(strict, issuer.token(), ROLE + "2"))


# --- time ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("since", [LEEWAY, LEEWAY + 3600])
async def test_a_token_whose_time_is_over_is_refused(strict: Strict, issuer: Issuer, clock: Clock, since: int) -> None:
    told = await federate(strict, issuer.token(exp=clock() // 1000 - since))
    assert (told.status, told.code) == (400, "ExpiredTokenException")


async def test_a_clock_may_be_wrong_by_a_little(strict: Strict, issuer: Issuer, clock: Clock) -> None:
    now = clock() // 1000
    assert (await federate(strict, issuer.token(exp=now - LEEWAY + 1, iat=now - 300))).status == 200
    assert (await federate(strict, issuer.token(iat=now + LEEWAY, nbf=now + LEEWAY))).status == 200


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_that_is_not_good_yet_is_refused(
    strict: Strict, issuer: Issuer, clock: Clock, claim: str
) -> None:
    late: dict[str, Any] = {claim: clock() // 1000 + LEEWAY + 2}
    told = await federate(strict, issuer.token(**late))
    assert (told.status, told.code) == (403, "IDPRejectedClaim")
    assert f"'{claim}'" in told.message


@pytest.mark.parametrize("claim", ["exp", "iat"])
@pytest.mark.parametrize("value", [None, "9999999999", True, []])
async def test_a_token_says_when_it_was_made_and_when_it_ends(
    strict: Strict, issuer: Issuer, claim: str, value: Any
) -> None:
    assert is_invalid(await federate(strict, issuer.token(**{claim: value})), f"its claim '{claim}' is no time")


# --- size and form -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "nope",
        "aa.bb",
        "a.b.c.d",
        "....",
        "{}.{}.{}",
        "e30.e30.",
        base64url(b"[" * 5000) + "." + base64url(b"[" * 5000) + ".x",
        base64url(b'{"alg": "RS256", "kid": "rsa-1", "a": ' + b"[" * 5000) + ".e30.x",
        base64url(b"\xff\xfe") + ".e30.x",
        "é.é.é",
    ],
)
async def test_what_is_no_token_is_refused(strict: Strict, token: str) -> None:
    assert (await federate(strict, token)).code == "InvalidIdentityToken"


async def test_a_token_over_the_limit_of_the_model_is_not_looked_at(strict: Strict, issuer: Issuer) -> None:
    told = await federate(strict, issuer.token(padding="x" * 20_000))
    assert (told.status, told.code) == (400, "ValidationError")
    assert "webIdentityToken" in told.message
    assert issuer.asked == []


async def test_a_token_is_in_no_error_and_no_log(
    strict: Strict, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    for token in (issuer.token(), issuer.token(aud="other one"), issuer.token(header={"kid": "missing"})):
        told = await federate(strict, token)
        for part in token.split("."):
            assert part.encode() not in told.answer.body
            assert part not in caplog.text


async def test_the_trail_tells_of_a_session_and_neither_its_keys_nor_the_token_are_in_any_file(
    strict: Strict, issuer: Issuer
) -> None:
    token = issuer.token()
    key = (await federate(strict, token)).key
    files = [path.read_bytes() for path in strict.directory.rglob("*") if path.is_file()]
    assert any(b"AssumeRoleWithWebIdentity" in content and key.id.encode() in content for content in files)
    for secret in (*token.split("."), key.secret, key.token or ""):
        assert not any(secret.encode() in content for content in files)


# --- keys of an issuer that are none -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kid": None},
        {"use": "enc"},
        {"alg": "RS512"},
        {"n": base64url(bytes([255]) * 128)},
        {"n": base64url(bytes(200) + bytes([255]) * 128)},
        {"n": base64url(bytes([255]) * 1025)},
        {"n": "%"},
        {"e": ""},
    ],
    ids=["a secret", "no id", "for encryption", "another algorithm", "1024 bits", "padded", "too long", "odd", "no e"],
)
def test_a_key_that_is_weak_or_for_something_else_is_none(
    keys: tuple[SigningKey, SigningKey], change: dict[str, Any]
) -> None:
    public = {name: value for name, value in {**keys[0].public, **change}.items() if value is not None}
    with pytest.raises(ValueError, match="no key"):
        read_keys(json.dumps({"keys": [public]}))


@pytest.mark.parametrize("change", [{"crv": "P-384"}, {"crv": "secp256k1"}, {"x": "AAAA"}, {"alg": "ES384"}])
def test_a_point_that_is_not_on_the_curve_is_no_key(
    keys: tuple[SigningKey, SigningKey], change: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="no key"):
        read_keys(json.dumps({"keys": [{**keys[1].public, **change}]}))


def test_the_private_half_of_a_key_is_not_kept(keys: tuple[SigningKey, SigningKey]) -> None:
    whole = [{**key.pair.as_dict(private=True), "kid": key.id} for key in keys]
    assert [key.key.is_private for key in read_keys(json.dumps({"keys": whole}))] == [False, False]


def test_keys_that_can_be_used_are_found_among_others(keys: tuple[SigningKey, SigningKey]) -> None:
    listed = [{"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "AAAA"}, *(key.public for key in keys)]
    assert [(key.id, key.algorithm) for key in read_keys(json.dumps({"keys": listed}))] == [
        ("rsa-1", "RS256"),
        ("ec-1", "ES256"),
    ]
