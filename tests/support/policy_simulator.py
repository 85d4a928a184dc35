"""A published simulator of IAM, asked for what this registry means by its policies.

Where the two are known to differ, docs/decisions/0008-policy-evaluator.md says why, and the case is put to the
simulator in words that it understands as we do. So all cases are compared, and no other difference stays hidden.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from support.policy_cases import Case, Json
from support.programs import need

SCRIPT: Final = Path(__file__).with_suffix(".mjs")
_VARIABLE: Final = re.compile(r"\$\{([\w:/]+)\}")
_NOBODY: Final = "nobody has this value"
_NO_ARN: Final = "arn:none:none:none:none:none"


def simulate(cases: Sequence[Case]) -> list[str]:
    """Allowed, ExplicitlyDenied or ImplicitlyDenied for each case."""
    questions = [_question(_in_its_words(case)) for case in cases]
    narrowed = [number for number, case in enumerate(cases) if case.session]
    questions += [_question(_in_its_words(_given_to_session(cases[number]))) for number in narrowed]
    ran = subprocess.run(
        [need("node"), SCRIPT],
        input="\n".join(map(json.dumps, questions)),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [answer for answer in answers if "errors" in answer] == []
    decisions = [answer["decision"] for answer in answers]
    for number, without_session in zip(narrowed, decisions[len(cases) :], strict=True):
        if without_session == "Allowed":
            decisions[number] = "Allowed"
    return decisions[: len(cases)]


def _question(case: Case) -> Json:
    return {
        "request": {
            "principal": case.principal or {"type": "Anonymous"},
            "action": case.action,
            "resource": {"resource": case.resource, "accountId": "111122223333"},
            "contextVariables": case.keys,
        },
        "identityPolicies": [{"name": f"p{number}", "policy": one} for number, one in enumerate(case.identity)],
        **({"resourcePolicy": case.resource_policy} if case.resource_policy else {}),
        **({"sessionPolicy": case.session} if case.session else {}),
    }


def _given_to_session(case: Case) -> Case:
    """What the resource alone gives to everyone and to this session, which a session policy does not narrow."""
    is_own = case.principal.split(":")[4] == "111122223333"
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    resource_policy = copy.deepcopy(case.resource_policy)
    for statement in resource_policy["Statement"] if resource_policy else ():
        named = statement.get("Principal")
        if statement["Effect"] == "Allow" and named != "*":
            direct = [arn for arn in _listed(named["AWS"]) if is_own and arn == case.principal]
            statement["Principal"] = {"AWS": direct or "999999999999"}
        elif statement["Effect"] == "Allow" and not is_own:
            statement["Principal"] = {"AWS": "999999999999"}
    return case._replace(
        identity=[_denials(policy) for policy in case.identity],
        session={"Version": "2012-10-17", "Statement": [everything, *_denials(case.session or {})["Statement"]]},
        resource_policy=resource_policy,
    )


def _denials(policy: Json) -> Json:
    nothing = {"Effect": "Deny", "Action": "ecr:NoSuchAction", "Resource": "*"}
    return {**policy, "Statement": [nothing, *(one for one in policy["Statement"] if one["Effect"] == "Deny")]}


def _in_its_words(case: Case) -> Case:
    changed = copy.deepcopy(case)
    for policy in (*changed.identity, changed.resource_policy, changed.session):
        for statement in policy["Statement"] if policy else ():
            _in_its_words_of(statement, changed)
    return changed


def _in_its_words_of(statement: Json, case: Case) -> None:
    is_denial = statement["Effect"] == "Deny"
    if "NotPrincipal" in statement and not _is_excepted(case.principal, _listed(statement["NotPrincipal"]["AWS"])):
        # one of an account is excepted with its account only
        del statement["NotPrincipal"]
        statement["Principal"] = "*"
    if is_denial and "NotResource" in statement:
        # what a variable without a value excepts cannot be told, so nothing is
        known = [one for one in _listed(statement["NotResource"]) if not _is_open(one, case)]
        del statement["NotResource"]
        statement.update({"NotResource": known} if known else {"Resource": "*"})
    if "NotResource" in statement:
        statement["NotResource"] = _padded(_listed(statement["NotResource"]))
    for operator, wanted in list(statement.get("Condition", {}).items()):
        _condition_in_its_words(operator, wanted, is_denial, case)
        if not wanted:
            del statement["Condition"][operator]


def _condition_in_its_words(operator: str, wanted: Json, is_denial: bool, case: Case) -> None:
    for key, values in list(wanted.items()):
        if is_denial and operator.startswith("ForAnyValue:") and operator.endswith("IfExists") and key not in case.keys:
            # documented to be met, and seen not to be: it cannot be told, and denies
            del wanted[key]
        elif "Not" in operator:
            # a variable without a value is equal to nothing, and so not equal to what a request has
            nothing = _NO_ARN if "Arn" in operator else _NOBODY
            wanted[key] = [nothing if _is_open(value, case) else value for value in _listed(values)]
        if "Equals" in operator and "Arn" not in operator and key in wanted:
            # a star that is written as a variable is a star, also where stars are no wildcards
            wanted[key] = [value.replace("${*}", "*") for value in _listed(wanted[key])]
        if "IpAddress" in operator and key in wanted:
            wanted[key] = [part for value in _listed(wanted[key]) for part in _ranges(value)]
        if "Date" in operator and key in wanted:
            wanted[key] = [_date(value) for value in _listed(wanted[key])]


def _padded(values: list[str]) -> list[str]:
    """It completes a short ARN, but takes it to be neither like nor unlike another where it is excepted."""
    return [value if value == "*" else value + ":*" * (5 - value.count(":")) for value in values]


def _ranges(value: str) -> list[str]:
    """It shifts by 32 bits, which JavaScript does not, and mistakes an address of the other family."""
    if value == "0.0.0.0/0":
        return ["0.0.0.0/1", "128.0.0.0/1"]
    return [value if "/" in value else f"{value}/32"]


def _date(value: str) -> str:
    """It compares seconds since 1970 with milliseconds."""
    return datetime.fromtimestamp(int(value), UTC).isoformat() if value.isdigit() else value


def _is_open(value: str, case: Case) -> bool:
    return any(name not in case.keys for name in _VARIABLE.findall(value))


def _is_excepted(principal: str, excepted: list[str]) -> bool:
    if not principal:
        return False
    account = principal.split(":")[4]
    role = f"arn:aws:iam::{account}:role/deploy"
    entities = {principal, role} if "assumed-role" in principal else {principal}
    return bool({account, f"arn:aws:iam::{account}:root"} & set(excepted) and entities & set(excepted))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
