"""Sentences that remember what they were made of, so that whoever shows them can say them in another language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Self


class Sentence(str):
    """A sentence in English, with the template and the values that it came of."""

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: object) -> Self:
        """Fill ``values`` into the braces of ``template``; those that are sentences stay so."""
        told = {name: value if isinstance(value, Sentence) else str(value) for name, value in values.items()}
        sentence = super().__new__(cls, template.format(**told))
        sentence.template, sentence.values = template, told
        return sentence

    def said(self, translate: Callable[[str], str]) -> str:
        """The sentence in another language; ``translate`` returns what a template is in it."""
        told = {
            name: value.said(translate) if isinstance(value, Sentence) else value for name, value in self.values.items()
        }
        return translate(self.template).format(**told)


def gettext_noop(template: str) -> str:
    """Mark a template for catalogues of translations, whose tools go by this name."""
    return template


#: How two parts are put together: in a list, and as sentences.
AND, THEN = gettext_noop("{first} and {second}"), gettext_noop("{first} {second}")


def joined(template: str, parts: Iterable[object]) -> object:
    """Parts, at least one, put together two by two by a template that has ``{first}`` and ``{second}``."""
    return reduce(lambda first, second: Sentence(template, first=first, second=second), parts)
