"""Forms of the upload page: what is said of each embedding, and what is the same for all of them."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.forms import Form, ask_for
from registry.forms import DetailsForm, ManyFilesField, ManyFilesInput, split_tags
from registry.models import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
    DraftCard,
    Kind,
    License,
    Visibility,
)

#: What the input of files offers to choose; everything may be dropped, and what is inside decides.
ACCEPT = ".safetensors,.pt,.bin,.ckpt,.zip,.json,image/png,image/webp,image/jpeg"


class FileForm(Form):
    """The files that are added to a draft: embeddings and pictures of them."""

    file = ManyFilesField(
        label=_("Embedding files and pictures"),
        required=False,
        allow_empty_file=True,
        # Its label is the whole of where files are dropped; read out is what it is for.
        widget=ManyFilesInput(
            attrs={"accept": ACCEPT, "aria-label": _("Embedding files and pictures"), "aria-describedby": "drop-help"}
        ),
    )


class SharedForm(DetailsForm):
    """What is the same for all embeddings of a draft, unless a card says otherwise."""

    title = None
    description = None
    kind = None

    @classmethod
    def starting_with(cls, said: dict[str, str]) -> SharedForm:
        """The form as it was left, or as it begins."""
        return cls(initial={"license": License.OTHER, "visibility": Visibility.PUBLIC} | said)


class CardForm(Form):
    """What is said of one embedding of a draft."""

    #: What everybody fills in; the rest is folded away.
    MAIN = ("title", "name", "token", "kind", "base")

    include = forms.BooleanField(label=_("Publish this one"), required=False, initial=True)
    #: Look-alikes that the person has been shown, so that each is shown once before it is published beside.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE_CHARACTERS, help_text=_("In any language."))
    name = forms.CharField(
        label=_("Name"),
        max_length=64,
        help_text=_("Lower-case letters, digits, hyphens. It is in the address and the file’s name."),
    )
    token = forms.CharField(
        label=_("Placeholder token"),
        max_length=MAX_TOKEN_CHARACTERS,
        help_text=_("What people write in a prompt, for example <koi>."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    base = forms.ChoiceField(label=_("Base family"))
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=MAX_DESCRIPTION_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Markdown."),
    )

    def __init__(self, *args: Any, card: DraftCard, **options: Any) -> None:
        super().__init__(*args, prefix=card.anchor, **options)
        self.card = card
        bases = card.told["bases"]
        self.fields["base"].choices = [(one["base"], one["label"]) for one in bases]
        if len(bases) > 1:  # the numbers do not tell, so nothing is chosen for the person
            self.fields["base"].choices.insert(0, ("", _("Choose…")))
            self.fields["base"].help_text = _("The numbers fit each of these; say which it was trained on.")
        own = {name: _or_as_for_all(field) for name, field in SharedForm.base_fields.items()}
        ask_for(own)
        self.fields.update(own)

    def clean_tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tags"])

    @property
    def is_wanted(self) -> bool:
        """Whether this embedding shall be published."""
        return bool(self["include"].value())

    def said(self, shared: dict[str, Any]) -> dict[str, Any]:
        """The fields of the new embedding: those of all where it has none of its own."""
        own = {name: value for name, value in self.cleaned_data.items() if name not in ("include", "seen")}
        common = {name: own.pop(name) or shared.get(name) for name in SharedForm.base_fields}
        return own | {name: value for name, value in common.items() if value is not None}


def _or_as_for_all(field: forms.Field) -> forms.Field:
    """A field of :class:`SharedForm` as a card has it: empty where it is as for all."""
    own = copy.deepcopy(field)
    own.required = False
    if isinstance(own, forms.ChoiceField):
        return forms.ChoiceField(label=own.label, required=False, choices=[("", _("As for all")), *own.choices])
    own.help_text = _("Instead of those for all.")
    return own
