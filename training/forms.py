"""The form of a new training job."""

from __future__ import annotations

from django import forms

from hub.forms import Form
from registry.forms import ManyFilesField
from registry.models import MAX_TOKEN_CHARACTERS
from training.datasets import MAX_IMAGES, MIN_IMAGES
from training.models import BaseModel, Job, Preset


class TrainForm(Form):
    """Images, the new word, and what to start from."""

    images = ManyFilesField(
        help_text=f"{MIN_IMAGES} to {MAX_IMAGES} pictures of the one thing or style: JPEG, PNG or WebP. Vary everything else.",
        error_messages={"required": f"Choose at least {MIN_IMAGES} images."},
    )
    kind = forms.ChoiceField(choices=Job.Kind.choices, widget=forms.RadioSelect, initial=Job.Kind.OBJECT)
    name = forms.CharField(
        max_length=64, help_text="Lower-case letters, digits, hyphens. The draft's address ends with it."
    )
    token = forms.CharField(
        label="Placeholder token", max_length=MAX_TOKEN_CHARACTERS, help_text="The new word, for example <my-kite>."
    )
    initialiser = forms.CharField(
        label="Initialiser words",
        max_length=200,
        help_text="What it is most like, in words the base model knows: thing, toy, style.",
    )
    base = forms.ModelChoiceField(
        label="Base model", queryset=BaseModel.objects.filter(enabled=True), to_field_name="slug", empty_label=None
    )
    preset = forms.ChoiceField(
        choices=Preset.choices,
        initial=Preset.BALANCED,
        help_text="Quick takes half as long as balanced. Thorough goes on until nothing more is learned.",
    )
    vectors = forms.IntegerField(required=False, min_value=1, help_text="Empty for the base model's default.")
    seed = forms.IntegerField(initial=0, min_value=0)
