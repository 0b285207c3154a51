"""What a training run is told: one frozen record, checked when it is made. Imports no torch."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from training.inversion.errors import BadConfig
from training.inversion.templates import templates_for

Kind = Literal["object", "style"]
KINDS: tuple[Kind, ...] = ("object", "style")
MethodName = Literal["ti", "dti"]
METHOD_NAMES: tuple[MethodName, ...] = ("ti", "dti")

#: More vectors than this eat the prompt's token budget (77 in CLIP) and overfit.
MAX_VECTORS = 16
#: A run beyond this is a mistake in a form, not a plan: the paper used 5,000.
MAX_STEPS = 20_000
#: Vocabularies have norms below 1, so a larger step than this throws vectors about without learning.
MAX_LEARNING_RATE = 1.0
#: Ratios beyond this are those of pictures almost without noise; limiting there changes nothing.
MAX_MIN_SNR = 100.0
#: Images from which on one can be spared for measuring; of fewer, each one counts.
HOLD_OUT_FROM = 6
#: Longest caption that is accepted, in characters; the tokenizer truncates far earlier.
MAX_CAPTION_CHARACTERS = 500
#: Longest placeholder token, in characters: it is typed into prompts.
MAX_TOKEN_CHARACTERS = 80
#: Pictures of a step: even far fewer gain nothing in quality (Voronov et al. 2023, arXiv 2302.04841, tried 128).
MAX_BATCH_SIZE = 128
#: Largest seed that every reader of a receipt gets exactly, since JSON's numbers are doubles to many.
MAX_SEED = 2**53 - 1
#: Sampler steps beyond this change nothing that can be seen, and the solver has no more than the noise schedule has.
MAX_PREVIEW_STEPS = 250
#: Strength of a preview's word beyond which nothing but noise is drawn.
MAX_STRENGTH = 2.0
#: Guidance beyond this leaves nothing of a picture.
MAX_GUIDANCE_SCALE = 100.0
#: Limits of the settings that count something.
_LIMITS = {
    "vectors": (1, MAX_VECTORS), "steps": (1, MAX_STEPS), "batch_size": (1, MAX_BATCH_SIZE), "seed": (0, MAX_SEED),
    "preview_steps": (1, MAX_PREVIEW_STEPS), "progress_every": (1, MAX_STEPS), "evaluate_every": (1, MAX_STEPS),
    "checkpoint_every": (1, MAX_STEPS),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class InversionConfig:
    """Settings of one textual inversion. Unknown keys are refused by :meth:`from_dict`."""

    placeholder_token: str
    """The new word, e.g. ``<cobalt-heart>``; prompts use it literally."""
    kind: Kind
    """Which caption templates are used: those for an object or those for a style."""
    initialiser: str
    """Words whose input embeddings start the vectors off; any number of words."""
    vectors: int = 2
    """How many input vectors the word is worth."""
    steps: int = 400
    """Optimiser steps, those made before in a run that is trained further included."""
    further: int = 0
    """How many of the steps are added to a run that had ended: they have a schedule of their own, warm-up and all, and the
    best vectors are chosen among them. 0 for a run from the beginning."""
    learning_rate: float = 0.01
    """Peak AdamW learning rate of vectors held at the vocabulary's norm. On the pocket model 0.005 is as good after 300
    steps but slower at 100, 0.02 a little worse after 300 and 0.05 clearly (loss on pictures not trained on)."""
    batch_size: int = 8
    """Pictures per optimiser step."""
    seed: int = 0
    """Seeds the job's own generator: noise, timesteps, templates, flips."""
    flip_probability: float = 0.0
    """How often an image is shown mirrored, 0 to 1: more to learn from, but what is not the same mirrored is not learned. On
    the pocket model 0.5 brought four such things from 78 % recognised to 23 %."""
    captions: tuple[str, ...] | None = None
    """One caption per image holding ``{}`` for the placeholder, instead of the templates."""
    hold_out: bool = True
    """Keep the last of :data:`HOLD_OUT_FROM` images or more from training, to measure on what was not learned by heart."""
    preview_at: tuple[float, ...] = (0.34, 0.67)
    """Fractions of the run at which previews are drawn; the final ones are always drawn."""
    preview_prompts: tuple[str, ...] = ("a photo of {}", "a painting of {}")
    """Prompts of the preview grid, ``{}`` standing for the placeholder (or the initialiser); none for no previews."""
    preview_seeds: tuple[int, ...] = (1, 2)
    """Seeds of the preview grid; each prompt is drawn once for each seed."""
    preview_strengths: tuple[float, ...] = ()
    """How strongly the word is drawn besides, with the first prompt and seed: 0 would be the initialiser's vectors, 1 is the
    whole word, which the grid has, and beyond 1 it is exaggerated."""
    preview_steps: int = 20
    """Sampler steps of a preview."""
    guidance_scale: float = 5.0
    """Classifier-free guidance of the previews."""
    evaluate_every: int = 20
    """Steps between two looks at the loss on fixed draws, by which the best vectors are chosen."""
    early_stop: float = 0.0
    """Stop once the last fixed losses vary by less than this share of the variance of all of them; 0 for never."""
    probe: bool = False
    """Start from the word of the vocabulary that explains the images best, looked for around the initialiser."""
    outside_weight: float = 0.1
    """Weight of the loss where images are transparent, 0 to 1: what is cut out of its background is learned without it."""
    min_snr: float = 0.0
    """Most that a timestep's signal-to-noise ratio counts in its weight (Hang et al. 2023, arXiv 2303.09556, use 5); 0 for
    equal weights."""
    average: float = 0.0
    """Decay of a running mean of the vectors, which then is looked at and handed out; 0 for the vectors themselves."""
    method: MethodName = "ti"
    """How the vectors move: ``ti``, AdamW held on the vocabulary's norm, or ``dti``, descent on the sphere."""
    checkpoint_every: int = 50
    """Steps between two states that the run can go on from."""
    progress_every: int = 5
    """Steps between two progress reports, which cost a device synchronisation each."""

    def __post_init__(self) -> None:
        """Raise :class:`BadConfig` naming the field that is wrong."""
        self._check_types()
        self._check_token()
        if self.kind not in KINDS:
            raise BadConfig("kind", f"The kind is one of {', '.join(KINDS)}.")
        if self.method not in METHOD_NAMES:
            raise BadConfig("method", f"The method is one of {', '.join(METHOD_NAMES)}.")
        if not self.initialiser.strip():
            raise BadConfig("initialiser", "Give one or more words to start from, for example “toy”.")
        for field, (low, high) in _LIMITS.items():
            if not low <= getattr(self, field) <= high:
                raise BadConfig(field, f"Use {low} to {high} for {field.replace('_', ' ')}.")
        if not 0 <= self.further < self.steps:
            raise BadConfig("further", f"Train 0 to {self.steps - 1} steps further: {self.steps} are all there are.")
        if not 0 < self.learning_rate <= MAX_LEARNING_RATE:
            raise BadConfig("learning_rate", f"The learning rate is above 0 and at most {MAX_LEARNING_RATE:g}.")
        if not 0 <= self.flip_probability <= 1:
            raise BadConfig("flip_probability", "Images are mirrored with a probability from 0, for never, to 1.")
        if not 0 <= self.outside_weight <= 1:
            raise BadConfig("outside_weight", "The weight outside of a cut-out is from 0 to 1.")
        if not 0 <= self.min_snr <= MAX_MIN_SNR:
            raise BadConfig(
                "min_snr", f"The limit of the signal-to-noise ratio is from 0, for none, to {MAX_MIN_SNR:g}."
            )
        if not 0 <= self.average < 1:
            raise BadConfig("average", "The decay of the running mean is from 0, for none, to below 1.")
        if not 0 <= self.early_stop < 1:
            raise BadConfig("early_stop", "Early stopping takes a share from 0, for never, to below 1.")
        self._check_texts()
        self._check_previews()

    def _check_types(self) -> None:
        for field, kind in _kinds(type(self)).items():
            if not _is(getattr(self, field), kind):
                raise BadConfig(field, f"The setting {field} is {_in_words(kind)}.")

    def _check_token(self) -> None:
        token = self.placeholder_token
        if not token.strip():
            raise BadConfig("placeholder_token", "Give the placeholder token, for example <my-cat>.")
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise BadConfig(
                "placeholder_token", f"The placeholder token has at most {MAX_TOKEN_CHARACTERS} characters."
            )
        if not token.isprintable() or any(letter.isspace() or letter in "{}" for letter in token):
            raise BadConfig(
                "placeholder_token",
                "The placeholder token holds a space, a brace or something that cannot be seen. Leave it out.",
            )

    def _check_texts(self) -> None:
        """All are texts; the captions hold the word, and no caption or prompt holds it by accident, as “photo” holds “hot”."""
        texts = {"initialiser": (self.initialiser,), "captions": self.captions, "preview_prompts": self.preview_prompts}
        for field, lines in texts.items():
            if not all(_is_text(line) for line in lines or ()):
                raise BadConfig(field, f"The setting {field} holds bytes that are no text in UTF-8. Write them anew.")
        for caption in self.captions or ():
            if "{}" not in caption or len(caption) > MAX_CAPTION_CHARACTERS:
                raise BadConfig(
                    "captions",
                    f"Each caption holds {{}} where the new word goes and has at most {MAX_CAPTION_CHARACTERS} characters.",
                )
        for text in (*templates_for(self.kind), *self.preview_prompts):
            if self.placeholder_token in text:
                raise BadConfig(
                    "placeholder_token",
                    f"{self.placeholder_token} occurs inside ordinary captions such as “{text}”. "
                    f"Put it in angle brackets: <{self.placeholder_token}>.",
                )

    def _check_previews(self) -> None:
        if self.preview_prompts and not self.preview_seeds:
            raise BadConfig("preview_seeds", "Give at least one seed to draw the previews with.")
        if not all(0 <= seed <= MAX_SEED for seed in self.preview_seeds):
            raise BadConfig("preview_seeds", f"The seeds of previews are from 0 to {MAX_SEED}.")
        if not all(0 < strength <= MAX_STRENGTH and strength != 1 for strength in self.preview_strengths):
            raise BadConfig(
                "preview_strengths",
                f"The strengths of previews are above 0 and at most {MAX_STRENGTH:g}; 1 is drawn anyway.",
            )
        if not all(0 <= share <= 1 for share in self.preview_at):
            raise BadConfig("preview_at", "Previews are drawn at shares of the run from 0 to 1.")
        if not 0 <= self.guidance_scale <= MAX_GUIDANCE_SCALE:
            raise BadConfig("guidance_scale", f"The guidance scale is from 0 to {MAX_GUIDANCE_SCALE:g}.")

    @property
    def start(self) -> int:
        """The step that the schedule begins at: where the run ended that this one goes on from, else 0."""
        return self.steps - self.further if self.further else 0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Build from JSON values (lists become tuples); raise :class:`BadConfig` for an unknown key."""
        known = {field.name for field in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                raise BadConfig(key, f"There is no setting called {key}.")
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, to be stored beside the result."""
        return dataclasses.asdict(self)


#: What a person is told that a setting takes.
_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@cache
def _kinds(cls: type) -> dict[str, Any]:
    """The type of each setting, but for names that are looked up in a list of their own."""
    return {name: kind for name, kind in get_type_hints(cls).items() if get_origin(kind) is not Literal}


def _is_text(line: str) -> bool:
    """Whether a tokenizer can read it: bytes of a command line that are no text come as half characters."""
    return not any("\ud800" <= letter <= "\udfff" for letter in line)


def _in_words(kind: Any) -> str:
    parts = [part for part in get_args(kind) if part not in (NoneType, Ellipsis)]
    return (
        f"a list, each of it {_in_words(parts[0])}"
        if get_origin(kind) is tuple
        else _NAMES.get(kind) or _in_words(parts[0])
    )


def _is(value: object, kind: Any) -> bool:
    """Whether a value, which may come from a stranger's JSON, is of a setting's type."""
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_is(each, parts[0]) for each in value)
    if parts:  # a union
        return any(_is(value, part) for part in parts)
    if kind in (bool, str, NoneType):
        return isinstance(value, kind)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return is_number and (kind is float or isinstance(value, int))
