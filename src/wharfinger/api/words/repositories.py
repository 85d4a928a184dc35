"""Words for what can be wrong with repositories."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f

_NO_SUCH_REPOSITORY: Final = (
    "The repository with name '{repository}' does not exist in the registry with id '{registry.account}'"
)


WORDS: Final[Table] = {
    f.RepositoryNameInvalid: Words(
        INVALID,
        "NAME_INVALID",
        400,
        "'{name}' can be no repository: 2 to 256 lower-case letters, digits, '.', '_', '-' and '/'",
    ),
    f.RepositoryNotFound: Words("RepositoryNotFoundException", "NAME_UNKNOWN", 404, _NO_SUCH_REPOSITORY),
    f.RepositoryExists: Words(
        "RepositoryAlreadyExistsException",
        "DENIED",
        409,
        "The repository with name '{repository}' already exists in the registry with id '{registry.account}'",
    ),
    f.RepositoryNotEmpty: Words(
        "RepositoryNotEmptyException",
        "DENIED",
        409,
        "The repository with name '{repository}' in registry with id '{registry.account}' cannot be deleted "
        "because it still contains images",
    ),
    f.RepositoryProtected: Words(
        INVALID,
        "DENIED",
        403,
        "The repository with name '{repository}' in the registry with id '{registry.account}' is protected from "
        "deletion: {reason}",
    ),
    f.RepositoryHeld: Words(
        INVALID,
        "DENIED",
        403,
        "The repository with name '{repository}' in the registry with id '{registry.account}' cannot be deleted "
        "because one of its images is held by {hold}",
    ),
    f.ResourceTagsInvalid: Words("InvalidTagParameterException", "UNSUPPORTED", 400, "Tag parameters are invalid"),
    f.TooManyResourceTags: Words(
        "TooManyTagsException", "UNSUPPORTED", 400, "A repository can have at most {limit} tags"
    ),
}
