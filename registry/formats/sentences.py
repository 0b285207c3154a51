"""Sentences that remember what they were made of, so that whoever shows them can say them in another language."""

from __future__ import annotations

from typing import Self


class Sentence(str):
    """A sentence in English, with the template and the values that it came of."""

    template: str
    values: dict[str, str]

    def __new__(cls, template: str, **values: object) -> Self:
        """Fill ``values`` into the braces of ``template``."""
        told = {name: str(value) for name, value in values.items()}
        sentence = super().__new__(cls, template.format(**told))
        sentence.template, sentence.values = template, told
        return sentence


def gettext_noop(template: str) -> str:
    """Mark a template for catalogues of translations, whose tools go by this name."""
    return template
