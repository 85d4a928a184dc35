"""Who can be named in a policy: users, roles, their sessions, robots, and the root of an account."""

from __future__ import annotations

import re
from typing import Final

# as IAM has them; a session's name has one character more
NAME: Final = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


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
