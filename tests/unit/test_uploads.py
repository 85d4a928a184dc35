"""How a layer is put together of ECR's parts and of OCI's chunks."""

from __future__ import annotations

import pytest

from wharfinger.domain.faults import (
    ChunkRangeInvalid,
    ChunkSizeMismatch,
    InvalidParameter,
    PartMisplaced,
    PartTooSmall,
    TooManyParts,
)
from wharfinger.domain.names import Registry
from wharfinger.domain.uploads import PART_COUNT, PART_MINIMUM, Parts, Upload, check_part, chunk, is_upload

REGISTRY = Registry("123456789012", "eu-central-1")
ID = "01234567-89ab-cdef-0123-456789abcdef"


def upload_of(size: int) -> Upload:
    """An upload of which `size` bytes are there."""
    return Upload(ID, REGISTRY, "app", "arn:aws:iam::123456789012:root", "storage", size, None, Parts(), 0)


def parts_of(*sizes: int) -> Parts:
    parts = Parts()
    for size in sizes:
        parts = parts.and_one_of(size)
    return parts


# --- parts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sizes",
    [
        (1,),
        (PART_MINIMUM,),
        (PART_MINIMUM, 1),
        (PART_MINIMUM, PART_MINIMUM, 1),
        (2 * PART_MINIMUM, PART_MINIMUM),
    ],
)
def test_only_the_last_part_may_be_small(sizes: tuple[int, ...]) -> None:
    parts_of(*sizes).check_complete()


@pytest.mark.parametrize(
    "sizes",
    [
        (1, 1),
        (PART_MINIMUM - 1, 1),
        (PART_MINIMUM - 1, PART_MINIMUM),
        (PART_MINIMUM, 1, PART_MINIMUM),
        (1, PART_MINIMUM, PART_MINIMUM),
    ],
)
def test_a_small_part_before_the_last_spoils_the_layer(sizes: tuple[int, ...]) -> None:
    with pytest.raises(PartTooSmall) as caught:
        parts_of(*sizes).check_complete()
    assert caught.value.minimum == 5 * 1024 * 1024


def test_a_layer_can_have_4200_parts() -> None:
    assert parts_of(*[PART_MINIMUM] * PART_COUNT).number == 4200


def test_it_can_not_have_one_more() -> None:
    with pytest.raises(TooManyParts) as caught:
        parts_of(*[PART_MINIMUM] * (PART_COUNT + 1))
    assert caught.value.limit == 4200


@pytest.mark.parametrize(("size", "first", "last", "length"), [(0, 0, 9, 10), (10, 10, 10, 1), (10, 10, 19, 10)])
def test_a_part_that_follows_what_is_there_is_taken(size: int, first: int, last: int, length: int) -> None:
    check_part(upload_of(size), first, last, length)


@pytest.mark.parametrize(
    ("size", "first", "last", "length"),
    [
        pytest.param(10, 11, 20, 10, id="a hole"),
        pytest.param(10, 9, 18, 10, id="an overlap"),
        pytest.param(10, 0, 9, 10, id="sent again"),
        pytest.param(0, 1, 10, 10, id="not from the beginning"),
        pytest.param(10, 10, 20, 10, id="fewer bytes than said"),
        pytest.param(10, 10, 18, 10, id="more bytes than said"),
        pytest.param(10, 10, 9, 1, id="the end before the beginning"),
        pytest.param(10, 10**30, 10**30, 1, id="absurd"),
    ],
)
def test_a_part_elsewhere_is_misplaced_and_the_next_byte_is_told(size: int, first: int, last: int, length: int) -> None:
    with pytest.raises(PartMisplaced) as caught:
        check_part(upload_of(size), first, last, length)
    assert vars(caught.value) == {
        "registry": REGISTRY,
        "repository": "app",
        "upload": ID,
        "first": first,
        "last": last,
        "length": length,
        "next": size,
    }


def test_a_part_without_a_byte_is_refused() -> None:
    with pytest.raises(InvalidParameter) as caught:
        check_part(upload_of(10), 10, 9, 0)
    assert caught.value.path == "layerPartBlob"
    assert caught.value.constraint == "Member must have length greater than or equal to 1"


# --- chunks --------------------------------------------------------------------------------------------------


def test_a_chunk_need_not_say_where_it_begins() -> None:
    assert chunk(None, 10).start is None
    assert chunk(None, None).start is None


@pytest.mark.parametrize(
    ("content_range", "length", "start"),
    [
        pytest.param("0-9", 10, 0, id="first"),
        pytest.param("10-19", 10, 10, id="second"),
        pytest.param("5-5", 1, 5, id="one byte"),
        pytest.param("10-19", None, 10, id="streamed"),
        pytest.param("bytes 0-9/100", 10, 0, id="as in RFC 9110"),
        pytest.param("bytes 0-9/*", 10, 0, id="as in RFC 9110, whole unknown"),
        pytest.param("9223372036854775806-9223372036854775807", 2, 2**63 - 2, id="at the end of all numbers"),
    ],
)
def test_a_chunk_begins_where_its_range_says(content_range: str, length: int | None, start: int) -> None:
    assert chunk(content_range, length).start == start


@pytest.mark.parametrize(
    "content_range",
    [
        "",
        "0",
        "0-",
        "-9",
        "a-b",
        "0x0-0x9",
        "-1-9",
        "0-9-19",
        "0 - 9",
        "0-9,10-19",
        "items 0-9",
        "0-9 ",
        "0-" + "9" * 20,
    ],
)
def test_a_range_that_cannot_be_read_is_refused(content_range: str) -> None:
    with pytest.raises(ChunkRangeInvalid):
        chunk(content_range, 10)


@pytest.mark.parametrize(("content_range", "length"), [("0-9", 9), ("0-9", 11), ("0-9", 0)])
def test_a_range_of_another_length_than_the_body_is_a_mismatch(content_range: str, length: int) -> None:
    with pytest.raises(ChunkSizeMismatch) as caught:
        chunk(content_range, length)
    assert vars(caught.value) == {"said": 10, "came": length}


@pytest.mark.parametrize("length", [None, 0, 1])
def test_a_range_that_ends_before_it_begins_is_refused(length: int | None) -> None:
    with pytest.raises(ChunkRangeInvalid):
        chunk("9-8", length)


def test_a_streamed_chunk_has_to_have_the_length_that_its_range_says() -> None:
    chunk("0-9", None).check_length(10)
    with pytest.raises(ChunkSizeMismatch):
        chunk("0-9", None).check_length(9)


# --- ids -----------------------------------------------------------------------------------------------------


def test_the_id_of_an_upload_is_a_uuid() -> None:
    assert is_upload(ID)


@pytest.mark.parametrize(
    "text",
    ["", ID[:-1], ID + "0", ID.upper(), ID.replace("-", ""), ID + "\n", "../" + ID, "x" * 36, ID[:8] + "/" + ID[9:]],
)
def test_nothing_else_is(text: str) -> None:
    assert not is_upload(text)
