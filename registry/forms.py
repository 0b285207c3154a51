"""Forms of the registry's pages. They shape input; services decide whether it makes sense."""

from __future__ import annotations

from typing import Any

from django import forms

from registry.formats import Inspection
from registry.models import (
    FAMILY_CHOICES,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    MAX_TOKEN_CHARACTERS,
    Embedding,
    Kind,
    License,
    Visibility,
)


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


class FileForm(forms.Form):
    """Step one of an upload: the file."""

    file = forms.FileField(
        label="Embedding file",
        allow_empty_file=True,
        help_text="Safetensors, A1111 .pt or diffusers .bin. It is read as numbers only, and nothing is stored for others yet.",
    )


class DetailsForm(forms.Form):
    """What a person says of an embedding, at upload and later."""

    title = forms.CharField(max_length=MAX_TITLE_CHARACTERS)
    description = forms.CharField(
        required=False, max_length=MAX_DESCRIPTION_CHARACTERS, widget=forms.Textarea(attrs={"rows": 6}), help_text="Markdown."
    )
    kind = forms.ChoiceField(choices=Kind.choices)
    tags = forms.CharField(required=False, help_text="Separated by commas.")
    license = forms.ChoiceField(label="Licence", choices=License.choices)
    visibility = forms.ChoiceField(choices=Visibility.choices, widget=forms.RadioSelect)

    def clean_tags(self) -> list[str]:
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

    @classmethod
    def of(cls, embedding: Embedding) -> DetailsForm:
        """The form filled with what is there."""
        fields = {name: getattr(embedding, name) for name in ("title", "description", "kind", "license", "visibility")}
        return cls(initial={**fields, "tags": ", ".join(embedding.tags)})


class UploadForm(DetailsForm):
    """Step two of an upload: details beside what was detected. ``draft`` is the signed reference to the file."""

    field_order = ["draft", "name", "token", "title", "base", "kind", "tags", "description", "license", "visibility", "pictures"]

    draft = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=64, help_text="Lower-case letters, digits, hyphens. It is in the address and the file's name."
    )
    token = forms.CharField(
        label="Placeholder token", max_length=MAX_TOKEN_CHARACTERS, help_text="What people write in a prompt, for example <koi>."
    )
    base = forms.ChoiceField(label="Base family", choices=FAMILY_CHOICES)
    pictures = ManyFilesField(
        label="Preview pictures",
        required=False,
        help_text="JPEG, PNG or WebP. What the camera or program wrote into them is removed.",
    )

    def offer(self, inspection: Inspection) -> None:
        """Offer only the base families that the file fits."""
        fitting = {candidate.base.value for candidate in inspection.bases}
        self.fields["base"].choices = [choice for choice in FAMILY_CHOICES if choice[0] in fitting]
