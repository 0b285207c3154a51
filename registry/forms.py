"""Forms of the registry's pages. They shape input; services decide whether it makes sense."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.forms import Form
from registry.models import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    Embedding,
    Kind,
    License,
    Rating,
    Visibility,
)
from registry.validation import MAX_NOTES_CHARACTERS


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """A list of uploaded files."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if not files:
            return super().clean(None, initial) or []
        return [super(ManyFilesField, self).clean(file, initial) for file in files]


def split_tags(text: str) -> list[str]:
    """Tags as they are typed, separated by commas."""
    return [tag.strip() for tag in text.split(",") if tag.strip()]


class DetailsForm(Form):
    """What a person says of an embedding, at upload and later."""

    title = forms.CharField(label=_("Title"), max_length=MAX_TITLE_CHARACTERS)
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=MAX_DESCRIPTION_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Markdown."),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Separated by commas."))
    license = forms.ChoiceField(label=_("Licence"), choices=License.choices)
    rating = forms.ChoiceField(
        label=_("Content rating"),
        choices=Rating.choices,
        initial=Rating.GENERAL,
        required=False,
        widget=forms.RadioSelect,
    )
    visibility = forms.ChoiceField(label=_("Visibility"), choices=Visibility.choices, widget=forms.RadioSelect)

    def clean_tags(self) -> list[str]:
        return split_tags(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        """Leave the rating as it is where none was sent."""
        return {name: value for name, value in self.cleaned_data.items() if name != "rating" or value}

    @classmethod
    def of(cls, embedding: Embedding) -> DetailsForm:
        """The form filled with what is there."""
        fields = {
            name: getattr(embedding, name)
            for name in ("title", "description", "kind", "license", "rating", "visibility")
        }
        return cls(initial={**fields, "tags": ", ".join(embedding.tags)})


class VersionForm(Form):
    """The next version of an embedding: its file, and what is new."""

    file = ManyFilesField(
        label=_("Embedding file"),
        allow_empty_file=True,
        help_text=_("For the same base model. Choose several files where they belong together."),
    )
    notes = forms.CharField(
        label=_("What is new"),
        required=False,
        max_length=MAX_NOTES_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    pictures = ManyFilesField(
        label=_("Preview pictures"),
        required=False,
        help_text=_("JPEG, PNG or WebP. What the camera or program wrote into them is removed."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.data.get("part"):
            self._add_part()

    def ask_for_part(self) -> None:
        """Let the person say which of several embeddings in the files is meant."""
        if "part" not in self.fields:
            self._add_part()

    def _add_part(self) -> None:
        self.fields["part"] = forms.CharField(
            label=_("Which of them"), max_length=200, help_text=_("As it is named above; then choose the file again.")
        )


class PicturesForm(Form):
    """More pictures for a version."""

    pictures = ManyFilesField(
        label=_("Add pictures"),
        help_text=_("JPEG, PNG or WebP. What the camera or program wrote into them is removed."),
    )
