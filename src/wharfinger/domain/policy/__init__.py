"""Policies as IAM has them: reading them, deciding by them, and saying why.

What is not understood is refused when a policy is written. What cannot be told when a request is decided grants nothing
and denies. Decided where AWS leaves it open: docs/decisions/0008-policy-evaluator.md.
"""

from wharfinger.domain.policy.actions import Kind
from wharfinger.domain.policy.deciding import Decision, Source, Verdict, decide, trace
from wharfinger.domain.policy.documents import Document, Effect, Misfit, Policy, Request
from wharfinger.domain.policy.principals import ANONYMOUS, Principal, PrincipalKind, Reach
from wharfinger.domain.policy.printing import pretty
from wharfinger.domain.policy.reading import read, restore

__all__ = [
    "ANONYMOUS",
    "Decision",
    "Document",
    "Effect",
    "Kind",
    "Misfit",
    "Policy",
    "Principal",
    "PrincipalKind",
    "Reach",
    "Request",
    "Source",
    "Verdict",
    "decide",
    "pretty",
    "read",
    "restore",
    "trace",
]
