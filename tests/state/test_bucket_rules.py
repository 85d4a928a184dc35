"""What a bucket does by itself is judged by its rules, in the form in which S3 tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from support import stores
from wharfinger.domain.stores import StoreAddress, address
from wharfinger.server import bucket

_CLEARING: Final = (
    "<Rule><ID>dead</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>{status}</Status>"
    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>"
)
_EXPIRING: Final = (
    "<Rule><Prefix>{prefix}</Prefix><Status>{status}</Status><Expiration><Days>30</Days></Expiration></Rule>"
)
_OF_VERSIONS: Final = (
    "<Rule><Prefix></Prefix><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays>"
    "</NoncurrentVersionExpiration></Rule>"
)


def judged(*rules: str, prefix: str = "registry") -> str | None:
    return bucket.judged(f"<LifecycleConfiguration>{''.join(rules)}</LifecycleConfiguration>", prefix)


def clearing(prefix: str = "", status: str = "Enabled") -> str:
    return _CLEARING.format(prefix=prefix, status=status)


def expiring(prefix: str = "", status: str = "Enabled") -> str:
    return _EXPIRING.format(prefix=prefix, status=status)


@pytest.mark.parametrize("prefix", ["", "reg", "registry/"])
def test_a_rule_that_clears_dead_uploads_is_all_that_is_needed(prefix: str) -> None:
    assert judged(clearing(prefix)) is None


@pytest.mark.parametrize(
    "rules",
    [[], [clearing("other/")], [clearing("registry/team/")], [clearing("registry2/")], [clearing(status="Disabled")]],
    ids=["none", "of another prefix", "of a part", "of a neighbour", "switched off"],
)
def test_without_one_that_is_for_all_of_the_prefix_dead_uploads_stay(rules: list[str]) -> None:
    assert "stay in the bucket for ever" in str(judged(*rules))


@pytest.mark.parametrize("prefix", ["", "registry", "registry/team"])
def test_a_rule_that_expires_objects_of_the_registry_is_found(prefix: str) -> None:
    assert "images consist of" in str(judged(clearing(), expiring(prefix)))


@pytest.mark.parametrize(
    "rule", [expiring("backups/"), expiring(status="Disabled"), _OF_VERSIONS], ids=["elsewhere", "off", "old versions"]
)
def test_a_rule_that_hurts_no_object_of_the_registry_is_left_alone(rule: str) -> None:
    assert judged(clearing(), rule) is None


def on_swift(**changes: str) -> str:
    """Why its rules are not known: it has none, and answers whom it knows with a list of what is in the bucket."""
    variables: Mapping[str, str] = {**stores.rights("s3"), **changes}
    with pytest.raises(bucket.RulesUnknown) as caught:
        bucket.problem(_address(stores.new_address("s3")), variables)
    return str(caught.value)


def _address(url: str) -> StoreAddress:
    found = address(url)
    assert found is not None
    return found


def test_a_server_without_such_rules_has_nothing_wrong() -> None:
    assert on_swift() == "the store answers with something else, it has none"


def test_a_server_that_checks_signatures_checks_this_one() -> None:
    assert on_swift(AWS_SECRET_ACCESS_KEY="wrong") == "the store answers 403 SignatureDoesNotMatch"


def test_without_a_key_in_the_environment_nobody_is_asked() -> None:
    assert "AWS_ACCESS_KEY_ID" in on_swift(AWS_ACCESS_KEY_ID="")


def test_a_store_that_does_not_answer_is_said_to_be_away() -> None:
    away = _address("s3://bucket/registry?endpoint=http://127.0.0.1:9&region=us-east-1")
    with pytest.raises(bucket.RulesUnknown, match="does not answer"):
        bucket.problem(away, stores.rights("s3"))
