"""Finding what is there: tags, referrers and the catalogue, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.answer import Answer
from support.content import OCI_CONFIG, OCI_EMPTY, OCI_IMAGE, OCI_INDEX, UNKNOWN, Image, image, index
from support.registry import Registry
from support.wire import Wire

LONGEST_PAGE = 1000
SBOM = "application/vnd.example.sbom+json"
SIGNATURE = "application/vnd.example.signature"


def tagged(registry: Registry, *tags: str) -> str:
    """A repository with one image under these tags."""
    app, one = registry.create(), image()
    registry.oci.push(app, one)
    for first in range(0, len(tags), 50):
        query = "&".join(f"tag={tag}" for tag in tags[first : first + 50])
        assert registry.oci.put_manifest(app, f"{one.digest}?{query}", one.manifest, one.media_type).status == 201
    return app


def list_tags(registry: Registry, app: str, query: str = "") -> list[str]:
    answer = registry.oci.get(f"/v2/{app}/tags/list{query}")
    assert answer.status == 200
    found: list[str] = answer.json["tags"]
    return found


# --- tags ----------------------------------------------------------------------------------------------------


def test_tags_come_as_json_with_the_name_of_the_repository(registry: Registry) -> None:
    app = tagged(registry, "latest")
    answer = registry.oci.get(f"/v2/{app}/tags/list")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"name": app, "tags": ["latest"]}


def test_tags_come_in_ascii_order_whatever_the_order_of_pushing(registry: Registry) -> None:
    app = tagged(registry, "b", "B", "a", "10", "9", "_x", "1.10", "1.9", "a-b", "a.b", "a_b", "ab")
    assert list_tags(registry, app) == ["1.10", "1.9", "10", "9", "B", "_x", "a", "a-b", "a.b", "a_b", "ab", "b"]


@pytest.mark.parametrize("tag", ["v1.0.0_build.5", "-dash", "_", "...", "0", "list", "T" * 300])
def test_a_tag_of_any_characters_that_are_allowed_is_listed_and_found(tag: str, registry: Registry) -> None:
    app, one = registry.create(), image()
    registry.oci.push(app, one, tag)
    assert list_tags(registry, app) == [tag]
    assert registry.oci.get(f"/v2/{app}/manifests/{tag}").body == one.manifest


def test_a_repository_without_tags_has_an_empty_list(registry: Registry) -> None:
    app = registry.create()
    registry.oci.push(app, image())
    assert registry.oci.get(f"/v2/{app}/tags/list").json == {"name": app, "tags": []}


def test_the_tags_of_an_unknown_repository_are_not_found(registry: Registry) -> None:
    answer = registry.oci.get("/v2/none/tags/list")
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("?n=2", ["a", "b"], id="the first"),
        pytest.param("?n=4", ["a", "b", "c", "d"], id="just all"),
        pytest.param("?n=5", ["a", "b", "c", "d"], id="more than there are"),
        pytest.param("?n=0", [], id="none"),
        pytest.param(f"?n={10**18}", ["a", "b", "c", "d"], id="absurdly many"),
        pytest.param("?n=00000000002", ["a", "b"], id="leading zeros"),
        pytest.param("?last=b", ["c", "d"], id="after a tag"),
        pytest.param("?last=bb", ["c", "d"], id="after a tag that is not there"),
        pytest.param("?last=d", [], id="after the last tag"),
        pytest.param("?last=", ["a", "b", "c", "d"], id="after nothing"),
        pytest.param("?last=%C3%A9", [], id="after all of ASCII"),
        pytest.param("?n=2&last=a", ["b", "c"], id="some after a tag"),
    ],
)
def test_a_part_of_the_tags_can_be_asked_for(query: str, expected: list[str], registry: Registry) -> None:
    assert list_tags(registry, tagged(registry, "a", "b", "c", "d"), query) == expected


@pytest.mark.parametrize("path", ["tags/list", "/v2/_catalog"])
@pytest.mark.parametrize("number", ["-1", "x", "1.5", "", "%201", "%D9%A3", "1e3"])
def test_a_number_of_entries_that_is_none_is_refused(number: str, path: str, registry: Registry) -> None:
    app = registry.create()
    answer = registry.oci.get(f"{path if path.startswith('/') else f'/v2/{app}/{path}'}?n={number}")
    assert (answer.status, answer.code) == (400, "UNSUPPORTED")
    assert answer.message.startswith("n has to be a number")


def test_pages_of_tags_lead_from_one_to_the_next(registry: Registry) -> None:
    names = [f"v{number}" for number in range(1, 8)]
    app = tagged(registry, *names)
    pages = [page.json["tags"] for page in registry.oci.pages(f"/v2/{app}/tags/list?n=3")]
    assert pages == [names[:3], names[3:6], names[6:]]


def test_the_link_to_the_next_page_is_a_path_with_the_last_tag(registry: Registry) -> None:
    app = tagged(registry, "a", "b", "c")
    answer = registry.oci.get(f"/v2/{app}/tags/list?n=2")
    assert answer.headers["Link"] == f'</v2/{app}/tags/list?last=b&n=2>; rel="next"'


@pytest.mark.parametrize("query", ["?n=0", "?n=3", "?n=1&last=b"], ids=["none asked for", "all shown", "the last page"])
def test_where_nothing_follows_there_is_no_link(query: str, registry: Registry) -> None:
    app = tagged(registry, "a", "b", "c")
    assert "Link" not in registry.oci.get(f"/v2/{app}/tags/list{query}").headers


@pytest.mark.parametrize("query", ["", f"?n={10**18}"], ids=["nothing said", "absurdly many"])
def test_a_page_has_at_most_a_thousand_tags(query: str, registry: Registry) -> None:
    names = [f"{number:04}" for number in range(LONGEST_PAGE + 1)]
    app = tagged(registry, *names[:-1])
    registry.oci.push(app, image(), names[-1])
    pages = [page.json["tags"] for page in registry.oci.pages(f"/v2/{app}/tags/list{query}")]
    assert pages == [names[:LONGEST_PAGE], names[LONGEST_PAGE:]]


def test_a_page_goes_on_where_tags_came_and_went_meanwhile(registry: Registry) -> None:
    app = tagged(registry, "a", "b", "c", "d")
    first = registry.oci.get(f"/v2/{app}/tags/list?n=2")
    registry.oci.delete(f"/v2/{app}/manifests/b")
    registry.oci.push(app, image(), "bb")
    link = first.headers["Link"]
    assert registry.oci.get(link[1 : link.index(">")]).json["tags"] == ["bb", "c"]


# --- referrers -----------------------------------------------------------------------------------------------


def referrers(registry: Registry, app: str, subject: str, *artifact_types: str) -> Answer:
    query = "&".join(f"artifactType={item.replace('+', '%2B')}" for item in artifact_types)
    return registry.oci.get(f"/v2/{app}/referrers/{subject}?{query}")


def digests(answer: Answer) -> list[str]:
    return [item["digest"] for item in answer.json["manifests"]]


def referring_index(subject: Image, **members: Any) -> Image:
    body = {**json.loads(index().manifest), "subject": json.loads(image(subject=subject).manifest)["subject"]}
    return Image(json.dumps({**body, **members}).encode(), OCI_INDEX)


def test_referrers_are_an_index_of_the_images_with_a_subject(registry: Registry) -> None:
    app, subject = registry.create(), image()
    sbom = image(subject=subject, artifact_type=SBOM, config_type=OCI_EMPTY)
    for one in (subject, sbom, image()):
        registry.oci.push(app, one)
    answer = referrers(registry, app, subject.digest)
    assert (answer.status, answer.headers["Content-Type"]) == (200, OCI_INDEX)
    described = {"mediaType": OCI_IMAGE, "digest": sbom.digest, "size": len(sbom.manifest), "artifactType": SBOM}
    assert answer.json == {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [described]}


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        pytest.param(lambda subject: image(subject=subject, artifact_type=SBOM), SBOM, id="of an image"),
        pytest.param(lambda subject: image(subject=subject), OCI_CONFIG, id="of an image, from its config"),
        pytest.param(lambda subject: image(subject=subject, artifact_type=""), OCI_CONFIG, id="of an image, empty"),
        pytest.param(lambda subject: referring_index(subject, artifactType=SBOM), SBOM, id="of an index"),
        pytest.param(referring_index, None, id="of an index, none"),
    ],
)
def test_each_referrer_has_its_artifact_type(
    referrer: Callable[[Image], Image], expected: str | None, registry: Registry
) -> None:
    app, subject = registry.create(), image()
    registry.oci.push(app, referrer(subject))
    assert referrers(registry, app, subject.digest).json["manifests"][0].get("artifactType") == expected


@pytest.mark.parametrize(
    "annotations", [{"org.example.format": "json", "ключ": "значение ✓"}, None], ids=["some", "none"]
)
def test_each_referrer_has_its_annotations(annotations: dict[str, str] | None, registry: Registry) -> None:
    app, subject = registry.create(), image()
    registry.oci.push(app, image(subject=subject, annotations=annotations))
    assert referrers(registry, app, subject.digest).json["manifests"][0].get("annotations") == annotations


def test_referrers_can_be_filtered_by_artifact_type(registry: Registry) -> None:
    app, subject = registry.create(), image()
    sbom, signature = (image(subject=subject, artifact_type=item) for item in (SBOM, SIGNATURE))
    for one in (sbom, signature, image(subject=subject)):
        registry.oci.push(app, one)
    answer = referrers(registry, app, subject.digest, SIGNATURE)
    assert digests(answer) == [signature.digest]
    assert answer.headers["OCI-Filters-Applied"] == "artifactType"
    assert digests(referrers(registry, app, subject.digest, SBOM, SIGNATURE)) == [sbom.digest, signature.digest]
    assert digests(referrers(registry, app, subject.digest, "application/vnd.example.other")) == []


def test_without_a_filter_no_filter_is_said_to_be_applied(registry: Registry) -> None:
    assert "OCI-Filters-Applied" not in referrers(registry, registry.create(), UNKNOWN).headers


def test_a_subject_that_is_not_there_has_an_empty_index(registry: Registry) -> None:
    answer = referrers(registry, registry.create(), UNKNOWN)
    assert (answer.status, answer.json["manifests"]) == (200, [])


def test_referrers_may_come_before_their_subject(registry: Registry) -> None:
    app, subject = registry.create(), image()
    sbom = image(subject=subject)
    registry.oci.push(app, sbom)
    registry.oci.push(app, subject, "latest")
    assert digests(referrers(registry, app, subject.digest)) == [sbom.digest]


def test_a_deleted_referrer_is_listed_no_more(registry: Registry) -> None:
    app, subject = registry.create(), image()
    sbom = image(subject=subject)
    registry.oci.push(app, sbom)
    registry.oci.delete(f"/v2/{app}/manifests/{sbom.digest}")
    assert digests(referrers(registry, app, subject.digest)) == []


def test_referrers_of_another_repository_are_not_listed(registry: Registry) -> None:
    subject = image()
    registry.oci.push(registry.create("another"), image(subject=subject))
    assert digests(referrers(registry, registry.create("app"), subject.digest)) == []


def test_a_referrer_is_known_by_the_digest_under_which_it_names_its_subject(registry: Registry) -> None:
    app, subject = registry.create(), "sha512:" + "0" * 128
    body = {**json.loads(image().manifest), "subject": {"mediaType": OCI_IMAGE, "digest": subject, "size": 1}}
    one = image()
    referrer = Image(json.dumps({**body, **_parts(one)}).encode(), OCI_IMAGE, one.blobs)
    registry.oci.push(app, referrer)
    assert digests(referrers(registry, app, subject)) == [referrer.digest]


def _parts(one: Image) -> dict[str, Any]:
    body = json.loads(one.manifest)
    return {"config": body["config"], "layers": body["layers"]}


@pytest.mark.parametrize("digest", ["latest", "sha256:abc", "sha256:" + "A" * 64, "md5:" + "0" * 32])
def test_the_subject_of_referrers_has_to_be_a_digest(digest: str, registry: Registry) -> None:
    answer = referrers(registry, registry.create(), digest)
    assert (answer.status, answer.code) == (400, "DIGEST_INVALID")


def test_referrers_in_an_unknown_repository_are_not_found(registry: Registry) -> None:
    answer = referrers(registry, "none", UNKNOWN)
    assert (answer.status, answer.code) == (404, "NAME_UNKNOWN")


@pytest.fixture
def many(registry: Registry) -> tuple[str, Image, list[Image]]:
    """A repository with a subject and 53 referrers, every other one a signature."""
    app, subject, base = registry.create(), image(), image()
    registry.oci.push(app, base)
    found = []
    for number in range(53):
        body = {
            **json.loads(image(subject=subject).manifest),
            **_parts(base),
            "artifactType": (SBOM, SIGNATURE)[number % 2],
            "annotations": {"number": str(number)},
        }
        found.append(Image(json.dumps(body).encode(), OCI_IMAGE))
        registry.oci.push(app, found[-1])
    return app, subject, found


def test_pages_of_referrers_lead_from_one_to_the_next(many: tuple[str, Image, list[Image]], registry: Registry) -> None:
    app, subject, pushed = many
    pages = [digests(page) for page in registry.oci.pages(f"/v2/{app}/referrers/{subject.digest}")]
    assert [len(page) for page in pages] == [50, 3]
    assert [digest for page in pages for digest in page] == [one.digest for one in pushed]


def test_the_filter_holds_on_every_page(many: tuple[str, Image, list[Image]], registry: Registry) -> None:
    app, subject, pushed = many
    for one in range(30):
        body = {**json.loads(pushed[0].manifest), "annotations": {"more": str(one)}}
        pushed.append(Image(json.dumps(body).encode(), OCI_IMAGE))
        registry.oci.push(app, pushed[-1])
    path = f"/v2/{app}/referrers/{subject.digest}?artifactType={SBOM.replace('+', '%2B')}"
    pages = list(registry.oci.pages(path))
    assert [len(digests(page)) for page in pages] == [50, 7]
    assert {page.headers["OCI-Filters-Applied"] for page in pages} == {"artifactType"}
    assert {item["artifactType"] for page in pages for item in page.json["manifests"]} == {SBOM}


def test_a_page_of_referrers_is_found_only_by_the_link_that_led_to_it(
    many: tuple[str, Image, list[Image]], registry: Registry
) -> None:
    app, subject, _ = many
    link = registry.oci.get(f"/v2/{app}/referrers/{subject.digest}").headers["Link"]
    query = link[link.index("?") : link.index(">")]
    for path in (f"/v2/{app}/referrers/{UNKNOWN}{query}", f"/v2/{app}/referrers/{subject.digest}{query}x"):
        assert registry.oci.get(path).status == 400


def test_a_page_of_referrers_is_no_larger_than_a_manifest_may_be(registry: Registry) -> None:
    app, subject = registry.create(), image()
    pushed = [image(subject=subject, annotations={"long": "x" * 1_500_000}) for _ in range(3)]
    for one in pushed:
        registry.oci.push(app, one)
    pages = list(registry.oci.pages(f"/v2/{app}/referrers/{subject.digest}"))
    assert [digest for page in pages for digest in digests(page)] == [one.digest for one in pushed]
    assert all(len(page.body) <= 4 * 1024 * 1024 for page in pages)


# --- the catalogue -------------------------------------------------------------------------------------------


def catalogue(registry: Registry, query: str = "") -> list[str]:
    answer = registry.oci.get(f"/v2/_catalog{query}")
    assert answer.status == 200
    found: list[str] = answer.json["repositories"]
    return found


def test_the_catalogue_has_the_repositories_by_name(registry: Registry) -> None:
    for name in ("team/b", "app", "team/a", "team-a", "0app"):
        registry.create(name)
    answer = registry.oci.get("/v2/_catalog")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {"repositories": ["0app", "app", "team-a", "team/a", "team/b"]}


def test_the_catalogue_of_an_empty_registry_is_empty(registry: Registry) -> None:
    assert registry.oci.get("/v2/_catalog").json == {"repositories": []}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?n=2", ["aa", "bb"]),
        ("?n=0", []),
        (f"?n={10**18}", ["aa", "bb", "cc"]),
        ("?last=aa", ["bb", "cc"]),
        ("?n=1&last=aa", ["bb"]),
        ("?last=zz", []),
    ],
)
def test_a_part_of_the_catalogue_can_be_asked_for(query: str, expected: list[str], registry: Registry) -> None:
    for name in ("aa", "bb", "cc"):
        registry.create(name)
    assert catalogue(registry, query) == expected


def test_pages_of_the_catalogue_lead_from_one_to_the_next(registry: Registry) -> None:
    names = [f"team/app-{number}" for number in range(5)]
    for name in names:
        registry.create(name)
    pages = [page.json["repositories"] for page in registry.oci.pages("/v2/_catalog?n=2")]
    assert pages == [names[:2], names[2:4], names[4:]]


@pytest.mark.parametrize("elsewhere", ["account", "region"])
def test_the_catalogue_shows_nothing_of_another_registry(elsewhere: str, registry: Registry) -> None:
    registry.create("mine")
    other = (
        Registry(registry.server, registry.account[::-1])
        if elsewhere == "account"
        else Registry(registry.server, registry.account, region="us-west-2")
    )
    other.create("theirs")
    assert catalogue(registry) == ["mine"]
    assert catalogue(other) == ["theirs"]


def test_a_deleted_repository_is_listed_no_more(registry: Registry) -> None:
    registry.ecr.delete_repository(repositoryName=registry.create())
    assert catalogue(registry) == []


# --- asking for a list without reading it --------------------------------------------------------------------


def differs_each_time(name: str) -> bool:
    return name.lower() in {"date", "x-request-id", "x-amzn-requestid"}


@pytest.mark.parametrize("path", ["/v2/app/tags/list?n=1", "/v2/_catalog?n=1", f"/v2/app/referrers/{UNKNOWN}"])
def test_head_of_a_list_is_answered_as_get_without_the_body(path: str, registry: Registry) -> None:
    tagged(registry, "a", "b")
    registry.create("more")
    got, asked = registry.oci.get(path), registry.oci.head(path)
    assert (asked.status, asked.body) == (200, b"")
    assert [pair for pair in asked.headers.items() if not differs_each_time(pair[0])] == [
        pair for pair in got.headers.items() if not differs_each_time(pair[0])
    ]


@pytest.mark.parametrize("path", ["/v2/none/tags/list", f"/v2/none/referrers/{UNKNOWN}"])
def test_head_of_a_list_of_an_unknown_repository_is_404_without_a_body(path: str, registry: Registry) -> None:
    answer = registry.oci.head(path)
    assert (answer.status, answer.body) == (404, b"")


def test_a_connection_goes_on_after_the_head_of_a_long_list(registry: Registry) -> None:
    tagged(registry, *(f"{number:04d}{'x' * 296}" for number in range(LONGEST_PAGE)))
    with Wire(registry.server, registry.password) as wire:
        wire.request("HEAD", "/v2/app/tags/list")
        length = int(wire.answer().headers["Content-Length"])
        wire.request("GET", "/v2/app/tags/list")
        assert length == len(wire.answer().body) > 256 * 1024
