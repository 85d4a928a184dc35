"""Logging in: who is let in, how the others are sent away, and which registry a host name means."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping

import pytest

from support import inside
from support.answer import Answer
from support.content import UNKNOWN, UNKNOWN_UPLOAD, image, sha256
from support.oci import Oci
from support.registry import Registry
from support.server import Server
from support.wire import Wire
from wharfinger.contract.oci import ENDPOINTS, Endpoint
from wharfinger.domain.names import Registry as RegistryName

HOUR = 60 * 60 * 1000
# for each named part of a path, what stands there in these tests
PARTS = {"reference": "latest", "upload": UNKNOWN_UPLOAD, "digest": UNKNOWN}
METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")


def path_of(endpoint: Endpoint) -> str:
    path = endpoint.pattern.pattern.replace(r"(?P<name>.+)", "app").replace("/?", "/")
    for part, value in PARTS.items():
        path = path.replace(f"(?P<{part}>[^/]+)", value)
    assert endpoint.pattern.fullmatch(path), path
    return path


TAKEN = [
    pytest.param(method, path_of(endpoint), id=f"{method} {endpoint.name}")
    for endpoint in ENDPOINTS
    for method in endpoint.actions
    if endpoint.name != "token"  # it is where clients go that have no login yet
]
NOT_TAKEN = [
    pytest.param(method, path_of(endpoint), endpoint.allowed, id=f"{method} {endpoint.name}")
    for endpoint in ENDPOINTS
    for method in METHODS
    if method not in endpoint.actions
]


def ask(server: Server, headers: Mapping[str, str] | None = None, path: str = "/v2/", method: str = "GET") -> Answer:
    """A request with these headers and no login but what they hold."""
    with Wire(server) as wire:
        wire.request(method, path, {"Content-Length": "0", **(headers or {})})
        return wire.answer()


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


# --- who is let in -------------------------------------------------------------------------------------------


def test_who_has_an_authorization_token_is_let_in(registry: Registry) -> None:
    answer = ask(registry.server, basic(f"AWS:{registry.password}"))
    assert (answer.status, answer.json) == (200, {})


def test_the_token_may_be_sent_as_the_ecr_api_gave_it(registry: Registry) -> None:
    token = registry.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert ask(registry.server, {"Authorization": f"Basic {token}"}).status == 200


def test_the_name_of_the_scheme_is_read_in_any_case(registry: Registry) -> None:
    header = basic(f"AWS:{registry.password}")["Authorization"].replace("Basic", "basic")
    assert ask(registry.server, {"Authorization": header}).status == 200


def test_the_ping_may_be_asked_without_the_final_slash(registry: Registry) -> None:
    assert ask(registry.server, basic(f"AWS:{registry.password}"), "/v2").status == 200


def test_a_token_is_good_for_twelve_hours(registry: Registry) -> None:
    name = RegistryName(registry.account, registry.region)
    password = inside.token(registry.server, name, age=12 * HOUR - 60_000)
    assert Oci(registry.server.endpoint, password).get("/v2/").status == 200


# --- who is sent away ----------------------------------------------------------------------------------------


def test_without_a_login_the_answer_says_how_to_log_in(server: Server) -> None:
    answer = ask(server)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == f'Basic realm="https://{server.host}/",service="ecr.amazonaws.com"'
    assert answer.code == "UNAUTHORIZED"


def test_the_challenge_speaks_of_the_host_that_the_client_used(server: Server) -> None:
    answer = ask(server, {"Host": "registry.example.com:5050"})
    assert answer.headers["WWW-Authenticate"].startswith('Basic realm="https://registry.example.com:5050/"')


@pytest.mark.parametrize("host", ['a"b', "a\\", 'a",error="x'], ids=["quote", "backslash", "another parameter"])
def test_a_host_cannot_break_out_of_the_challenge(host: str, server: Server) -> None:
    challenge = ask(server, {"Host": host}).headers["WWW-Authenticate"]
    assert challenge == 'Basic realm="https:///",service="ecr.amazonaws.com"'


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(basic("AWS:nonsense")["Authorization"], id="no token"),
        pytest.param(basic("AWS:")["Authorization"], id="no password"),
        pytest.param(basic("AWS")["Authorization"], id="no colon"),
        pytest.param(basic("AWS:a:b")["Authorization"], id="two colons"),
        pytest.param(basic("AWS:\u00e9\u4e2d")["Authorization"], id="password that is not ASCII"),
        pytest.param("Basic !!!", id="no base64"),
        pytest.param("Basic", id="scheme only"),
        pytest.param("Basic =", id="padding only"),
        pytest.param("", id="empty"),
        pytest.param("Bearer token", id="another scheme"),
        pytest.param("Basic " + "A" * 8000, id="long"),
    ],
)
def test_what_is_no_login_is_sent_away(header: str, server: Server) -> None:
    answer = ask(server, {"Authorization": header})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("user", ["aws", "root", "", "000000000000"])
def test_the_user_has_to_be_aws(user: str, registry: Registry) -> None:
    answer = Oci(registry.server.endpoint, registry.password, user).get("/v2/")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert "The user has to be AWS" in answer.message


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda token: token[:-1], id="shortened"),
        pytest.param(lambda token: token + "A", id="lengthened"),
        pytest.param(lambda token: ("B" if token[0] == "A" else "A") + token[1:], id="other first letter"),
        pytest.param(lambda token: token + "\r", id="carriage return of PowerShell"),
        pytest.param(lambda token: token[:40], id="half"),
    ],
)
def test_a_token_that_was_changed_is_sent_away(change: Callable[[str], str], registry: Registry) -> None:
    answer = ask(registry.server, basic("AWS:" + change(registry.password)))
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


def test_the_token_of_another_server_is_sent_away(server: Server, strict_server: Server, account: str) -> None:
    name = RegistryName(account, "eu-central-1")
    password = inside.token(strict_server, name)
    assert Oci(strict_server.endpoint, password).get("/v2/").status == 200
    assert Oci(server.endpoint, password).get("/v2/").status == 401


def test_an_expired_token_is_denied_in_the_words_of_ecr(registry: Registry) -> None:
    name = RegistryName(registry.account, registry.region)
    password = inside.token(registry.server, name, age=12 * HOUR)
    answer = Oci(registry.server.endpoint, password).get("/v2/")
    assert (answer.status, answer.code) == (403, "DENIED")
    assert answer.message == "Your authorization token has expired. Reauthenticate and try again."
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize(("method", "path"), TAKEN)
def test_nothing_is_for_everybody(method: str, path: str, registry: Registry) -> None:
    registry.oci.push(registry.create("app"), image(), "latest")
    assert ask(registry.server, path=path, method=method).status == 401


# --- which registry a host means -----------------------------------------------------------------------------


def host_of(server: Server, account: str, region: str, form: str = "{}.dkr.ecr.{}.localhost") -> dict[str, str]:
    return {"Host": f"{form.format(account, region)}:{server.port}"}


@pytest.mark.parametrize(
    "form",
    ["{}.dkr.ecr.{}.localhost", "{}.dkr-ecr.{}.on.aws", "{}.dkr.ecr-fips.{}.amazonaws.com", "{}.DKR.ECR.{}.LOCALHOST"],
)
def test_a_host_of_the_form_of_ecr_means_its_own_registry(form: str, registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, "latest")
    host = host_of(registry.server, registry.account, registry.region, form)
    assert registry.oci.get("/v2/", host).status == 200
    assert registry.oci.get(f"/v2/{app}/manifests/latest", host).body == one.manifest


def another_account(registry: Registry) -> Registry:
    return Registry(registry.server, registry.account[::-1])


def test_a_login_is_good_at_every_host_and_for_what_policies_say(registry: Registry) -> None:
    theirs = another_account(registry)
    assert registry.oci.get("/v2/", host_of(registry.server, theirs.account, theirs.region)).status == 200


def test_the_host_of_another_region_is_a_registry_of_the_same_account(registry: Registry) -> None:
    theirs = Registry(registry.server, registry.account, region="us-west-2")
    app, one = theirs.create(), image()
    theirs.oci.push(app, one, "latest")
    host = host_of(registry.server, theirs.account, theirs.region)
    assert registry.oci.get(f"/v2/{app}/manifests/latest", host).body == one.manifest


def test_the_repositories_of_another_account_are_not_listed(registry: Registry) -> None:
    theirs = another_account(registry)
    answer = registry.oci.get("/v2/_catalog", host_of(registry.server, theirs.account, theirs.region))
    assert (answer.status, answer.code) == (403, "DENIED")
    assert "is not authorized to perform: ecr:DescribeRepositories" in answer.message


@pytest.mark.parametrize("name", ["there", "not-there"])
@pytest.mark.parametrize("what", ["manifests/latest", "tags/list", f"blobs/{UNKNOWN}", f"referrers/{UNKNOWN}"])
def test_what_is_in_another_account_looks_like_what_does_not_exist(what: str, name: str, registry: Registry) -> None:
    theirs = another_account(registry)
    theirs.oci.push(theirs.create("there"), image(), "latest")
    answer = registry.oci.get(f"/v2/{name}/{what}", host_of(registry.server, theirs.account, theirs.region))
    assert (answer.status, answer.code) == (403, "DENIED")
    assert re.fullmatch(
        rf"User: arn:aws:iam::{registry.account}:root is not authorized to perform: ecr:\w+ on resource: "
        rf"arn:aws:ecr:{theirs.region}:{theirs.account}:repository/{name} because no resource-based policy allows the "
        r"ecr:\w+ action",
        answer.message,
    )


def test_nothing_is_pushed_to_another_account(registry: Registry) -> None:
    theirs = another_account(registry)
    app = theirs.create(registry.create("app"))
    answer = registry.oci.call(
        "POST",
        f"/v2/{app}/blobs/uploads/?digest={sha256(b'content')}",
        b"content",
        host_of(registry.server, theirs.account, theirs.region),
    )
    assert (answer.status, answer.code) == (403, "DENIED")
    assert theirs.oci.head(f"/v2/{app}/blobs/{sha256(b'content')}").status == 404
    assert registry.oci.head(f"/v2/{app}/blobs/{sha256(b'content')}").status == 404


# --- the form of every answer --------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path", "allowed"), NOT_TAKEN)
def test_a_method_that_an_endpoint_does_not_take_is_refused_with_those_it_takes(
    method: str, path: str, allowed: str, registry: Registry
) -> None:
    answer = registry.oci.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    if method != "HEAD":
        assert answer.code == "UNSUPPORTED"


@pytest.mark.parametrize(
    "path",
    [
        "/v2/app",
        "/v2/app/manifests",
        "/v2/app/manifests/",
        "/v2/app/manifests/a/b",
        "/v2/app/blobs/",
        "/v2/app/tags",
        "/v2/app/tags/list/",
        "/v2/app/referrers/",
        "/v2/manifests/latest",
        "/v2//",
        "/v2/_catalog/",
        "/v2/%FF%FE/manifests/latest",
        "/v2/app/blobs/../../etc/passwd",
    ],
)
def test_a_path_of_no_endpoint_is_not_found(path: str, registry: Registry) -> None:
    with Wire(registry.server, registry.password) as wire:
        wire.request("GET", path)
        answer = wire.answer()
    assert (answer.status, answer.code) == (404, "UNSUPPORTED")


ANSWERS = [
    pytest.param("GET", "/v2/", 200, id="ping"),
    pytest.param("GET", "/v2/_catalog", 200, id="catalogue"),
    pytest.param("GET", "/v2/_catalog?n=x", 400, id="bad number"),
    pytest.param("GET", "/v2/app/tags/list", 200, id="tags"),
    pytest.param("GET", "/v2/none/tags/list", 404, id="unknown repository"),
    pytest.param("GET", "/v2/APP/tags/list", 400, id="no repository"),
    pytest.param("GET", "/v2/app/manifests/latest", 200, id="manifest"),
    pytest.param("HEAD", "/v2/app/manifests/latest", 200, id="manifest head"),
    pytest.param("GET", "/v2/app/manifests/none", 404, id="unknown manifest"),
    pytest.param("HEAD", "/v2/app/manifests/none", 404, id="unknown manifest head"),
    pytest.param("PUT", "/v2/app/manifests/other", 400, id="bad manifest"),
    pytest.param("DELETE", "/v2/app/manifests/latest", 202, id="manifest deleted"),
    pytest.param("GET", f"/v2/app/blobs/{sha256(b'{}')}", 200, id="blob"),
    pytest.param("HEAD", f"/v2/app/blobs/{sha256(b'{}')}", 200, id="blob head"),
    pytest.param("GET", f"/v2/app/blobs/{UNKNOWN}", 404, id="unknown blob"),
    pytest.param("DELETE", f"/v2/app/blobs/{sha256(b'{}')}", 202, id="blob deleted"),
    pytest.param("POST", "/v2/app/blobs/uploads/", 202, id="upload begun"),
    pytest.param("POST", f"/v2/app/blobs/uploads/?digest={sha256(b'')}", 201, id="blob pushed"),
    pytest.param("PATCH", f"/v2/app/blobs/uploads/{PARTS['upload']}", 404, id="unknown upload"),
    pytest.param("GET", f"/v2/app/referrers/{UNKNOWN}", 200, id="referrers"),
    pytest.param("GET", "/v2/app/nothing", 404, id="no endpoint"),
    pytest.param("PATCH", "/v2/_catalog", 405, id="wrong method"),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_says_which_protocol_it_is_and_has_an_id(
    method: str, path: str, status: int, registry: Registry
) -> None:
    registry.oci.push(registry.create("app"), image(), "latest")
    registry.oci.push_blob("app", b"{}", sha256(b"{}"))
    answer = registry.oci.call(method, path)
    assert answer.status == status
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert len(answer.headers["x-amzn-RequestId"]) == 36


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), (basic("AWS:nonsense"), 401)],
    ids=["no login", "bad login"],
)
def test_every_refusal_of_a_login_says_which_protocol_it_is(
    headers: Mapping[str, str], status: int, server: Server
) -> None:
    answer = ask(server, headers)
    assert (answer.status, answer.headers["Docker-Distribution-Api-Version"]) == (status, "registry/2.0")


REFUSALS = [case for case in ANSWERS if isinstance(case.values[2], int) and case.values[2] >= 400]


@pytest.mark.parametrize(("method", "path", "status"), [case for case in REFUSALS if case.values[0] != "HEAD"])
def test_every_refusal_has_the_form_of_the_specification(
    method: str, path: str, status: int, registry: Registry
) -> None:
    registry.oci.push(registry.create("app"), image(), "latest")
    answer = registry.oci.call(method, path)
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["errors"]
    (error,) = answer.json["errors"]
    assert set(error) == {"code", "message"}
    assert error["code"].replace("_", "").isupper()
    assert error["message"]
