"""Every pattern of the API says yes or no at once, whatever it is asked: one value must not keep a worker busy."""

from __future__ import annotations

import itertools
import re
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
import pytest
from msgspec import Meta

from wharfinger.contract import ecr, generate
from wharfinger.contract.overlay import PATTERNS

WITHOUT_LIMIT: Final = 10_000  # characters of a value whose length the model does not limit
ALPHABET: Final = "a*./!"
LONGEST: Final = 6
# what the patterns repeat, and what comes before it in those for ARNs
UNITS: Final = ("a", "0", "*", "-", "a.", "a-", "a_", "a__", "a/", "*.", "*/", "a*", "-a", ".", "a:", "/a")
STARTS: Final = (
    "",
    "arn:aws",
    "arn:aws:iam::123456789012:role/",
    "arn:aws:kms:",
    "arn:aws:kms:eu-central-1:123456789012:key/",
    "arn:aws:secretsmanager:",
    "arn:aws:secretsmanager:a:secret:ecr-pullthroughcache/",
    "arn:aws:signer:",
    "arn:aws:signer:eu-central-1:123456789012:/signing-profiles/",
)


def limited_by_a_pattern() -> dict[str, Any]:
    """The types of the contract that have a pattern, by their names."""
    return {
        name: kind
        for name, kind in vars(ecr).items()
        if get_origin(kind) is Annotated and any(isinstance(one, Meta) and one.pattern for one in get_args(kind))
    }


TYPES: Final = limited_by_a_pattern()


def near_misses(length: int) -> list[str]:
    """Values that a pattern takes for right up to their last character."""
    return [(start + unit * length)[: length - 1] + "!" for start in STARTS for unit in UNITS]


def accepts(kind: Any, value: str) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def test_the_patterns_of_the_contract_are_found() -> None:
    assert {"RepositoryName", "LayerDigest", "ScanningRepositoryFilterValue"} <= set(TYPES)


# one that does not come to an end is ended by the limit that every test has
@pytest.mark.parametrize("name", TYPES)
def test_a_pattern_comes_to_an_end_on_a_value_that_almost_fits(name: str) -> None:
    meta = next(one for one in get_args(TYPES[name]) if isinstance(one, Meta))
    for value in near_misses(meta.max_length or WITHOUT_LIMIT):
        msgspec_says = accepts(TYPES[name], value)
        assert msgspec_says == (re.search(str(meta.pattern), value) is not None)


@pytest.mark.parametrize("model", PATTERNS)
def test_a_pattern_that_was_replaced_is_one_of_the_model(model: str) -> None:
    shapes, _ = generate.load("ecr")
    assert model in {shape.get("pattern") for shape in shapes["shapes"].values()}


@pytest.mark.parametrize("model", PATTERNS)
def test_a_pattern_that_was_replaced_accepts_what_the_model_accepts(model: str) -> None:
    theirs, ours = re.compile(model), re.compile(PATTERNS[model])
    values = ("".join(value) for length in range(LONGEST + 1) for value in itertools.product(ALPHABET, repeat=length))
    assert [value for value in values if bool(theirs.search(value)) != bool(ours.search(value))] == []
