"""Names that files give: which may be a token's, and how any is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from registry.formats import lookalikes
from registry.formats.encoder_names import RESERVED
from registry.formats.errors import BadToken
from registry.formats.limits import MAX_NAME_CHARACTERS
from registry.formats.sentences import Sentence, gettext_noop

#: Names that a message lists, and characters of each.
_LISTED, _LISTED_CHARACTERS = 4, 60
_MORE = gettext_noop("{names} and {count} more")
#: Control and format characters, halves of characters, ends of lines and paragraphs.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Drawn as nothing, though Unicode's categories call them letters, marks or symbols, or know nothing of them yet.
_DRAWN_AS_NOTHING = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)])
)
#: What joins letters of many scripts and emoji, or chooses their form: without it a token is still the same word.
_JOINERS = re.compile("[\u200c\u200d\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing, ends a line or turns the direction of what follows; a plain space does none of it.

    Characters that are newer than this Python are taken for visible ones.
    """
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _DRAWN_AS_NOTHING


def check_token(token: str) -> str:
    """Return the token. Raises ``BadToken`` where a file could not carry it, or would be taken for something else by it."""
    if not token or token != token.strip() or len(token) > MAX_NAME_CHARACTERS or _is_hiding(token):
        raise BadToken(
            "The placeholder token is empty, longer than {limit} characters, or holds characters that cannot be seen. Choose a plain word such as <my-cat>.",
            limit=MAX_NAME_CHARACTERS,
            where="token",
        )
    if token in RESERVED or lookalikes.is_weight(token):
        raise BadToken(
            "{token} is a name that tools give to tensors. Choose another placeholder token.",
            token=listed([token]),
            where="token",
        )
    return token


_HIDDEN = gettext_noop(
    "The file's token has spaces around it or joiners within it, which cannot be seen; it is read as {token}. "
    "Tools that read the file itself need it as it is there."
)


def read_token(written: str) -> tuple[str, tuple[str, ...]]:
    """Return a file's token as it is shown and written again, and a warning where the file has it otherwise.

    Spaces around it and joiners within it are left out: nobody could see that they have to be typed. Raises ``BadToken``.
    """
    token = check_token(_JOINERS.sub("", written).strip())
    if token == written:
        return token, ()
    return token, (Sentence(_HIDDEN, token=listed([token])),)


def label(value: Any) -> str:
    """A text that a file says of itself, fit to be shown; nothing for anything else."""
    if not isinstance(value, str):
        return ""
    text = value[: 4 * MAX_NAME_CHARACTERS]
    if _is_hiding(text):
        text = "".join(character for character in text if not is_invisible(character))
    return text.strip()[:MAX_NAME_CHARACTERS]


def listed(names: Iterable[Any]) -> str:
    """The first few names, for a message."""
    texts = [str(name)[:_LISTED_CHARACTERS] for name in names]
    shown = ["".join(c if c.isprintable() and not is_invisible(c) else "?" for c in text) for text in texts[:_LISTED]]
    more = len(texts) - _LISTED
    return Sentence(_MORE, names=", ".join(shown), count=more) if more > 0 else ", ".join(shown)


def _is_hiding(text: str) -> bool:
    """Whether a text holds anything invisible."""
    plain = text.isascii() and text.isprintable()
    return not plain and any(map(is_invisible, text))
