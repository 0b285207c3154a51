"""Forms of the pages of collections. They shape input; services decide whether it makes sense."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.forms import Form
from registry.models import (
    MAX_COLLECTION_DESCRIPTION_CHARACTERS,
    MAX_COLLECTION_TITLE_CHARACTERS,
    Collection,
    Visibility,
)


class CollectionForm(Form):
    """What a person says of a collection."""

    title = forms.CharField(label=_("Title"), max_length=MAX_COLLECTION_TITLE_CHARACTERS)
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=MAX_COLLECTION_DESCRIPTION_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What belongs into it. Markdown."),
    )
    visibility = forms.ChoiceField(
        label=_("Who may see it"),
        choices=[
            (Visibility.PRIVATE, _("Private: only you")),
            (Visibility.UNLISTED, _("Unlisted: everyone who has the address")),
            (Visibility.PUBLIC, _("Public: everyone, and it is on your page")),
        ],
        widget=forms.RadioSelect,
        initial=Visibility.PRIVATE,
        help_text=_("Others find in it only embeddings that are public."),
    )

    @classmethod
    def of(cls, collection: Collection) -> CollectionForm:
        """A form filled in with what is stored."""
        return cls(initial={name: getattr(collection, name) for name in cls.base_fields})
