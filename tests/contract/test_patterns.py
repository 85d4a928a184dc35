"""Every pattern of the API says yes or no at once, whatever it is asked: one value must not keep a worker busy."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
import pytest
from msgspec import Meta

from wharfinger.contract import ecr, generate, sts
from wharfinger.contract.overlay import PATTERNS

WITHOUT_LIMIT: Final = 10_000  # characters of a value whose length the model does not limit
ALPHABET: Final = "a*./!"
BY_CATEGORY: Final = [model for model in PATTERNS if "\\p{" in model]  # which Python has no words for
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
        for types in (ecr, sts)
        for name, kind in vars(types).items()
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
    assert {"RepositoryName", "LayerDigest", "ScanningRepositoryFilterValue", "tagKeyType"} <= set(TYPES)


# one that does not come to an end is ended by the limit that every test has
@pytest.mark.parametrize("name", TYPES)
def test_a_pattern_comes_to_an_end_on_a_value_that_almost_fits(name: str) -> None:
    meta = next(one for one in get_args(TYPES[name]) if isinstance(one, Meta))
    for value in near_misses(meta.max_length or WITHOUT_LIMIT):
        msgspec_says = accepts(TYPES[name], value)
        assert msgspec_says == (re.search(str(meta.pattern), value) is not None)


@pytest.mark.parametrize("model", PATTERNS)
def test_a_pattern_that_was_replaced_is_one_of_the_model(model: str) -> None:
    models = [generate.load(service)[0] for service in ("ecr", "sts")]
    assert model in {shape.get("pattern") for found in models for shape in found["shapes"].values()}


@pytest.mark.parametrize("model", [model for model in PATTERNS if model not in BY_CATEGORY])
def test_a_pattern_that_was_replaced_accepts_what_the_model_accepts(model: str) -> None:
    theirs, ours = re.compile(model, re.ASCII), re.compile(PATTERNS[model])
    values = ("".join(value) for length in range(LONGEST + 1) for value in itertools.product(ALPHABET, repeat=length))
    assert [value for value in values if bool(theirs.search(value)) != bool(ours.search(value))] == []


@pytest.mark.parametrize("model", [model for model in PATTERNS if model not in BY_CATEGORY])
def test_a_pattern_that_was_replaced_takes_the_letters_and_digits_that_the_model_takes(model: str) -> None:
    theirs, ours = re.compile(model, re.ASCII), re.compile(PATTERNS[model])
    letters = map(chr, range(0x3000))
    assert [one for one in letters if bool(theirs.fullmatch(one)) != bool(ours.fullmatch(one))] == []


@pytest.mark.parametrize("model", BY_CATEGORY)
def test_a_pattern_of_letters_digits_and_blanks_takes_those_of_all_languages(model: str) -> None:
    ours = re.compile(PATTERNS[model])
    letters = [chr(code) for code in range(sys.maxunicode + 1)]
    wanted = [one for one in letters if unicodedata.category(one)[0] in "LNZ" or one in "_.:/=+-@"]
    assert [one for one in letters if ours.fullmatch(one)] == wanted
