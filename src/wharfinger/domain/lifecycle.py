"""Lifecycle policies: what their text may say, and what each rule looks for.

The texts of refusals are ECR's as far as they are known. Sources and what is our own: docs/reference/lifecycle.md.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, NoReturn

import msgspec

from wharfinger.domain.faults import InvalidParameter
from wharfinger.domain.patterns import matches

TagStatus = Literal["tagged", "untagged", "any"]
_MOST_RULES: Final = 50
_MOST_WILDCARDS: Final = 4
_LARGEST: Final = 2**31 - 1
_LONGEST_REASON: Final = 1000
# the members of each object in the order in which they are shown again
_RULE: Final = ("rulePriority", "description", "selection", "action")
_LISTS: Final = ("tagPrefixList", "tagPatternList")
_SELECTION: Final = ("tagStatus", *_LISTS, "storageClass", "countType", "countUnit", "countNumber")
_ACTION: Final = ("type", "targetStorageClass")
_TAG_STATUS: Final = ("any", "tagged", "untagged")
_STORAGE_CLASSES: Final = ("archive", "standard")
_ACTIONS: Final = ("expire", "transition")
_COUNT: Final = "imageCountMoreThan"
_SINCE: Final = ("sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_NO_SCHEMA: Final = "instance failed to match exactly one schema (matched 0 out of 2)"
_NO_ARCHIVE: Final = (
    "This registry does not archive images yet: no rule can have the action transition, the storage class archive, "
    "or the count types sinceImagePulled and sinceImageTransitioned."
)


class Rule(NamedTuple):
    """What a rule selects, and what it leaves of that: the newest `number`, or those pushed in as many days."""

    priority: int
    description: str | None
    tag_status: TagStatus
    prefixes: tuple[str, ...]  # each has to be met by some tag
    patterns: tuple[str, ...]
    counts_images: bool  # else days since the push
    number: int

    def selects(self, tags: Sequence[str]) -> bool:
        """Whether the rule sees an image with these tags."""
        if self.tag_status != "tagged":
            return self.tag_status == "any" or not tags
        return all(any(tag.startswith(prefix) for tag in tags) for prefix in self.prefixes) and all(
            any(matches(pattern, tag) for tag in tags) for pattern in self.patterns
        )

    def __str__(self) -> str:
        return f"rule {self.priority}: {self.description or self._in_words()}"[:_LONGEST_REASON]

    def _in_words(self) -> str:
        wanted = [f"{prefix}*" for prefix in self.prefixes] or self.patterns
        images = {"any": "images", "untagged": "untagged images", "tagged": f"images tagged {' and '.join(wanted)}"}
        left = f"beyond the newest {self.number}" if self.counts_images else f"pushed over {self.number} days ago"
        return f"{images[self.tag_status]} {left}"


class Policy(NamedTuple):
    """A policy that was read."""

    text: str  # as it is shown: compact, with all members and rules in order
    rules: tuple[Rule, ...]  # by priority


def read(text: str) -> Policy:
    """What the text of a policy says. Raises InvalidParameter."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        data = None
    if not isinstance(data, dict):
        _refuse("Could not map policyString into LifecyclePolicy.")
    if not isinstance(data.get("rules"), list):
        _refuse(_missing(["rules"]))
    _check_members(data, required=(), allowed=("rules",))
    _check_length(data["rules"], most=_MOST_RULES)
    for rule in data["rules"]:
        _check_rule(rule)
    ordered = sorted(data["rules"], key=lambda rule: rule["rulePriority"])
    _check_together(ordered)
    return Policy(_shown(ordered), tuple(_rule(rule) for rule in ordered))


# --- one rule ------------------------------------------------------------------------------------------------


def _check_rule(rule: Any) -> None:
    _check_type(rule, "object")
    _check_members(rule, required=("action", "rulePriority", "selection"), allowed=_RULE)
    _check_number(rule["rulePriority"])
    if "description" in rule:
        _check_type(rule["description"], "string")
    _check_selection(rule["selection"])
    _check_action(rule["action"])
    _check_not_archived(rule["selection"], rule["action"])
    _check_lists(rule["selection"])


def _check_selection(selection: Any) -> None:
    _check_type(selection, "object")
    _check_members(selection, required=("countNumber", "countType", "tagStatus"), allowed=_SELECTION)
    _check_one_of(selection["tagStatus"], _TAG_STATUS)
    for name in _LISTS:
        for item in _strings(selection, name):
            _check_type(item, "string")
    if "storageClass" in selection:
        _check_one_of(selection["storageClass"], _STORAGE_CLASSES)
    if "countUnit" in selection:
        _check_one_of(selection["countUnit"], ("days",))
    _check_number(selection["countNumber"])
    needs_unit = selection["countType"] in _SINCE
    if (selection["countType"] != _COUNT and not needs_unit) or needs_unit != ("countUnit" in selection):
        _refuse(_NO_SCHEMA)


def _check_action(action: Any) -> None:
    _check_type(action, "object")
    _check_members(action, required=("type",), allowed=_ACTION)
    _check_one_of(action["type"], _ACTIONS)
    has_target = "targetStorageClass" in action
    if has_target != (action["type"] == "transition") or action.get("targetStorageClass", "archive") != "archive":
        _refuse(_NO_SCHEMA)


def _check_not_archived(selection: Mapping[str, Any], action: Mapping[str, Any]) -> None:
    is_of_standard = selection.get("storageClass", "standard") == "standard"
    if action["type"] != "expire" or not is_of_standard or selection["countType"] in _SINCE[1:]:
        _refuse(_NO_ARCHIVE)


def _check_lists(selection: Mapping[str, Any]) -> None:
    given = [name for name in _LISTS if name in selection]
    if selection["tagStatus"] != "tagged":
        if given:
            _refuse(f"{given[0]} can only be specified when tagStatus=TAGGED.")
        return
    if len(given) == 2:
        _refuse("Only one of tagPrefixList and tagPatternList can be specified.")
    wanted = selection[given[0]] if given else []
    if not wanted:
        _refuse("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.")
    for text in wanted:
        if not text:
            _refuse(f"A {given[0]} cannot have an empty entry.")
        if given[0] == "tagPatternList" and text.count("*") > _MOST_WILDCARDS:
            _refuse(f"A tag pattern can have at most {_MOST_WILDCARDS} wildcards: {text}")


# --- rules beside each other ---------------------------------------------------------------------------------


def _check_together(rules: Sequence[Mapping[str, Any]]) -> None:
    """What holds for the rules of a storage class, of which there is one."""
    priorities: set[int] = set()
    lists: set[tuple[str, frozenset[str]]] = set()
    untagged = 0
    for place, rule in enumerate(rules, 1):
        selection = rule["selection"]
        if rule["rulePriority"] in priorities:
            _refuse(f"Each rule must have a rulePriority of its own: {rule['rulePriority']} is used twice.")
        priorities.add(rule["rulePriority"])
        untagged += selection["tagStatus"] == "untagged"
        if untagged > 1:
            _refuse("Only one rule can select Untagged images per storage class.")
        if selection["tagStatus"] == "any" and place < len(rules):
            _refuse("Rule for tagStatus=ANY must have the lowest priority per storage class")
        for name in _LISTS:
            found = (name, frozenset(selection.get(name, ())))
            if found in lists:
                _refuse(f"Each {name} must be unique per storage class.")
            lists.update([found] if found[1] else [])


# --- values --------------------------------------------------------------------------------------------------


def _check_members(value: Mapping[str, Any], *, required: Sequence[str], allowed: Collection[str]) -> None:
    missing = [name for name in required if name not in value]
    if missing:
        _refuse(_missing(missing))
    unknown = sorted(value.keys() - set(allowed))
    if unknown:
        _refuse(f"object instance has properties which are not allowed by the schema: ({_json(unknown)})")


def _missing(names: Sequence[str]) -> str:
    return f"object has missing required properties ({_json(names)})"


def _check_type(value: Any, wanted: str) -> None:
    if _type_of(value) != wanted:
        _refuse(f'instance type ({_type_of(value)}) does not match any allowed primitive type (allowed: ["{wanted}"])')


def _check_number(value: Any) -> None:
    _check_type(value, "integer")
    if value < 1:
        _refuse(f"numeric instance is lower than the required minimum (minimum: 1, found: {value})")
    if value > _LARGEST:
        _refuse(f"numeric instance is greater than the required maximum (maximum: {_LARGEST}, found: {value})")


def _check_one_of(value: Any, allowed: Sequence[str]) -> None:
    if value not in allowed:
        found = value if isinstance(value, str) else _json(value)
        possible = ", ".join(f'"{name}"' for name in allowed)
        _refuse(f"instance value ({found}) not found in enum :(possible values: [{possible}])")


def _check_length(value: Sequence[Any], *, most: int) -> None:
    if not value:
        _refuse("array is too short: must have at least 1 elements but instance has 0 elements")
    if len(value) > most:
        _refuse(f"array is too long: must have at most {most} elements but instance has {len(value)} elements")


def _strings(selection: Mapping[str, Any], name: str) -> Sequence[Any]:
    if name not in selection:
        return ()
    _check_type(selection[name], "array")
    found: Sequence[Any] = selection[name]
    return found


def _type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _refuse(body: str) -> NoReturn:
    raise InvalidParameter("LifecyclePolicyText", f"Lifecycle policy validation failure: {body}")


# --- what was read -------------------------------------------------------------------------------------------


def _shown(rules: Sequence[Mapping[str, Any]]) -> str:
    return _json(
        {
            "rules": [
                {
                    **_in_order(rule, _RULE),
                    "selection": _in_order(rule["selection"], _SELECTION),
                    "action": _in_order(rule["action"], _ACTION),
                }
                for rule in rules
            ]
        }
    )


def _in_order(value: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _rule(rule: Mapping[str, Any]) -> Rule:
    selection = rule["selection"]
    return Rule(
        rule["rulePriority"],
        rule.get("description"),
        selection["tagStatus"],
        tuple(dict.fromkeys(selection.get("tagPrefixList", ()))),
        tuple(dict.fromkeys(selection.get("tagPatternList", ()))),
        selection["countType"] == _COUNT,
        selection["countNumber"],
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
