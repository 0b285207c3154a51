"""The sample catalogue: what its folders hold, and loading them into the registry.

A concept's folder has ``embedding.safetensors``, ``receipt.json`` and the preview grid as numbered WebP files, which
``receipt.json`` lists under ``previews``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from hub.accounts.models import User
from registry import storage
from registry.models import Embedding, License, Preview, Version, Visibility
from registry.pictures import palette
from registry.pictures.previews import NewPreview, Picture
from registry.services import upload_embedding
from training.pocket.concepts import CONCEPTS
from training.pocket.info import NAME as POCKET

FOLDER = Path(__file__).parent / "catalogue"
EMBEDDING_FILE = "embedding.safetensors"
RECEIPT_FILE = "receipt.json"
#: Set on every embedding of the catalogue, so that nobody takes it for a person's work.
SAMPLE_TAG = "sample"
SAMPLE_SENTENCE = "Sample content: learned by this hub's own trainer on its built-in base model, from drawings that the model was never shown."


def concepts_in(folder: Path) -> Iterator[Path]:
    """Folders of finished concepts, the last name first: a page of the newest then shows things and styles by turns, by name."""
    for name in sorted(CONCEPTS, reverse=True):
        if (folder / name / RECEIPT_FILE).exists():
            yield folder / name


def load(folder: Path, *, owner: User) -> list[Version]:
    """Publish every concept of a catalogue that ``owner`` does not have yet; return the new versions."""
    present = set(Embedding.objects.filter(owner=owner).values_list("name", flat=True))
    return [_load_one(concept, owner) for concept in concepts_in(folder) if concept.name not in present]


def _load_one(folder: Path, owner: User) -> Version:
    concept = CONCEPTS[folder.name]
    receipt = json.loads((folder / RECEIPT_FILE).read_text(encoding="utf-8"))
    return upload_embedding(
        owner=owner,
        filename=f"{concept.name}.safetensors",
        data=(folder / EMBEDDING_FILE).read_bytes(),
        name=concept.name,
        title=concept.title,
        token=concept.token,
        kind=concept.kind,
        base=POCKET,
        description=f"{concept.description}\n\n{SAMPLE_SENTENCE}",
        tags=[*concept.tags, SAMPLE_TAG],
        license=License.CC0,
        visibility=Visibility.PUBLIC,
        previews=[_preview(folder, entry) for entry in receipt.pop("previews")],
        receipt=receipt,
        within_quota=False,
    )


def _preview(folder: Path, entry: dict[str, Any]) -> NewPreview:
    data = (folder / entry["file"]).read_bytes()
    with Image.open(folder / entry["file"]) as image:
        # Our own file, marked as generated when it was made.
        picture = Picture(storage.put(data), *image.size, size=len(data), tone=palette.tone(image))
    return NewPreview(
        picture=picture,
        source=Preview.Source.GENERATED,
        variant=entry["variant"],
        template=entry["template"],
        prompt=entry["prompt"],
        seed=entry["seed"],
        settings=entry["settings"],
    )
