"""References to images as docker takes them, and which of them can mean an image of a registry."""

from __future__ import annotations

import pytest

from wharfinger.domain.names import Registry
from wharfinger.domain.references import Reference, reference

REGISTRY = Registry("123456789012", "eu-central-1")
D = "sha256:" + "0" * 64
E = "sha512:" + "1" * 128
ECR = "123456789012.dkr.ecr.eu-central-1.example.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app", Reference("app", "latest", None)),
        ("app:v1", Reference("app", "v1", None)),
        (f"app@{D}", Reference("app", None, D)),
        (f"app@{E}", Reference("app", None, E)),
        (f"app:v1@{D}", Reference("app", "v1", D)),
        ("team/app", Reference("team/app", "latest", None)),
        ("team/sub/app:v1", Reference("team/sub/app", "v1", None)),
        ("localhost/app", Reference("app", "latest", None)),
        ("localhost:5050/app:v1", Reference("app", "v1", None)),
        ("registry.example.com/team/app:v1", Reference("team/app", "v1", None)),
        (f"registry.example.com:443/team/app:v1@{D}", Reference("team/app", "v1", D)),
        ("127.0.0.1:5050/app", Reference("app", "latest", None)),
        ("[::1]:5050/app", Reference("app", "latest", None)),
        ("HOST/app:v1", Reference("app", "v1", None)),
        ("docker.io/library/nginx", Reference("library/nginx", "latest", None)),
        (f"{ECR}/app:v1", Reference("app", "v1", None)),
        (f"{ECR}:8443/team/app@{D}", Reference("team/app", None, D)),
        ("123456789012.dkr-ecr.eu-central-1.on.aws/app:v1", Reference("app", "v1", None)),
    ],
)
def test_a_reference_names_a_repository_and_a_tag_or_a_digest_and_its_host_is_ignored(
    text: str, expected: Reference
) -> None:
    assert reference(text, REGISTRY) == expected


@pytest.mark.parametrize(
    "text",
    [
        "210987654321.dkr.ecr.eu-central-1.example.com/app:v1",
        "123456789012.dkr.ecr.us-east-1.example.com/app:v1",
        "210987654321.dkr.ecr.eu-central-1.amazonaws.com/app",
    ],
)
def test_a_host_of_the_form_of_ecr_that_means_another_registry_leads_nowhere(text: str) -> None:
    assert reference(text, REGISTRY) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "@",
        "a",
        "App",
        "app:",
        "app@",
        f"app:@{D}",
        "app:v1@",
        "app:a b",
        "app:v1:v2",
        "app@sha256:abc",
        "app@md5:" + "0" * 32,
        f"app@{D}@{D}",
        f"app@{D.upper()}",
        D,
        "team//app",
        "host:5050/",
        "https://example.com/app",
        "app:v1\n",
        " app",
        "é",
        "x" * 300,
    ],
)
def test_what_docker_would_not_take_leads_nowhere(text: str) -> None:
    assert reference(text, REGISTRY) is None
