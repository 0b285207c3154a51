"""The words of a base model and how learned vectors stand among them. Of the model only tokenizers and token tables are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor
from torch.nn import functional

from training.inversion.errors import BaseUnavailable
from training.inversion.models import resolve
from training.inversion.probe import END_OF_WORD
from training.inversion.quiet import quiet_libraries

with quiet_libraries():
    from transformers import CLIPTextModel, CLIPTokenizer

#: Where a base model's tokenizers and text encoders lie, in the order of its UNet's attention.
_PARTS = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
#: The name that the token table ends in, whatever release of transformers wrote the file.
_TABLE = "token_embedding.weight"
#: Share of the median by which two lengths may differ and count as the same: a rounding.
_SAME_LENGTH = 1e-3
#: What stands for bytes that are no text.
_NO_TEXT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Words:
    """The whole words of one text encoder; pieces of words and control tokens are left out."""

    texts: tuple[str, ...]
    directions: Tensor  #: float32 [V, d], their input vectors brought to length 1
    norms: Tensor  #: float32 [V], the lengths they had

    @property
    def width(self) -> int:
        """Numbers in an input vector."""
        return int(self.directions.shape[1])

    @property
    def median_norm(self) -> float:
        """Median Euclidean length of the words."""
        return float(self.norms.median())


def load_words(name: str) -> tuple[Words, ...]:
    """The words of each text encoder of a diffusers folder or of a hub name that was fetched before; nothing is fetched.

    Raises :class:`BaseUnavailable`.
    """
    try:
        with quiet_libraries():
            folder = _folder(resolve(name))
            parts = [part for part in _PARTS if (folder / part[1]).is_dir()]
            found = tuple(_words(folder / tokenizer, folder / encoder) for tokenizer, encoder in parts)
    except Exception as error:  # as many kinds as loading a whole model
        raise BaseUnavailable(f"The words of a base model could not be read: {type(error).__name__}.") from error
    if not found:
        raise BaseUnavailable("The words of a base model could not be read: it has no text encoder.")
    return found


def _folder(where: str) -> Path:
    if Path(where).is_dir():
        return Path(where)
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(where, local_files_only=True))


def _words(tokenizer_folder: Path, encoder_folder: Path) -> Words:
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_folder)
    table = _table(encoder_folder)
    texts, numbers = [], []
    for piece, number in tokenizer.get_vocab().items():
        text = _text(tokenizer, piece)
        if text and number < len(table):
            texts.append(text)
            numbers.append(number)
    rows = table[torch.tensor(numbers)].float()
    return Words(tuple(texts), functional.normalize(rows, dim=-1), rows.norm(dim=-1))


def _text(tokenizer: Any, piece: str) -> str:
    """A whole word as people write it; nothing for what is none, or a lone letter."""
    if not piece.endswith(END_OF_WORD):
        return ""
    text = tokenizer.convert_tokens_to_string([piece.removesuffix(END_OF_WORD)]).strip()
    means_something = len(text) > 1 or not text.isascii()
    return text if text and means_something and text.isprintable() and _NO_TEXT not in text else ""


def _table(folder: Path) -> Tensor:
    """The token table alone; of a model stored in another format, from the whole text encoder."""
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - no mapping
                if key.endswith(_TABLE):
                    return file.get_tensor(key)
    return CLIPTextModel.from_pretrained(folder).get_input_embeddings().weight.detach()


@torch.no_grad()
def read(words: Words, vectors: np.ndarray, *, count: int) -> list[dict[str, Any]]:
    """Of each of the vectors float32 [n, d], as plain JSON: its ``norm``, its ``percentile`` among the words, which is
    how many per cent of them are shorter, and the ``count`` ``nearest`` words with their cosines."""
    rows = torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32))
    cosines = functional.normalize(rows, dim=-1) @ words.directions.T
    near = cosines.topk(min(count, len(words.texts)), dim=-1)
    norms = rows.double().norm(dim=-1)
    return [
        {"norm": round(norm, 5), "percentile": _percentile(words, norm), "nearest": _named(words, *line)}
        for norm, *line in zip(norms.tolist(), near.indices.tolist(), near.values.tolist(), strict=True)
    ]


def _named(words: Words, numbers: Sequence[int], cosines: Sequence[float]) -> list[list[Any]]:
    return [[words.texts[number], round(cosine, 4)] for number, cosine in zip(numbers, cosines, strict=True)]


def _percentile(words: Words, norm: float) -> float:
    """Per cent of the words that are shorter; those of the same length count half."""
    slack = _SAME_LENGTH * words.median_norm
    shorter = int((words.norms < norm - slack).sum())
    not_longer = int((words.norms <= norm + slack).sum())
    return round(50 * (shorter + not_longer) / len(words.norms), 1)
