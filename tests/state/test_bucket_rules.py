"""What a bucket does by itself is judged by its rules, in the form in which S3 tells them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from support import stores, swift
from support.state import settings_of
from wharfinger.domain.stores import StoreAddress, address
from wharfinger.server import bucket, doctor

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


def test_the_doctor_says_of_which_bucket_the_rules_could_not_be_looked_at(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, store=stores.new_address("s3"))
    with stores.having_rights("s3"):
        [finding] = doctor._bucket(settings)
    assert finding.subject.startswith(f"rules of the bucket {swift.BUCKET} were not looked at: the store answers")
    assert finding.problem is None


def test_the_doctor_has_nothing_to_say_of_a_bucket_where_there_is_a_directory(tmp_path: Path) -> None:
    assert list(doctor._bucket(settings_of(tmp_path, store=""))) == []
