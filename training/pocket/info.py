"""What the rest of the project needs to know of the pocket model. Imports no torch."""

from __future__ import annotations

from pathlib import Path

#: The built-in base model's slug and family.
NAME = "pocket"
#: The published weights, in the standard diffusers folder layout.
WEIGHTS = Path(__file__).parent / "weights"
#: Numbers of an input vector.
WIDTH = 128
#: What its UNet answers.
PREDICTION_TYPE = "v_prediction"
#: Pixels of one side of a picture.
RESOLUTION = 64
TITLE = "Pocket"
DESCRIPTION = (
    "A tiny latent diffusion model of a world of flat shapes, drawn and trained by this project. "
    "It learns a new word in half a minute on a processor without a GPU."
)
LICENSE = "Same as the project"

#: Engine settings that suit the model; the measurements are in the README beside this file.
DEFAULTS: dict[str, object] = {
    "vectors": 2,
    "steps": 300,
    "learning_rate": 0.01,
    "batch_size": 8,
    "guidance_scale": 3.0,
    "preview_steps": 16,
}

#: What a step takes, previews and checks included, on two cores of a processor: a word of 300 steps, half a minute.
SECONDS_PER_STEP = 0.1

PREVIEW_PROMPTS: dict[str, tuple[str, ...]] = {
    "object": ("a photo of a {}", "a photo of a large {} on a yellow background", "a photo of a small {} on the left"),
    "style": (
        "a painting in the style of {}",
        "a photo of a star in the style of {}",
        "a photo of a gear in the style of {}",
    ),
}
