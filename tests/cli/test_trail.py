"""`wharfinger trail`."""

from __future__ import annotations

import urllib3

from support.command_line import CommandLine
from support.content import image
from support.oci import Oci


def test_who_did_what_is_listed_oldest_first(wharfinger: CommandLine, oci: Oci) -> None:
    wharfinger.shell.create("trail/told")  # the trail is that of the account, in all regions
    oci.push("trail/told", image(), "1")
    wharfinger.documents("images", "rm", "trail/told", "1")
    listed = [row for row in wharfinger.table("trail", "trail/told") if not row["EVENT"].endswith("LayerUpload")]
    assert [(row["EVENT"], row["ON"], row["RESULT"], row["FROM"]) for row in listed] == [
        ("CreateRepository", "trail/told", "ok", "127.0.0.1"),
        ("PutImage", "trail/told 1", "ok", "127.0.0.1"),
        ("DeleteImages", "trail/told 1", "ok", "127.0.0.1"),
    ]
    assert all(row["WHO"].endswith(":root") for row in listed)


def test_machines_get_the_record_as_cloudtrail_has_it(wharfinger: CommandLine) -> None:
    wharfinger.shell.create("trail/json")
    [item] = wharfinger.documents("trail", "trail/json", "--event", "CreateRepository")
    assert item["record"]["requestParameters"] == {"repositoryName": "trail/json"}


def test_what_failed_is_listed_by_its_code(wharfinger: CommandLine) -> None:
    wharfinger.refused("images", "rm", "trail/none", "1")
    code = "RepositoryNotFoundException"
    assert [row["RESULT"] for row in wharfinger.table("trail", "trail/none", "--error", code)] == [code]


def test_records_are_listed_between_two_moments(wharfinger: CommandLine) -> None:
    wharfinger.shell.create("trail/when")
    assert len(wharfinger.documents("trail", "trail/when", "--since", "1h")) == 1
    assert wharfinger.documents("trail", "trail/when", "--until", "2020-01-01") == []


def test_what_was_denied_is_listed_alone(wharfinger: CommandLine) -> None:
    address = f"http://{wharfinger.shell.registry}/v2/"
    # a login that is not believed is nobody's: the default account has its record
    urllib3.request("GET", address, headers={"authorization": "Basic QVdTOndyb25n", "user-agent": "the test"})
    found = wharfinger.documents("trail", "--denied", "--event", "Login")
    assert [item["record"]["userAgent"] for item in found if item["record"]["userAgent"] == "the test"] == ["the test"]
    assert all(item["record"]["additionalEventData"]["denied"] for item in found)
