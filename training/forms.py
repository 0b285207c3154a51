"""The forms of the training wizard."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hub.forms import Form, ask_for
from registry.errors import RegistryError
from registry.forms import ManyFilesField
from registry.models import MAX_TOKEN_CHARACTERS
from registry.validation import check_name, suggest_name
from training import rights
from training.checks import MAX_INITIALISER_CHARACTERS, MAX_SEED, check_captions, check_token, default_vectors
from training.datasets import MAX_IMAGES, MIN_IMAGES, MIN_SIDE_PIXELS
from training.errors import TrainingError
from training.inversion.config import MAX_CAPTION_CHARACTERS, MAX_STEPS, MAX_VECTORS
from training.models import BaseModel, DepictsPerson, DraftImage, Job, Preset, TrainingDraft

#: What pictures without a caption are told to be, where others have one.
PLAIN_CAPTIONS = {"object": "a photo of {}", "style": "a painting in the style of {}"}


class ImagesForm(Form):
    """Pictures for a draft."""

    images = ManyFilesField(
        label=gettext_lazy("Images"),
        error_messages={"required": format_lazy(gettext_lazy("Choose at least {least} images."), least=MIN_IMAGES)},
    )

    def clean_images(self) -> list[Any]:
        files = self.cleaned_data["images"]
        if len(files) > MAX_IMAGES:
            raise ValidationError(
                _("There are more than %(count)d images. Keep the %(count)d best.") % {"count": MAX_IMAGES}
            )
        return files


class CropForm(Form):
    """The square to cut out of a picture, in its pixels."""

    def __init__(self, *args: Any, image: DraftImage, **options: Any) -> None:
        super().__init__(*args, **options)
        limits = {
            "x": (gettext_lazy("From the left"), 0, image.width - MIN_SIDE_PIXELS),
            "y": (gettext_lazy("From the top"), 0, image.height - MIN_SIDE_PIXELS),
            "size": (gettext_lazy("Side"), MIN_SIDE_PIXELS, min(image.width, image.height)),
        }
        for name, (label, least, most) in limits.items():
            self.fields[name] = forms.IntegerField(label=label, min_value=least, max_value=most)
        ask_for(self.fields)


class ConceptForm(Form):
    """The new word, and what it starts from."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What the pictures have in common"),
        choices=[
            (Job.Kind.OBJECT, gettext_lazy("Object: one thing")),
            (Job.Kind.STYLE, gettext_lazy("Style: one manner")),
        ],
        widget=forms.RadioSelect,
    )
    token = forms.CharField(
        label=gettext_lazy("Placeholder token"),
        max_length=MAX_TOKEN_CHARACTERS,
        help_text=gettext_lazy("The new word as it is written in prompts, for example <my-kite>."),
    )
    initialiser = forms.CharField(
        label=gettext_lazy("Initialiser words"),
        max_length=MAX_INITIALISER_CHARACTERS,
        help_text=gettext_lazy("What it is most like, in words that the base model knows. Learning starts from them."),
    )
    vectors = forms.TypedChoiceField(
        label=gettext_lazy("Vectors"),
        coerce=int,
        choices=[(number, str(number)) for number in range(1, MAX_VECTORS + 1)],
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        required=False,
        help_text=gettext_lazy(
            "The embedding's address ends with it: lower-case letters, digits, hyphens. Left empty, it is made from the token."
        ),
    )

    def __init__(self, *args: Any, draft: TrainingDraft, images: list[DraftImage], **options: Any) -> None:
        initial = {
            "kind": draft.kind, "token": draft.token, "initialiser": draft.initialiser, "name": draft.name,
            "vectors": draft.vectors or default_vectors(draft.base),
        } | {caption_field(image): image.caption for image in images}  # fmt: skip
        super().__init__(*args, initial=initial | options.pop("initial", {}), **options)
        self.draft, self.images = draft, images
        self.fields["vectors"].help_text = _(
            "How many vectors the word is worth. %(usual)d is usual for %(base)s; 1 is enough for plain things, 2 to 4 hold a "
            "likeness, more than 8 take the prompt over."
        ) % {"usual": default_vectors(draft.base), "base": draft.base.title}
        for number, image in enumerate(images, 1):
            self.fields[caption_field(image)] = forms.CharField(
                label=_("Caption of picture %(number)d") % {"number": number},
                max_length=MAX_CAPTION_CHARACTERS,
                required=False,
            )
        ask_for(self.fields)

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip() or suggest_name(self.cleaned_data.get("token", ""))
        try:
            return check_name(name) if name else name
        except RegistryError as error:
            raise ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("token") and values.get("kind"):
            try:
                values["token"] = check_token(values["token"], base=self.draft.base, kind=values["kind"])
            except TrainingError as error:
                self.add_error("token", error.message)
        self._clean_captions(values)
        if not values.get("name") and "name" not in self.errors and "token" not in self.errors:
            self.add_error("name", _("Nothing of the token could stand in an address. Give the name."))
        return values

    def _clean_captions(self, values: dict[str, Any]) -> None:
        """Each caption that is given holds the new word's place."""
        for image in self.images:
            field = caption_field(image)
            try:
                if line := values.get(field, "").strip():
                    check_captions([line], 1)
            except TrainingError:
                self.add_error(field, _("Write {} where the new word goes."))

    def captions(self) -> dict[int, str]:
        """The caption of each picture by its key: none for any, or one for each."""
        given = {image.pk: self.cleaned_data.get(caption_field(image), "").strip() for image in self.images}
        plain = PLAIN_CAPTIONS[self.cleaned_data["kind"]]
        return {key: line or plain for key, line in given.items()} if any(given.values()) else given


def caption_field(image: DraftImage) -> str:
    """The name of the form's field for a picture's caption."""
    return f"caption-{image.pk}"


class BaseForm(Form):
    """Which base model learns the word."""

    base = forms.ModelChoiceField(
        label=gettext_lazy("Base model"),
        queryset=BaseModel.objects.filter(enabled=True),
        to_field_name="slug",
        empty_label=None,
    )


class ReviewForm(Form):
    """How long to train, and what is declared of the pictures."""

    preset = forms.ChoiceField(
        label=gettext_lazy("How long"), choices=Preset.choices, widget=forms.RadioSelect
    )  # fmt: skip
    steps = forms.IntegerField(
        label=gettext_lazy("Steps"),
        required=False,
        min_value=1,
        max_value=MAX_STEPS,
        help_text=gettext_lazy("Empty for as many as the choice above makes."),
    )
    seed = forms.IntegerField(
        label=gettext_lazy("Seed"),
        min_value=0,
        max_value=MAX_SEED,
        help_text=gettext_lazy("The same pictures, settings and seed learn the same vectors."),
    )
    depicts_person = forms.ChoiceField(
        label=gettext_lazy("Who can be recognised in the pictures"),
        choices=DepictsPerson.choices,
        widget=forms.RadioSelect,
        help_text=rights.CONSENT,
        error_messages={"required": gettext_lazy("Say who can be recognised in the pictures.")},
    )
    rights = forms.BooleanField(
        label=rights.RIGHTS,
        error_messages={"required": gettext_lazy("Without the right to use them the pictures cannot be trained on.")},
    )

    @classmethod
    def of(cls, draft: TrainingDraft) -> ReviewForm:
        """The form filled with what the draft says."""
        return cls(initial={name: getattr(draft, name) for name in ("preset", "steps", "seed", "depicts_person")})
