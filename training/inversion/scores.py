"""Scores by other networks, where somebody has placed their weights: how alike pictures are, and whether they show their prompt.

``image`` is the mean cosine of every generated picture to every training image (CLIP-I, or DINO by the network), ``text`` that
of every picture to its prompt with the initialiser's words for the learned one (CLIP-T; Ruiz et al. 2023, arXiv 2208.12242).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.inversion.device import pick_device
from training.inversion.errors import ScorerUnavailable
from training.inversion.quiet import quiet_libraries

with quiet_libraries():
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer


class Scorer:
    """A network that turns pictures, and texts if it has learned them together, into directions."""

    def __init__(self, folder: Path, *, device: str | None = None) -> None:
        """Load CLIP, SigLIP, DINOv2 or their like from a folder as transformers saves it; raise :class:`ScorerUnavailable`."""
        self.name = folder.name
        self.device = pick_device(device)
        try:
            with quiet_libraries():
                self.model = AutoModel.from_pretrained(folder, local_files_only=True).to(self.device).eval()
                self.processor = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
                self.reads = hasattr(self.model, "get_text_features")
                if self.reads:
                    self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            raise ScorerUnavailable(
                f"The scorer {folder.name} could not be loaded: {type(error).__name__}. Give the folder of a model such as "
                "CLIP or DINOv2 with its preprocessor_config.json."
            ) from error

    @torch.no_grad()
    def of_images(self, images: Sequence[Image.Image]) -> Tensor:
        """Unit vectors [n, d] of pictures."""
        pixels = self.processor(images=[image.convert("RGB") for image in images], return_tensors="pt")
        pixels = pixels.pixel_values.to(self.device)
        if self.reads:
            found = self.model.get_image_features(pixel_values=pixels).pooler_output
        else:
            found = self.model(pixel_values=pixels).last_hidden_state[:, 0]  # the token that stands for the whole
        return functional.normalize(found.float(), dim=-1)

    @torch.no_grad()
    def of_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors [n, d] of texts; only where ``reads``."""
        tokens = self.tokenizer(list(texts), padding="max_length", truncation=True, return_tensors="pt").to(self.device)
        found = self.model.get_text_features(input_ids=tokens.input_ids, attention_mask=tokens.get("attention_mask"))
        return functional.normalize(found.pooler_output.float(), dim=-1)


def score(
    scorer: Scorer, pictures: Sequence[Image.Image], prompts: Sequence[str], shown: Sequence[Image.Image]
) -> dict[str, float]:
    """Scores of generated ``pictures``, one for each of ``prompts``, beside the images ``shown`` in training."""
    found = scorer.of_images(pictures)
    scores = {"image": float((found @ scorer.of_images(shown).T).mean())}
    if scorer.reads:
        scores["text"] = float((found * scorer.of_texts(prompts)).sum(dim=-1).mean())
    return {name: round(value, 4) for name, value in scores.items()}
