"""Names that files give: which may be a token's, and how any is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from registry.formats.encoder_names import RESERVED
from registry.formats.errors import BadToken
from registry.formats.limits import MAX_NAME_CHARACTERS

#: Names that a message lists, and characters of each.
_LISTED, _LISTED_CHARACTERS = 4, 60
#: Control characters, and characters that change how their neighbours are shown or cannot be seen.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def check_token(token: str) -> str:
    """Return the token. Raises ``BadToken`` where a file could not carry it."""
    if not token or token != token.strip() or len(token) > MAX_NAME_CHARACTERS or _UNPRINTABLE.search(token):
        raise BadToken(
            f"The placeholder token is empty, longer than {MAX_NAME_CHARACTERS} characters, or holds characters that "
            "cannot be seen. Choose a plain word such as <my-cat>.",
            where="token",
        )
    if token in RESERVED:
        raise BadToken(
            f"{token} is a name that tools give to tensors. Choose another placeholder token.", where="token"
        )
    return token


def label(value: Any) -> str:
    """A text that a file says of itself, fit to be shown; nothing for anything else."""
    return _UNPRINTABLE.sub("", value).strip()[:MAX_NAME_CHARACTERS] if isinstance(value, str) else ""


def listed(names: Iterable[Any]) -> str:
    """The first few names, for a message."""
    shown = [_UNPRINTABLE.sub("?", str(name))[:_LISTED_CHARACTERS] for name in names]
    more = len(shown) - _LISTED
    return ", ".join(shown[:_LISTED]) + (f" and {more} more" if more > 0 else "")
