"""What every form of the site shares: whatever is wrong with a field is told by what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from hub import wording


class Form(forms.Form):
    """A form whose fields say what to do."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        ask_for(self.fields)


def ask_for(fields: Mapping[str, forms.Field]) -> None:
    """Replace the framework's messages; those that a field was given for itself stay."""
    for name, field in fields.items():
        theirs = _of_the_framework(field)
        for code, sentence in wording.of_field(name, field).items():
            if field.error_messages.get(code) == theirs.get(code):
                field.error_messages[code] = sentence


def _of_the_framework(field: forms.Field) -> dict[str, Any]:
    """The messages that a field of this class has unless it is given others."""
    messages: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        messages |= getattr(kind, "default_error_messages", {})
    return messages
