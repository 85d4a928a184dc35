"""Operations that say who may do what, and why."""

from __future__ import annotations

from typing import Final

from wharfinger.api import wording
from wharfinger.api.aws.call import Call, Handler
from wharfinger.contract import wharfinger as contract
from wharfinger.domain.policy import Decision, Verdict
from wharfinger.services import explain
from wharfinger.services.explain import Answer, Case


async def explain_access(call: Call, request: contract.ExplainAccessRequest) -> contract.ExplainAccessResponse:
    """ExplainAccess."""
    found = await explain.explain(call.state, call.caller, request.principal, _case(call, request))
    return contract.ExplainAccessResponse(
        principal=found.principal,
        allowed=found.decision.allowed,
        message=_message(found),
        decided_by=_decision(found.decision),
        action=request.action,
        resource=found.resource,
        statements=[_statement(verdict) for verdict in found.statements],
    )


async def list_access(call: Call, request: contract.ListAccessRequest) -> contract.ListAccessResponse:
    """ListAccess."""
    page = await explain.everybody(
        call.state, call.caller, _case(call, request), request.next_token, request.max_results
    )
    return contract.ListAccessResponse(
        access=[
            contract.Access(
                principal=found.principal,
                allowed=found.decision.allowed,
                message=_message(found),
                decided_by=_decision(found.decision),
            )
            for found in page.items
        ],
        next_token=page.next_token,
    )


HANDLERS: Final[dict[str, Handler]] = {"ExplainAccess": explain_access, "ListAccess": list_access}


def _case(call: Call, request: contract.ExplainAccessRequest | contract.ListAccessRequest) -> Case:
    keys = {name: tuple(values) for name, values in (request.condition_keys or {}).items()}
    return Case(call.registry, request.action, request.repository_name, keys)


def _message(found: Answer) -> str | None:
    return wording.ecr_text(found.refusal) if found.refusal is not None else None


def _decision(found: Decision) -> contract.AccessDecision:
    return contract.AccessDecision(
        source=found.source,
        explicit=found.explicit,
        policy_name=found.policy,
        statement=found.statement,
        sid=found.sid,
    )


def _statement(found: Verdict) -> contract.ExplainedStatement:
    return contract.ExplainedStatement(
        policy_name=found.policy,
        source=found.source,
        statement=found.statement,
        sid=found.sid,
        effect=found.effect,
        applies=found.applies,
        misfit=found.misfit.element if found.misfit else None,
        operator=found.misfit.operator if found.misfit else None,
        condition_key=found.misfit.key if found.misfit else None,
    )
