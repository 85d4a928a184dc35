"""What a lifecycle policy makes of images, case by case; the numbers are those of ages in days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.lifecycle import policy, rule
from wharfinger.domain import expiry, lifecycle
from wharfinger.domain.expiry import Evaluation, Seen
from wharfinger.domain.lifecycle import Rule
from wharfinger.state.clock import DAY

NOW = 1_800_000_000_000


class Pushed(NamedTuple):
    """An image with its age in days."""

    age: float
    tags: Sequence[str] = ()
    is_part: bool = False


def evaluation(images: Mapping[str, Pushed], *rules: Mapping[str, Any]) -> Evaluation:
    """In the order in which they are named, the later one the newer one where the ages are the same."""
    read = lifecycle.read(policy(*rules)).rules
    seen = [
        Seen(key, NOW - round(one.age * DAY), expiry.seen_by(read, one.tags, is_part=one.is_part))
        for key, one in enumerate(images.values())
    ]
    return expiry.evaluate(read, seen, NOW)


def expired(images: Mapping[str, Pushed], *rules: Mapping[str, Any]) -> dict[str, int]:
    """The names of the images that go, oldest first, each with the priority of its rule."""
    priorities = sorted(one["rulePriority"] for one in rules)
    names = list(images)
    return {names[found.key]: priorities[found.rule] for found in evaluation(images, *rules).expiries}


RELEASES = {
    "A": Pushed(10, ["beta-1", "prod-1"]),
    "B": Pushed(9, ["beta-2", "prod-2"]),
    "C": Pushed(8, ["beta-3"]),
}


def test_what_an_earlier_rule_has_seen_is_safe_from_later_ones_also_where_that_rule_keeps_it() -> None:
    rules = (rule(1, ["prod*"], keep=1), rule(2, ["beta*"], keep=1))
    assert expired(RELEASES, *rules) == {"A": 1}


def test_the_order_of_rules_decides_what_goes() -> None:
    rules = (rule(1, ["beta*"], keep=1), rule(2, ["prod*"], keep=1))
    assert expired(RELEASES, *rules) == {"A": 1, "B": 1}


def test_rules_are_ordered_by_their_priority_wherever_they_stand() -> None:
    rules = (rule(20, ["prod*"], keep=1), rule(10, ["beta*"], keep=1))
    assert expired(RELEASES, *rules) == {"A": 10, "B": 10}


def test_all_entries_of_a_list_have_to_be_met_each_by_some_tag() -> None:
    images = {
        "A": Pushed(12, ["alpha-1"]),
        "B": Pushed(11, ["beta-1"]),
        "C": Pushed(10, ["alpha-2", "beta-2"]),
        "D": Pushed(4, ["alpha-3"]),
        "E": Pushed(3, ["beta-3"]),
        "F": Pushed(2, ["alpha-4", "beta-4"]),
    }
    assert expired(images, rule(1, ["alpha*", "beta*"], days=5)) == {"C": 1}
    assert expired(images, rule(1, prefixes=["alpha", "beta"], days=5)) == {"C": 1}


def test_tags_that_no_entry_asks_for_do_not_matter() -> None:
    images = {
        "A": Pushed(10, ["alpha-1", "beta-1", "gamma-1"]),
        "B": Pushed(9, ["alpha-2", "beta-2"]),
        "C": Pushed(8, ["alpha-3", "beta-3", "gamma-2"]),
    }
    assert expired(images, rule(1, ["alpha*", "beta*"], keep=1)) == {"A": 1, "B": 1}


def test_a_rule_for_any_image_sees_those_with_and_without_tags() -> None:
    images = {"A": Pushed(4, ["a"]), "B": Pushed(3, ["b"]), "C": Pushed(2), "D": Pushed(1, ["c"])}
    assert expired(images, rule(1, keep=1)) == {"A": 1, "B": 1, "C": 1}


def test_each_image_goes_by_one_rule_and_later_rules_count_what_earlier_ones_took() -> None:
    images = {
        "A": Pushed(4, ["alpha-1", "beta-1"]),
        "B": Pushed(3),
        "C": Pushed(2, ["alpha-2"]),
        "D": Pushed(1, ["githash"]),
        "E": Pushed(1),
    }
    rules = (rule(1, ["alpha*"], keep=1), rule(2, "untagged", days=1), rule(3, keep=1))
    assert expired(images, *rules) == {"A": 1, "B": 2, "D": 3}


def test_of_untagged_images_all_but_the_newest_go() -> None:
    images = {"A": Pushed(1), "B": Pushed(3), "C": Pushed(2), "tagged": Pushed(9, ["v1"])}
    assert expired(images, rule(1, "untagged", keep=1)) == {"B": 1, "C": 1}


def test_the_age_is_that_of_the_push() -> None:
    images = {"A": Pushed(15, ["prod1"]), "B": Pushed(13, ["prod"]), "C": Pushed(20, ["dev"])}
    assert expired(images, rule(1, prefixes=["prod"], days=14)) == {"A": 1}


def test_a_rule_that_does_nothing_shields_all_the_same() -> None:
    images = {"both": Pushed(9, ["prod-1", "dev-1"]), "dev": Pushed(9, ["dev-2"])}
    assert expired(images, rule(1, ["prod*"], keep=100), rule(2, ["dev*"], days=1)) == {"dev": 2}


def test_more_images_than_the_number_stay_where_shielded_ones_are_counted() -> None:
    images = {
        "old": Pushed(9, ["dev-1", "prod-1"]),
        "new": Pushed(2, ["dev-2", "prod-2"]),
        "last": Pushed(1, ["dev-3"]),
    }
    assert expired(images, rule(1, ["prod*"], keep=5), rule(2, ["dev*"], keep=1)) == {}


def test_an_image_is_too_old_when_it_is_older_than_the_days_and_not_at_the_end_of_the_last() -> None:
    images = {"older": Pushed(7 + 1 / DAY), "exact": Pushed(7), "younger": Pushed(7 - 1 / DAY)}
    assert expired(images, rule(1, "untagged", days=7)) == {"older": 1}


def test_of_images_pushed_at_the_same_time_the_one_stored_later_is_newer() -> None:
    images = {"first": Pushed(1), "second": Pushed(1), "third": Pushed(1)}
    assert expired(images, rule(1, keep=1)) == {"first": 1, "second": 1}


def test_as_many_images_as_the_number_stay() -> None:
    images = {name: Pushed(9 - number) for number, name in enumerate("ABC")}
    assert expired(images, rule(1, keep=3)) == {}


def test_what_belongs_to_another_image_is_neither_counted_nor_goes() -> None:
    images = {
        "child": Pushed(41, is_part=True),
        "index": Pushed(40, ["v1"]),
        "signature": Pushed(1, is_part=True),
        "A": Pushed(30),
        "B": Pushed(20),
    }
    assert expired(images, rule(1, "untagged", days=1)) == {"A": 1, "B": 1}
    assert expired(images, rule(1, keep=2)) == {"index": 1}


@pytest.mark.parametrize(
    ("wanted", "tag", "fits"),
    [
        ({"status": ["v1"]}, "v1", True),
        ({"status": ["v1"]}, "v10", False),
        ({"status": ["v*"]}, "v", True),
        ({"status": ["*-rc"]}, "v1-rc", True),
        ({"status": ["*-rc"]}, "v1-rc1", False),
        ({"status": ["V*"]}, "v1", False),
        ({"prefixes": ["v1"]}, "v10", True),
        ({"prefixes": ["v1"]}, "av1", False),
        ({"prefixes": ["V"]}, "v1", False),
        ({"prefixes": ["v*"]}, "v1", False),
    ],
)
def test_a_pattern_fits_the_whole_tag_and_a_prefix_its_beginning(wanted: dict[str, Any], tag: str, fits: bool) -> None:
    assert bool(expired({"image": Pushed(2, [tag])}, rule(1, **wanted, days=1))) == fits


def test_of_rules_that_take_images_for_their_number_it_is_known_which_they_count() -> None:
    images = {"A": Pushed(9, ["a-1"]), "B": Pushed(8, ["a-2"]), "C": Pushed(7, ["b-1"]), "D": Pushed(6)}
    rules = (rule(1, ["a-*"], keep=1), rule(2, ["b-*"], keep=1), rule(3, "untagged", days=1))
    assert evaluation(images, *rules).newest == {0: [1]}


# --- beside the plain reading of the rules -------------------------------------------------------------------

_RULES = [
    rule(1, ["a*"], keep=1),
    rule(2, ["a*", "*b"], keep=2),
    rule(3, prefixes=["b"], days=3),
    rule(4, "untagged", keep=1),
    rule(5, keep=3),
]
_IMAGES = st.lists(
    st.builds(Pushed, st.integers(0, 5), st.sets(st.sampled_from(["a", "ab", "b", "c"])).map(sorted), st.booleans()),
    max_size=12,
)


@given(_IMAGES, st.lists(st.sampled_from(_RULES), min_size=1, unique_by=lambda one: one["rulePriority"]))
def test_the_one_pass_over_the_images_does_what_the_rules_say_one_by_one(
    pushed: list[Pushed], rules: list[dict[str, Any]]
) -> None:
    images = {str(number): one for number, one in enumerate(pushed)}
    assert expired(images, *rules) == plainly(images, lifecycle.read(policy(*rules)).rules)


def plainly(images: Mapping[str, Pushed], rules: Sequence[Rule]) -> dict[str, int]:
    """First what each rule would take, all others aside; then, in order, what is not shielded from it."""
    newest_first = sorted(images, key=lambda name: (images[name].age, -int(name)))
    taken: dict[str, int] = {}
    shielded: set[str] = set()
    for one in rules:
        seen = [name for name in newest_first if not images[name].is_part and one.selects(images[name].tags)]
        over = seen[one.number :] if one.counts_images else [name for name in seen if images[name].age > one.number]
        taken.update((name, one.priority) for name in over if name not in shielded)
        shielded.update(seen)
    return {name: taken[name] for name in reversed(newest_first) if name in taken}
