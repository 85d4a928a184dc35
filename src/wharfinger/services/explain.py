"""Who may do what, and why: the answer that a request would get, with all that was looked at, and nothing is tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from wharfinger.contract import ecr, wharfinger
from wharfinger.domain import principals
from wharfinger.domain.faults import Fault, InvalidParameter, PrincipalNotFound
from wharfinger.domain.names import Registry
from wharfinger.domain.policy import Decision, Verdict
from wharfinger.domain.policy.actions import exists
from wharfinger.domain.principals import Named
from wharfinger.services import access, identities
from wharfinger.services.access import Caller, Errand
from wharfinger.services.identities import Identity, Keys
from wharfinger.services.pages import DEFAULT, Page, Pages
from wharfinger.state import State
from wharfinger.state.db import principals as rows
from wharfinger.state.db import robots
from wharfinger.state.db.database import Tx

_SESSION: Final = "explained"  # of a role, where none is named
_OF_TIME: Final = ("aws:currenttime", "aws:epochtime")
_OF_REGISTRIES: Final = frozenset(
    row.action.lower()
    for service in (ecr.SERVICE, wharfinger.SERVICE)
    for row in service.operations.values()
    if row.resource is None
)
_EVERYBODY: Final[Sequence[principals.Kind]] = ("anonymous", "user", "role", "robot")


class Case(NamedTuple):
    """What somebody might do."""

    registry: Registry
    action: str
    repository: str | None  # None: all of them
    keys: Keys  # condition keys in any case


class Answer(NamedTuple):
    """Whether somebody may, and why."""

    principal: str  # ARN; `*` for everybody without a login
    resource: str
    decision: Decision
    refusal: Fault | None  # that a request would raise
    statements: Sequence[Verdict]


async def explain(state: State, caller: Caller, who: str | None, case: Case) -> Answer:
    """Whether somebody may, which is the caller if nobody is named. Raises InvalidParameter, PrincipalNotFound."""
    errand, name = _errand(case)
    named = None if who is None else _named(who, caller.account)

    async def work(tx: Tx) -> Answer:
        asker = (
            caller
            if named is None
            else _caller(state, caller, case.registry, await _identity(tx, named, case.registry.region))
        )
        return await _answer(tx, state, asker, errand, name)

    return await state.db.read(work)


async def everybody(state: State, caller: Caller, case: Case, token: str | None, limit: int | None) -> Page[Answer]:
    """Whether each of the account's users, roles and robots may, and who has no login. Raises InvalidParameter."""
    errand, name = _errand(case)
    told = [f"{key}={value}" for key, values in sorted(case.keys.items()) for value in values]
    scope = (case.registry.account, case.registry.region, case.action, case.repository or "", *told)
    pages = Pages(state, caller, "access", *scope)
    kind, after = pages.position(token) if token else (_EVERYBODY[0], "")
    most = limit or DEFAULT
    own = Registry(caller.account, case.registry.region)

    async def work(tx: Tx) -> list[tuple[Named, Answer]]:
        return [
            (named, await _answer(tx, state, _caller(state, caller, case.registry, identity), errand, name))
            for named, identity in await _from(tx, own, kind, after, most + 1)
        ]

    found = await state.db.read(work)
    page = pages.page(found[:most], has_more=len(found) > most, position=lambda item: (item[0].kind, item[0].name))
    return Page([answer for _, answer in page.items], page.next_token)


# --- what is asked -------------------------------------------------------------------------------------------


def _errand(case: Case) -> tuple[Errand, str | None]:
    """As the doors make it of a request."""
    if not exists(case.action):
        raise InvalidParameter("action", "Member must be an action of a registry, as ecr:PutImage")
    name = None if case.action.lower() in _OF_REGISTRIES else case.repository or "*"
    given = {key.lower(): tuple(values) for key, values in case.keys.items()}
    return Errand(case.action, case.registry, () if name is None else (name,), given), name


async def _answer(tx: Tx, state: State, asker: Caller, errand: Errand, name: str | None) -> Answer:
    asked = await access.question(tx, await state.remembered.now(tx), state, asker, errand, name)
    decision = asked.decide()
    refusal = None if decision.allowed else access.refusal(state, asker, errand, name, decision)
    return Answer(asker.principal or "*", asked.request.resource, decision, refusal, asked.trace())


# --- of whom -------------------------------------------------------------------------------------------------


def _named(text: str, account: str) -> Named:
    """What an account's policies say is for that account to know."""
    found = principals.named(text, account)
    if found is None:
        raise InvalidParameter("principal", "Member must be an ARN, user/NAME, role/NAME, robot/NAME, root or *")
    if found.kind != "anonymous" and found.account != account:
        raise PrincipalNotFound(found.kind, text)
    return found


def _caller(state: State, caller: Caller, registry: Registry, identity: Identity) -> Caller:
    """Somebody else, at this moment, who has sent nothing yet that would say where from."""
    if identity.principal.account:
        identity = identities.with_account(identity, state.rules.organization)
    now = {key: caller.keys[key] for key in _OF_TIME if key in caller.keys}
    own = Registry(identity.principal.account or registry.account, registry.region)
    return Caller(identity.principal.arn, own, identity=identity, keys=now)


async def _identity(tx: Tx, named: Named, region: str) -> Identity:
    if named.kind == "anonymous":
        return identities.STRANGER
    if named.kind == "root":
        return identities.of_root(named.account)
    if named.kind == "robot":
        robot = await robots.find(tx, Registry(named.account, region), named.name)
        if robot is not None:
            return identities.of_robot(robot)
    else:
        row = await rows.find(tx, named.account, named.kind, named.name)
        if row is not None:
            return await _of_row(tx, row, named.session or _SESSION)
    raise PrincipalNotFound(named.kind, named.name)


async def _of_row(tx: Tx, row: rows.PrincipalRow, session: str) -> Identity:
    return await identities.of_user(tx, row) if row.kind == "user" else await identities.of_role(tx, row, session, {})


async def _from(tx: Tx, own: Registry, kind: principals.Kind, after: str, limit: int) -> list[tuple[Named, Identity]]:
    """So many of everybody in the account, those after one."""
    found: list[tuple[Named, Identity]] = []
    for each in _EVERYBODY[_EVERYBODY.index(kind) :]:
        found += await _of_kind(tx, own, each, after if each == kind else "", limit - len(found))
        if len(found) >= limit:
            break
    return found


async def _of_kind(
    tx: Tx, own: Registry, kind: principals.Kind, after: str, limit: int
) -> list[tuple[Named, Identity]]:
    account = own.account
    if kind == "anonymous":
        return [] if after else [(Named(kind, "", "*"), identities.STRANGER)]
    if kind == "robot":
        page = await robots.page(tx, own, after, limit)
        return [(Named(kind, account, one.name), identities.of_robot(one)) for one in page]
    assert kind != "root"  # noqa: S101 - who may do everything is not asked about
    return [
        (Named(kind, account, row.name), await _of_row(tx, row, _SESSION))
        for row in await rows.page(tx, account, kind, after, limit)
    ]
