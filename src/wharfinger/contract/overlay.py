"""Where the service says something that its published model does not. Each row has a reason."""

from typing import Final

ACTIONS: Final = {
    # the model's own documentation: listing referrers is allowed by the right to read images
    "ListImageReferrers": "ecr:BatchGetImage",
    # our own operation is another way to the same: who may not delete by one way may not by the other
    "DeleteImages": "ecr:BatchDeleteImage",
}

PATTERNS: Final = {
    # the same language without nested repetition, on which one short value keeps a worker busy for ever
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"^[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*$",
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
