"""How a store outside is named, and what is refused before anybody is asked for it."""

from __future__ import annotations

import pytest

from wharfinger.domain.stores import StoreAddress, address
from wharfinger.server.settings import SettingsInvalid, load


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", None),
        ("s3://bucket", StoreAddress("s3", "bucket", "", {})),
        ("s3://bucket/", StoreAddress("s3", "bucket", "", {})),
        ("gs://my.bucket/a/b/", StoreAddress("gs", "my.bucket", "a/b", {})),
        (
            "s3://bucket/x?endpoint=http://10.0.0.1:9000&region=eu-central-1&server_side_encryption=aws:kms",
            StoreAddress(
                "s3",
                "bucket",
                "x",
                {"endpoint": "http://10.0.0.1:9000", "region": "eu-central-1", "server_side_encryption": "aws:kms"},
            ),
        ),
        ("az://container/x?account_name=me", StoreAddress("az", "container", "x", {"account_name": "me"})),
    ],
)
def test_an_address_is_read(text: str, meant: StoreAddress | None) -> None:
    assert address(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "bucket",
        "/var/lib/blobs",
        "file:///var/lib/blobs",
        "http://bucket",
        "s3:bucket",
        "s3://",
        "s3:///prefix",
        "s3://bucket/a//b",
        "s3://bucket/../other",
        "s3://bucket/a b",
        "s3://bucket#x",
        "s3://bucket:9000/x",
        "s3://bucket?endpoint",
        "s3://bucket?account_name=x",
        "az://container?region=x",
        "s3://[",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"URL|begin|name|prefix|query"):
        address(text)


@pytest.mark.parametrize(
    "text",
    [
        "s3://AKIA:hush@bucket/x",
        "s3://bucket?secret_access_key=hush",
        "az://container?account_key=hush",
        "s3://bucket/x?session_token=hush",
    ],
)
def test_a_secret_in_the_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        load({"store": text}, {})
    assert str(refused.value).startswith("store has a value it cannot have: ")
    assert "environment" in str(refused.value)
    assert "hush" not in str(refused.value)
