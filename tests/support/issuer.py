"""An issuer of tokens that really listens: its configuration, its keys, and tokens like those of GitHub."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

AUDIENCE: Final = "sts.amazonaws.com"
SUBJECT: Final = "repo:org/app:ref:refs/heads/main"
_DISCOVERY: Final = "/.well-known/openid-configuration"
_KEYS: Final = "/keys"


class SigningKey(NamedTuple):
    """A key pair of an issuer."""

    id: str
    algorithm: str
    pair: RSAKey | ECKey

    @property
    def public(self) -> dict[str, Any]:
        """As the issuer publishes it."""
        return {**self.pair.as_dict(private=False), "kid": self.id, "use": "sig", "alg": self.algorithm}

    def pem(self) -> bytes:
        """The public half, which anybody may have."""
        return self.pair.as_pem(private=False)


def rsa_key(id_: str = "rsa-1") -> SigningKey:
    """For RS256."""
    return SigningKey(id_, "RS256", RSAKey.generate_key(2048))


def ec_key(id_: str = "ec-1") -> SigningKey:
    """For ES256."""
    return SigningKey(id_, "ES256", ECKey.generate_key("P-256"))


def signed(claims: Mapping[str, Any], key: SigningKey, **header: Any) -> str:
    """A token with these claims; `header` adds to what names the key, and None takes away."""
    found = {"typ": "JWT", "alg": key.algorithm, "kid": key.id, **header}
    registry = jws.JWSRegistry(algorithms=[key.algorithm], strict_check_header=False)
    proven = {name: value for name, value in found.items() if value is not None}
    if proven.get("alg") == key.algorithm and not proven.keys() & {"crit", "b64"}:
        return jws.serialize_compact(proven, json.dumps(claims), key.pair, registry=registry)
    # a library does not write what it would not read: the signature is made of the very same bytes
    signing_input = f"{base64url(json.dumps(proven).encode())}.{base64url(json.dumps(claims).encode())}"
    signature = jws.JWSRegistry.algorithms[key.algorithm].sign(signing_input.encode(), key.pair)
    return f"{signing_input}.{base64url(signature)}"


def base64url(content: bytes) -> str:
    """As tokens have it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Issuer:
    """Listens on a port of 127.0.0.1 while it is entered; what it publishes can be changed meanwhile."""

    def __init__(
        self,
        *keys: SigningKey,
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.keys = list(keys) or [rsa_key(), ec_key()]
        self.asked: list[str] = []  # paths
        self.answers: dict[str, bytes] = {}  # by path: all of another answer
        self.is_down = False
        self.named: dict[str, Any] = {}  # members of its configuration that are others
        self._now = now
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"https://localhost:{self.port}" if tls else f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def name(self) -> str:
        """As trust policies have it."""
        return self.url.partition("://")[2]

    @property
    def key_set(self) -> str:
        """What it publishes."""
        return json.dumps({"keys": [key.public for key in self.keys]})

    @property
    def fetches(self) -> int:
        """How often it was asked for its keys."""
        return self.asked.count(_KEYS)

    def claims(self, **changed: Any) -> dict[str, Any]:
        """As GitHub Actions has them; None takes one away."""
        now = int(self._now())
        found = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "iat": now,
            "nbf": now - 300,
            "exp": now + 300,
            "jti": "6f1d1f0e-8f9b-4a55-8f3c-0f9c2f3d7f10",
            "repository": "org/app",
            "ref": "refs/heads/main",
            "job_workflow_ref": "org/app/.github/workflows/build.yml@refs/heads/main",
            "actor": "ann",
            **changed,
        }
        return {name: value for name, value in found.items() if value is not None}

    def token(self, key: SigningKey | None = None, header: Mapping[str, Any] | None = None, **changed: Any) -> str:
        """A token of the first key, unless another is named."""
        return signed(self.claims(**changed), key or self.keys[0], **(header or {}))

    def answer(self, path: str) -> bytes | None:
        """All of an answer; None: nothing is said."""
        self.asked.append(path)
        if self.is_down:
            return None
        if path in self.answers:
            return self.answers[path]
        documents = {
            _DISCOVERY: {"issuer": self.url, "jwks_uri": self.url + _KEYS, **self.named},
            _KEYS: json.loads(self.key_set),
        }
        if path not in documents:
            return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
        return ok(json.dumps(documents[path]).encode())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def ok(body: bytes) -> bytes:
    """A whole answer."""
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def _handler(issuer: Issuer) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = issuer.answer(self.path)
            if found is not None:
                self.wfile.write(found)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class has
            pass

    return Handler
