"""Forms of reports and of what staff decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hub.forms import Form
from registry.models import MAX_REPORT_CHARACTERS, MAX_STATEMENT_CHARACTERS, Embedding, Rating, Reason


def _text(label: str, *, limit: int, help_text: str = "", required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=limit, required=required, help_text=help_text, widget=forms.Textarea(attrs={"rows": 4})
    )


class ReportForm(Form):
    """What somebody says is wrong. People without an account may leave an address."""

    reason = forms.ChoiceField(label=gettext_lazy("What is wrong?"), choices=Reason.choices, widget=forms.RadioSelect)
    text = _text(
        gettext_lazy("Say more"),
        limit=MAX_REPORT_CHARACTERS,
        required=False,
        help_text=gettext_lazy("Where it shows, why it is wrong, what should be done. Staff read it, nobody else."),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        required=False,
        help_text=gettext_lazy("Only if staff may ask you. It is deleted when they have decided."),
    )
    good_faith = forms.BooleanField(
        label=gettext_lazy("I say this in good faith: as far as I know it is true and complete."),
        error_messages={"required": gettext_lazy("Tick this if it is so; without it the report is not taken.")},
    )

    def __init__(self, *args: Any, signed_in: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if signed_in:  # staff know whom to answer
            del self.fields["email"]


class CloseForm(Form):
    """A decision on one report that changes nothing on the embedding."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("dismissed", gettext_lazy("Not upheld: it may stay as it is")),
            ("upheld", gettext_lazy("Upheld: it was mended")),
        ],
        widget=forms.RadioSelect,
    )
    answer = _text(gettext_lazy("Answer to who reported it"), limit=MAX_STATEMENT_CHARACTERS, required=False)


class HideForm(Form):
    """Why, for the owner and the log."""

    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=[("", gettext_lazy("Choose…")), *Reason.choices])
    text = _text(
        gettext_lazy("Statement to the owner"),
        limit=MAX_STATEMENT_CHARACTERS,
        help_text=gettext_lazy("Which facts, which rule or law, and what they can do about it."),
    )


class TakeDownForm(HideForm):
    """Nothing brings the files back, so the address is typed."""

    path = forms.CharField(label=gettext_lazy("Type its address to confirm"), max_length=129)

    def __init__(self, *args: Any, embedding: Embedding, **options: Any) -> None:
        super().__init__(*args, **options)
        self.embedding = embedding
        self.fields["path"].help_text = str(embedding)

    def clean_path(self) -> str:
        if self.cleaned_data["path"].strip().strip("/") != str(self.embedding):
            raise ValidationError(_("This is not its address; type %(path)s.") % {"path": self.embedding})
        return self.cleaned_data["path"]


class WhyForm(Form):
    """Why something is taken back, for the log."""

    text = _text(gettext_lazy("Why"), limit=MAX_STATEMENT_CHARACTERS)


class RateForm(Form):
    """A content rating by staff."""

    rating = forms.ChoiceField(label=gettext_lazy("Content rating"), choices=Rating.choices)
    locked = forms.BooleanField(label=gettext_lazy("The owner cannot change it"), required=False, initial=True)
    text = _text(gettext_lazy("Word to the owner"), limit=MAX_STATEMENT_CHARACTERS, required=False)
