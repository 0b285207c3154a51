"""Reading what a request asks for: numbers and switches within bounds, lists with commas or repeated."""

from __future__ import annotations

from django.http import QueryDict

from hub.api import ApiError

#: Ids are 32-bit whole numbers, as clients keep them.
MAX_ID = 2**31 - 1


def identifier(text: str, name: str = "id") -> int:
    """An id. Raises ``ApiError`` for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= MAX_ID):
        raise ApiError("invalid", f"{name}: Use a whole number from 1 to {MAX_ID}.")
    return int(text)


def identifiers(asked: QueryDict, name: str) -> list[int]:
    """Ids, with commas or repeated."""
    return [identifier(part.strip(), name) for part in several(asked, name)]


def number(asked: QueryDict, name: str, *, usual: int, least: int, most: int) -> int:
    """A whole number; one that is too large is taken for the largest."""
    text = asked.get(name) or str(usual)
    if not (text.isascii() and text.isdigit() and int(text[:9]) >= least):
        raise ApiError("invalid", f"{name}: Use a whole number from {least} to {most}.")
    return min(int(text[:9]), most)


def several(asked: QueryDict, name: str) -> list[str]:
    """Texts, with commas, repeated, or with brackets as some clients write lists."""
    texts = [*asked.getlist(name), *asked.getlist(f"{name}[]")]
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def switch(asked: QueryDict, name: str) -> bool | None:
    """Yes, no, or nothing said."""
    return {"true": True, "1": True, "false": False, "0": False}.get(asked.get(name, "").lower())
