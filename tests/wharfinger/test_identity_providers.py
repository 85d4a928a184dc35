"""Identity providers: whose tokens an account believes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.doors import Doors, new_doors
from support.issuer import rsa_key
from support.state import ACCOUNT, Clock
from wharfinger.domain.principals import PROVIDERS
from wharfinger.state.db import providers
from wharfinger.state.db.database import Tx
from wharfinger.state.db.providers import Provider

GITHUB = "https://token.actions.githubusercontent.com"


async def put(doors: Doors, issuer: str = GITHUB, *audiences: str, **more: str) -> dict[str, object]:
    answer = await doors.served(
        "PutIdentityProvider", issuer=issuer, audiences=audiences or ("sts.amazonaws.com",), **more
    )
    found: dict[str, object] = answer["identityProvider"]
    return found


async def test_a_provider_is_listed_as_a_trust_policy_names_it(doors: Doors, clock: Clock) -> None:
    made = await put(doors)
    assert made == {
        "issuer": GITHUB,
        "arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
        "audiences": ["sts.amazonaws.com"],
        "hasOwnKeys": False,
        "isDeclared": False,
        "createdAt": clock() / 1000,
    }
    assert await doors.served("ListIdentityProviders") == {"identityProviders": [made]}


async def test_the_same_issuer_again_is_changed(doors: Doors, clock: Clock) -> None:
    before = await put(doors)
    clock.move(1000)
    after = await put(doors, GITHUB, "a", "b", "a", keys=json.dumps({"keys": [rsa_key().public]}))
    assert after == {**before, "audiences": ["a", "b"], "hasOwnKeys": True}


async def test_a_provider_that_was_deleted_is_gone(doors: Doors) -> None:
    made = await put(doors)
    assert await doors.served("DeleteIdentityProvider", issuer=GITHUB) == {"identityProvider": made}
    assert await doors.served("ListIdentityProviders") == {"identityProviders": []}
    answer = await doors.wharfinger("DeleteIdentityProvider", issuer=GITHUB)
    assert answer.error == ("IdentityProviderNotFoundException", f"There is no identity provider '{GITHUB}'")


async def test_providers_come_in_pages_by_issuer(doors: Doors) -> None:
    for name in "cab":
        await put(doors, f"https://{name}.example")
    first = await doors.served("ListIdentityProviders", maxResults=2)
    second = await doors.served("ListIdentityProviders", maxResults=2, nextToken=first["nextToken"])
    found = [one["issuer"] for page in (first, second) for one in page["identityProviders"]]
    assert found == ["https://a.example", "https://b.example", "https://c.example"]


@pytest.mark.parametrize(
    "issuer",
    [
        "http://issuer.example",
        "http://127.0.0.1:8080",
        "https://issuer.example/?a=b",
        "https://issuer.example/#a",
        "https://ann:secret@issuer.example",
        "https://issuer.example/a b",
        "https://issuer.exam*ple",
        "https://bücher.example",
        "ftp://issuer.example",
        "issuer.example",
        "https://",
        "https://issuer.example/" + "a" * 255,
    ],
)
async def test_a_url_that_can_be_no_issuer_is_refused(doors: Doors, issuer: str) -> None:
    answer = await doors.wharfinger("PutIdentityProvider", issuer=issuer, audiences=["a"])
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


@pytest.fixture
async def private(tmp_path: Path, clock: Clock) -> AsyncIterator[Doors]:
    async with new_doors(tmp_path / "data", clock, webhook_private=True) as opened:
        yield opened


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "http://localhost:8080/a", "https://issuer.example/a/"])
async def test_an_issuer_on_this_machine_needs_no_tls_where_it_may_be_reached_at_all(
    private: Doors, issuer: str
) -> None:
    assert (await put(private, issuer))["issuer"] == issuer


@pytest.mark.parametrize("issuer", ["http://10.0.0.1", "http://issuer.example", "http://127.0.0.1.example"])
async def test_an_issuer_elsewhere_needs_tls_all_the_same(private: Doors, issuer: str) -> None:
    answer = await private.wharfinger("PutIdentityProvider", issuer=issuer, audiences=["a"])
    assert answer.code == "InvalidParameterException"


@pytest.mark.parametrize("keys", ["{", "[]", '{"keys": []}', '{"keys": [{"kty": "oct", "kid": "a", "k": "AAAA"}]}'])
async def test_keys_that_cannot_be_used_are_refused(doors: Doors, keys: str) -> None:
    answer = await doors.wharfinger("PutIdentityProvider", issuer=GITHUB, audiences=["a"], keys=keys)
    assert answer.code == "InvalidParameterException"
    assert "The keys cannot be used" in answer.message


async def test_there_is_a_limit_of_providers(doors: Doors) -> None:
    async def fill(tx: Tx) -> None:
        for number in range(PROVIDERS):
            await providers.put(tx, Provider(ACCOUNT, f"https://{number}.example", ["a"], None, False, 0))

    await doors.state.db.write(fill)
    answer = await doors.wharfinger("PutIdentityProvider", issuer=GITHUB, audiences=["a"])
    assert answer.error == ("LimitExceededException", f"There can be at most {PROVIDERS} of these: identity provider")
    await put(doors, "https://7.example", "b")


async def test_a_provider_that_stands_in_the_access_file_is_changed_there_only(doors: Doors) -> None:
    await doors.state.db.write(providers.put, Provider(ACCOUNT, GITHUB, ["a"], None, True, 0))
    for operation, more in (("PutIdentityProvider", {"audiences": ["b"]}), ("DeleteIdentityProvider", {})):
        answer = await doors.wharfinger(operation, issuer=GITHUB, **more)
        assert answer.code == "DeclaredException"
