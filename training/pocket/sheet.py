"""A sheet of pictures: what the model makes of its own vocabulary."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image

from training.inversion.models import load_base
from training.inversion.sampler import condition_on, draw
from training.pocket.world import RESOLUTION

PROMPTS = (
    "a photo of a red star on a blue background",
    "a photo of a striped yellow circle on a green background",
    "a photo of a large white heart",
    "a photo of a small purple square on the left on a yellow background",
    "a photo of a kite",
    "a photo of a lantern on a pink background",
    "a photo of a checkered green gear at the top",
    "a painting in the style of gothic",
    "a photo of a orange flower in the style of frost",
    "",
)
#: Pictures of each prompt.
COLUMNS = 10
MARGIN = 2


def draw_sheet(model: Path, out: Path) -> None:
    """Draw every prompt once for each of a row of seeds and save the sheet."""
    base = load_base(str(model))
    filled = [prompt for prompt in PROMPTS for _ in range(COLUMNS)]
    with torch.no_grad():
        states = condition_on(base, filled)
    seeds = list(range(COLUMNS)) * len(PROMPTS)
    side = RESOLUTION + MARGIN
    sheet = Image.new("RGB", (COLUMNS * side, len(PROMPTS) * side), "white")
    for index, picture in enumerate(draw(base, states, seeds, steps=20, guidance_scale=3.0)):
        row, column = divmod(index, COLUMNS)
        sheet.paste(picture, (column * side, row * side))
    sheet.save(out)
