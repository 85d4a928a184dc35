"""Where the service says something that its published model does not. Each row has a reason."""

from typing import Final

ACTIONS: Final = {
    # the model's own documentation: listing referrers is allowed by the right to read images
    "ListImageReferrers": "ecr:BatchGetImage",
    # our own operation is another way to the same: who may not delete by one way may not by the other
    "DeleteImages": "ecr:BatchDeleteImage",
}

_BLANKS: Final = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

PATTERNS: Final = {
    # the same language without nested repetition, on which one short value keeps a worker busy for ever
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"^[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*$",
    # letters and digits of ASCII only, as Java has them
    r"[\w]*": r"[A-Za-z0-9_]*",
    r"[\d]*": r"[0-9]*",
    r"[\w+=,.@-]*": r"[A-Za-z0-9_+=,.@-]*",
    r"[\w+=,.@:-]*": r"[A-Za-z0-9_+=,.@:-]*",
    r"[\w+=,.@:\/-]*": r"[A-Za-z0-9_+=,.@:/-]*",
    r"[\w+=/:,.@-]*": r"[A-Za-z0-9_+=/:,.@-]*",
    # letters, digits and blanks of all languages, in Python's words
    r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+": rf"[\w{_BLANKS}.:/=+\-@]+",
    r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*": rf"[\w{_BLANKS}.:/=+\-@]*",
}

PARTS: Final = {
    # what a registry needs of it
    "sts": {"AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken"},
}

WITHOUT_MEMBER: Final = frozenset(
    # seen live: constraints on these members are worded "must …", on all others "Member must …"
    {"registryId", "repositoryName", "imageTag"}
)

SENSITIVE: Final = frozenset(
    # members that no log, no trail and no `repr` shows, beside those of shapes that a model calls sensitive:
    # ECR's model calls none so
    {"authorizationToken", "downloadUrl", "layerPartBlob", "nextToken"}
)
