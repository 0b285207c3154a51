"""What a name looks like, so that two names that look alike can be told (Unicode Technical Standard 39, section 4).

The table of look-alike characters is Unicode's, by way of the package ``confusable-homoglyphs``; it is loaded at first use.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from registry.formats.names import is_invisible as _is_hidden

#: Characters of a skeleton that are kept: titles are shorter, and a few characters stand for longer ones.
MAX_SKELETON_CHARACTERS = 200
#: Left-to-right marks stand around right-to-left characters in Unicode's table, for its own layout only.
_LAYOUT_MARK = "\u200e"


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing or turns the direction of what follows, or may do so: nobody assigned it."""
    return unicodedata.category(character)[0] == "C" or _is_hidden(character)


def skeletons(*names: str) -> list[str]:
    """Return what ``names`` look like: two names that share a skeleton look alike.

    Each has two, since small and capital letters look like different others: "I" like "l", "i" like none. Separators
    and marks around a word are left out.
    """
    found: dict[str, None] = {}
    for name in names:
        for shape in (_shape(name.casefold()), _shape(name).casefold()):
            kept = "".join(character for character in shape if not _separates(character))
            if kept:
                found[kept[:MAX_SKELETON_CHARACTERS]] = None
    return list(found)


def _separates(character: str) -> bool:
    """Whether a character stands between or around words: white space, punctuation, a token's brackets."""
    return unicodedata.category(character)[0] in "PZ" or character in "<>"


def _shape(text: str) -> str:
    """UTS 39's skeleton: decomposed, without what is invisible, each character replaced by its prototype.

    By compatibility (NFKD), where UTS 39 takes NFD: titles are stored as NFKC, which makes wide letters plain ones.
    """
    prototypes = _prototypes()
    visible = [character for character in unicodedata.normalize("NFKD", text) if not is_invisible(character)]
    return unicodedata.normalize("NFKD", "".join(prototypes.get(character, character) for character in visible))


@cache
def _prototypes() -> dict[str, str]:
    """Return {character: the characters it looks like}.

    The package lists for each character its look-alikes in both directions: a prototype has many, another character
    has its prototype alone. Of two that have only each other, the lower stands for both.
    """
    # Here and not above: it takes 0.2 s and 10 MB, which few processes need.
    from confusable_homoglyphs.confusables import confusables_data

    likes = {
        _plain(character): [_plain(entry["c"]) for entry in entries] for character, entries in confusables_data.items()
    }
    return {
        character: prototype
        for character, (prototype, *others) in likes.items()
        if len(character) == 1
        and not others
        and (len(likes[prototype]) > 1 or len(prototype) > 1 or prototype < character)
    }


def _plain(text: str) -> str:
    return text.replace(_LAYOUT_MARK, "") or text
