"""`wharfinger images`."""

from __future__ import annotations

from support.command_line import CommandLine, rows
from support.content import image, index
from support.oci import Oci


def test_images_are_listed_with_tags_size_and_digest(wharfinger: CommandLine, oci: Oci) -> None:
    one, other = image(), image()
    oci.push("app", one, "1", "latest")
    oci.push("app", other)
    listed = wharfinger.table("images", "ls", "app")
    assert [(row["TAGS"], row["SIZE"], row["DIGEST"]) for row in listed] == [
        ("1,latest", f"{one.size} B", one.digest),
        ("-", f"{other.size} B", other.digest),
    ]


def test_only_tagged_or_only_untagged_images_are_listed(wharfinger: CommandLine, oci: Oci) -> None:
    one, other = image(), image()
    oci.push("app", one, "1")
    oci.push("app", other)
    tagged = wharfinger.documents("images", "ls", "app", "--tagged")
    untagged = wharfinger.documents("images", "ls", "app", "--untagged")
    assert [item["imageDigest"] for item in (*tagged, *untagged)] == [one.digest, other.digest]


def test_a_repository_without_images_is_an_empty_list(wharfinger: CommandLine) -> None:
    assert wharfinger.table("images", "ls", "app") == []


def test_a_repository_that_does_not_exist_is_a_failure(wharfinger: CommandLine) -> None:
    told = wharfinger.refused("images", "ls", "nope")
    assert told.startswith("wharfinger: The repository with name 'nope' does not exist")


def test_images_are_deleted_by_tag_and_by_digest(wharfinger: CommandLine, oci: Oci) -> None:
    one, other, kept = image(), image(), image()
    oci.push("app", one, "1")
    oci.push("app", other)
    oci.push("app", kept, "kept")
    gone = wharfinger.table("images", "rm", "app", "1", other.digest)
    assert [(row["RESULT"], row["TAG"], row["DIGEST"]) for row in gone] == [
        ("deleted", "1", one.digest),
        ("deleted", "-", other.digest),
    ]
    assert wharfinger.shell.tags() == {"kept": kept.digest}


def test_one_tag_of_an_image_is_deleted_by_tag_and_digest(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1", "2")
    wharfinger.text("images", "rm", "app", f"1@{one.digest}")
    assert wharfinger.shell.tags() == {"2": one.digest}


def test_the_way_back_is_told_and_works(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1")
    told = wharfinger.text("images", "rm", "app", "1").splitlines()[-1]
    wharfinger.text(*told.removeprefix("To undo it: wharfinger ").split())
    assert wharfinger.shell.tags() == {"1": one.digest}


def test_without_a_bin_no_way_back_is_told(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    wharfinger.text("bin", "term", "app", "0")
    assert "To undo it" not in wharfinger.text("images", "rm", "app", "1")


def test_a_dry_run_tells_what_would_go_and_leaves_it(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1")
    [row] = wharfinger.table("images", "rm", "app", "1", "--dry-run")
    assert row["RESULT"] == "would go"
    assert wharfinger.shell.tags() == {"1": one.digest}
    assert wharfinger.documents("bin", "ls") == []


def test_what_could_not_be_deleted_is_told_with_the_reason_and_the_status(wharfinger: CommandLine, oci: Oci) -> None:
    child = image()
    oci.push("app", index(child), "1")
    printed = wharfinger.text("images", "rm", "app", child.digest, "nope", status=3)
    first, second = rows(printed)
    assert (first["RESULT"], first["DIGEST"]) == ("failed", child.digest)
    assert "referenced by manifest list" in first["WHY"]
    assert (second["RESULT"], second["TAG"], second["WHY"]) == ("failed", "nope", "Requested image not found")
    assert "To undo it" not in printed


def test_machines_get_the_answer_of_the_service(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1")
    [answer] = wharfinger.documents("images", "rm", "app", "1", "nope", status=3)
    assert answer["imageIds"] == [{"imageDigest": one.digest, "imageTag": "1"}]
    assert [item["failureCode"] for item in answer["failures"]] == ["ImageNotFound"]
    assert answer["deletionId"].isdecimal()


def test_the_reason_is_kept(wharfinger: CommandLine, oci: Oci) -> None:
    oci.push("app", image(), "1")
    wharfinger.text("images", "rm", "app", "1", "--reason", "built by mistake")
    assert wharfinger.table("bin", "ls")[0]["REASON"] == "built by mistake"


def test_more_than_a_hundred_images_are_for_a_plan(wharfinger: CommandLine) -> None:
    told = wharfinger.refused("images", "rm", "app", *map(str, range(101)), status=2)
    assert "wharfinger plan create" in told


def test_no_image_is_wrong_usage(wharfinger: CommandLine) -> None:
    assert "Missing argument" in wharfinger.refused("images", "rm", "app", status=2)
