"""Where the service says something that its published model does not. Each row has a reason."""

from typing import Final

ACTIONS: Final = {
    # the model's own documentation: listing referrers is allowed by the right to read images
    "ListImageReferrers": "ecr:BatchGetImage",
}

WITHOUT_MEMBER: Final = frozenset(
    # seen live: constraints on these members are worded "must …", on all others "Member must …"
    {"registryId", "repositoryName", "imageTag"}
)
