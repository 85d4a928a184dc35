"""Each path of the distribution API leads to one endpoint, each endpoint and method to one handler."""

from __future__ import annotations

import pytest

from wharfinger.api.oci.entry import HANDLERS, _route
from wharfinger.contract.ecr import OPERATIONS
from wharfinger.contract.oci import ENDPOINTS, MOUNT_SOURCE_ACTION
from wharfinger.domain.faults import RepositoryNameInvalid, UnknownRoute

DIGEST = "sha256:" + "0" * 64
UPLOAD = "01234567-89ab-cdef-0123-456789abcdef"


def test_every_endpoint_and_method_has_a_handler_and_there_are_no_others() -> None:
    assert {(endpoint.name, method) for endpoint in ENDPOINTS for method in endpoint.actions} == set(HANDLERS)


def test_every_request_needs_a_right_that_ecr_knows_and_logging_in_needs_none() -> None:
    actions = {endpoint.name: set(endpoint.actions.values()) for endpoint in ENDPOINTS}
    assert (actions.pop("ping"), actions.pop("token")) == ({None}, {None})
    known = {operation.action for operation in OPERATIONS.values()}
    assert {MOUNT_SOURCE_ACTION}.union(*actions.values()) <= known


def test_the_methods_of_an_endpoint_are_listed_as_the_allow_header_lists_them() -> None:
    allowed = {endpoint.name: endpoint.allowed for endpoint in ENDPOINTS}
    assert allowed == {
        "manifest": "GET, HEAD, PUT, DELETE",
        "uploads": "POST",
        "upload": "GET, PATCH, PUT, DELETE",
        "blob": "GET, HEAD, DELETE",
        "tags": "GET, HEAD",
        "referrers": "GET, HEAD",
        "catalog": "GET, HEAD",
        "token": "GET",
        "ping": "GET, HEAD",
    }


@pytest.mark.parametrize(
    ("path", "endpoint", "repository", "part"),
    [
        ("/v2", "ping", "", ""),
        ("/v2/", "ping", "", ""),
        ("/v2/_catalog", "catalog", "", ""),
        ("/v2/token", "token", "", ""),
        ("/v2/app/manifests/latest", "manifest", "app", "latest"),
        (f"/v2/app/manifests/{DIGEST}", "manifest", "app", DIGEST),
        (f"/v2/app/blobs/{DIGEST}", "blob", "app", DIGEST),
        ("/v2/app/blobs/uploads", "uploads", "app", ""),
        ("/v2/app/blobs/uploads/", "uploads", "app", ""),
        (f"/v2/app/blobs/uploads/{UPLOAD}", "upload", "app", UPLOAD),
        ("/v2/app/tags/list", "tags", "app", ""),
        (f"/v2/app/referrers/{DIGEST}", "referrers", "app", DIGEST),
        ("/v2/team/web/app/tags/list", "tags", "team/web/app", ""),
    ],
)
def test_a_path_leads_to_its_endpoint(path: str, endpoint: str, repository: str, part: str) -> None:
    found, *rest = _route(path.encode())
    assert (found.name, *rest) == (endpoint, repository, part)


NAMES = [
    "manifests",
    "blobs",
    "uploads",
    "tags",
    "list",
    "referrers",
    "v2",
    "a/manifests/b",
    "manifests/manifests",
    "blobs/uploads",
    "app/blobs",
    "app/blobs/uploads",
    "app/blobs/uploads/more",
    "tags/list",
    "app/tags",
    "app/tags/list",
    "app/referrers",
    "v2/app",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("rest", "endpoint", "part"),
    [
        ("manifests/latest", "manifest", "latest"),
        ("manifests/manifests", "manifest", "manifests"),
        ("manifests/list", "manifest", "list"),
        ("manifests/uploads", "manifest", "uploads"),
        (f"blobs/{DIGEST}", "blob", DIGEST),
        ("blobs/uploads/", "uploads", ""),
        (f"blobs/uploads/{UPLOAD}", "upload", UPLOAD),
        ("tags/list", "tags", ""),
        (f"referrers/{DIGEST}", "referrers", DIGEST),
    ],
)
def test_a_repository_may_be_named_with_the_words_of_the_paths(name: str, rest: str, endpoint: str, part: str) -> None:
    found, *others = _route(f"/v2/{name}/{rest}".encode())
    assert (found.name, *others) == (endpoint, name, part)


@pytest.mark.parametrize(
    ("path", "repository", "part"),
    [
        ("/v2/%61pp/manifests/latest", "app", "latest"),
        ("/v2/team%2Fapp/manifests/latest", "team/app", "latest"),
        ("/v2/app%2Fmanifests%2Flatest", "app", "latest"),
        ("/v2/app/manifests/sha256%3Aab", "app", "sha256:ab"),
        ("/v2/app/manifests/%E2%82%AC", "app", "€"),
        ("/v2/app/manifests/a%2Bb", "app", "a+b"),
        ("/v2/app/manifests/a+b", "app", "a+b"),
        ("/v2/app/manifests/100%", "app", "100%"),
    ],
)
def test_a_percent_encoded_path_is_read_as_what_it_encodes(path: str, repository: str, part: str) -> None:
    found, *rest = _route(path.encode())
    assert (found.name, *rest) == ("manifest", repository, part)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v2/../manifests/latest", ".."),
        ("/v2/../../etc/manifests/latest", "../../etc"),
        ("/v2/app/../other/manifests/latest", "app/../other"),
        ("/v2/app%2F..%2Fother/manifests/latest", "app/../other"),
        ("/v2/%2e%2e/manifests/latest", ".."),
        ("/v2/%252e%252e/manifests/latest", "%2e%2e"),
        ("/v2//app/manifests/latest", "/app"),
        ("/v2/app//manifests/latest", "app/"),
        ("/v2/app/./more/tags/list", "app/./more"),
        ("/v2/App/manifests/latest", "App"),
        ("/v2/a/manifests/latest", "a"),
        (f"/v2/{'a' * 257}/manifests/latest", "a" * 257),
        ("/v2/app%00/manifests/latest", "app\0"),
        ("/v2/app%20/manifests/latest", "app "),
        ("/v2/%C3%A9t%C3%A9/manifests/latest", "été"),
        ("/v2/app\\..\\other/manifests/latest", "app\\..\\other"),
    ],
)
def test_what_can_be_no_repository_is_refused_by_its_name(path: str, name: str) -> None:
    with pytest.raises(RepositoryNameInvalid) as caught:
        _route(path.encode())
    assert caught.value.name == name


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/",
        "/V2/",
        "/v2//",
        "/v2/app",
        "/v2/app/",
        "/v2/app/manifests",
        "/v2/app/manifests/",
        "/v2/app/manifests/latest/",
        "/v2/app/manifests/../latest",
        "/v2/app/manifests/..%2F..%2Flatest",
        "/v2//manifests/latest",
        "/v2/app/blobs/",
        f"/v2/app/blobs/uploads/{UPLOAD}/",
        f"/v2/app/blobs/uploads/{UPLOAD}/more",
        "/v2/app/tags",
        "/v2/app/tags/list/",
        "/v2/app/tags/LIST",
        "/v2/_catalog/",
        "/v2/app/_catalog",
        "/v2/app/referrers/",
        "/v2/ap%0Ap/manifests/latest",
        "/v2/app/manifests/%FF",
        "/v2/%C3/manifests/latest",
    ],
)
def test_a_path_of_no_endpoint_is_unknown(path: str) -> None:
    with pytest.raises(UnknownRoute):
        _route(path.encode())


def test_a_hostile_path_of_sixty_kilobytes_is_unknown_and_no_work() -> None:
    path = b"/v2/" + b"a/manifests/blobs/uploads/tags/" * 2000
    with pytest.raises(UnknownRoute):
        _route(path)
