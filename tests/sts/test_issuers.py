"""Where the keys of identity providers come from: asked for when needed, kept for a while, never from a token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import certificate
from support.issuer import AUDIENCE, Issuer, SigningKey, ec_key, ok, rsa_key
from support.receiver import Receiver
from support.state import Clock
from support.strict import Strict, new_strict
from support.sts import Told, federate, federated_trust, role
from wharfinger.services import outgoing
from wharfinger.services.issuers import FRESH, PAUSE, STALE
from wharfinger.state.clock import SECOND

FULL = "AmazonEC2ContainerRegistryFullAccess"


async def believe(strict: Strict, issuer: Issuer, keys: str | None = None) -> None:
    """A provider, and a role that trusts it."""
    given = {} if keys is None else {"keys": keys}
    await strict.one.done(strict.root, "PutIdentityProvider", issuer=issuer.url, audiences=[AUDIENCE], **given)
    await role(strict, federated_trust(issuer), FULL)


@pytest.fixture
async def trusted(strict: Strict, issuer: Issuer) -> Issuer:
    """The issuer, believed."""
    await believe(strict, issuer)
    return issuer


def code(told: Told) -> str | None:
    return None if told.status == 200 else told.code


async def test_keys_are_asked_for_once_and_kept(strict: Strict, trusted: Issuer) -> None:
    for _ in range(3):
        assert code(await federate(strict, trusted.token())) is None
    assert trusted.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_many_at_once_wait_for_one_question(strict: Strict, trusted: Issuer) -> None:
    told = await asyncio.gather(*(federate(strict, trusted.token()) for _ in range(8)))
    assert {code(one) for one in told} == {None}
    assert trusted.fetches == 1


async def test_keys_are_asked_for_again_after_a_while(strict: Strict, trusted: Issuer, clock: Clock) -> None:
    await federate(strict, trusted.token())
    clock.move(FRESH - 1)
    await federate(strict, trusted.token())
    assert trusted.fetches == 1
    clock.move(1)
    await federate(strict, trusted.token())
    assert trusted.fetches == 2


async def test_a_new_key_is_believed_at_once_when_the_issuer_rotates(
    strict: Strict, trusted: Issuer, clock: Clock
) -> None:
    await federate(strict, trusted.token())
    clock.move(PAUSE)
    trusted.keys = [rsa_key("rsa-2"), *trusted.keys]
    assert code(await federate(strict, trusted.token())) is None


async def test_a_key_that_the_issuer_took_back_is_believed_no_more_once_it_was_asked(
    strict: Strict, trusted: Issuer, clock: Clock
) -> None:
    old = trusted.keys[0]
    await federate(strict, trusted.token())
    trusted.keys = [rsa_key("rsa-2")]
    clock.move(FRESH)
    assert code(await federate(strict, trusted.token(key=old))) == "InvalidIdentityToken"
    assert code(await federate(strict, trusted.token())) is None


async def test_tokens_with_unknown_keys_do_not_make_the_server_ask_again_and_again(
    strict: Strict, trusted: Issuer, clock: Clock
) -> None:
    stranger = ec_key("stranger")
    await federate(strict, trusted.token())
    clock.move(PAUSE)
    for _ in range(5):
        assert code(await federate(strict, trusted.token(key=stranger))) == "InvalidIdentityToken"
    assert trusted.fetches == 2


async def test_an_issuer_that_is_down_is_believed_by_the_keys_it_had_for_a_bounded_time(
    strict: Strict, trusted: Issuer, clock: Clock
) -> None:
    await federate(strict, trusted.token())
    trusted.is_down = True
    clock.move(STALE - 1)
    assert code(await federate(strict, trusted.token())) is None
    clock.move(1)
    told = await federate(strict, trusted.token())
    assert (told.status, told.code) == (400, "IDPCommunicationError")


async def test_an_issuer_that_never_answered_is_not_believed_and_not_asked_at_every_call(
    strict: Strict, trusted: Issuer, clock: Clock
) -> None:
    trusted.is_down = True
    for _ in range(3):
        assert code(await federate(strict, trusted.token())) == "IDPCommunicationError"
    assert len(trusted.asked) == 1
    trusted.is_down = False
    clock.move(PAUSE)
    assert code(await federate(strict, trusted.token())) is None


async def test_what_went_wrong_is_in_the_log_without_the_token(
    strict: Strict, trusted: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    trusted.named = {"issuer": "https://other.example"}
    token = trusted.token()
    told = await federate(strict, token)
    assert told.code == "IDPCommunicationError"
    assert "its configuration names another issuer" in caplog.text
    assert token not in caplog.text
    assert token not in told.message


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/.well-known/openid-configuration", b"HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n"),
        ("/.well-known/openid-configuration", ok(b"{}")),
        ("/.well-known/openid-configuration", ok(b"[" * 10_000)),
        ("/keys", b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"),
        ("/keys", ok(b'{"keys": []}')),
        ("/keys", ok(b'{"keys": [{"kty": "oct", "kid": "rsa-1", "k": "AAAA"}]}')),
        ("/keys", ok(b" " * 65537)),
        ("/keys", b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 65537),
        ("/keys", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10001\r\n"),
        ("/keys", b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
        ("/keys", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"),
        ("/keys", b"SSH-2.0-OpenSSH\r\n\r\n"),
    ],
)
async def test_an_answer_that_is_none_gives_no_keys(strict: Strict, trusted: Issuer, path: str, answer: bytes) -> None:
    trusted.answers[path] = answer
    assert code(await federate(strict, trusted.token())) == "IDPCommunicationError"
    assert "/other" not in trusted.asked


@pytest.mark.parametrize("framing", ["in chunks", "up to the end"])
async def test_keys_are_read_however_their_answer_is_framed(strict: Strict, trusted: Issuer, framing: str) -> None:
    body = trusted.key_set.encode()
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    trusted.answers["/keys"] = {
        "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
        "up to the end": b"HTTP/1.0 200 OK\r\n\r\n" + body,
    }[framing]
    assert code(await federate(strict, trusted.token())) is None


@pytest.mark.parametrize("where", ["http://169.254.169.254/keys", "file:///etc/passwd", "http://example.com/keys"])
async def test_a_configuration_does_not_lead_out_of_bounds(strict: Strict, trusted: Issuer, where: str) -> None:
    trusted.named = {"jwks_uri": where}
    assert code(await federate(strict, trusted.token())) == "IDPCommunicationError"


async def test_a_server_that_may_not_reach_this_machine_asks_nobody_on_it(
    tmp_path: Path, clock: Clock, rsa: SigningKey
) -> None:
    made = certificate(tmp_path, "localhost")
    with Receiver(tls=made.context()) as inside, Issuer(rsa, now=lambda: clock() / 1000) as signer:
        signer.url = f"https://localhost:{inside.port}"
        async with new_strict(tmp_path / "data", clock) as strict:
            await believe(strict, signer)
            assert code(await federate(strict, signer.token())) == "IDPCommunicationError"
            assert inside.asked == 0


async def test_a_server_without_a_way_out_takes_keys_that_it_was_given(
    tmp_path: Path, clock: Clock, rsa: SigningKey
) -> None:
    with Issuer(rsa, now=lambda: clock() / 1000) as signer:
        signer.url = "https://kubernetes.default.svc.cluster.local"
        async with new_strict(tmp_path / "data", clock) as strict:
            await believe(strict, signer, signer.key_set)
            assert code(await federate(strict, signer.token())) is None
            assert signer.asked == []


async def test_keys_that_were_given_are_the_only_ones(strict: Strict, issuer: Issuer) -> None:
    await believe(strict, issuer, json.dumps({"keys": [issuer.keys[0].public]}))
    assert code(await federate(strict, issuer.token())) is None
    assert code(await federate(strict, issuer.token(key=issuer.keys[1]))) == "InvalidIdentityToken"
    assert issuer.asked == []


# --- TLS -----------------------------------------------------------------------------------------------------


@pytest.fixture
def encrypted(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, rsa: SigningKey) -> Iterator[Issuer]:
    """An issuer whose certificate is of an authority that only SSL_CERT_FILE names."""
    made = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    outgoing._tls.cache_clear()
    with Issuer(rsa, tls=made.context(), now=lambda: clock() / SECOND) as listening:
        yield listening
    outgoing._tls.cache_clear()


async def test_an_issuer_with_a_certificate_of_a_private_authority_is_asked(strict: Strict, encrypted: Issuer) -> None:
    await believe(strict, encrypted)
    assert code(await federate(strict, encrypted.token())) is None


async def test_an_issuer_with_a_certificate_that_nobody_vouches_for_is_not_believed(
    strict: Strict, encrypted: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    outgoing._tls.cache_clear()
    await believe(strict, encrypted)
    assert code(await federate(strict, encrypted.token())) == "IDPCommunicationError"
    assert encrypted.asked == []
