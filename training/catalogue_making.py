"""Training one concept of the sample catalogue into its folder. Imports torch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from registry.previews import to_webp
from training.catalogue import EMBEDDING_FILE, RECEIPT_FILE
from training.inversion.callbacks import Callbacks, Preview
from training.inversion.checkpoint import save_embedding
from training.inversion.config import InversionConfig
from training.inversion.loop import train
from training.inversion.models import BaseModel
from training.pocket.concepts import Concept, draw
from training.pocket.info import DEFAULTS, PREVIEW_PROMPTS

#: Training images of a concept: as many as a patient person gives.
IMAGES = 8
#: Seeds the drawings and the training.
SEED = 1


class _Grid(Callbacks):
    """Keeps the final previews as files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: list[dict[str, Any]] = []

    def on_preview(self, preview: Preview) -> None:
        if not preview.final:
            return
        name = f"{len(self.entries):02d}-{preview.variant.value}.webp"
        (self.folder / name).write_bytes(to_webp(preview.image, generated=True))
        self.entries.append(
            {
                "file": name,
                "variant": preview.variant.value,
                "template": preview.template,
                "prompt": preview.prompt,
                "seed": preview.seed,
                "settings": {"guidance_scale": preview.guidance_scale, "sampler_steps": preview.sampler_steps},
            }
        )


def is_made(folder: Path) -> bool:
    """Whether a concept's folder is whole."""
    return (folder / RECEIPT_FILE).exists()


def make(concept: Concept, folder: Path, *, base: BaseModel, steps: int | None = None) -> dict[str, Any]:
    """Draw the concept, learn it, and write its folder; return the receipt. An interrupted one leaves no folder."""
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    grid = _Grid(unfinished)
    settings = {**DEFAULTS, **({"steps": steps} if steps else {})}
    config = InversionConfig(
        placeholder_token=concept.token,
        kind=concept.kind,
        initialiser=concept.initialiser,
        seed=SEED,
        preview_at=(),
        preview_prompts=PREVIEW_PROMPTS[concept.kind],
        **settings,
    )
    result = train(config, draw(concept, IMAGES, SEED), base=base, callbacks=grid)
    save_embedding(unfinished / EMBEDDING_FILE, result.vectors, {"token": concept.token})
    receipt = {**result.receipt, "previews": grid.entries}
    (unfinished / RECEIPT_FILE).write_text(json.dumps(receipt) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return receipt
