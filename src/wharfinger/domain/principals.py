"""Who can be named in a policy: users, roles, their sessions, robots, and the root of an account."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

# as IAM has them; a session's name has one character more
NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
# of an account
USERS: Final = 5000
ROLES: Final = 1000
POLICIES: Final = 1500
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
