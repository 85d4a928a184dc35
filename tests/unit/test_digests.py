"""Content digests: which are known here, which ECR takes for one, and how one is made."""

from __future__ import annotations

import hashlib

import pytest

from wharfinger.domain import digests
from wharfinger.domain.faults import DigestInvalid

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8
UNKNOWN_HERE = [
    "",
    "sha256",
    "sha256:",
    SHA256[:-1],
    SHA256 + "0",
    SHA256.upper(),
    "sha256:" + "ABCDEF" + SHA256[13:],
    "sha512:" + "ABCDEF" + SHA512[13:],
    SHA256 + "\n",
    " " + SHA256,
    "SHA256:" + SHA256[7:],
    "sha512:" + SHA256[7:],
    "sha256:" + SHA512[7:],
    "sha384:" + "0" * 96,
    "md5:" + "0" * 32,
    "sha256-" + SHA256[7:],
    "sha256:" + "g" * 64,
    "sha256:" + "٣" * 64,
    "sha256:../" + "0" * 61,
    f"{SHA256},{SHA512}",
]


@pytest.mark.parametrize("digest", [SHA256, SHA512])
def test_sha256_and_sha512_in_lower_case_are_known(digest: str) -> None:
    assert digests.is_digest(digest)
    digests.check(digest)


@pytest.mark.parametrize("text", UNKNOWN_HERE)
def test_anything_else_is_no_digest_here(text: str) -> None:
    assert not digests.is_digest(text)
    with pytest.raises(DigestInvalid) as caught:
        digests.check(text)
    assert caught.value.digest == text


@pytest.mark.parametrize("text", [SHA256, SHA512, SHA256.upper(), "sha256:abc", "md5:00", "a+b.c_d-e:F"])
def test_ecr_takes_any_name_and_any_number_of_hexadecimal_digits(text: str) -> None:
    assert digests.has_ecr_form(text)


@pytest.mark.parametrize(
    "text",
    ["", "sha256", "sha256:", ":abc", "sha256:zz", "sha256:invalid-digest", "invalid_digest", "sha256:ab\n", "a b:ab"],
)
def test_without_them_not_even_ecr_takes_it(text: str) -> None:
    assert not digests.has_ecr_form(text)


def test_a_digest_is_that_of_the_bytes() -> None:
    assert digests.of(b"content") == "sha256:" + hashlib.sha256(b"content").hexdigest()
    assert digests.of(b"content", "sha512") == "sha512:" + hashlib.sha512(b"content").hexdigest()


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_a_digest_that_is_made_is_one_that_is_known(name: str) -> None:
    made = digests.of(b"", name)
    assert digests.is_digest(made)
    assert digests.algorithm(made) == name
