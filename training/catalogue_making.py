"""Training one concept of the sample catalogue into its folder. Imports torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from registry.pictures import marks
from registry.pictures.previews import to_webp
from training.catalogue import EMBEDDING_FILE, RECEIPT_FILE
from training.inversion.callbacks import Callbacks, Preview
from training.inversion.checkpoint import load_embedding, save_embedding
from training.inversion.config import InversionConfig
from training.inversion.loop import train
from training.inversion.models import BaseModel
from training.inversion.previews import fill, strengths_order
from training.pocket.concepts import Concept, draw
from training.pocket.info import DEFAULTS, PREVIEW_PROMPTS
from training.recipe import STRENGTHS

#: Training images of a concept: as many as a patient person gives.
IMAGES = 8
#: WebP quality of the pictures that are not kept without loss: no difference is seen enlarged.
QUALITY = 97
#: Seeds the drawings and the training.
SEED = 1


class _Grid(Callbacks):
    """Keeps the final previews as files."""

    def __init__(self, folder: Path, entries: Sequence[dict[str, Any]] = ()) -> None:
        """``entries`` are those that the folder has already."""
        self.folder = folder
        self.entries = list(entries)

    def on_preview(self, preview: Preview) -> None:
        if not preview.final:
            return
        part = preview.variant.value if preview.strength == 1 else f"strength-{preview.strength:g}"
        name = f"{len(self.entries):02d}-{part}.webp"
        (self.folder / name).write_bytes(_file_of(preview))
        self.entries.append(
            {
                "file": name,
                "variant": preview.variant.value,
                "template": preview.template,
                "prompt": preview.prompt,
                "seed": preview.seed,
                "settings": preview.settings,
            }
        )


def _file_of(preview: Preview) -> bytes:
    """The grid as a hub keeps it; the steps of strength in a third of the bytes, for the repository's sake."""
    if preview.strength == 1:
        return to_webp(preview.image, generated=True)
    return marks.save(preview.image, "WEBP", generated=True, quality=QUALITY, method=6, use_sharp_yuv=True)


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
        preview_strengths=STRENGTHS,
        **settings,
    )
    result = train(config, draw(concept, IMAGES, SEED), base=base, callbacks=grid)
    save_embedding(unfinished / EMBEDDING_FILE, result.vectors, {"token": concept.token})
    receipt = {**result.receipt, "previews": grid.entries}
    (unfinished / RECEIPT_FILE).write_text(json.dumps(receipt) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return receipt


def add_strengths(folder: Path, *, base: BaseModel) -> int:
    """Draw the steps of strength of a concept that was made before there were any; return how many pictures that is."""
    receipt = json.loads((folder / RECEIPT_FILE).read_text(encoding="utf-8"))
    if any("strength" in entry["settings"] for entry in receipt["previews"]):
        return 0
    vectors, _ = load_embedding(folder / EMBEDDING_FILE)
    config = replace(InversionConfig.from_dict(receipt["config"]), preview_strengths=STRENGTHS)
    grid = _Grid(folder, receipt["previews"])
    order = strengths_order(config, base, vectors, receipt["steps"], grid)
    fill(base, [order])
    if order.error:
        raise order.error
    (folder / RECEIPT_FILE).write_text(json.dumps(receipt | {"previews": grid.entries}) + "\n", encoding="utf-8")
    return len(order.cells)
