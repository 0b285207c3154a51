"""What may be said of an embedding: each check returns the value as it is stored, or refuses it by field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hub.accounts.names import RESERVED_NAMES, SLUG, validate_embedding_name
from registry import formats, refusals
from registry.errors import RegistryError
from registry.models import MAX_TAG_CHARACTERS, MAX_TAGS, MAX_TITLE_CHARACTERS, MAX_TOKEN_CHARACTERS
from registry.skeletons import is_invisible

#: Characters of the name kept of an uploaded file, as file systems have it.
MAX_FILENAME_CHARACTERS = 255
#: Characters of a version's notes, as the column has them.
MAX_NOTES_CHARACTERS = 500
_TAG = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: Choose between the text and the coloured form of a symbol, and stand in many an emoji; nothing is lost without them.
_SYMBOL_STYLES = re.compile("[\ufe0e\ufe0f]")
_QUOTES = frozenset("\"'`\\")
#: Characters of a name, as addresses have it.
_MAX_NAME_CHARACTERS = 64


def check_name(name: str) -> str:
    """Return a name that can stand in an address."""
    try:
        validate_embedding_name(name)
    except ValidationError as error:
        code = "name_reserved" if error.code == "reserved" else "bad_name"
        raise RegistryError(
            code, _("The name “%(name)s” cannot be used. %(why)s") % {"name": name, "why": error.message}, field="name"
        ) from error
    return name


def suggest_name(text: str, taken: Iterable[str] = ()) -> str:
    """Return a free name made of a file's or token's name; "" where nothing of it could stand in an address."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")
    if not slug:
        return ""
    slug = slug[:_MAX_NAME_CHARACTERS].strip("-_")
    if not SLUG.fullmatch(slug) or slug in RESERVED_NAMES:
        slug = f"{slug}-word"
    used, number, free = set(taken), 1, slug
    while free in used:
        number += 1
        free = f"{slug[: _MAX_NAME_CHARACTERS - 5].rstrip('-_')}-{number}"
    return free


def check_title(title: str) -> str:
    """Return a title as it is stored."""
    return check_line(title, "title", MAX_TITLE_CHARACTERS, required=True)


def check_line(value: str, field: str, limit: int, *, required: bool = False) -> str:
    """Return a line in one form (NFKC) whatever the language, without anything that shows nothing or turns the direction."""
    line = _SYMBOL_STYLES.sub("", unicodedata.normalize("NFKC", value))
    line = re.sub(r"\s+", " ", check_text(line, field, limit, required=required))
    hidden = next((character for character in line if is_invisible(character)), None)
    if hidden is not None:
        raise RegistryError(
            "bad_text",
            _(
                "The %(field)s holds a character that cannot be seen or turns the direction of the text (U+%(code)s); leave it out."
            )
            % {"field": _label(field), "code": f"{ord(hidden):04X}"},
            field=field,
        )
    return line


def check_token(token: str) -> str:
    """Return a placeholder token that can be typed into a prompt: visible, in one piece."""
    token = unicodedata.normalize("NFC", token.strip())
    if not token:
        raise RegistryError(
            "no_token", _("Say which placeholder token stands for the embedding in a prompt."), field="token"
        )
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise RegistryError(
            "bad_token",
            _("The placeholder token has %(count)d characters; at most %(limit)d are taken.")
            % {"count": len(token), "limit": MAX_TOKEN_CHARACTERS},
            field="token",
        )
    # White space ends the token in a prompt; what cannot be seen cannot be typed.
    if any(is_invisible(character) or character.isspace() for character in token):
        raise RegistryError(
            "bad_token",
            _("The placeholder token holds a space or an invisible character; leave those out."),
            field="token",
        )
    # They end a string in a workflow, a script or a shell, where tokens are pasted.
    if any(character in _QUOTES for character in token):
        raise RegistryError(
            "bad_token", _("The placeholder token holds a quote or a backslash; leave those out."), field="token"
        )
    try:
        return formats.check_token(token)
    except formats.FormatError as error:
        raise RegistryError(error.code, refusals.told(error), field="token") from error


def tag_slug(tag: str) -> str:
    """Return a tag as it is stored: lower case, hyphens for spaces."""
    return re.sub(r"[\s_-]+", "-", unicodedata.normalize("NFKC", tag).strip().lower()).strip("-")


def normalise_tags(tags: Iterable[str]) -> list[str]:
    """Return tags in lower case with hyphens, each once, in the order given; commas separate tags too."""
    result: dict[str, None] = {}
    for tag in (part for line in tags for part in line.split(",")):
        slug = tag_slug(tag)
        if not slug:
            continue
        if len(slug) > MAX_TAG_CHARACTERS or not _TAG.fullmatch(slug):
            raise RegistryError(
                "bad_tag",
                _("“%(tag)s” cannot be a tag: use at most %(limit)d letters, digits and hyphens.")
                % {"tag": tag.strip(), "limit": MAX_TAG_CHARACTERS},
                field="tags",
            )
        result[slug] = None
    if len(result) > MAX_TAGS:
        raise RegistryError(
            "too_many_tags",
            _("%(count)d tags were given; at most %(limit)d are taken.") % {"count": len(result), "limit": MAX_TAGS},
            field="tags",
        )
    return list(result)


def check_choice(value: str, choices: type[TextChoices], field: str) -> str:
    """Return a value that is one of ``choices``."""
    if value not in choices.values:
        raise RegistryError(
            "bad_choice",
            _("“%(value)s” is not a %(field)s; use one of %(choices)s.")
            % {"value": value, "field": _label(field), "choices": ", ".join(choices.values)},
            field=field,
        )
    return value


def check_text(value: str, field: str, limit: int, *, required: bool = False) -> str:
    """Return a text without surrounding space, within ``limit`` characters."""
    value = value.strip().replace("\r\n", "\n")
    if _CONTROL.search(value):
        raise RegistryError(
            "bad_text",
            _("The %(field)s holds control characters; leave those out.") % {"field": _label(field)},
            field=field,
        )
    if required and not value:
        raise RegistryError("required", _("Give it a %(field)s.") % {"field": _label(field)}, field=field)
    if len(value) > limit:
        raise RegistryError(
            "too_long",
            _("The %(field)s has %(count)s characters; at most %(limit)s are taken.")
            % {"field": _label(field), "count": _grouped(len(value)), "limit": _grouped(limit)},
            field=field,
        )
    return value


#: What fields are called within a sentence.
_LABELS = {
    "title": gettext_lazy("title"),
    "description": gettext_lazy("description"),
    "notes": gettext_lazy("notes"),
    "note": gettext_lazy("note"),
    "display_name": gettext_lazy("display name"),
    "bio": gettext_lazy("text about you"),
    "kind": gettext_lazy("kind"),
    "license": gettext_lazy("license"),
    "visibility": gettext_lazy("visibility"),
}


def _label(field: str) -> str:
    return str(_LABELS.get(field, field))


def _grouped(number: int) -> str:
    return str(number_format(number, force_grouping=True))


def clean_filename(filename: str) -> str:
    """Return the last part of an uploaded file's name, without control characters."""
    name = "".join(c for c in re.split(r"[/\\]", filename)[-1] if unicodedata.category(c)[0] != "C")
    return name[-MAX_FILENAME_CHARACTERS:] or "file"
