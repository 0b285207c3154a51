"""What the registry keeps, a module for each thing."""

from registry.models.embedding import (
    FAMILY_CHOICES,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TAG_CHARACTERS,
    MAX_TAGS,
    MAX_TITLE_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
    Embedding,
    Kind,
    License,
    Like,
    NextPublicId,
    Visibility,
)
from registry.models.version import (
    PICTURE_DIGEST_CHARACTERS,
    File,
    Hash,
    HashKind,
    Preview,
    Version,
)

__all__ = [
    "FAMILY_CHOICES",
    "MAX_DESCRIPTION_CHARACTERS",
    "MAX_TAGS",
    "MAX_TAG_CHARACTERS",
    "MAX_TITLE_CHARACTERS",
    "MAX_TOKEN_CHARACTERS",
    "PICTURE_DIGEST_CHARACTERS",
    "Embedding",
    "File",
    "Hash",
    "HashKind",
    "Kind",
    "License",
    "Like",
    "NextPublicId",
    "Preview",
    "Version",
    "Visibility",
]
