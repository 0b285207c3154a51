"""Forms of the registry's pages. They shape input; services decide whether it makes sense."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hub.forms import Form
from registry.formats import Part
from registry.models import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
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


class FileForm(Form):
    """Step one of an upload: the file, or the files that belong together."""

    file = ManyFilesField(
        label="Embedding file",
        allow_empty_file=True,
        help_text=(
            "Safetensors, A1111 .pt or picture, diffusers .bin. Choose several where they belong together: the two halves of "
            "an SDXL embedding, a word and its negative. They are read as numbers only, and nothing is stored for others yet."
        ),
    )


class DetailsForm(Form):
    """What a person says of an embedding, at upload and later."""

    title = forms.CharField(max_length=MAX_TITLE_CHARACTERS)
    description = forms.CharField(
        required=False,
        max_length=MAX_DESCRIPTION_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Markdown.",
    )
    kind = forms.ChoiceField(choices=Kind.choices)
    tags = forms.CharField(required=False, help_text="Separated by commas.")
    license = forms.ChoiceField(label="Licence", choices=License.choices)
    rating = forms.ChoiceField(
        label=_("Content rating"),
        choices=Rating.choices,
        initial=Rating.GENERAL,
        required=False,
        widget=forms.RadioSelect,
    )
    visibility = forms.ChoiceField(choices=Visibility.choices, widget=forms.RadioSelect)

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

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


class PartForm(Form):
    """Step two of an upload, for each embedding in it: what tells it from others."""

    include = forms.BooleanField(label="Publish this one", required=False, initial=True)
    name = forms.CharField(
        max_length=64, help_text="Lower-case letters, digits, hyphens. It is in the address and the file's name."
    )
    token = forms.CharField(
        label="Placeholder token",
        max_length=MAX_TOKEN_CHARACTERS,
        help_text="What people write in a prompt, for example <koi>.",
    )
    title = forms.CharField(max_length=MAX_TITLE_CHARACTERS, help_text="In any language.")
    base = forms.ChoiceField(label="Base family")
    kind = forms.ChoiceField(choices=Kind.choices)

    def __init__(self, *args: Any, part: Part, alone: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.part = part
        bases = part.inspection.bases
        self.fields["base"].choices = [(candidate.base.value, candidate.base.label) for candidate in bases]
        if len(bases) > 1:  # the numbers do not tell, so nothing is chosen for the person
            self.fields["base"].choices.insert(0, ("", "Choose…"))
            self.fields["base"].help_text = "The numbers fit each of these; say which it was trained on."
        if alone:
            del self.fields["include"]

    @property
    def is_wanted(self) -> bool:
        """Whether this embedding shall be published."""
        return "include" not in self.fields or bool(self["include"].value())


class UploadForm(DetailsForm):
    """Step two of an upload, once: what all its embeddings share. ``draft`` is the signed reference to the files."""

    field_order = ["draft", "tags", "description", "license", "rating", "visibility", "pictures"]

    title = None
    kind = None
    draft = forms.CharField(widget=forms.HiddenInput)
    pictures = ManyFilesField(
        label="Preview pictures",
        required=False,
        help_text="JPEG, PNG or WebP. What the camera or program wrote into them is removed.",
    )

    def __init__(self, *args: Any, alone: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not alone:  # nobody could tell which word a picture shows
            del self.fields["pictures"]


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
