"""`wharfinger bin`, `protect` and `unprotect`."""

from __future__ import annotations

import pytest

from support.command_line import CommandLine, rows
from support.content import image
from support.oci import Oci


@pytest.fixture
def deletion(wharfinger: CommandLine, oci: Oci) -> str:
    """An image with two tags in the bin, by this deletion."""
    oci.push("app", image(), "1", "latest")
    [answer] = wharfinger.documents("images", "rm", "app", "1", "latest")
    return str(answer["deletionId"])


def test_the_bin_is_listed_with_who_how_and_until_when(wharfinger: CommandLine, deletion: str) -> None:
    [row] = wharfinger.table("bin", "ls")
    assert (row["DELETION"], row["REPOSITORY"], row["WHAT"]) == (deletion, "app", "1 image")
    assert (row["BY"], row["HOW"]) == ("arn:aws:iam::000000000000:root", "DeleteImages")
    assert row["UNTIL"] > row["DELETED"]


def test_the_bin_is_listed_for_one_repository(wharfinger: CommandLine, deletion: str) -> None:
    assert len(wharfinger.documents("bin", "ls", "app")) == 1
    assert wharfinger.documents("bin", "ls", "other") == []


def test_a_tag_that_went_alone_is_named(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1", "2")
    wharfinger.text("images", "rm", "app", "1")
    assert wharfinger.table("bin", "ls")[0]["WHAT"] == "tag 1"


def test_a_repository_that_went_is_named(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    wharfinger.shell.ecr.delete_repository(repositoryName="app", force=True)
    assert wharfinger.table("bin", "ls")[0]["WHAT"] == "repository, 1 image"


def test_the_images_of_a_deletion_are_shown(wharfinger: CommandLine, deletion: str) -> None:
    [row] = wharfinger.table("bin", "show", deletion)
    assert (row["REPOSITORY"], row["TAGS"]) == ("app", "1,latest")


def test_a_deletion_is_restored_by_its_number(wharfinger: CommandLine, deletion: str) -> None:
    back = wharfinger.table("bin", "restore", deletion)
    assert [(row["RESULT"], row["TAG"]) for row in back] == [("restored", "1"), ("restored", "latest")]
    assert set(wharfinger.shell.tags()) == {"1", "latest"}
    assert wharfinger.documents("bin", "ls") == []


def test_an_image_is_restored_by_its_tag(wharfinger: CommandLine, deletion: str) -> None:
    wharfinger.text("bin", "restore", "app", "1")
    assert set(wharfinger.shell.tags()) == {"1", "latest"}


def test_a_tag_that_was_taken_meanwhile_is_told_with_the_status(
    wharfinger: CommandLine, oci: Oci, deletion: str
) -> None:
    oci.push("app", image(), "latest")
    found = rows(wharfinger.text("bin", "restore", deletion, status=3))
    assert [(row["RESULT"], row["TAG"]) for row in found] == [("restored", "1"), ("failed", "latest")]


def test_a_name_alone_does_not_say_what_is_to_come_back(wharfinger: CommandLine) -> None:
    assert "name a deletion by its number" in wharfinger.refused("bin", "restore", "app", status=2)


def test_the_bin_is_emptied_of_a_deletion_of_a_repository_or_of_all(wharfinger: CommandLine, oci: Oci) -> None:
    for tag in ("1", "2", "3"):
        oci.push("app", image(), tag)
        wharfinger.text("images", "rm", "app", tag)
    newest = wharfinger.documents("bin", "ls")[0]["deletionId"]
    assert wharfinger.details("bin", "empty", newest)["deletions"] == "1"
    assert wharfinger.details("bin", "empty", "--repository", "app")["deletions"] == "2"
    assert wharfinger.details("bin", "empty", "--all")["deletions"] == "0"
    assert wharfinger.documents("bin", "ls") == []


def test_a_dry_run_tells_how_much_it_is_and_leaves_it(wharfinger: CommandLine, deletion: str) -> None:
    told = wharfinger.details("bin", "empty", "--all", "--dry-run")
    assert (told["deletions"], told["images"]) == ("1", "1")
    assert "would be freed" in told
    assert len(wharfinger.documents("bin", "ls")) == 1


@pytest.mark.parametrize(
    "arguments", [[], ["1", "--all"], ["--all", "--repository", "app"]], ids=["nothing", "number and all", "two flags"]
)
def test_what_is_to_go_for_good_has_to_be_said_in_one_way(wharfinger: CommandLine, arguments: list[str]) -> None:
    assert "say what is to go" in wharfinger.refused("bin", "empty", *arguments, status=2)


def test_the_term_of_a_repository_is_shown_set_and_left_to_the_server(wharfinger: CommandLine) -> None:
    shown = [
        wharfinger.details("bin", "term", "app", *days)["bin term"]
        for days in ([], ["30"], [], ["1"], ["0"], ["default"])
    ]
    by_server = "7 days, as the server has it"
    assert shown == [by_server, "30 days", "30 days", "1 day", "no bin", by_server]


@pytest.mark.parametrize("days", ["x", "1.5", "7d"])
def test_a_term_is_a_number_of_days(wharfinger: CommandLine, days: str) -> None:
    assert "is no number of days" in wharfinger.refused("bin", "term", "app", days, status=2)


def test_a_protected_repository_is_refused_with_the_reason_until_it_is_not(wharfinger: CommandLine) -> None:
    delete = ("aws", "ecr", "delete-repository", "--repository-name", "app")
    assert wharfinger.details("protect", "app", "in production")["protected"] == "in production"
    assert wharfinger.details("protect", "app")["protected"] == "in production"
    assert "in production" in wharfinger.shell.refused(*delete)
    assert wharfinger.details("unprotect", "app")["protected"] == "no"
    wharfinger.shell.run(*delete)


def test_term_and_protection_leave_each_other_alone(wharfinger: CommandLine) -> None:
    wharfinger.text("bin", "term", "app", "30")
    wharfinger.text("protect", "app", "in production")
    [both] = wharfinger.documents("bin", "term", "app", "14")
    assert both["settings"] == {"binDays": 14, "protection": "in production"}
    [term] = wharfinger.documents("unprotect", "app")
    assert term["settings"] == {"binDays": 14}
