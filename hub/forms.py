"""What every form of the site shares: a missing field is told by what to do, not by what is required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms


class Form(forms.Form):
    """A form whose messages for empty fields say what to give."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        ask_for(self.fields)


def ask_for(fields: Mapping[str, forms.Field]) -> None:
    """Set the message for each empty field that has no wording of its own."""
    for name, field in fields.items():
        if field.error_messages["required"] == forms.Field.default_error_messages["required"]:
            what = str(field.label or name.replace("_", " ")).lower()
            chosen = isinstance(field, forms.FileField | forms.ChoiceField)
            field.error_messages["required"] = f"{'Choose' if chosen else 'Give'} the {what}; it is missing."
