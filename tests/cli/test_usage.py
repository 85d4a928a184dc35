"""`wharfinger usage`."""

from __future__ import annotations

from support.command_line import CommandLine, rows
from support.content import image, layer
from support.oci import Oci


def test_the_registry_is_told_and_then_each_repository(wharfinger: CommandLine, oci: Oci) -> None:
    wharfinger.shell.create("web")
    shared = image(layer(3000))
    oci.push("app", shared, "1")
    oci.push("web", shared, "1")
    printed = wharfinger.text("usage")
    totals, table = printed.split("\n\n", maxsplit=1)
    assert totals.splitlines()[0].split() == ["repositories", "2"]
    assert [(row["REPOSITORY"], row["IMAGES"], row["UNIQUE"]) for row in rows(table)] == [
        ("app", "1", "0 B"),
        ("web", "1", "0 B"),
    ]


def test_of_a_repository_each_image_is_told(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1")
    [row] = wharfinger.table("usage", "app")
    assert (row["TAGS"], row["LOGICAL"], row["UNIQUE"], row["DIGEST"]) == (
        "1",
        f"{one.size} B",
        f"{one.size} B",
        one.digest,
    )


def test_the_first_document_is_the_registry(wharfinger: CommandLine, oci: Oci) -> None:
    one = image()
    oci.push("app", one, "1")
    registry, repository = wharfinger.documents("usage")
    assert (registry["repositoryCount"], registry["storedBytes"]) == (1, one.size)
    assert (repository["repositoryName"], repository["freedBytes"]) == ("app", one.size)
