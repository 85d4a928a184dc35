"""What an S3 bucket does by itself: whether it clears what uploads that died left, and destroys nothing else.

The rules are those of `GetBucketLifecycleConfiguration`; obstore has no call for them.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import ssl
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from wharfinger.api import sigv4
from wharfinger.domain.stores import StoreAddress

_QUERY: Final = "lifecycle="
_SECONDS: Final = 10
_LONGEST: Final = 1024 * 1024  # a bucket has at most 1,000 rules
_RULE: Final = re.compile("<Rule>(.*?)</Rule>", re.DOTALL)
_PREFIX: Final = re.compile("<Prefix>(.*?)</Prefix>", re.DOTALL)
_CODE: Final = re.compile(r"<Code>(\w{1,64})</Code>")
_ENABLED: Final = "<Status>Enabled</Status>"
_CLEARS: Final = "<AbortIncompleteMultipartUpload>"
_DESTROYS: Final = re.compile("<(Expiration|Transition)>")
_GUIDE: Final = "docs/operations/stores.md has one"


class RulesUnknown(Exception):
    """The rules could not be read; the text says why."""


def problem(address: StoreAddress, variables: Mapping[str, str] = os.environ) -> str | None:
    """What is wrong with the rules of a bucket, in one sentence with the cure. Raises RulesUnknown."""
    if address.kind != "s3":
        raise RulesUnknown("only those of S3 can be")
    if not variables.get("AWS_ACCESS_KEY_ID") or not variables.get("AWS_SECRET_ACCESS_KEY"):
        raise RulesUnknown("there is no AWS_ACCESS_KEY_ID with its secret in the environment")
    status, answer = _ask(address, variables)
    found = _CODE.search(answer)
    code = found[1] if found else ""
    if status == http.client.OK and "<LifecycleConfiguration" not in answer:
        raise RulesUnknown("the store answers with something else, it has none")
    if status == http.client.OK:
        return judged(answer, address.prefix)
    if code == "NoSuchLifecycleConfiguration":
        return judged("", address.prefix)
    raise RulesUnknown(f"the store answers {status} {code}".rstrip())


def judged(rules: str, prefix: str) -> str | None:
    """What is wrong with a document of rules for objects below a prefix."""
    ours = f"{prefix}/" if prefix else ""
    enabled = [rule for rule in _RULE.findall(rules) if _ENABLED in rule]
    if any(_DESTROYS.search(rule) and _meets(_prefix(rule), ours) for rule in enabled):
        return "A rule of the bucket takes objects away that images consist of: remove it, or give it another prefix."
    if any(_CLEARS in rule and ours.startswith(_prefix(rule)) for rule in enabled):
        return None
    return f"Parts of uploads that died stay in the bucket for ever: give it a rule that removes them, {_GUIDE}."


def _prefix(rule: str) -> str:
    found = _PREFIX.search(rule)
    return found[1] if found else ""


def _meets(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _ask(address: StoreAddress, variables: Mapping[str, str]) -> tuple[int, str]:
    region = address.options.get("region") or variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    region = region or "us-east-1"
    endpoint = address.options.get("endpoint") or variables.get("AWS_ENDPOINT_URL")
    # a bucket of AWS has a host name of its own, one of another server often not
    parts = urlsplit(endpoint or f"https://{address.container}.s3.{region}.amazonaws.com")
    path = f"/{address.container}" if endpoint else "/"
    try:
        with closing(_connection(parts.scheme, parts.netloc)) as connection:
            connection.request("GET", f"{path}?{_QUERY}", headers=_signed(parts.netloc, path, region, variables))
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise RulesUnknown(f"the store does not answer ({error})") from None


def _connection(scheme: str, host: str) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, timeout=_SECONDS)
    return http.client.HTTPSConnection(host, timeout=_SECONDS, context=ssl.create_default_context())


def _signed(host: str, path: str, region: str, variables: Mapping[str, str]) -> dict[str, str]:
    nothing = hashlib.sha256(b"").hexdigest()
    token = variables.get("AWS_SESSION_TOKEN")
    headers = {
        "host": host,
        "x-amz-content-sha256": nothing,
        "x-amz-date": datetime.now(UTC).strftime(sigv4.TIME),
        **({"x-amz-security-token": token} if token else {}),
    }
    who = (variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region, "s3")
    headers["authorization"] = sigv4.authorization(
        *who, headers, method="GET", path=path, query=_QUERY, body_hash=nothing
    )
    return headers
