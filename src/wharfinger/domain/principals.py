"""Who can be named in a policy: users, roles, their sessions, robots, and the root of an account."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

# as IAM has them; a session's name has one character more
NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ROLE: Final = re.compile(rf"arn:aws:iam::([0-9]{{12}}):role/({NAME.pattern})", re.ASCII)
# no more than what a policy can name
_ISSUER: Final = re.compile(r"(https?)://([A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[\w.~/-]*)?", re.ASCII)
_LOOPBACK: Final = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}")
_LONGEST_ISSUER: Final = 255
# of an account
USERS: Final = 5000
ROLES: Final = 1000
POLICIES: Final = 1500
PROVIDERS: Final = 100
# of a user or role
ATTACHED_POLICIES: Final = 20
# of a user, and of the root
ACCESS_KEYS: Final = 10


def root_arn(account: str) -> str:
    """The root of an account, who may do everything in it."""
    return f"arn:aws:iam::{account}:root"


def user_arn(account: str, name: str) -> str:
    """A user."""
    return f"arn:aws:iam::{account}:user/{name}"


def role_arn(account: str, name: str) -> str:
    """A role."""
    return f"arn:aws:iam::{account}:role/{name}"


def session_arn(account: str, role: str, name: str) -> str:
    """A session of a role."""
    return f"arn:aws:sts::{account}:assumed-role/{role}/{name}"


def robot_arn(account: str, name: str) -> str:
    """A robot, of which IAM knows nothing."""
    return f"arn:aws:iam::{account}:robot/{name}"


def provider_arn(account: str, issuer: str) -> str:
    """An identity provider."""
    return f"arn:aws:iam::{account}:oidc-provider/{provider_name(issuer)}"


def provider_name(issuer: str) -> str:
    """An issuer as trust policies name it: its URL without the scheme."""
    return issuer.partition("://")[2]


def role_of(arn: str) -> tuple[str, str] | None:
    """Account and name of a role by its ARN; None if it is the ARN of none."""
    match = _ROLE.fullmatch(arn)
    return (match[1], match[2]) if match else None


def is_issuer(url: str, *, loopback: bool) -> bool:
    """Whether an identity provider can have this URL; `loopback` allows those of this machine, also without TLS."""
    match = _ISSUER.fullmatch(url)
    if match is None or len(url) > _LONGEST_ISSUER:
        return False
    return match[1] == "https" or (loopback and is_loopback(match[2]))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address."""
    return _LOOPBACK.fullmatch(host) is not None


# --- as somebody names one -----------------------------------------------------------------------------------

Kind = Literal["anonymous", "root", "user", "role", "robot"]
_PART: Final = r"[\w+=,.@-]{1,64}"
_TEXT: Final = re.compile(
    r"(?:arn:aws:(?:iam|sts)::(?P<account>\d{12}):)?"
    rf"(?:(?P<root>root)|(?P<kind>user|role|robot)/(?P<name>{_PART})"
    rf"|assumed-role/(?P<role>{_PART})/(?P<session>{_PART}))",
    re.ASCII,
)


class Named(NamedTuple):
    """Who is meant by a text. `session` is the name of a role's session, where the text has one."""

    kind: Kind
    account: str
    name: str = ""
    session: str | None = None


def named(text: str, account: str) -> Named | None:
    """Whom `*`, `root`, `user/NAME`, `role/NAME`, `robot/NAME` or an ARN means in an account; None if nobody."""
    if text == "*":
        return Named("anonymous", "")
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    account = match["account"] or account
    if match["root"]:
        return Named("root", account)
    if match["role"]:
        return Named("role", account, match["role"], match["session"])
    kind: dict[str, Kind] = {"user": "user", "role": "role", "robot": "robot"}
    return Named(kind[match["kind"]], account, match["name"])
