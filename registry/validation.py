"""What may be said of an embedding: each check returns the value as it is stored, or refuses it by field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import TextChoices

from hub.accounts.names import validate_embedding_name
from registry import formats
from registry.errors import RegistryError
from registry.models import MAX_TAG_CHARACTERS, MAX_TAGS, MAX_TOKEN_CHARACTERS

#: Characters of the name kept of an uploaded file, as file systems have it.
MAX_FILENAME_CHARACTERS = 255
_TAG = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check_name(name: str) -> str:
    """Return a name that can stand in an address."""
    try:
        validate_embedding_name(name)
    except ValidationError as error:
        code = "name_reserved" if error.code == "reserved" else "bad_name"
        raise RegistryError(
            code, f"The name {name!r} cannot be used. {error.message}", field="name"
        ) from error
    return name


def check_token(token: str) -> str:
    """Return a placeholder token that can be typed into a prompt: visible, in one piece."""
    token = unicodedata.normalize("NFC", token.strip())
    if not token:
        raise RegistryError(
            "no_token", "Say which placeholder token stands for the embedding in a prompt.", field="token"
        )
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise RegistryError(
            "bad_token",
            f"The placeholder token has {len(token)} characters; at most {MAX_TOKEN_CHARACTERS} are taken.",
            field="token",
        )
    # Unicode classes C (control, format) and Z (separators) are invisible, or end the token in a prompt.
    if any(unicodedata.category(character)[0] in "CZ" for character in token):
        raise RegistryError(
            "bad_token",
            "The placeholder token holds a space or an invisible character; leave those out.",
            field="token",
        )
    try:
        return formats.check_token(token)
    except formats.FormatError as error:
        raise RegistryError(error.code, error.message, field="token") from error


def normalise_tags(tags: Iterable[str]) -> list[str]:
    """Return tags in lower case with hyphens, each once, in the order given; commas separate tags too."""
    result: dict[str, None] = {}
    for tag in (part for line in tags for part in line.split(",")):
        slug = re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFKC", tag).strip().lower()).strip("-")
        if not slug:
            continue
        if len(slug) > MAX_TAG_CHARACTERS or not _TAG.fullmatch(slug):
            raise RegistryError(
                "bad_tag",
                f"{tag.strip()!r} cannot be a tag: use at most {MAX_TAG_CHARACTERS} letters, digits and hyphens.",
                field="tags",
            )
        result[slug] = None
    if len(result) > MAX_TAGS:
        raise RegistryError(
            "too_many_tags", f"{len(result)} tags were given; at most {MAX_TAGS} are taken.", field="tags"
        )
    return list(result)


def check_choice(value: str, choices: type[TextChoices], field: str) -> str:
    """Return a value that is one of ``choices``."""
    if value not in choices.values:
        raise RegistryError(
            "bad_choice", f"{value!r} is not a {field}; use one of {', '.join(choices.values)}.", field=field
        )
    return value


def check_text(value: str, field: str, limit: int, *, required: bool = False) -> str:
    """Return a text without surrounding space, within ``limit`` characters."""
    value = value.strip().replace("\r\n", "\n")
    if _CONTROL.search(value):
        raise RegistryError(
            "bad_text", f"The {field} holds control characters; leave those out.", field=field
        )
    if required and not value:
        raise RegistryError("required", f"Give the embedding a {field}.", field=field)
    if len(value) > limit:
        raise RegistryError(
            "too_long",
            f"The {field} has {len(value):,} characters; at most {limit:,} are taken.",
            field=field,
        )
    return value


def clean_filename(filename: str) -> str:
    """Return the last part of an uploaded file's name, without control characters."""
    name = "".join(c for c in re.split(r"[/\\]", filename)[-1] if unicodedata.category(c)[0] != "C")
    return name[-MAX_FILENAME_CHARACTERS:] or "file"
