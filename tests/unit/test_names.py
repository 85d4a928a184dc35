"""What may be the name of an account, a region and a repository, and how addresses are made and read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.contract.ecr import RepositoryName
from wharfinger.domain.names import (
    ACCOUNT,
    REGION,
    Registry,
    RepositoryArn,
    is_repository,
    registry_of_host,
    repository_arn,
)

FRANKFURT = Registry("123456789012", "eu-central-1")


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a1",
        "00",
        "app",
        "team/app",
        "a/b/c/d",
        "a.b",
        "a_b",
        "a__b",
        "a-b",
        "a--b",
        "a---b",
        "a" * 256,
        "x/" * 127 + "xy",
    ],
)
def test_a_repository_can_have_this_name(name: str) -> None:
    assert is_repository(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a" * 257,
        "App",
        "été",
        "app ",
        "app\n",
        "\napp",
        "a..b",
        "a___b",
        "a._b",
        "a-.b",
        ".app",
        "app.",
        "-app",
        "app-",
        "_app",
        "app_",
        "/app",
        "app/",
        "team//app",
        "team/.app",
        "team/-app",
        "..",
        "../app",
        "team/../app",
        "a:b",
        "a@b",
        "a\0b",
        "a\\b",
        "a%2fb",
        "a٣",
    ],
)
def test_no_repository_can_have_this_name(name: str) -> None:
    assert not is_repository(name)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text("aZ9._-/\n", max_size=12))
def test_a_name_is_good_for_a_path_exactly_when_the_service_model_takes_it(name: str) -> None:
    try:
        msgspec.convert(name, RepositoryName)
        taken = True
    except msgspec.ValidationError:
        taken = False
    assert is_repository(name) == taken


@pytest.mark.parametrize("name", ["a-" * 127 + "!", "a__" * 85 + "!", "a/" * 127 + "A", "a" * 255 + "!", "-" * 256])
def test_a_hostile_name_is_refused_without_trying_all_ways_to_read_it(name: str) -> None:
    assert not is_repository(name)


@pytest.mark.parametrize(
    "region",
    ["us-east-1", "eu-central-1", "ap-southeast-10", "us-gov-west-1", "cn-north-1", "us-iso-east-1", "eusc-de-east-1"],
)
def test_a_region_of_aws_is_one(region: str) -> None:
    assert REGION.fullmatch(region)


@pytest.mark.parametrize(
    "region",
    ["", "us", "us-east", "us-east-", "US-EAST-1", "us east 1", "us-east-1\n", "../us-east-1", "us-east-1a", "-east-1"],
)
def test_what_is_no_region_is_none(region: str) -> None:
    assert not REGION.fullmatch(region)


@pytest.mark.parametrize(
    "account", ["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"]
)
def test_an_account_has_twelve_digits(account: str) -> None:
    assert ACCOUNT.fullmatch("000000000000")
    assert not ACCOUNT.fullmatch(account)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_an_arn_begins_with_the_partition_of_its_region(region: str, partition: str) -> None:
    arn = Registry("123456789012", region).arn("team/app")
    assert arn == f"arn:{partition}:ecr:{region}:123456789012:repository/team/app"


@pytest.mark.parametrize("region", ["eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_an_arn_is_read_as_what_it_was_made_of(region: str) -> None:
    registry = Registry("123456789012", region)
    assert repository_arn(registry.arn("team/app")) == RepositoryArn(registry, "team/app")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "app",
        "arn:aws:ecr:eu-central-1:123456789012:repository/",
        "arn:aws:ecr:eu-central-1:123456789012:repository/App",
        "arn:aws:ecr:eu-central-1:123456789012:repository/app\n",
        "arn:aws:ecr:eu-central-1:123456789012:repository/../app",
        "arn:aws:ecr:eu-central-1:123456789012:repository:app",
        "arn:aws:ecr:eu-central-1:123456789012:image/app",
        "arn:aws:ecr:eu-central-1:1234:repository/app",
        "arn:aws:ecr:eu-central-1::repository/app",
        "arn:aws:ecr::123456789012:repository/app",
        "arn:aws:ecr:eu central 1:123456789012:repository/app",
        "arn:aws:s3:eu-central-1:123456789012:repository/app",
        "arn:other:ecr:eu-central-1:123456789012:repository/app",
        " arn:aws:ecr:eu-central-1:123456789012:repository/app",
    ],
)
def test_what_is_no_arn_of_a_repository_is_none(text: str) -> None:
    assert repository_arn(text) is None


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr-fips.eu-central-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-central-1.on.aws",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com:443",
        "123456789012.dkr.ecr.eu-central-1.registry.example",
        "123456789012.dkr.ecr.eu-central-1.localhost:5050",
        "123456789012.DKR.ECR.EU-Central-1.AmazonAWS.com",
    ],
)
def test_a_host_of_ecrs_form_means_a_registry(host: str) -> None:
    assert registry_of_host(host) == FRANKFURT


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost:5050",
        "127.0.0.1",
        "[::1]:5050",
        "12345.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1",
        "123456789012.ecr.eu-central-1.amazonaws.com",
        "x123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com:port",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com\n",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/path",
    ],
)
def test_any_other_host_means_none(host: str) -> None:
    assert registry_of_host(host) is None
